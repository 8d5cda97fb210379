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
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from runner.errors import FileProblem, Rejected, UserError
from runner.scenarios.catalog import HISTORY, RAW, RepoFolder, ScenarioFolder, load_repo, load_scenario
from runner.scenarios.checkout import difference
from runner.scenarios.objects import store
from runner.scenarios.patches import lay_out
from runner.scenarios.proposal import Proposal
from runner.scenarios.repo import Environment, Repo, RepoTests, Source
from runner.scenarios.scenario import Limits, Provenance, Scenario, Scope, TestSpec, Truth
from runner.toml import read_toml, to_toml
from sandboxes.archive import Entry

PARTIAL = ".partial"
"""The folder of a pack in which scenarios are written before they are there."""


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
        """Nobody else adds to this pack meanwhile. Raises UserError when somebody does, or it cannot be written to."""
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"somebody else adds to the pack {self.root}; wait, or name another --to") from None
        except OSError as error:
            raise UserError(f"no pack can be kept in {self.root}: {error}; name another folder with --to") from None
        try:
            shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
            yield
            shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
        finally:
            lock.release()

    def has(self, name: str) -> bool:
        """Whether a scenario of this name is there."""
        return self.scenario_folder(name).exists()

    def refuse_known(self, name: str) -> None:
        """Raises Rejected for a scenario that is there: what somebody may have edited is never replaced."""
        if self.has(name):
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
        self._refuse_twin(proposal.id, patch)
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

    def keep(self, found: ScenarioFolder) -> ScenarioFolder:
        """Write a scenario, whole or not at all, and its repo where there is none yet; returns it as it is read again.

        What its repo says already is not said again. Raises Rejected for a name or a fix that is taken, and for what
        cannot be read again.
        """
        with self._lock:
            self.refuse_known(found.id)
            self._refuse_twin(found.id, found.solution_patch)
            common = self._repo_of(found)
            partial = self.root / PARTIAL / found.id
            try:
                _write(found, common, partial)
                written = _read(partial)
                if written.hidden != found.hidden:
                    raise Rejected("malformed", "its hidden tests hold files that tools make, and nobody keeps")
                partial.rename(found.folder)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return replace(written, folder=found.folder)

    def lay_beside(self, repo: str, name: str, data: bytes) -> None:
        """A file beside a repo.toml, as a Dockerfile is. Raises UserError where another one is there already."""
        with self._lock:
            file = self.repo_folder(repo) / name
            if file.exists():
                if file.read_bytes() != data:
                    what = f"{file} says something else, and scenarios of this pack stand on it"
                    raise UserError(f"{what}; give yours another name, or name another --to")
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_name(f"{file.name}.{os.getpid()}")
            partial.write_bytes(data)
            partial.replace(file)

    def _refuse_twin(self, name: str, patch: str) -> None:
        for file in sorted((self.root / "scenarios").glob("*/solution/solution.patch")):
            if file.parent.parent.name != name and file.read_bytes() == patch.encode():
                raise Rejected("duplicate", f"{file.parent.parent.name} has the same fix")

    def _repo_of(self, found: ScenarioFolder) -> Repo:
        """What the pack's repo.toml says, written now where there is none."""
        folder = self.repo_folder(found.repo.name)
        if not (folder / "repo.toml").exists():
            partial = folder / f"repo.toml.{os.getpid()}"
            try:
                partial.write_bytes(to_toml(found.repo.repo).encode("utf-8", "surrogatepass"))
                read_toml(partial, Repo)
                partial.replace(folder / "repo.toml")
            except FileProblem as error:
                raise Rejected("malformed", f"what repo.toml would say cannot be read again: {error}") from None
            finally:
                partial.unlink(missing_ok=True)
        return load_repo(folder).repo


def _write(found: ScenarioFolder, common: Repo, folder: Path) -> None:
    """A scenario's files; links last, so that nothing is written through one."""
    shutil.rmtree(folder, ignore_errors=True)
    lay_out({path: Entry(data) for path, data in _files(found, common)}, folder)
    lay_out(found.hidden, folder / "tests")


def _read(folder: Path) -> ScenarioFolder:
    """A scenario as it was just written. Raises Rejected where it is none any more: a name or a number of a test."""
    try:
        return load_scenario(folder)
    except FileProblem as error:
        raise Rejected("malformed", f"as a scenario it cannot be read again: {error}") from None


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


def _files(found: ScenarioFolder, common: Repo) -> Iterator[tuple[str, bytes]]:
    scenario = found.scenario
    same: dict[str, None] = {}
    if scenario.environment == common.environment:
        same["environment"] = None
    if scenario.suite == common.tests:
        same["suite"] = None
    yield "scenario.toml", to_toml(scenario.model_copy(update=same)).encode("utf-8", "surrogatepass")
    yield "instruction.md", found.instruction.strip().encode("utf-8", "surrogatepass") + b"\n"
    yield "solution/solution.patch", found.solution_patch.encode()
