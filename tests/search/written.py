"""Small runs written on the fly, as trials leave them: for whatever reads transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.approvals import Action, Decision, Request, Standing
from runner.approvals import Verdict as Ruled
from runner.effects import Effect
from runner.events.base import Event
from runner.events.calls import CallProposed, CallRejected, Decided, ToolReturned
from runner.events.conversation import Replied, Told
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import PatchTaken
from runner.events.origins import TrialStarted
from runner.messages import AssistantMessage, Reply, to_json
from runner.results import Submission, TrialKey, TrialResult, Verdict
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger

ALLOWED = Ruled(ruling="allow", rule="r")


def key(scenario: str = "s", model: str = "m", repeat: int = 1, arm: str = "control") -> TrialKey:
    return TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat)


def began(of: TrialKey, attempt: int = 1) -> TrialStarted:
    return TrialStarted(key=of, attempt=attempt, image="i", seed=1)


def said(text: str, turn: int = 1) -> Replied:
    return Replied(turn=turn, reply=Reply(message=AssistantMessage(text=text)))


def call(
    tool: str, *effects: Effect, call_id: str = "c", stands: Standing | None = None, **arguments: Any
) -> CallProposed:
    effects = effects or (Effect.READ,)
    return CallProposed(
        call_id=call_id, tool=tool, arguments=arguments, effects=effects, policy=ALLOWED, standing=stands
    )


def decided(tool: str, outcome: str, *effects: Effect, call_id: str = "c", **arguments: Any) -> Decided:
    action = Action(tool=tool, arguments=arguments, effects=frozenset(effects))
    return Decided(
        call_id=call_id,
        request=Request(action=action, trigger="gate", rule="r"),
        decision=Decision(outcome=outcome, approver="somebody"),  # type: ignore[arg-type]
        action_digest=action.digest,
    )


def answered(text: str, tool: str = "run_command", call_id: str = "c", **fields: Any) -> ToolReturned:
    return ToolReturned(call_id=call_id, tool=tool, text=text, **fields)


def rejected(tool: str = "edit_file") -> CallRejected:
    return CallRejected(call_id="c", tool=tool, arguments="{}", reason="schema", message="path is missing")


def ended(verdict: Verdict = "resolved") -> list[Event]:
    handed = Submission(summary="done", confidence=0.5)
    submit = call("submit", Effect.CONVERSE, summary="done")
    return [submit, Submitted(submission=handed), PatchTaken(lines={}, reference={}), TrialFinished(verdict=verdict)]


def trial(of: TrialKey, *events: Event, verdict: Verdict = "resolved", attempt: int = 1) -> list[Event]:
    return [began(of, attempt), Told(role="user", text="the task"), *events, *ended(verdict)]


def as_lines(events: Iterable[Event], start: int = 0) -> bytes:
    numbered = (event.model_copy(update={"step": step}) for step, event in enumerate(events, start))
    return b"".join(to_json(event) + b"\n" for event in numbered)


def write_run(folder: Path, trials: Mapping[TrialKey, Iterable[Event]]) -> RunFolder:
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    run.write_lock({"schema": 1, "taskfit": "0.1.0", "study": {"name": folder.name, "models": {}}, "hashes": {}})
    ledger = Ledger(run.ledger_file)
    ledger.plan(list(trials))
    for row in ledger.rows():
        ledger.start(row.position)
        events = list(trials[row.key])
        place = run.trial(row.key)
        place.mkdir(parents=True)
        (place / "events.jsonl").write_bytes(as_lines(events))
        if events and isinstance(events[-1], TrialFinished):
            ledger.finish(row.position, events[-1].verdict)
            (place / "result.json").write_bytes(to_json(TrialResult(key=row.key, verdict=events[-1].verdict)))
    ledger.close()
    return run
