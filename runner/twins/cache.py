"""Twins on disk: folders like any pack's, by the hash of what they were made from, with the map back beside them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from runner import __version__
from runner.arms import Kind
from runner.caching import cache_folder
from runner.errors import FileProblem
from runner.messages import Frozen, to_json
from runner.scenarios.catalog import HISTORY, RepoFolder, ScenarioFolder, load_scenario
from runner.scenarios.checkout import difference
from runner.scenarios.patches import lay_out
from runner.scenarios.repo import Repo, Source
from runner.toml import to_toml
from runner.twins.base import Subject, TwinRefused
from sandboxes.archive import Entry, read_folder

VERSION = 3
"""Part of a twin's key: raised whenever a transformation comes to make something else of the same scenario."""
LEFT_SECONDS = 86_400.0
SOURCE = "source"
ABOUT = "twin.json"


class About(Frozen):
    """What is kept beside a twin (`twin.json`)."""

    taskfit: str = __version__
    scenario: str
    original: str
    """Digest of the scenario that it was made from."""
    digest: str = ""
    """Of the twin itself, as it was proved."""
    kinds: tuple[Kind, ...]
    seed: int
    names: dict[str, str] = Field(default_factory=dict)
    """New → old, for reading."""
    words: tuple[str, ...] = ()
    """New ones among them that are words of what the code says, and stand for themselves wherever else they stand."""
    changed: int = 0
    candidates: int = 0
    uses: float = 0.0
    """The share of the code's identifiers that are others now, 0 to 1."""
    kept: tuple[str, ...] = ()
    """What was left as it is because a proof pointed at it."""
    seconds: float = 0.0
    """What making and proving it took."""


@dataclass(frozen=True)
class Twin:
    """A twin that was proved."""

    found: ScenarioFolder
    about: About


def key_of(original: ScenarioFolder, kinds: Sequence[Kind], seed: int) -> str:
    parts = [VERSION, original.id, original.digest, list(kinds), seed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def folder_of(key: str) -> Path:
    return cache_folder() / "twins" / key


def kept(key: str) -> Twin | None:
    """A twin that was made before; None where there is none, or it is damaged."""
    folder = folder_of(key)
    try:
        about = About.model_validate_json((folder / ABOUT).read_bytes())
        found = load_scenario(folder / "scenarios" / about.scenario)
        return Twin(found, about) if found.digest == about.digest else None
    except (OSError, ValueError, FileProblem):
        return None


def keep(partial: Path, key: str, about: About) -> Path:
    """Give what was written its place, whole or not at all, and that of a damaged one; returns its folder.

    Raises OSError, and FileProblem where what was written cannot be read.
    """
    digest = load_scenario(partial / "scenarios" / about.scenario).digest
    (partial / ABOUT).write_bytes(to_json(about.model_copy(update={"digest": digest}), indent=1))
    folder = folder_of(key)
    if kept(key) is not None:
        shutil.rmtree(partial, ignore_errors=True)
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # somebody else was faster
        partial.rename(folder)
    return folder


def partial_folder(key: str) -> Path:
    """A fresh folder to write a twin into; what a process that died left there days ago goes."""
    folder = folder_of(f"{key}.{os.getpid()}.{threading.get_ident()}")
    for left in folder.parent.glob("*.*.*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write(subject: Subject, original: ScenarioFolder, root: Path) -> ScenarioFolder:
    """A subject as a scenario and a repo of its own below `root`; returns it as it is read again.

    Raises TwinRefused where its fix is no text, or it could not be read again.
    """
    patch = difference(subject.base, subject.solved)
    repo = original.repo.repo
    own = Repo(
        schema=1, title=repo.title, domain=repo.domain, source=Source(path=SOURCE), environment=repo.environment,
        tests=repo.tests,
    )  # fmt: skip
    scenario = subject.scenario.model_copy(update={"commit": None, "environment": None, "suite": None})
    place, home = root / "scenarios" / original.id, root / "repos" / original.repo.name
    try:
        files = {
            "scenario.toml": to_toml(scenario),
            "instruction.md": subject.instruction,
            "solution/solution.patch": patch,
            **{f"framings/{name}.md": text for name, text in subject.framings.items()},
        }
        lay_out({path: Entry(text.encode()) for path, text in files.items()}, place)
        lay_out(subject.hidden, place / "tests")
        lay_out({"repo.toml": Entry(to_toml(own).encode()), **dict(_beside(original.repo))}, home)
        lay_out(subject.base, home / SOURCE)
        return load_scenario(place)
    except UnicodeEncodeError:
        raise TwinRefused("no-utf-8", "its fix changes a file that is not UTF-8, which patches cannot hold") from None
    except FileProblem as error:
        raise TwinRefused("unlike", f"as a scenario it cannot be read again: {error}") from None


def _beside(repo: RepoFolder) -> Iterator[tuple[str, Entry]]:
    """What a Dockerfile beside repo.toml may copy: all files there but the source's."""
    if repo.repo.environment.dockerfile is None:
        return
    source = repo.repo.source.path
    for path, entry in read_folder(repo.folder, (".git", HISTORY)).items():
        if path != "repo.toml" and (source is None or not f"{path}/".startswith(f"{source.strip('./')}/")):
            yield path, entry
