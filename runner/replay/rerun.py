"""A trial's calls made once more in a fresh sandbox, without a model: does each answer what it answered then?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from runner import __version__
from runner.errors import FileProblem, Interrupted, UserError
from runner.events.calls import ToolReturned
from runner.grading.acceptance import Changes, generated
from runner.replay.agreement import compared
from runner.replay.calls import RecordedCall, calls_of
from runner.replay.origin import Recorded
from runner.replay.player import Played, Player
from runner.replay.seen import (
    Agreement,
    Answer,
    Seen,
    SeenCall,
    after,
    next_number,
    place,
    transcript_digest,
    write_seen,
)
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import changes, difference
from runner.scenarios.workspace import Workspace, prepare
from runner.tools.base import Workbench
from runner.trials.snapshot import lay_out, load, save
from sandboxes.archive import Tree
from sandboxes.base import Sandbox, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import ArchiveRefused, SandboxDied
from sandboxes.images import ImageStore

CHANGING = ("edit_file", "write_file", "delete_file", "run_command", "run_tests")
"""Tools after whose calls the workspace is looked at."""
TELLING = ("command", "path", "tests", "pattern", "tool")
"""Arguments that say what a call is about."""
BRIEF = 100
"""Characters of a call in short."""
PATCH = "patch.diff"
Say = Callable[[str], None]
WHY = {
    "asked": "a question, which runs nothing; what was decided then holds",
    "refused": "it was not made then: forbidden or denied",
    "rejected": "it never was a call",
    "open": "the transcript has no answer to it",
}


@dataclass(frozen=True)
class Rerun:
    """A replay, and the workspace as it left it."""

    seen: Seen
    changes: Changes | None
    """What the workspace differs in from the scenario's; None where it could not be taken out."""


@dataclass
class Replayer:
    """Replays trials on one engine."""

    engine: Engine
    say: Say
    stop: threading.Event = field(default_factory=threading.Event)
    _prepared: dict[tuple[str, str], Workspace] = field(default_factory=dict)
    """Id and digest of a scenario → what all replays of its trials share."""

    def replay(self, recorded: Recorded, found: ScenarioFolder, before: int | None = None) -> Rerun:
        """Make the calls of a trial again, those before a step alone where one is given, and keep what was seen.

        Raises UserError for a trial that still runs and where nothing can be kept beside it, ScenarioInvalid,
        Interrupted, EngineUnavailable.
        """
        recorded.check_ended()
        workspace = self._workspace(found)
        number = next_number(recorded.folder)
        seen = Seen(
            number=number,
            key=recorded.started.key,
            transcript=transcript_digest(recorded.folder),
            before=before,
            at=_now(),
            taskfit=__version__,
            image=workspace.image,
            calls=(),
        )
        home = place(recorded.folder, number)
        try:
            home.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"{home} cannot be written: {error.strerror or error}") from None
        start = recorded.start()
        run = recorded.run.path.name if recorded.run is not None else ""
        limits, runtime = SandboxLimits(), _runtime(recorded)
        with DockerSandbox(self.engine, workspace.image, limits, run=run, trial="replay", runtime=runtime) as sandbox:
            lay_out(sandbox, start, workspace.pristine)
            tree = {path: entry for path, entry in {**workspace.pristine, **start}.items() if entry is not None}
            pass_ = _Pass(recorded, found, sandbox, home, tree, self.stop)
            calls = pass_.calls([call for call in calls_of(recorded.events) if before is None or call.step < before])
            left = None if pass_.died else _taken_out(sandbox, workspace.pristine)
        final, differing = _held_against(recorded, left) if before is None else ("unknown", ())
        seen = seen.model_copy(update={"calls": tuple(calls), "final": final, "final_differs": differing})
        write_seen(recorded.folder, seen)
        return Rerun(seen, left)

    def _workspace(self, found: ScenarioFolder) -> Workspace:
        key = (found.id, found.digest)
        if key not in self._prepared:
            self._prepared[key] = prepare(found, ImageStore(self.engine, self.say))
        return self._prepared[key]


