"""Foreign files become a run's folder: what each format reads, numbered, marked and written as our own trials are."""

from __future__ import annotations

import secrets
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import __version__
from runner.canonical import digest
from runner.errors import FileProblem, UserError
from runner.events import AnyEvent, Imported, TrialFinished, TrialStarted
from runner.folder import RunFolder
from runner.importers.base import slug
from runner.ledger import Ledger
from runner.measures.record import record
from runner.messages import to_json
from runner.results import Counts, Times, TrialKey, TrialResult
from runner.trajectories import atif, beside, inspect_log, mini, sweagent
from runner.trajectories.base import LOST, Foreign, Importer, ImportFormat, Source
from runner.trajectories.reading import LONGEST_NAME, Place, document, source
from runner.visible import visible

READERS: Mapping[ImportFormat, Importer] = {
    "atif": atif.read,
    "inspect": inspect_log.read,
    "sweagent": sweagent.read,
    "mini": mini.read,
}
MOST_FILES = 10_000
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

    def take(self, files: Iterable[Path], format: ImportFormat | None = None) -> None:
        """Read files one after the other; those that cannot be read are among the `problems`. Raises UserError."""
        with self.run.held():
            lock = self._lock()
            taken = {str(each.get("digest")) for each in lock["imported"] if isinstance(each, dict)}
            ledger = Ledger(self.run.ledger_file)
            rows = ledger.rows()
            self._repeats = Counter((row.key.scenario, row.key.model, row.key.arm) for row in rows)
            self._last = max((row.position for row in rows), default=0)
            try:
                for file in files:
                    try:
                        found = source(file)
                        if found.digest in taken:
                            self.known_already.append(file)
                            continue
                        named = format or sniffed(found)
                        if named == "inspect":  # of many trials: none is taken where one cannot be read
                            for _ in READERS[named](found):
                                pass
                        trials = [self._written(trial, found, ledger) for trial in READERS[named](found)]
                    except FileProblem as error:
                        self.problems.append(error)
                        continue
                    taken.add(found.digest)
                    names = [key.name for key in trials]
                    entry = {"file": visible(file.name), "digest": found.digest, "format": named, "trials": names}
                    lock["imported"].append(entry)
                    self.run.write_lock(lock)
            finally:
                ledger.close()

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

    def _written(self, trial: Foreign, found: Source, ledger: Ledger) -> TrialKey:
        restore(trial, found)
        key = self._key(trial, found.path)
        events = list(_whole(trial, key, found))
        folder = self.run.trial(key)
        folder.mkdir(parents=True, exist_ok=True)
        lines = [to_json(event.model_copy(update={"step": step})) + b"\n" for step, event in enumerate(events)]
        (folder / "events.jsonl").write_bytes(b"".join(lines))
        if trial.patch:
            (folder / "patch.diff").write_text(trial.patch, encoding="utf-8", errors="replace")
        (folder / "result.json").write_bytes(to_json(_result(key, events), indent=1))
        ledger.plan([key])
        self._last += 1
        ledger.finish(self._last, "imported", ledger.start(self._last))
        self.trials.append(key)
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


def sniffed(found: Source) -> ImportFormat:
    """The format of a file, by what is in it. Raises FileProblem where it is none of ours."""
    if zipfile.is_zipfile(found.path):
        return "inspect"
    whole = Place(found.path, document(found))
    match whole.value:
        case {"schema_version": str(version)} if version.startswith("ATIF-"):
            return "atif"
        case {"eval": dict(), "version": _}:
            return "inspect"
        case {"history": list(), "info": dict()}:
            return "sweagent"
        case {"messages": list(), "info": dict()} | {"trajectory_format": str()}:
            return "mini"
    raise FileProblem(found.path, f"is none of {', '.join(READERS)}; name its format with --from if it is one")


def files_of(places: Iterable[Path]) -> Iterator[Path]:
    """The files that are meant: those that are named, and of a folder, those whose names are trajectories'.

    Raises UserError for a place that is not there, and for a folder of too many.
    """
    for place in places:
        if place.is_dir():
            endings = (".eval", ".traj", ".traj.json", "trajectory.json")
            found = sorted(path for path in place.rglob("*") if _is_meant(path, endings))
            if not found:
                raise UserError(f"{place} holds no {', '.join(endings)}; name the files themselves")
            if len(found) > MOST_FILES:
                raise UserError(f"{place} holds {len(found):,} trajectories; at most {MOST_FILES:,} are taken at once")
            yield from found
        elif place.exists():
            yield place
        else:
            raise UserError(f"{place} is not there")


def _is_meant(path: Path, endings: tuple[str, ...]) -> bool:
    """By its name, or as one of the documents that an export of ours has written beside its list of losses."""
    ours = path.suffix == ".json" and path.name != LOST and (path.parent / LOST).is_file()
    return (ours or path.name.endswith(endings)) and path.is_file()


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
