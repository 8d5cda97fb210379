"""Foreign files become a run's folder: what each format reads, numbered, marked and written as our own trials are."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner import __version__
from runner.canonical import digest
from runner.errors import FileProblem, UserError
from runner.events import AnyEvent
from runner.events.endings import TrialFinished
from runner.events.origins import Imported, TrialStarted
from runner.importers.base import slug
from runner.measures.record import record
from runner.messages import to_json
from runner.results import Counts, Times, TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.trajectories import beside
from runner.trajectories.base import Foreign, ImportFormat, Source
from runner.trajectories.formats import READERS, sniffed
from runner.trajectories.reading import LONGEST_NAME, source
from runner.visible import visible

KEEP_SECONDS = 2.0
"""How often lock and ledger are told what came in: both are written whole."""
UNNAMED = "unnamed"


@dataclass
class Intake:
    """One import into a run's folder: what came in, and what did not."""

    run: RunFolder
    task: str = ""
    """For files that do not name theirs."""
    model: str = ""
    trials: list[TrialKey] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    """Trial → what its file holds and events cannot."""
    known_already: list[Path] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    _repeats: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _last: int = 0
    """The ledger's last position."""
    _unkept: list[tuple[dict[str, Any], list[TrialKey]]] = field(default_factory=list)
    """Files that lock and ledger do not name yet: the lock's entry, and the trials."""
    _kept_at: float = field(default_factory=time.monotonic)

    def take(self, files: Iterable[Path], format: ImportFormat | None = None) -> None:
        """Read files one after the other; those that cannot be read are among the `problems`. Raises UserError.

        A file is taken whole or not at all, also where the process dies: its trials lie in the folder before the lock
        names them, and the ledger has them last. Whatever the lock does not name is written again by the next import.
        """
        wanted = list(files)
        with self.run.held():
            lock = self._lock()
            taken = {str(each.get("digest")) for each in lock["imported"] if isinstance(each, dict)}
            with self._kept(lock) as ledger:
                for file in wanted:
                    try:
                        self._take(file, format, taken)
                    except FileProblem as error:
                        self.problems.append(error)
                    if time.monotonic() - self._kept_at > KEEP_SECONDS:
                        self._keep(lock, ledger)

    @contextmanager
    def _kept(self, lock: dict[str, Any]) -> Iterator[Ledger]:
        """The ledger, up to date; at the end all that came in is kept, and no run is left where nothing did."""
        try:
            with closing(Ledger(self.run.ledger_file)) as ledger:
                self._catch_up(lock, ledger)
                try:
                    yield ledger
                finally:
                    self._keep(lock, ledger)
        finally:
            if not lock["imported"]:
                self.run.forget_plan()
                self.run.lock_file.unlink(missing_ok=True)

    def _take(self, file: Path, format: ImportFormat | None, taken: set[str]) -> None:
        """One file's trials, written to the disk. Raises FileProblem, and has taken nothing then."""
        found = source(file)
        if found.digest in taken:
            self.known_already.append(file)
            return
        named = format or sniffed(found)
        repeats, keys = self._repeats.copy(), list[TrialKey]()
        try:
            for trial in READERS[named](found):
                keys.append(self._written(trial, found))
            if not keys:
                raise FileProblem(file, f"holds no trajectory ({named})")
        except BaseException:
            self._repeats = repeats
            for key in keys:
                _remove(self.run.trial(key))
                self.left_out.pop(key.name, None)
            raise
        taken.add(found.digest)
        self.trials += keys
        names = [key.name for key in keys]
        entry = {"file": visible(file.name), "digest": found.digest, "format": named, "trials": names}
        self._unkept.append((entry, keys))

    def _keep(self, lock: dict[str, Any], ledger: Ledger) -> None:
        """Name in lock and ledger what has been written since the last time."""
        self._kept_at = time.monotonic()
        if self._unkept:
            lock["imported"] += [entry for entry, _ in self._unkept]
            self.run.write_lock(lock)
            self._enter(ledger, [key for _, keys in self._unkept for key in keys])
            self._unkept.clear()

    def _enter(self, ledger: Ledger, keys: Sequence[TrialKey]) -> None:
        ledger.plan(keys)
        for key in keys:
            self._last += 1
            ledger.adopt(self._last, "imported", 1, 0.0)
            self._repeats[key.scenario, key.model, key.arm] = max(
                key.repeat, self._repeats[key.scenario, key.model, key.arm]
            )

    def _catch_up(self, lock: Mapping[str, Any], ledger: Ledger) -> None:
        """Enter what the lock names and the ledger lacks, since the import before broke off in between."""
        rows = ledger.rows()
        self._repeats = Counter((row.key.scenario, row.key.model, row.key.arm) for row in rows)
        self._last = max((row.position for row in rows), default=0)
        known = {row.key.name for row in rows}
        named = [str(name) for each in lock["imported"] if isinstance(each, dict) for name in each.get("trials", ())]
        lacking = [name for name in dict.fromkeys(named) if name not in known and name == Path(name).name]
        self._enter(ledger, [key for name in lacking if (key := _key_of(self.run.path / "trials" / name)) is not None])

    def _lock(self) -> dict[str, Any]:
        """The run's lock, made where there is none. Raises UserError for a run that is no import."""
        if self.run.lock_file.exists():
            lock = self.run.lock()
            if not isinstance(lock.get("imported"), list):
                raise UserError(f"{self.run.path} is a run of taskfit's own; name another folder with --out")
            return lock
        if any(path.name not in (".lock", ".holder") for path in self.run.path.iterdir()):
            raise UserError(f"{self.run.path} holds other files; name another folder with --out")
        fresh = {
            "schema": 1,
            "taskfit": __version__,
            "study": {"name": self.run.path.name, "models": [], "repeats": 1, "seed": 0},
            "folders": {},
            "built_in": [],
            "hashes": {"imported": digest(secrets.token_hex(16))},
            "engine": "",
            "imported": [],
        }
        self.run.write_lock(fresh)
        return fresh

    def _written(self, trial: Foreign, found: Source) -> TrialKey:
        restore(trial, found)
        key = self._key(trial, found.path)
        events = list(_whole(trial, key, found))
        folder = self.run.trial(key)
        lines = [to_json(event.model_copy(update={"step": step})) + b"\n" for step, event in enumerate(events)]
        try:
            _remove(folder)  # of an import that broke off
            folder.mkdir(parents=True)
            (folder / "events.jsonl").write_bytes(b"".join(lines))
            if trial.patch:
                (folder / "patch.diff").write_text(trial.patch, encoding="utf-8", errors="replace")
            (folder / "result.json").write_bytes(to_json(_result(key, events), indent=1))
        except OSError as error:
            raise UserError(f"{folder}: cannot be written: {error.strerror}") from None
        if trial.left_out:
            self.left_out[key.name] = trial.left_out
        return key

    def _key(self, trial: Foreign, file: Path) -> TrialKey:
        """The next repeat of the scenario, model and arm that the file names, or else is named after."""
        stem = file.name.partition(".")[0]
        scenario = slug(trial.task or self.task or (stem if stem != "trajectory" else UNNAMED))
        model = visible(trial.model or self.model or UNNAMED)[:LONGEST_NAME]
        self._repeats[scenario, model, trial.arm] += 1
        repeat = self._repeats[scenario, model, trial.arm]
        return TrialKey(scenario=scenario, model=model, arm=trial.arm, repeat=repeat)