class _Pass:
    """One pass through a trial's calls; `died` once the sandbox has."""

    def __init__(
        self,
        recorded: Recorded,
        found: ScenarioFolder,
        sandbox: Sandbox,
        home: Path,
        tree: Tree,
        stop: threading.Event,
    ) -> None:
        self._sandbox, self._home, self._tree, self._stop = sandbox, home, tree, stop
        self._player = Player(recorded.events, Workbench.of(found, sandbox))
        self.died = False

    def calls(self, recorded: list[RecordedCall]) -> list[SeenCall]:
        return [self._one(call) for call in recorded]

    def _one(self, call: RecordedCall) -> SeenCall:
        if self._stop.is_set():
            raise Interrupted("stopped by the user")
        if call.fate != "made" or call.returned is None:
            return _seen(call, "not_made", WHY.get(call.fate, ""))
        if self.died:
            return _seen(call, "differs", "the sandbox had died before it")
        started = datetime.now(UTC)
        try:
            played = self._player.play(call)
        except SandboxDied as error:
            self.died = True
            return _seen(call, "differs", f"the sandbox died: {error}")
        seconds = (datetime.now(UTC) - started).total_seconds()
        seen = _compared(call, call.returned, played)
        changed, kept = self._changed(call) if call.tool in CHANGING else ((), True)
        return seen.model_copy(update={"changed": changed, "kept": kept, "seconds": seconds})

    def _changed(self, call: RecordedCall) -> tuple[tuple[str, ...], bool]:
        """What a call changed in the workspace, which is kept; and whether that is known."""
        try:
            now = self._sandbox.look()
        except (ArchiveRefused, SandboxDied):
            return (), False
        found = {path: entry for path, entry in changes(self._tree, now).items() if not generated(path)}
        before, self._tree = self._tree, now
        if not found:
            return (), True
        folder = after(self._home, call.answered)
        folder.mkdir()
        kept = save(folder, found)
        old, new = ({path: tree[path] for path in found if path in tree} for tree in (before, now))
        (folder / PATCH).write_bytes(difference(old, new).encode("utf-8", "surrogateescape"))
        return tuple(sorted(found)), kept


def _compared(call: RecordedCall, returned: ToolReturned, played: Played) -> SeenCall:
    then = Answer(
        text=returned.text,
        is_error=returned.is_error,
        timed_out=returned.timed_out,
        exit_code=returned.exited,
        elided_bytes=returned.elided_bytes,
        faults=tuple(receipt.fault for receipt in call.receipts),
    )
    outcome = played.outcome
    if outcome is None:
        return _seen(call, "differs", played.problem)
    now = Answer(
        text=outcome.text.encode("utf-8", "replace").decode(),
        is_error=outcome.is_error,
        timed_out=outcome.timed_out,
        exit_code=outcome.exit_code,
        elided_bytes=outcome.elided_bytes,
        faults=tuple(receipt.fault for receipt in played.receipts),
    )
    found = compared(then, now, call.at, _now())
    agreement: Agreement = "differs" if found.why else "agreed"
    return _seen(call, agreement, found.why).model_copy(
        update={
            "recorded_line": found.recorded_line,
            "replayed_line": found.replayed_line,
            "normalised": found.normalised,
            "answer": now,
        }
    )


def _seen(call: RecordedCall, agreement: Agreement, why: str) -> SeenCall:
    return SeenCall(
        step=call.step,
        answered=call.answered,
        turn=call.turn,
        tool=call.tool,
        what=what(call),
        agreement=agreement,
        why=why,
    )


def what(call: RecordedCall) -> str:
    """A call in short."""
    told = next((call.arguments[name] for name in TELLING if name in call.arguments), "")
    text = " ".join(map(str, told)) if isinstance(told, list) else str(told)
    line = " ".join(f"{call.tool} {text}".split())
    return line if len(line) <= BRIEF else f"{line[: BRIEF - 1]}…"


def _taken_out(sandbox: Sandbox, pristine: Tree) -> Changes | None:
    try:
        return changes(pristine, sandbox.export())
    except ArchiveRefused:
        return None


def _held_against(
    recorded: Recorded, left: Changes | None
) -> tuple[Literal["agreed", "differs", "unknown"], tuple[str, ...]]:
    """The workspace at the end against the one that the trial left."""
    try:
        kept = load(recorded.folder)
    except FileProblem:
        return "unknown", ()
    if left is None:
        return "differs", ()
    paths = sorted(path for path in kept.keys() | left.keys() if not generated(path))
    missing = object()
    differing = tuple(path for path in paths if kept.get(path, missing) != left.get(path, missing))
    return ("differs" if differing else "agreed"), differing


def _runtime(recorded: Recorded) -> str | None:
    runtime = recorded.run.lock().get("study", {}).get("runtime") if recorded.run is not None else None
    return runtime if isinstance(runtime, str) else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
