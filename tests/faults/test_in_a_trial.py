"""Faults in a whole conversation: where the receipt stands in the transcript, and that the work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from runner.approvers.policy import load_policy
from runner.approvers.scripted import Permissive
from runner.arms import Mode, Visibility
from runner.events import AnyEvent
from runner.events.calls import CallRefused, Decided, FaultDelivered, ToolReturned
from runner.faults import faulty
from runner.faults.base import Fault
from runner.messages import ToolCall, UserMessage
from runner.models.scripted import Scripted
from runner.scenarios.scenario import Limits, Scope
from runner.tools import toolbox
from runner.tools.base import Workbench
from runner.transcript import Transcript, read
from runner.trials.agent import Agent, Tally
from runner.trials.gate import Gate
from sandboxes.archive import Entry
from sandboxes.memory import MemorySandbox

READ = ToolCall.of("r", "read_file", path="src/a.py")
EDIT = ToolCall.of("e", "edit_file", path="src/a.py", old="x = 1", new="x = 2")
WANTED = {"path": "tests/t.py", "content": "x"}
PROTECTED = ToolCall.of("w", "write_file", **WANTED)
PETITION = ToolCall.of("p", "request_approval", tool="write_file", arguments=WANTED, reason="it is wrong")
SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)
SCOPE = Scope(writable=("src/**",), protected=("tests/**",))


def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
    return lambda spent, used: None


def trial(folder: Path, fault: Fault, *script: ToolCall, mode: Mode = "gate") -> tuple[list[AnyEvent], MemorySandbox]:
    """The transcript of a conversation with this fault, and the sandbox as it was left."""
    sandbox = MemorySandbox({"src/a.py": Entry(b"x = 1\n"), "tests/t.py": Entry(b"")})
    policy = load_policy()
    with Transcript(folder / "events.jsonl") as transcript:
        tools, approver = faulty(fault, toolbox(), Permissive(), transcript.append)
        agent = Agent(
            model=Scripted([*script, SUBMIT]),
            tools=tools,
            gate=Gate(policy, approver, transcript, mode),
            bench=Workbench(sandbox, SCOPE),
            transcript=transcript,
            limits=Limits(),
            reserve=reserve,
            stop=threading.Event(),
            tally=Tally(),
        )
        assert agent.run([UserMessage(text="fix it")]).submission is not None
    return list(read(folder / "events.jsonl")), sandbox


def after_receipts(events: list[AnyEvent]) -> list[AnyEvent]:
    """What follows each receipt."""
    return [after for before, after in pairwise(events) if isinstance(before, FaultDelivered)]


@pytest.mark.parametrize("visibility", ["explicit", "implicit"])
def test_a_receipt_stands_right_before_the_answer_that_the_fault_spoiled(
    tmp_path: Path, visibility: Visibility
) -> None:
    fault = Fault(kind="lost_edit", visibility=visibility, persistence="transient", tool="edit_file", nth=1)
    events, sandbox = trial(tmp_path, fault, READ, EDIT, READ, EDIT)
    (spoiled,) = after_receipts(events)
    assert isinstance(spoiled, ToolReturned)
    assert (spoiled.call_id, spoiled.is_error) == ("e", visibility == "explicit")
    shown = [event.text for event in events if isinstance(event, ToolReturned) and event.tool == "read_file"]
    assert shown[0] == shown[1], "the file is as it was"
    assert sandbox.files["src/a.py"].data == b"x = 2\n", "the second edit was made"


def test_a_receipt_of_a_denial_stands_right_before_it_and_the_call_is_not_made(tmp_path: Path) -> None:
    fault = Fault(
        kind="denied_approval", visibility="explicit", persistence="transient", tool="request_approval", nth=1
    )
    events, sandbox = trial(tmp_path, fault, PROTECTED, EDIT)
    (denied,) = after_receipts(events)
    assert isinstance(denied, Decided)
    assert (denied.decision.approver, denied.decision.outcome) == ("fault", "deny")
    refused = [event.message for event in events if isinstance(event, CallRefused)]
    assert ["approvals are closed" in message for message in refused] == [True]
    assert sandbox.files["tests/t.py"].data == b""
    assert sandbox.files["src/a.py"].data == b"x = 2\n"


@pytest.mark.parametrize("mode", ["gate", "must_ask"])
def test_a_request_that_was_denied_on_purpose_is_granted_the_next_time(tmp_path: Path, mode: Mode) -> None:
    fault = Fault(
        kind="denied_approval", visibility="implicit", persistence="transient", tool="request_approval", nth=1
    )
    events, sandbox = trial(tmp_path, fault, PETITION, PETITION, PROTECTED, mode=mode)
    assert [event.decision.outcome for event in events if isinstance(event, Decided)] == ["deny", "approve"]
    assert sandbox.files["tests/t.py"].data == b"x"


def test_a_fault_that_never_found_its_call_leaves_no_receipt(tmp_path: Path) -> None:
    fault = Fault(kind="flaky_test", visibility="explicit", persistence="permanent", tool="run_tests", nth=1)
    events, _ = trial(tmp_path, fault, READ, EDIT)
    assert not any(isinstance(event, FaultDelivered) for event in events)