def restore(trial: Foreign, found: Source) -> None:
    """Takes taskfit's own events, where a format's reader found them, instead of what the format alone tells."""
    if trial.beside is None:
        return
    kept, whole = trial.beside
    try:
        events = beside.unpack(kept, whole, room=8 * found.size + (1 << 20))
    except beside.Unreadable as error:
        trial.left_out.append(f"taskfit's own events, which cannot be read: {visible(str(error))[:LONGEST_NAME]}")
        return
    trial.left_out = []
    trial.origin = next((event for event in events if isinstance(event, TrialStarted)), None)
    trial.ending = next((event for event in events if isinstance(event, TrialFinished)), None)
    trial.events = [event for event in events if not isinstance(event, TrialStarted | TrialFinished)]
    earlier = next((event for event in trial.events if isinstance(event, Imported)), None)
    trial.events = [event for event in trial.events if event is not earlier]
    trial.known = frozenset(earlier.known) if earlier is not None else beside.ALL
    if trial.origin is not None:
        key = trial.origin.key
        trial.task, trial.model, trial.arm = key.scenario, key.model, safe_arm(key.arm)
    if trial.ending is not None and trial.ending.times is not None:
        trial.seconds = None


def safe_arm(arm: str) -> str:
    """The name of an arm as a part of a folder's name; the control's for any that is none."""
    return arm if arm and len(arm) <= 120 and all(each.isalnum() or each in "_+-" for each in arm) else "control"


def _whole(trial: Foreign, key: TrialKey, found: Source) -> Iterator[AnyEvent]:
    """All events of a trial, from its start to an end without a verdict."""
    at = next((event.at for event in trial.events if event.at), "")
    origin = trial.origin
    if origin is not None:
        yield origin.model_copy(update={"key": key})
    else:
        yield TrialStarted(key=key, attempt=1, at=at)
    known = set(trial.known)
    if trial.seconds is not None:
        known.add("seconds")
    yield Imported(
        format=trial.format,
        source=visible(found.path.name),
        digest=found.digest,
        harness=visible(trial.harness),
        told=trial.told,
        known=tuple(sorted(known)),
        left_out=tuple(dict.fromkeys(trial.left_out)),
        at=at,
    )
    yield from trial.events
    times = trial.ending.times if trial.ending is not None else None
    if times is None and trial.seconds is not None:
        times = Times(total=trial.seconds)
    reason = f"made by {visible(trial.harness) or 'another harness'}; nothing was graded here"
    earlier = trial.ending.earlier_usd if trial.ending is not None else 0.0
    yield TrialFinished(verdict="imported", reason=reason, times=times, earlier_usd=earlier)


def _key_of(trial: Path) -> TrialKey | None:
    """The key of a trial that was written whole, by its result."""
    try:
        return TrialResult.model_validate_json((trial / "result.json").read_bytes()).key
    except (OSError, ValidationError):
        return None


def _remove(trial: Path) -> None:
    """A trial's folder that nothing names; of a link, the link alone. Raises OSError."""
    if trial.is_symlink():
        trial.unlink()
    elif trial.exists():
        shutil.rmtree(trial)


def _result(key: TrialKey, events: list[AnyEvent]) -> TrialResult:
    found = record(key, events)
    calls = len(found.calls)
    return TrialResult(
        key=key,
        verdict="imported",
        reason=next(event.reason for event in reversed(events) if isinstance(event, TrialFinished)),
        submission=found.submission,
        counts=Counts(turns=found.turns, calls=calls, invalid=sum(bool(call.rejected) for call in found.calls)),
        usage=found.usage,
        cost_usd=found.cost_usd,
        times=found.times,
    )
