"""The workspace's files at any step of a trial, on the host, from what was recorded: no engine is needed.

Three sources, the best that there is: what a replay saw after each call, the edits that the transcript holds, made
again by the tools' own code in a sandbox of plain data, and the workspace that was kept at the end, which the others
are held against. Commands may have changed files unseen: from the first such step on, nothing is certain, and said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runner.effects import Effect
from runner.errors import FileProblem
from runner.grading.acceptance import Changes, generated
from runner.replay.calls import RecordedCall, calls_of
from runner.replay.origin import Recorded
from runner.replay.player import Player
from runner.replay.seen import latest_seen
from runner.scenarios.checkout import base_tree, changes
from runner.scenarios.scenario import Scope
from runner.tools.base import Workbench
from runner.tools.files import relative
from runner.trials.snapshot import load
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult
from sandboxes.memory import MemorySandbox

EDITS = ("edit_file", "write_file", "delete_file")
HARMLESS = frozenset({Effect.READ, Effect.CONVERSE, Effect.SECRETS})
"""A command with no other effects changes nothing."""
NAMED = 5
"""Paths that a sentence names."""


@dataclass(frozen=True)
class FileChange:
    """One file that is not as it was; None where it is not there."""

    path: str
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True)
class Doubt:
    """From this step on it is not certain what the files are."""

    step: int
    """Of the answer to the call that it comes from."""
    why: str
    weight: Literal["may", "did"]
    """Whether a call may have changed files unseen, or something shows that one did."""


@dataclass(frozen=True)
class Reconstruction:
    """A trial's files at its steps. Make one by `reconstruction`; it is plain data and can be kept."""

    base: Mapping[str, Entry]
    """The scenario's buggy base, as the repository has it."""
    states: tuple[tuple[int, Changes], ...]
    """Step from which on it holds → all changes to the base, in order; the first is the trial's start."""
    doubts: tuple[Doubt, ...] = ()
    source: str = "recorded edits"
    """`recorded edits`, or `replay N` with those behind its end."""
    final: Literal["agrees", "differs", "unknown"] = "unknown"
    """Whether the last state is the workspace that was kept; `unknown` where none was."""
    final_differs: tuple[str, ...] = ()
    """The files in which it is not."""
    unknown_after: int | None = field(default=None)
    """The transcript's last step: nothing is known of later ones."""

    @property
    def certain_until(self) -> int | None:
        """The last step at which all files are known; None where they are known throughout."""
        return min((doubt.step for doubt in self.doubts), default=None)

    def certain_at(self, step: int) -> bool:
        """Whether the files at this step are known."""
        return all(doubt.step > step for doubt in self.doubts)

    def doubts_at(self, step: int) -> tuple[Doubt, ...]:
        """Why they are not."""
        return tuple(doubt for doubt in self.doubts if doubt.step <= step)

    def changes_at(self, step: int) -> Changes:
        """All changes to the base once this step is done, what tools leave behind (caches) left out."""
        return next((found for since, found in reversed(self.states) if since <= step), {})

    def files_at(self, step: int, since: int | None = None) -> dict[str, FileChange]:
        """The files that changed up to this step, by path: from the base, or from the step `since`."""
        now = self.changes_at(step)
        then: Changes = self.changes_at(since) if since is not None else {}
        found = {}
        for path in sorted(now.keys() | then.keys()):
            before = then[path] if path in then else self.base.get(path)
            after = now[path] if path in now else self.base.get(path)
            if before != after:
                found[path] = FileChange(path, before, after)
        return found

    def changed_steps(self) -> list[int]:
        """The steps at which files are seen to change."""
        return [step for step, _ in self.states[1:]]


def files_at(trial: Path, step: int, since: int | None = None) -> dict[str, FileChange]:
    """The files of a trial that changed up to a step: path → before, after. Raises UserError; see `reconstruction`."""
    return reconstruction(trial).files_at(step, since)


