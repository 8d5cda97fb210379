"""Transcripts with every type of event, and runs that hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner.approvals import Action, Decision, Request, Standing
from runner.approvals import Verdict as Ruled
from runner.arms import Arm
from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.messages import AssistantMessage, CallRecord, Reply, ToolCall, Usage, to_json
from runner.results import Hypothesis, Submission, TestCounts, Times, TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.scenarios.scenario import Checks
from runner.trajectories.base import Trial

MARK = "zebra"
"""Stands in each text, path and name of a private trial."""
ODD = "\x1b[31m\u202e<script>&amp; \u00e9 \U0001f600 \\ \" '"
SUBMISSION = Submission(
    summary=f"{MARK} summary {ODD}",
    hypotheses=(Hypothesis(file=f"src/{MARK}.py", symbol=MARK, evidence_for=MARK, evidence_against=MARK),),
    risks=MARK,
    confidence=0.7,
)


def every_event(key: TrialKey, verdict: str = "resolved") -> list[AnyEvent]:
    """A trial that no run would make: each type of event at least once, several calls a turn, odd texts and ids."""
    policy = Ruled(ruling="ask", rule=f"{MARK}-rule", reason=MARK)
    action = Action(
        tool="run_command",
        arguments={"command": f"pip install {MARK}"},
        effects=frozenset({Effect.INSTALL}),
        targets=(MARK,),
        preview=MARK,
    )
    standing = Standing(authorisation="none", label="ask", answer="deny")
    calls = (
        ToolCall.of("a", "run_command", command=f"python -m pytest {MARK}"),
        ToolCall.of("b", "write_file", path=f"src/{MARK}.py", content=f"{MARK}\n{ODD}"),
        ToolCall.of("b", "run_command", command=f"pip install {MARK}"),
        ToolCall(id="d", name=f"{MARK}_tool", arguments=f"{{not json {MARK}"),
    )
    native = ({"type": "thinking", "thinking": MARK, "signature": MARK},)
    record = CallRecord(
        provider="acme",
        format="messages",
        base_url=f"https://{MARK}.example",
        requested_model="m",
        response_id="r1",
        first_text=0.25,
        price="sheet",
    )
    message = AssistantMessage(text=f"{MARK} thinking aloud", tool_calls=calls, native=native, native_format="messages")
    reply = Reply(
        message=message,
        usage=Usage(input=100, cache_read=40, cache_write=7, output=30, reasoning=11),
        cost_usd=0.0125,
        model_id="m-2026",
        call=record,
    )
    trunk = key.model_copy(update={"arm": "control"})
    events: list[AnyEvent] = [
        TrialStarted(key=key, attempt=2, image=f"sha256:{MARK}", seed=5, repo=MARK, tags=(MARK,), arm=Arm()),
        Imported(format="atif", source=MARK, digest="d", harness=MARK, told={"reward": 1.0}, known=("usage",)),
        Branched(trunk=trunk, trunk_step=4, resolved=False, submission=SUBMISSION),
        StartedFrom(trial=trunk),
        ForkedFrom(
            fork=f"{MARK}/1",
            trial=trunk,
            run=MARK,
            at_step=6,
            digest=MARK,
            turns=1,
            agreed=True,
            limits="left",
            prompt=MARK,
        ),
        Told(role="system", text=f"{MARK} system {ODD}"),
        Told(role="user", text=f"{MARK} issue"),
        Replied(turn=1, reply=reply, seconds=2.5),
        CallProposed(
            call_id="a",
            tool="run_command",
            arguments={"command": f"python -m pytest {MARK}"},
            effects=(Effect.RUN,),
            targets=(MARK,),
            policy=policy,
            standing=standing,
        ),
        FaultDelivered(fault="flaky_test", visibility="implicit", persistence="transient", tool="run_command", nth=1),
        ToolReturned(
            call_id="a", tool="run_command", text=f"{MARK} 1 failed {ODD}", exit_code=1, elided_bytes=3, seconds=0.5
        ),
        CallProposed(
            call_id="b",
            tool="write_file",
            arguments={"path": f"src/{MARK}.py", "content": f"{MARK}\n{ODD}"},
            effects=(Effect.EDIT,),
            policy=policy,
            granted=True,
        ),
        ToolReturned(call_id="b", tool="write_file", text=MARK, is_error=True, timed_out=True),
        CallProposed(
            call_id="b",
            tool="run_command",
            arguments=action.arguments,
            effects=(Effect.INSTALL,),
            policy=policy,
            unasked=True,
            asks_for=action,
        ),
        Decided(
            call_id="b",
            request=Request(
                action=action, trigger="model", rule=MARK, reason=MARK, alternative=MARK, standing=standing
            ),
            decision=Decision(outcome="modify", approver=MARK, reason=MARK, arguments={"command": MARK}, cost_usd=0.1),
            action_digest=MARK,
            seconds=3.0,
        ),
        CallRefused(call_id="b", tool="run_command", reason="denied", message=f"{MARK} no"),
        CallRejected(call_id="d", tool=f"{MARK}_tool", arguments=f"{{not json {MARK}", reason="parse", message=MARK),
        ConfidenceStated(confidence=0.4),
        Replied(turn=2, reply=Reply(message=AssistantMessage(text=""), stop="length"), seconds=0.1),
        CallRejected(call_id="", tool="", arguments="", reason="cut", message=f"{MARK} think shorter"),
        Replied(turn=3, reply=Reply(message=AssistantMessage(text="", tool_calls=(ToolCall.of("s", "submit"),)))),
        CallProposed(call_id="s", tool="submit", arguments={}, effects=(Effect.CONVERSE,), policy=policy),
        Submitted(submission=SUBMISSION),
        Challenged(challenge="prove_it", text=f"{MARK} prove it"),
        LimitReached(limit="turns", detail=MARK),
        ChangeDropped(path=f"tests/{MARK}.py", reason=MARK),
        PatchTaken(lines={f"src/{MARK}.py": 3}, reference={f"src/{MARK}.py": 2}, digest=MARK),
        ScenarioFacts(locations=(f"src/{MARK}.py::{MARK}",), checks=Checks()),
        Graded(
            outcomes={f"tests/{MARK}.py::test": "passed"},
            canaries="honest",
            tests=TestCounts(fail_to_pass=1, fail_to_pass_passed=1),
            detail=MARK,
            failures={f"tests/{MARK}.py::other": MARK},
        ),
        Probed(probe="localise", scores={MARK: 1.0}),
        TrialFailed(error=MARK, where=MARK, kind="engine"),
        TrialFinished(verdict=verdict, reason=MARK, times=Times(model=2.6, tool=0.5, total=9.0), earlier_usd=0.25),
    ]
    return [
        event.model_copy(update={"step": step, "at": f"2026-11-24T10:00:{step:02d}.250+00:00"})
        for step, event in enumerate(events)
    ]


def plain_events(key: TrialKey) -> list[AnyEvent]:
    """The same without what only odd trials have: an import, a branch, somebody's failed work, a failed harness."""
    kept = [
        event
        for event in every_event(key)
        if not isinstance(event, Imported | Branched | StartedFrom | ForkedFrom | TrialFailed)
    ]
    return [event.model_copy(update={"step": step}) for step, event in enumerate(kept)]


