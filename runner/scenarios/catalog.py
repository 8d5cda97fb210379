"""Finds scenarios and repos on disk and reads their files, with errors that name file and key."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runner.errors import FileProblem, UnknownName, UserError
from runner.frameworks import framework
from runner.frameworks.base import Framework
from runner.scenarios.repo import Repo
from runner.scenarios.scenario import Scenario
from runner.toml import read_toml
from sandboxes.archive import Entry, Tree, read_folder

HISTORY = "source.git"
"""The bare repository beside repo.toml that holds the bases of a pack's scenarios."""
RAW = "raw"
_FRAMING_FILE = re.compile(r"(messy|paraphrase-[1-9][0-9]*)\.md")
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")


@dataclass(frozen=True)
class RepoFolder:
    """A repo and where its files are."""

    name: str
    folder: Path
    repo: Repo

    def files(self) -> dict[str, Entry]:
        """The files of a source that is a folder; none of a git source, which its commit pins."""
        place = self.repo.source.path
        return read_folder(self.folder / place, (".git", *CACHES)) if place is not None else {}


@dataclass(frozen=True)
class ScenarioFolder:
    """A scenario, its files and its repo, read and hashed."""

    id: str
    folder: Path
    scenario: Scenario
    repo: RepoFolder
    instruction: str
    hidden: Tree
    """Laid over the repository's root for grading."""
    bug_patch: str
    """Turns the repo's source into the buggy base; empty where the source is the base."""
    solution_patch: str
    framings: Mapping[str, str]
    """Name → text: `raw`, which is the instruction, and whatever is in `framings/`."""

    @property
    def framework(self) -> Framework:
        """What runs its tests."""
        return framework(self.repo.repo.tests.framework)

    @property
    def is_built_in(self) -> bool:
        """Whether it came with taskfit; any other is private."""
        return self.folder.parent == builtin_root() / "scenarios"

    @property
    def digest(self) -> str:
        """SHA-256 over everything that people wrote for this scenario, and over its repo's files.

        What is so by default is not part of it: a new key of the schema leaves what nobody changed as it was.
        """
        parts = hashlib.sha256()
        described = [each.model_dump_json(exclude_defaults=True) for each in (self.scenario, self.repo.repo)]
        for text in (*described, self.instruction, self.bug_patch, self.solution_patch):
            parts.update(hashlib.sha256(text.encode()).digest())
        for tree in (self.hidden, self.repo.files()):
            parts.update(_tree_digest(tree))
        for name, text in sorted(self.framings.items()):
            parts.update(hashlib.sha256(f"{name}\0{text}".encode()).digest())
        return parts.hexdigest()


def _tree_digest(tree: Tree) -> bytes:
    """SHA-256 over each entry's path, kind and content."""
    parts = hashlib.sha256()
    for path, entry in sorted(tree.items()):
        kind = b"link" if entry.is_link else b"program" if entry.executable else b"file"
        parts.update(hashlib.sha256(b"\0".join((path.encode("utf-8", "surrogateescape"), kind, entry.data))).digest())
    return parts.digest()


def builtin_root() -> Path:
    """The folder that holds the built-in `scenarios/` and `repos/`: in the wheel or in a checkout."""
    here = Path(__file__).resolve().parents[1]
    packed = here / "pack"
    return packed if packed.is_dir() else here.parent


def scenario_folders(places: Iterable[str | Path] = ()) -> dict[str, Path]:
    """Scenario id → folder, from packs, folders or globs of folders; the built-in ones when no place is given.

    Raises UserError for a place without scenarios and for an id that occurs twice.
    """
    found: dict[str, Path] = {}
    for place in list(places) or [builtin_root() / "scenarios"]:
        here = [path for path in _expand(Path(place)) if (path / "scenario.toml").is_file()]
        if not here:
            raise UserError(f"{place}: no scenario.toml there or one folder below")
        for folder in here:
            if found.setdefault(folder.name, folder) != folder:
                raise UserError(f"scenario {folder.name!r} is in {found[folder.name]} and in {folder}; rename one")
    return found


