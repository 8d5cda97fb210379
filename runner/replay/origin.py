"""A recorded trial on disk, with what is needed to take it up again: its scenario, and the files that it began with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from runner.arms import ORIGINAL
from runner.errors import FileProblem, UserError
from runner.events import AnyEvent
from runner.events.endings import TrialFinished
from runner.events.origins import Branched, ForkedFrom, StartedFrom, TrialStarted
from runner.grading.acceptance import Changes
from runner.runs.folder import LOCK, RunFolder
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.transcript import read
from runner.trials.snapshot import load

EVENTS = "events.jsonl"


@dataclass(frozen=True)
class Recorded:
    """One trial's transcript, and the run that it belongs to."""

    folder: Path
    events: tuple[AnyEvent, ...]
    started: TrialStarted
    run: RunFolder | None
    """None for a transcript that lies in no run's folder."""

    @classmethod
    def of(cls, trial: Path) -> Recorded:
        """Of a trial's folder. Raises FileProblem for one without a sound transcript; a torn last line is left out."""
        file = trial / EVENTS
        try:
            events = tuple(read(file))
        except OSError as error:
            raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
        for position, event in enumerate(events):
            if event.step != position:
                raise FileProblem(file, f"line {position + 1} has step {event.step}; steps count lines from 0")
        if not events or not isinstance(events[0], TrialStarted):
            raise FileProblem(file, "does not begin with trial_started, so nobody can tell what it was about")
        if not _is_a_name(name := events[0].key.scenario):
            raise FileProblem(file, f"names a scenario that is no folder's name: {name!r:.200}")
        home = next((parent for parent in trial.resolve().parents if (parent / LOCK).is_file()), None)
        return cls(trial, events, events[0], RunFolder(home) if home is not None else None)

    @property
    def finished(self) -> bool:
        """Whether it came to its end; one that was killed did not."""
        return isinstance(self.events[-1], TrialFinished)

    @property
    def is_running(self) -> bool:
        """Whether somebody still writes to it: it has no end, and its run is held."""
        if self.finished or self.run is None or self.folder.parent.name != "trials":
            return False
        file = self.run.path / ".lock"
        if not file.exists():
            return False
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False
        lock.release()
        return False

    def check_ended(self) -> None:
        """Raises UserError for a trial that is still running."""
        if self.is_running:
            raise UserError(f"{self.folder.name} is still running; wait for its end, then try again")

    def scenario(self, anyway: bool = False, instead: Path | None = None) -> ScenarioFolder:
        """The scenario as it was when the trial ran, from the folder that the run's lock names, or from `instead`.

        Raises UserError where it is gone or has changed since; `anyway` takes a changed one.
        """
        name = self.started.key.scenario
        folder, digest = self._locked(name)
        folder = instead or folder
        if folder is None:
            problem = f"{self.folder} lies in no run's folder that names scenario {name}; say where it is: --scenario"
            raise UserError(problem)
        if not (folder / "scenario.toml").is_file():
            problem = f"scenario {name} is no longer at {folder}; put it back, or say where it is: --scenario FOLDER"
            raise UserError(problem)
        found = load_scenario(folder)
        if digest and found.digest != digest and not anyway:
            raise ScenarioChanged(
                f"scenario {name} at {folder} changed since the trial ran "
                f"({digest[:12]} then, {found.digest[:12]} now); "
                "restore it, or take it as it is: --anyway"
            )
        return found

    def _locked(self, name: str) -> tuple[Path | None, str]:
        """The scenario's folder and digest, as far as the run's lock has them."""
        if self.run is None:
            return None, ""
        lock = self.run.whole_lock()
        folders, digests = lock.folders, lock.hashes.get("scenarios")
        perturbation = self.started.arm.perturbation if self.started.arm is not None else ORIGINAL
        if perturbation != ORIGINAL:
            twins = lock.hashes.get("twins")
            folders = lock.twins.folders.get(perturbation, {})
            digests = twins.get(perturbation) if isinstance(twins, dict) else None
        digest = digests.get(name, "") if isinstance(digests, dict) else ""
        return folders.get(name), str(digest)

    def start(self) -> Changes:
        """What the workspace differed in from the base when the trial began. Raises FileProblem where that is lost."""
        for event in self.events[:3]:
            if isinstance(event, Branched):
                return load(self._sibling(event.trunk.name))
            if isinstance(event, ForkedFrom):
                return load(self.fork(event.fork))
            if isinstance(event, StartedFrom):
                return load(_below(self._earlier_run() / "trials", event.trial.name))
        return {}

    def fork(self, place: str) -> Path:
        """The folder of the fork that it went on from. Raises FileProblem."""
        name, _, number = place.partition("/")
        if self.run is None:
            raise FileProblem(self.folder, "goes on from a fork, which is only known within its run's folder")
        return _below(_below(self.run.path / "forks", name), number)

    @property
    def forked(self) -> ForkedFrom | None:
        """The step of another trial that it went on from."""
        return next((event for event in self.events[:3] if isinstance(event, ForkedFrom)), None)

    def trunk(self) -> Recorded | None:
        """The trial whose submission it went on from; None where it did not. Raises FileProblem."""
        branched = self._branched()
        if branched is None:
            return None
        found = Recorded.of(self._sibling(branched.trunk.name))
        if found._branched() is not None:
            raise FileProblem(found.folder, "goes on from a submission itself, so none can go on from its own")
        return found

    def _branched(self) -> Branched | None:
        return next((event for event in self.events[:3] if isinstance(event, Branched)), None)

    def _sibling(self, name: str) -> Path:
        if self.run is None:
            raise FileProblem(self.folder, f"goes on from {name:.200}, which is only known within its run's folder")
        return _below(self.run.path / "trials", name)

    def _earlier_run(self) -> Path:
        named = self.run.whole_lock().study.get("failed_run") if self.run is not None else None
        if not isinstance(named, str):
            raise FileProblem(
                self.folder, "started in a failed trial's workspace, and its run's lock names no such run"
            )
        return Path(named)


def _below(folder: Path, name: str) -> Path:
    """Raises FileProblem for a name that is no trial's: it comes from a transcript."""
    if not _is_a_name(name):
        raise FileProblem(folder, f"holds no trial named {name!r:.200}")
    return folder / name


def _is_a_name(name: str) -> bool:
    """Whether it stays within the folder that it is looked up in."""
    return name not in ("", ".", "..") and name == Path(name).name and "\0" not in name


class ScenarioChanged(UserError):
    """The scenario's files are not those that the trial ran with."""
