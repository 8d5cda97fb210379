"""A transcript as one reads it: calls grouped with what became of them, and nothing lost of a file that is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.approvals import Action, Decision, Request
from runner.approvals import Verdict as Ruled
from runner.effects import Effect
from runner.errors import FileProblem
from runner.events.base import Event
from runner.events.calls import CallProposed, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, Replied, Told
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import Graded, ScenarioFacts
from runner.events.origins import Branched, TrialStarted
from runner.messages import AssistantMessage, Reply, Usage, to_json
from runner.reading.marks import marks
from runner.reading.reader import Reader, Reading
from runner.reading.signs import signs
from runner.reading.turns import Damaged
from runner.results import Submission, TrialKey
from runner.scenarios.scenario import Checks

KEY = TrialKey(scenario="s", model="m", repeat=1)
START = TrialStarted(key=KEY, attempt=1, image="i", seed=1)
FACTS = ScenarioFacts(locations=("src/a.py::f",), checks=Checks())
GRADED = Graded(outcomes={"t.py::a": "failed"}, canaries="honest")
LOST = TrialFinished(verdict="unresolved")


def reply(turn: int) -> Replied:
    return Replied(turn=turn, reply=Reply(message=AssistantMessage(text="so"), usage=Usage(input=10), cost_usd=0.5))


def call(name: str, tool: str, effect: Effect, *targets: str, **arguments: Any) -> CallProposed:
    ruled = Ruled(ruling="allow", rule="r")
    return CallProposed(call_id=name, tool=tool, arguments=arguments, effects=(effect,), targets=targets, policy=ruled)


def edit(name: str, path: str, new: str = "x") -> list[Event]:
    return [call(name, "edit_file", Effect.EDIT, path, path=path, old="", new=new), answer(name, "edit_file")]


def ran(name: str, failed: int) -> list[Event]:
    text = f"exit code {int(failed > 0)}\n{failed} failed, 5 passed" if failed else "exit code 0\n5 passed"
    return [
        call(name, "run_tests", Effect.RUN),
        ToolReturned(call_id=name, tool="run_tests", text=text, exit_code=int(failed > 0)),
    ]


def answer(name: str, tool: str, **other: Any) -> ToolReturned:
    return ToolReturned(call_id=name, tool=tool, text="done", **other)


def submitted(confidence: float = 0.9) -> Submitted:
    return Submitted(submission=Submission(summary="done", confidence=confidence))


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(*events: Event) -> Reading:
        file = tmp_path / "events.jsonl"
        lines = [to_json(event.model_copy(update={"step": step})) + b"\n" for step, event in enumerate(events)]
        file.write_bytes(b"".join(lines))
        return Reader(file, KEY).read()

    return read


def rules(reading: Reading) -> dict[str, int]:
    return {sign.rule: sign.step for sign in signs(reading)}


def test_a_call_has_its_request_its_fault_and_its_answer(read: Any) -> None:
    request = Request(
        action=Action(tool="edit_file", arguments={}, effects=frozenset({Effect.EDIT})), trigger="gate", rule="r"
    )
    decision = Decision(outcome="approve", approver="human")
    proposal, _ = edit("a", "src/a.py")
    fault = FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool="edit_file", nth=1)
    reading = read(
        START,
        reply(1),
        proposal,
        Decided(call_id="a", request=request, decision=decision, action_digest="d", seconds=4),
        fault,
        answer("a", "edit_file"),
        *edit("b", "src/a.py"),
    )
    opening, turn = reading.parts
    first, second = turn.calls
    assert (opening.kind, turn.kind, turn.turn) == ("opening", "turn", 1)
    assert (first.decided.decision.approver, first.fault.fault, first.result.step) == ("human", "lost_edit", 5)
    assert first.followed == second.step == 6
    assert second.decided is second.fault is None
    assert (turn.first, turn.last, turn.usd, turn.tokens) == (1, 7, 0.5, 10)


def test_a_fault_belongs_to_the_call_under_way_whichever_tool_its_receipt_names(read: Any) -> None:
    fault = FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool="edit_file", nth=1)
    written = call("b", "write_file", Effect.EDIT, "src/a.py", path="src/a.py", content="x")
    waiting, _ = edit("a", "src/b.py")
    reading = read(START, reply(1), waiting, written, fault, answer("b", "write_file"), answer("a", "edit_file"), LOST)
    first, second = reading.calls
    assert first.fault is None and second.fault == fault.model_copy(update={"step": 4})
    assert [sign.step for sign in signs(reading)][:1] == [second.step]
    assert [mark.kind for mark in marks(reading.parts) if mark.step == second.step] == ["fault", "edit"]


def test_an_id_that_is_used_again_belongs_to_the_call_that_waits(read: Any) -> None:
    twice = [*edit("same", "src/a.py"), *edit("same", "src/b.py")]
    reading = read(START, reply(1), *twice, reply(2), *edit("same", "src/c.py"))
    assert [each.result.step - each.step for each in reading.calls] == [1, 1, 1]


def test_what_failed_and_what_did_it_later_know_each_other(read: Any) -> None:
    proposal, _ = edit("a", "src/a.py")
    reading = read(START, reply(1), proposal, answer("a", "edit_file", is_error=True), reply(2), *edit("b", "src/a.py"))
    failed, recovered = reading.calls
    assert (failed.recovered, recovered.failed_at) == (recovered.step, failed.step)


def test_an_answer_to_no_call_is_a_step_of_its_own(read: Any) -> None:
    reading = read(START, reply(1), answer("nobody", "edit_file"))
    (item,) = reading.parts[-1].items
    assert item.title == "edit_file answers"


def test_a_challenge_and_the_grading_are_parts_of_their_own(read: Any) -> None:
    submission = Submission(summary="done", confidence=0.9)
    reading = read(
        START,
        Branched(trunk=KEY, trunk_step=3, resolved=True, submission=submission),
        Challenged(challenge="prove_it", text="prove it"),
        reply(1),
        *edit("a", "src/b.py"),
        submitted(),
        FACTS,
        GRADED,
        LOST,
    )
    assert [part.kind for part in reading.parts] == ["opening", "challenge", "turn", "ending"]
    assert rules(reading)["the first edit after a challenge to a submission that had been right"] == 4


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"\xff\xfe\n", "no event"),
        (b'{"type": "of tomorrow"}\n', "no event"),
        (b'{"a":' * 100_000 + b"\n", "no event"),
        (b"\n", "no event"),
    ],
    ids=["bytes", "other version", "deep", "empty"],
)
def test_a_damaged_line_is_shown_in_its_place_and_the_rest_is_read(tmp_path: Path, bad: bytes, problem: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(to_json(START) + b"\n" + bad + to_json(reply(1)) + b"\n" + to_json(LOST)[:30])
    reading = Reader(file, KEY).read()
    (damaged,) = [item for part in reading.parts for item in part.items if isinstance(item, Damaged)]
    assert (damaged.step, reading.steps, reading.parts[-1].words is not None) == (1, 3, True)
    assert problem in damaged.problem
    assert [mark.step for mark in marks(reading.parts)] == [1]


def test_a_reader_goes_on_where_the_file_has_grown(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [to_json(event) + b"\n" for event in (START, reply(1), *edit("a", "src/a.py"), *ran("b", 0))]
    file.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    reader = Reader(file, KEY)
    assert reader.read().calls[0].waits
    with file.open("ab") as handle:
        handle.write(lines[3][20:] + b"".join(lines[4:]))
    reading = reader.read()
    assert [each.result is not None for each in reading.calls] == [True, True]
    assert reading.steps == len(lines)


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    file, other = tmp_path / "events.jsonl", tmp_path / "other"
    file.write_bytes(to_json(START) + b"\n" + to_json(reply(1)) + b"\n")
    reader = Reader(file, KEY)
    assert reader.read().steps == 2
    other.write_bytes(to_json(START) + b"\n")
    other.replace(file)
    assert reader.read().steps == 1
    file.unlink()
    with pytest.raises(FileProblem):
        reader.read()


def test_each_rule_finds_its_sign_and_the_earliest_comes_first(read: Any) -> None:
    failing, _ = edit("f", "src/z.py")
    reading = read(
        START,
        Told(role="user", text="fix it"),
        reply(1),
        *ran("a", 1),
        *edit("b", "src/b.py"),
        *ran("c", 3),
        failing,
        answer("f", "edit_file", is_error=True),
        failing.model_copy(update={"call_id": "g"}),
        answer("g", "edit_file", is_error=True),
        CallRejected(call_id="h", tool="x", arguments="{", reason="parse", message="no"),
        submitted(),
        FACTS,
        GRADED,
        LOST,
    )
    found = signs(reading)
    assert [sign.step for sign in found] == sorted(sign.step for sign in found)
    assert {sign.rule: sign.step for sign in found} == {
        "the first edit of a file in which the fault is not": 5,
        "the first test run after an edit with more failures than the run before it": 7,
        "a submission whose last edit no test run followed, or whose last test run failed": 7,
        "the first call that failed and whose aim no later call reached": 9,
        "the first failed call that is made again without any change": 11,
        "no edit of any file in which the fault is": 14,
    }


def test_a_right_edit_that_was_tested_is_no_trouble(read: Any) -> None:
    events = [START, reply(1), *ran("a", 1), *edit("b", "/workspace/src/a.py"), *ran("c", 0), submitted()]
    assert signs(read(*events, FACTS, TrialFinished(verdict="resolved"))) == []


def test_a_trial_that_goes_on_has_no_sign_that_only_its_end_can_tell(read: Any) -> None:
    assert signs(read(START, reply(1), *edit("b", "src/b.py"))) == []