def reconstruction(trial: Path, scenario: Path | None = None) -> Reconstruction:
    """A trial's files at its steps.

    Raises UserError where its transcript is damaged, and where its scenario is gone or has changed since; `scenario`
    is then the folder to take instead.
    """
    recorded = Recorded.of(trial)
    base = base_tree(recorded.scenario(instead=scenario))
    start = _plain(recorded.start())
    calls = [call for call in calls_of(recorded.events) if call.fate == "made"]
    seen = latest_seen(trial, recorded)
    states: list[tuple[int, Changes]] = [(0, start)]
    doubts: list[Doubt] = []
    through = -1
    if seen is not None:
        through = seen.through
        for step, found in seen.states:
            states.append((step, _plain(found)))
    _from_edits(recorded, base, calls, states, doubts, through)
    final, differing = _held_against(trial, base, states[-1][1])
    if final == "differs":
        last = recorded.events[-1].step
        doubts.append(Doubt(last, f"the workspace that was kept has other content in {_listed(differing)}", "did"))
    return Reconstruction(
        base=base,
        states=tuple(states),
        doubts=tuple(sorted(doubts, key=lambda doubt: doubt.step)),
        source=f"replay {seen.number}" if seen is not None else "recorded edits",
        final=final,
        final_differs=differing,
        unknown_after=recorded.events[-1].step,
    )


def _from_edits(
    recorded: Recorded,
    base: Mapping[str, Entry],
    calls: Iterable[RecordedCall],
    states: list[tuple[int, Changes]],
    doubts: list[Doubt],
    through: int,
) -> None:
    """Make the recorded edits again, in plain data; adds the states and doubts that those after `through` give."""
    sandbox = MemorySandbox(_applied(base, states[-1][1]), _removes)
    player = Player(recorded.events, Workbench(sandbox, Scope()))
    for call in calls:
        assert call.returned is not None
        if call.tool not in EDITS:
            if call.answered > through and (doubt := _unseen(call)) is not None:
                doubts.append(doubt)
            continue
        before = dict(sandbox.files)
        played = player.play(call)
        if call.answered <= through or _elsewhere(call):  # made for the fault alone, which counts calls
            sandbox.files = before
            continue
        problem = played.problem
        if played.outcome is not None and played.outcome.is_error != call.returned.is_error:
            problem = played.outcome.text if played.outcome.is_error else "it failed then, and could be made now"
        if problem:
            sandbox.files = before
            said = f"{call.tool} {_path(call)} does not fit the files as they are rebuilt: {problem:.300}"
            doubts.append(Doubt(call.answered, said, "did"))
        elif sandbox.files != before:
            states.append((call.answered, _plain(changes(base, sandbox.files))))


def _unseen(call: RecordedCall) -> Doubt | None:
    """Why a call may have changed files that nothing recorded; None where it cannot have."""
    if call.tool == "run_tests":
        return Doubt(call.answered, "run_tests ran the project's code, which may write files", "may")
    if call.tool != "run_command" or call.effects <= HARMLESS:
        return None
    what = " ".join(str(call.arguments.get("command", "")).split())
    return Doubt(call.answered, f"a command may have changed files: {what:.200}", "may")


def _held_against(
    trial: Path, base: Mapping[str, Entry], last: Changes
) -> tuple[Literal["agrees", "differs", "unknown"], tuple[str, ...]]:
    """The last state against the workspace that was kept."""
    try:
        kept = _plain(load(trial))
    except FileProblem:
        return "unknown", ()
    differing = [path for path in sorted(kept.keys() | last.keys()) if _of(path, kept, base) != _of(path, last, base)]
    return ("differs" if differing else "agrees"), tuple(differing)


def _of(path: str, found: Changes, base: Mapping[str, Entry]) -> Entry | None:
    return found[path] if path in found else base.get(path)


def _applied(base: Mapping[str, Entry], found: Changes) -> dict[str, Entry]:
    files = dict(base)
    for path, entry in found.items():
        if entry is None:
            files.pop(path, None)
        else:
            files[path] = entry
    return files


def _plain(found: Changes) -> Changes:
    """Without what tools leave behind."""
    return {path: entry for path, entry in found.items() if not generated(path) and path.split("/")[0] != ".git"}


def _removes(command: Command, files: dict[str, Entry]) -> ExecResult:
    """What `delete_file` runs, on plain data: `rm -- PATH`."""
    path = command.argv[-1]
    if command.argv[:-1] != ["rm", "--"] or path not in files:
        return ExecResult(1, f"rm: cannot remove {path!r}: no such file".encode())
    del files[path]
    return ExecResult(0, b"")


def _elsewhere(call: RecordedCall) -> bool:
    """Whether it changes a file that is no part of the workspace's: outside, or git's own."""
    path = _path(call)
    return path.startswith("/") or path.split("/")[0] == ".git"


def _path(call: RecordedCall) -> str:
    path = call.arguments.get("path", "")
    return relative(path)[:200] if isinstance(path, str) else ""


def _listed(paths: tuple[str, ...]) -> str:
    more = len(paths) - NAMED
    return ", ".join(paths[:NAMED]) + (f" and {more} more" if more > 0 else "")
