"""A pack on disk: `scenarios/`, `repos/` with each base as a commit without parents, and the journal of what was tried.

Everything that a scenario needs is in its pack: the repository that it was taken from may move or go.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from filelock import FileLock, Timeout

from runner.catalog import RAW, RepoFolder, ScenarioFolder, load_repo
from runner.checkout import difference
from runner.errors import Rejected, UserError
from runner.objects import store
from runner.proposal import Proposal
from runner.repo import Environment, Repo, RepoTests, Source
from runner.scenario import Limits, Provenance, Scenario, Scope, TestSpec, Truth

HISTORY = "source.git"
"""The bare repository beside repo.toml that holds the bases."""


@dataclass(frozen=True)
class Pack:
    """Where scenarios are kept. Threads may share it."""

    root: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    @classmethod
    def at(cls, root: Path) -> Pack:
        """The pack in a folder, which is made where there is none. Raises UserError where none can be."""
        try:
            (root / "scenarios").mkdir(parents=True, exist_ok=True)
            (root / "repos").mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"no pack can be kept in {root}: {error}; name another folder with --to") from None
        return cls(root.resolve())

    def repo_folder(self, name: str) -> Path:
        return self.root / "repos" / name

    def scenario_folder(self, name: str) -> Path:
        return self.root / "scenarios" / name

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else adds to this pack meanwhile. Raises UserError when somebody does."""
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"somebody else adds to the pack {self.root}; wait, or name another --to") from None
        with lock:
            yield

    def refuse_known(self, name: str) -> None:
        """Raises Rejected for a scenario that is there: what somebody may have edited is never replaced."""
        if self.scenario_folder(name).exists():
            raise Rejected("duplicate", f"scenarios/{name} is there; remove it to have it made again")

    def drafted(
        self, proposal: Proposal, environment: Environment, suite: RepoTests, tests: TestSpec, limits: Limits
    ) -> ScenarioFolder:
        """A proposal as a scenario that is not written yet; its base is kept already. Raises Rejected."""
        with self._lock:
            commit = store(proposal.base, self.repo_folder(proposal.repo) / HISTORY)
        repo = Repo(
            schema=1,
            title=proposal.repo,
            source=Source(git=HISTORY, commit=commit),
            environment=environment,
            tests=suite,
        )
        folder = RepoFolder(proposal.repo, self.repo_folder(proposal.repo), repo)
        scenario = Scenario(
            schema=1,
            title=" ".join(proposal.title.split())[:200],
            repo=proposal.repo,
            tags=proposal.tags,
            tests=tests,
            scope=proposal.scope or Scope(protected=protected(folder)),
            truth=Truth(locations=proposal.locations),
            limits=limits,
            commit=commit,
            environment=environment,
            suite=suite,
            provenance=_marked(proposal.provenance),
        )
        patch = _patch(proposal)
        for file in sorted((self.root / "scenarios").glob("*/solution/solution.patch")):
            if file.parent.parent.name != proposal.id and file.read_bytes() == patch.encode():
                raise Rejected("duplicate", f"{file.parent.parent.name} has the same fix")
        return ScenarioFolder(
            id=proposal.id,
            folder=self.scenario_folder(proposal.id),
            scenario=scenario,
            repo=folder,
            instruction=proposal.instruction,
            hidden=proposal.hidden,
            bug_patch="",
            solution_patch=patch,
            framings={RAW: proposal.instruction},
        )

    def keep(self, found: ScenarioFolder) -> None:
        """Write a scenario, whole or not at all, and its repo where there is none yet.

        What its repo says already is not said again. Raises Rejected for a name that is taken.
        """
        with self._lock:
            common = self._repo_of(found)
            partial = self.root / f".{found.id}.{os.getpid()}"
            shutil.rmtree(partial, ignore_errors=True)
            for path, data in _files(found, common):
                file = partial / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            for path, entry in sorted(found.hidden.items(), key=lambda item: item[1].is_link):
                file = partial / "tests" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                if entry.is_link:
                    file.symlink_to(os.fsdecode(entry.data))
                else:
                    file.write_bytes(entry.data)
                    file.chmod(0o755 if entry.executable else 0o644)
            try:
                self.refuse_known(found.id)
                partial.rename(found.folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def _repo_of(self, found: ScenarioFolder) -> Repo:
        """What the pack's repo.toml says, written now where there is none."""
        folder = self.repo_folder(found.repo.name)
        if not (folder / "repo.toml").exists():
            partial = folder / f"repo.toml.{os.getpid()}"
            partial.write_text(to_toml(found.repo.repo), encoding="utf-8")
            partial.replace(folder / "repo.toml")
        return load_repo(folder).repo


def _patch(proposal: Proposal) -> str:
    """The reference fix. Raises Rejected where a patch cannot hold it as text."""
    patch = difference(proposal.base, proposal.solved)
    try:
        patch.encode()
    except UnicodeEncodeError:
        raise Rejected("not-utf-8", "the fix changes a file that is not UTF-8, which patches cannot hold") from None
    if not patch:
        raise Rejected("no-code", "the fix changes nothing")
    return patch


def _marked(provenance: Provenance) -> Provenance:
    """With a canary of its own: who knows it has read the file."""
    canary = provenance.canary or f"taskfit-canary-{uuid.uuid4()}"
    return provenance.model_copy(update={"canary": canary})


def protected(repo: RepoFolder) -> tuple[str, ...]:
    """What a model may not write in a repository of which nobody has said so: its tests, and what steers them."""
    from runner.frameworks import framework

    found = framework(repo.repo.tests.framework)
    return tuple(dict.fromkeys((*found.test_files, *found.harness_files)))


def to_toml(value: Repo | Scenario) -> str:
    """As people would write it: nothing that is so anyway."""
    return tomlkit.dumps(_written(value.model_dump(mode="json", by_alias=True, exclude_defaults=True)))


def _written(value: Any) -> Any:
    """Without None, which TOML does not have; simple values before tables, and a line for each of several items."""
    if isinstance(value, dict):
        pairs = {key: _written(each) for key, each in value.items() if each is not None}
        return dict(sorted(pairs.items(), key=lambda pair: isinstance(pair[1], dict)))
    if not isinstance(value, list | tuple):
        return value
    array = tomlkit.array()
    array.extend(value)
    return array.multiline(len(value) > 1)


def _files(found: ScenarioFolder, common: Repo) -> Iterator[tuple[str, bytes]]:
    scenario = found.scenario
    same: dict[str, None] = {}
    if scenario.environment == common.environment:
        same["environment"] = None
    if scenario.suite == common.tests:
        same["suite"] = None
    yield "scenario.toml", to_toml(scenario.model_copy(update=same)).encode()
    yield "instruction.md", found.instruction.strip().encode() + b"\n"
    yield "solution/solution.patch", found.solution_patch.encode()