def _expand(place: Path) -> list[Path]:
    """The folders that a place stands for; as much of it as exists is taken as it is, only the rest as a glob."""
    here, *rest = [Path(place.anchor), *place.relative_to(place.anchor).parts]
    while rest and (here / rest[0]).exists():
        here /= rest.pop(0)
    matches = sorted(here.glob("/".join(rest))) if rest else [here]
    result = []
    for match in matches:
        if (match / "scenario.toml").is_file():
            result.append(match.resolve())
        elif match.is_dir():
            inside = match / "scenarios" if (match / "scenarios").is_dir() else match
            result += [child.resolve() for child in sorted(inside.iterdir()) if child.is_dir()]
    return result


def select(folders: Mapping[str, Path], globs: Iterable[str]) -> list[str]:
    """The ids that match any glob, in order; all of them when no glob is given. Raises UnknownName for an idle glob."""
    globs = list(globs)
    if not globs:
        return sorted(folders)
    chosen: set[str] = set()
    for glob in globs:
        matching = fnmatch.filter(folders, glob)
        if not matching:
            raise UnknownName("scenario", glob, folders)
        chosen.update(matching)
    return sorted(chosen)


def chosen(places: Iterable[str | Path], globs: Iterable[str]) -> dict[str, ScenarioFolder]:
    """Id → scenario, of those in these places that match. Raises UserError, FileProblem."""
    folders = scenario_folders(places)
    return {name: load_scenario(folders[name]) for name in select(folders, globs)}


def load_scenario(folder: Path) -> ScenarioFolder:
    """Read a scenario and its repo. Raises FileProblem."""
    scenario = read_toml(folder / "scenario.toml", Scenario)
    repo = _own(folder, scenario, load_repo(_find_repo(folder, scenario.repo)))
    hidden = folder / "tests"
    instruction = _text(folder / "instruction.md", needed=True)
    return ScenarioFolder(
        id=folder.name,
        folder=folder,
        scenario=scenario,
        repo=repo,
        instruction=instruction,
        hidden=read_folder(hidden, CACHES) if hidden.is_dir() else {},
        bug_patch=_text(folder / "bug.patch"),
        solution_patch=_text(folder / "solution" / "solution.patch", needed=True),
        framings={RAW: instruction} | _framings(folder / "framings"),
    )


def _own(folder: Path, scenario: Scenario, repo: RepoFolder) -> RepoFolder:
    """The repo with what the scenario says instead. Raises FileProblem."""
    instead: dict[str, object] = {}
    if scenario.commit is not None:
        if repo.repo.source.git is None:
            problem = f"{repo.folder / 'repo.toml'} names a folder, which has no commits; leave commit out"
            raise FileProblem(folder / "scenario.toml", problem, "commit")
        instead["source"] = repo.repo.source.model_copy(update={"commit": scenario.commit})
    if scenario.environment is not None:
        instead["environment"] = scenario.environment
    if scenario.suite is not None:
        instead["tests"] = scenario.suite
    return replace(repo, repo=repo.repo.model_copy(update=instead)) if instead else repo


def _framings(folder: Path) -> dict[str, str]:
    """The texts in `framings/` by name; none where there is no such folder."""
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not _FRAMING_FILE.fullmatch(file.name):
            known = "messy.md and paraphrase-N.md (N from 1)"
            raise FileProblem(file, f"no framing has this name; known here: {known}")
        found[file.stem] = _text(file, needed=True)
    return found


def load_repo(folder: Path) -> RepoFolder:
    """Read a repo.toml and check that its source is there. Raises FileProblem."""
    file = folder / "repo.toml"
    repo = read_toml(file, Repo)
    if repo.source.path is not None and not (folder / repo.source.path).is_dir():
        raise FileProblem(file, f"{folder / repo.source.path} is no folder", "source.path")
    return RepoFolder(name=folder.name, folder=folder, repo=repo)


def _find_repo(scenario: Path, name: str) -> Path:
    """`repos/<name>` beside the scenario's parent folder or beside the scenario, else the built-in one."""
    places = [scenario.parent.parent, scenario.parent, builtin_root()]
    for place in places:
        if (place / "repos" / name / "repo.toml").is_file():
            return place / "repos" / name
    looked = ", ".join(dict.fromkeys(str(place / "repos" / name) for place in places))
    raise FileProblem(scenario / "scenario.toml", f"no repo.toml for {name!r}; looked in {looked}", "repo")


def _text(file: Path, needed: bool = False) -> str:
    """A file's text with its own line ends: a patch for a file with CRLF holds CRLF."""
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if needed:
            raise FileProblem(file, "no such file") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    if needed and not text.strip():
        raise FileProblem(file, "is empty")
    return text
