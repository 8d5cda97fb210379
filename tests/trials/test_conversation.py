"""A conversation rebuilt from its transcript is the one that the agent had, whatever the model did in it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from runner.approvals import Decision, Request
from runner.approvers.policy import load_policy
from runner.errors import AnswerCut
from runner.messages import AssistantMessage, Message, Reply, SystemMessage, ToolCall, ToolMessage, UserMessage
from runner.models.scripted import Scripted, Turn
from runner.scenarios.scenario import Limits, Scope
from runner.tools import toolbox
from runner.tools.base import Workbench
from runner.transcript import Transcript, read
from runner.trials.agent import Agent, Tally
from runner.trials.conversation import AFTER, until_submission
from runner.trials.gate import Gate
from runner.trials.turns import MAX_CALLS
from sandboxes.archive import Entry
from sandboxes.memory import MemorySandbox

SAID: list[Message] = [SystemMessage(text="You fix bugs."), UserMessage(text="fix it")]
SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)
READ = ToolCall.of("r", "read_file", path="src/a.py")
EDIT = ToolCall.of("e", "edit_file", path="src/a.py", old="1", new="2")
PROTECTED = ToolCall.of("w", "write_file", path="tests/t.py", content="x")
FORBIDDEN = ToolCall.of("f", "run_command", command="rm -rf /")
ABSENT = ToolCall.of("n", "read_file", path="src/none.py")
BROKEN = ToolCall(id="b", name="read_file", arguments="{")
UNKNOWN = ToolCall(id="u", name="fix", arguments="{}")
WRONG = ToolCall.of("x", "read_file", file="src/a.py")
BAD_SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=7)
PETITION = ToolCall.of(
    "p", "request_approval", tool="write_file", arguments={"path": "tests/t.py", "content": "x"}, reason="it is wrong"
)
BAD_PETITION = ToolCall.of("q", "request_approval", tool="no_such", arguments={}, reason="x")
NEEDLESS = ToolCall.of("d", "request_approval", tool="read_file", arguments={"path": "src/a.py"}, reason="x")


class InTurn:
    """Answers in turn: approved, denied, unanswered, changed into what fits and what does not."""

    def __init__(self) -> None:
        self._asked = -1

    def decide(self, request: Request) -> Decision:
        self._asked += 1
        match self._asked % 5:
            case 0:
                return Decision(outcome="approve", approver="t")
            case 1:
                return Decision(outcome="deny", approver="t", reason="no")
            case 2:
                raise TimeoutError
            case 3:
                changed = {"path": "src/b.py", "content": "y"}
                return Decision(outcome="modify", approver="t", arguments=changed)
            case _:
                return Decision(outcome="modify", approver="t", arguments={"nonsense": 1})


def turn(*calls: ToolCall, text: str = "") -> Reply:
    return Reply(message=AssistantMessage(text=text, tool_calls=calls))


def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
    return lambda spent, used: None


def had_and_rebuilt(folder: Path, script: Sequence[Turn], turns: int = 40) -> tuple[list[Message], list[Message]]:
    """The conversation that the agent had by its last turn, that turn included, and the one from its transcript."""
    model = Scripted(script)
    file = folder / "events.jsonl"
    file.unlink(missing_ok=True)
    policy = load_policy()
    with Transcript(file) as transcript:
        agent = Agent(
            model=model,
            tools=toolbox(),
            gate=Gate(policy, InTurn(), transcript),
            bench=Workbench(
                MemorySandbox({"src/a.py": Entry(b"x = 1\n"), "tests/t.py": Entry(b"")}),
                Scope(writable=("src/**",), protected=("tests/**",)),
            ),
            transcript=transcript,
            limits=Limits(turns=turns),
            reserve=reserve,
            stop=threading.Event(),
            tally=Tally(),
        )
        agent.run(SAID)
    return list(agent._conversation), until_submission(read(file))


def check(folder: Path, script: Sequence[Turn]) -> list[Message]:
    """Both are the same up to the submission; returns the answers that the rebuilt one adds to the last turn."""
    had, rebuilt = had_and_rebuilt(folder, script)
    assert rebuilt[: len(had)] == had
    last = max(place for place, message in enumerate(rebuilt) if message.role == "assistant")
    answers = [message for message in rebuilt[last + 1 :] if isinstance(message, ToolMessage)]
    called = rebuilt[last]
    assert isinstance(called, AssistantMessage)
    assert [answer.call_id for answer in answers] == [call.id for call in called.tool_calls]
    return rebuilt[len(had) :]


@pytest.mark.parametrize(
    "script",
    [
        [SUBMIT],
        [READ, EDIT, READ, SUBMIT],
        [turn(READ, EDIT, READ), turn(SUBMIT)],
        ["I am thinking.", READ, "", SUBMIT],
        ['<tool_call>{"name": "submit", "arguments": {}}</tool_call>', SUBMIT],
        [Reply(message=AssistantMessage(text="…"), stop="length"), SUBMIT],
        [BROKEN, UNKNOWN, WRONG, BAD_SUBMIT, ABSENT, SUBMIT],
        [turn(BROKEN, READ, UNKNOWN, WRONG, READ), SUBMIT],
        [PROTECTED, PROTECTED, PROTECTED, PROTECTED, PROTECTED, SUBMIT],
        [turn(PROTECTED, FORBIDDEN, PROTECTED, PROTECTED, READ, PROTECTED, PROTECTED), SUBMIT],
        [PETITION, PROTECTED, PETITION, PETITION, PETITION, BAD_PETITION, NEEDLESS, SUBMIT],
        [turn(*[READ] * (MAX_CALLS + 5)), SUBMIT],
        [turn(*[BROKEN] * (MAX_CALLS + 5)), turn(READ, text="and so"), SUBMIT],
        [turn(READ, SUBMIT)],
        [turn(BAD_SUBMIT, SUBMIT)],
    ],
)
def test_the_rebuilt_conversation_is_the_one_that_the_agent_had(tmp_path: Path, script: list[Turn]) -> None:
    added = check(tmp_path, script)
    assert [message.text for message in added] == ["submitted"]


@pytest.mark.parametrize("call_id", ["same", "", "\n", "x" * 500])
def test_calls_that_share_an_id_get_their_own_answers_in_order(tmp_path: Path, call_id: str) -> None:
    kinds = (READ, BROKEN, PROTECTED, ABSENT, EDIT, PROTECTED, UNKNOWN, READ, PETITION, BAD_PETITION)
    calls = [call.model_copy(update={"id": call_id}) for call in kinds]
    check(tmp_path, [turn(*calls), turn(*reversed(calls)), turn(*calls[:3], SUBMIT.model_copy(update={"id": call_id}))])


def test_an_id_that_comes_again_in_a_later_turn_gets_the_later_answer(tmp_path: Path) -> None:
    check(tmp_path, [READ, EDIT, READ.model_copy(update={"id": "e"}), ABSENT.model_copy(update={"id": "r"}), SUBMIT])


def test_calls_after_the_submission_are_said_not_to_have_been_made(tmp_path: Path) -> None:
    added = check(tmp_path, [turn(READ, SUBMIT, EDIT, SUBMIT)])
    assert [message.text for message in added] == ["submitted", AFTER, AFTER]


def test_calls_after_the_submission_that_share_its_id_are_not_taken_for_it(tmp_path: Path) -> None:
    calls = [call.model_copy(update={"id": "same"}) for call in (READ, SUBMIT, EDIT)]
    assert [message.text for message in check(tmp_path, [turn(*calls)])] == ["submitted", AFTER]


def test_nothing_that_came_after_the_submission_is_in_it(tmp_path: Path) -> None:
    _, rebuilt = had_and_rebuilt(tmp_path, [SUBMIT])
    with Transcript(tmp_path / "events.jsonl") as transcript:
        before = list(read(tmp_path / "events.jsonl"))
        for event in before:
            transcript.append(event)
    assert until_submission(read(tmp_path / "events.jsonl")) == rebuilt


def test_a_turn_that_was_asked_for_again_is_in_it_once(tmp_path: Path) -> None:
    tries: list[int] = []

    def cut_once(conversation: Sequence[Message]) -> Reply:
        tries.append(1)
        if len(tries) == 1:
            raise AnswerCut("broke off")
        return turn(READ)

    check(tmp_path, [cut_once, cut_once, SUBMIT])


def test_a_providers_own_items_are_kept_for_it(tmp_path: Path) -> None:
    native = ({"type": "thinking", "signature": "abc", "deep": [{"n": 1.5}, None]},)
    message = AssistantMessage(text="so", tool_calls=(READ,), native=native, native_format="messages")
    _, rebuilt = had_and_rebuilt(tmp_path, [Reply(message=message), SUBMIT])
    assert message in rebuilt


def test_a_trial_without_a_submission_gives_all_that_was_said(tmp_path: Path) -> None:
    had, rebuilt = had_and_rebuilt(tmp_path, [READ, "…", turn(BROKEN, READ)], turns=5)
    assert rebuilt == had


ALL = (READ, EDIT, PROTECTED, FORBIDDEN, ABSENT, BROKEN, UNKNOWN, WRONG, BAD_SUBMIT, PETITION, BAD_PETITION, NEEDLESS)


@pytest.mark.parametrize("seed", range(40))
def test_any_conversation_is_rebuilt_as_it_was(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)

    def some_turn() -> Turn:
        if drawn.random() < 0.2:
            return drawn.choice(["", "hm", "<tool_call>{}</tool_call>"])
        size = drawn.choice([1, 1, 2, 3, 8, MAX_CALLS + 3])
        ids = drawn.choice([["a"], ["a", "b", ""], [str(number) for number in range(50)]])
        calls = [drawn.choice(ALL).model_copy(update={"id": drawn.choice(ids)}) for _ in range(size)]
        return turn(*calls, text=drawn.choice(["", "text"]))

    script = [each for _ in range(12) for each in (some_turn(), READ)]
    check(tmp_path, [*script, turn(drawn.choice(ALL), SUBMIT, drawn.choice(ALL))])
