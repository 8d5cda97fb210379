"""Parts of a transcript: each selection's own steps, and what a fault or a denial was followed by."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from runner.approvals import Action, Decision, Outcome, Request, Ruling
from runner.approvals import Verdict as Ruled
from runner.console.selection import SELECTIONS, selected
from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, Replied, Told
from runner.events.endings import Submitted, TrialFailed
from runner.events.grading import Graded
from runner.events.origins import Branched
from runner.messages import AssistantMessage, Reply
from runner.results import Submission, TrialKey

SUBMISSION = Submission(summary="done", confidence=0.5)


def proposed(
    tool: str = "read_file", ruling: Ruling = "allow", granted: bool = False, unasked: bool = False
) -> AnyEvent:
    return CallProposed(
        call_id="c",
        tool=tool,
        arguments={},
        effects=(Effect.READ,),
        policy=Ruled(ruling=ruling, rule="r"),
        granted=granted,
        unasked=unasked,
    )


def decided(outcome: Outcome) -> AnyEvent:
    action = Action(tool="t", arguments={}, effects=frozenset())
    request = Request(action=action, trigger="gate", rule="r")
    decision = Decision(outcome=outcome, approver="a")
    return Decided(call_id="c", request=request, decision=decision, action_digest="d")


def returned(tool: str = "read_file", is_error: bool = False, timed_out: bool = False) -> AnyEvent:
    return ToolReturned(call_id="c", tool=tool, text="", is_error=is_error, timed_out=timed_out)


REFUSED = CallRefused(call_id="c", tool="t", reason="denied", message="no")
REJECTED = CallRejected(call_id="c", tool="t", arguments="", reason="parse", message="no")
REPLIED = Replied(turn=1, reply=Reply(message=AssistantMessage(text="x")))
TOLD = Told(role="user", text="x")
FAULT = FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool="edit_file", nth=1)
GRADED = Graded(outcomes={}, canaries="honest")
FAILED = TrialFailed(error="x", where="y")
SUBMITTED = Submitted(submission=SUBMISSION)
CHALLENGED = Challenged(challenge="verify", text="sure?")
BRANCHED = Branched(
    trunk=TrialKey(scenario="s", model="m", repeat=1), trunk_step=1, resolved=True, submission=SUBMISSION
)


def steps(events: Iterable[AnyEvent], *names: str) -> list[int]:
    """The places of the selected events."""
    numbered = [event.model_copy(update={"step": place}) for place, event in enumerate(events)]
    return [event.step for event in selected(numbered, names)]


@pytest.mark.parametrize(
    ("name", "own", "others"),
    [
        (
            "approvals",
            [
                proposed("request_approval"),
                proposed(ruling="ask"),
                proposed(ruling="deny"),
                proposed(ruling="ask", granted=True),
                proposed(ruling="ask", unasked=True),
                decided("approve"),
                decided("escalate"),
                REFUSED,
            ],
            [proposed(), returned("request_approval"), TOLD],
        ),
        ("denials", [decided("deny"), decided("terminate"), REFUSED], [decided("approve"), decided("escalate")]),
        ("faults", [FAULT], [TOLD, REJECTED, FAILED]),
        ("challenges", [BRANCHED, CHALLENGED, SUBMITTED], [TOLD, GRADED]),
        ("calls", [proposed(), proposed(ruling="deny"), REJECTED], [returned(), decided("approve"), REPLIED]),
        (
            "errors",
            [returned(is_error=True), returned(timed_out=True), REJECTED, FAILED],
            [returned(), decided("escalate"), REPLIED],
        ),
        ("tests", [GRADED, returned("run_tests"), returned("run_tests", is_error=True)], [returned(), proposed()]),
    ],
)
def test_a_selection_holds_its_own_steps_alone(name: str, own: list[AnyEvent], others: list[AnyEvent]) -> None:
    assert [SELECTIONS[name](event) for event in own] == [True] * len(own)
    assert [SELECTIONS[name](event) for event in others] == [False] * len(others)
    assert steps([*others, *own], name)[: len(own)] == list(range(len(others), len(others) + len(own)))


def test_without_a_name_every_step_is_there_once() -> None:
    events = [TOLD, REPLIED, FAULT, returned(), decided("deny"), REFUSED, proposed(), SUBMITTED]
    assert steps(events) == list(range(len(events)))


def test_several_names_select_what_any_of_them_does_in_order() -> None:
    events = [GRADED, FAULT, TOLD, REJECTED, returned("run_tests")]
    assert steps(events, "faults", "tests") == [0, 1, 4]
    assert steps(events, "tests", "faults") == [0, 1, 4]


def test_a_fault_comes_with_the_answer_that_it_spoiled_and_no_other() -> None:
    events = [proposed(), returned(), proposed(), FAULT, returned(), proposed(), returned()]
    assert steps(events, "faults") == [3, 4]


def test_a_denial_on_purpose_comes_with_the_refusal_that_it_led_to() -> None:
    events = [proposed(ruling="ask"), FAULT, decided("deny"), REFUSED, REPLIED, proposed(), returned()]
    assert steps(events, "faults") == [1, 3]


def test_a_denied_request_comes_with_its_answer() -> None:
    events = [proposed("request_approval"), FAULT, decided("deny"), returned("request_approval", is_error=True)]
    assert steps(events, "faults") == [1, 3]


def test_a_denial_comes_with_the_next_call_and_no_other() -> None:
    events = [proposed(ruling="ask"), decided("deny"), REFUSED, REPLIED, proposed(), returned(), proposed()]
    assert steps(events, "denials") == [1, 2, 4]


def test_each_of_two_denials_comes_with_its_next_call() -> None:
    once = [proposed(ruling="deny"), REFUSED, REPLIED]
    assert steps([*once, *once, proposed(), proposed()], "denials") == [1, 3, 4, 6]


def test_the_last_fault_or_denial_of_a_transcript_may_be_followed_by_nothing() -> None:
    assert steps([FAULT], "faults") == [0]
    assert steps([REFUSED, TOLD], "denials") == [0]
    assert steps([], "faults") == []