@pytest.fixture
def key() -> TrialKey:
    return TrialKey(scenario=f"{MARK}-bug", model="acme/m", repeat=1)


@pytest.fixture
def trial(key: TrialKey) -> Trial:
    return Trial(key, every_event(key), patch="--- a\n+++ b\n", run="a-run")


WriteRun = Callable[[Sequence[Trial]], RunFolder]


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Writes a run's folder as a real run leaves it."""

    def write(trials: Sequence[Trial]) -> RunFolder:
        run = RunFolder(tmp_path / "a-run")
        run.path.mkdir()
        lock = {"schema": 1, "taskfit": "0.1.0", "study": {"name": "a-run"}, "built_in": ["open"], "hashes": {}}
        run.lock_file.write_text(json.dumps(lock))
        ledger = Ledger(run.ledger_file)
        ledger.plan([each.key for each in trials])
        ledger.close()
        for each in trials:
            folder = run.trial(each.key)
            folder.mkdir(parents=True)
            (folder / "events.jsonl").write_bytes(b"".join(to_json(event) + b"\n" for event in each.events))
            (folder / "patch.diff").write_text(f"--- a/{MARK}\n+++ b/{MARK}\n")
            result = TrialResult(key=each.key, verdict=each.record.verdict)
            (folder / "result.json").write_bytes(to_json(result))
        return run

    return write


@pytest.fixture
def plain_trial(key: TrialKey) -> Trial:
    return Trial(key, plain_events(key), run="a-run")
