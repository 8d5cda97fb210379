"""The loop with the scripted model and the in-memory sandbox: whatever a model sends, it ends, and says how."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from runner.approvals import Action, Decision, Request
from runner.approvers.base import Approver
from runner.approvers.policy import PolicyApprover, load_policy
from runner.effects import Effect
from runner.errors import AnswerCut, BudgetExhausted, Interrupted, ModelFault, ProviderDown
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRejected, Decided, ToolReturned
from runner.events.conversation import Replied
from runner.messages import AssistantMessage, Reply, ToolCall, UserMessage
from runner.models.scripted import Scripted, Turn
from runner.scenarios.scenario import Limits, Scope
from runner.tools import toolbox
from runner.tools.base import Workbench
from runner.transcript import Transcript, read
from runner.trials.agent import CUT_PAUSES, MAX_FORMAT_ERRORS, Agent, Ending, Tally
from runner.trials.gate import Gate
from sandboxes.archive import Entry
from sandboxes.memory import MemorySandbox

SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)
SCOPE = Scope(writable=("src/**",), protected=("tests/**",))


class Rig:
    """One agent over fakes."""

    def __init__(self, folder: Path, script: Iterable[Turn], approver: Approver | None = None, **limits: float) -> None:
        self.file = folder / "events.jsonl"
        self.sandbox = MemorySandbox({"src/a.py": Entry(b"x = 1\n"), "tests/t.py": Entry(b"")})
        self.model = Scripted(script, usd_per_turn=0.01)
        self.stop = threading.Event()
        self.tally = Tally()
        policy = load_policy()
        self.transcript = Transcript(self.file)
        self.agent = Agent(
            model=self.model,
            tools=toolbox(),
            gate=Gate(policy, approver or PolicyApprover(policy), self.transcript),
            bench=Workbench(self.sandbox, SCOPE),
            transcript=self.transcript,
            limits=Limits(**limits),
            reserve=self.reserve,
            stop=self.stop,
            tally=self.tally,
        )
        self.reserved: list[float] = []

    def reserve(self, usd: float, tokens: int) -> Callable[[float, int], None]:
        self.reserved.append(usd)
        return lambda spent, used: None

    def run(self) -> Ending:
        return self.agent.run([UserMessage(text="fix it")])

    def events(self) -> list[AnyEvent]:
        return list(read(self.file))

    def answers(self) -> list[str]:
        """What the model was told after each of its turns."""
        return [message.text for message in self.model.seen[-1] if message.role in ("tool", "user")][1:]


Rigged = Callable[..., Rig]


@pytest.fixture
def rig(tmp_path: Path) -> Rigged:
    return lambda script, *more, **limits: Rig(tmp_path, script, *more, **limits)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall.of(f"c-{name}", name, **arguments)


def test_a_submission_ends_the_trial_with_its_confidence(rig: Rigged) -> None:
    ending = rig([call("read_file", path="src/a.py"), SUBMIT]).run()
    assert ending.submission is not None and ending.submission.confidence == 0.5


def test_nothing_after_the_submission_is_executed(rig: Rigged) -> None:
    turn = Reply(message=AssistantMessage(tool_calls=(SUBMIT, call("write_file", path="src/a.py", content="late"))))
    set_up = rig([turn])
    set_up.run()
    assert set_up.sandbox.files["src/a.py"].data == b"x = 1\n"


def test_an_edit_changes_the_file(rig: Rigged) -> None:
    set_up = rig([call("edit_file", path="src/a.py", old="1", new="2"), SUBMIT])
    set_up.run()
    assert set_up.sandbox.files["src/a.py"].data == b"x = 2\n"


@pytest.mark.parametrize(
    ("bad", "reason", "told"),
    [
        (ToolCall(id="1", name="read_file", arguments="{not json"), "parse", "no valid JSON"),
        (ToolCall(id="1", name="read_file", arguments="[" * 100_000), "parse", "no valid JSON"),
        (ToolCall(id="1", name="read_file", arguments=json.dumps({})), "schema", "path"),
        (ToolCall(id="1", name="read_file", arguments=json.dumps({"path": "a", "x": 1})), "schema", "x"),
        (ToolCall(id="1", name="read_file", arguments="[]"), "schema", "dictionary"),
        (ToolCall(id="1", name="fix_everything", arguments="{}"), "unknown_tool", "edit_file"),
        (ToolCall(id="1", name="", arguments=""), "unknown_tool", "edit_file"),
        (ToolCall(id="\ud800", name="\udfff", arguments='{"\\ud800": 1}'), "unknown_tool", "edit_file"),
        (ToolCall(id="1", name="read_file", arguments='{"path": "a", "\\ud800": 1}'), "schema", "unicode"),
        (ToolCall(id="1", name="submit", arguments='{"summary": "x", "confidence": 7}'), "schema", "confidence"),
    ],
)
def test_a_bad_call_is_an_event_and_tells_the_model_what_to_do(
    rig: Rigged, bad: ToolCall, reason: str, told: str
) -> None:
    set_up = rig([bad, SUBMIT])
    assert set_up.run().submission is not None
    rejected = [event for event in set_up.events() if isinstance(event, CallRejected)]
    assert [event.reason for event in rejected] == [reason]
    assert told in set_up.answers()[0]


@pytest.mark.parametrize("garbage", ["", "I am thinking.", "<tool_call>{}</tool_call>", "\x00\ud800\x1b[2J"])
def test_a_model_that_never_calls_a_tool_ends_at_the_format_limit(rig: Rigged, garbage: str) -> None:
    set_up = rig([garbage])
    ending = set_up.run()
    assert ending.limit is not None and ending.limit.limit == "format_errors"
    assert set_up.tally.turns == MAX_FORMAT_ERRORS


def test_one_good_call_in_between_resets_the_format_limit(rig: Rigged) -> None:
    turns: list[Turn] = ["…"] * (MAX_FORMAT_ERRORS - 1)
    assert rig([*turns, call("read_file", path="src/a.py"), *turns, SUBMIT]).run().submission is not None


def test_ten_megabytes_of_text_and_arguments_stay_bounded(rig: Rigged) -> None:
    flood = Reply(
        message=AssistantMessage(
            text="x" * 10_000_000,
            tool_calls=tuple(ToolCall(id=str(n), name="n" * 1000, arguments="y" * 10_000_000) for n in range(50)),
        )
    )
    set_up = rig([flood, SUBMIT])
    assert set_up.run().submission is not None
    assert set_up.file.stat().st_size < 8_000_000
    replied = next(event for event in set_up.events() if isinstance(event, Replied))
    assert "characters left out" in replied.reply.message.text


def test_a_model_that_never_submits_ends_at_its_turns(rig: Rigged) -> None:
    ending = rig([call("read_file", path="src/a.py")], turns=7).run()
    assert ending.limit is not None and ending.limit.limit == "turns"


def test_time_of_tools_counts_and_ends_the_trial(rig: Rigged) -> None:
    set_up = rig([call("read_file", path="src/a.py")], minutes=1e-9)
    ending = set_up.run()
    assert ending.limit is not None and ending.limit.limit == "minutes"


def test_a_model_that_costs_too_much_ends_at_its_own_limit(rig: Rigged) -> None:
    ending = rig([call("read_file", path="src/a.py")], usd=0.025).run()
    assert ending.limit is not None and ending.limit.limit == "usd"


def test_each_call_is_reserved_before_it_is_made_and_a_spent_budget_is_no_limit_of_the_models(rig: Rigged) -> None:
    set_up = rig([call("read_file", path="src/a.py")])

    def refuse(usd: float, tokens: int) -> Callable[[float, int], None]:
        raise BudgetExhausted("cap")

    set_up.agent.reserve = refuse
    with pytest.raises(BudgetExhausted):
        set_up.run()
    assert set_up.model.seen == []


class Priced(Scripted):
    """A model whose own worst case is what a test says."""

    worst: tuple[Any, Any]

    def worst_case_usd(self, conversation: Any, tools: Any) -> float:
        return self.worst[0]  # type: ignore[no-any-return]

    def worst_case_tokens(self, conversation: Any, tools: Any) -> int:
        return self.worst[1]  # type: ignore[no-any-return]


@pytest.mark.parametrize("worst", [(math.nan, 0), (-1.0, 0), ("0.1", 0), (None, 0), (0.0, -1), (0.0, 1.5), (0.0, None)])
def test_nothing_is_asked_of_a_model_whose_worst_case_is_no_amount(rig: Rigged, worst: tuple[Any, Any]) -> None:
    set_up = rig([])
    set_up.agent.model = model = Priced([call("submit", summary="x")])
    model.worst = worst
    with pytest.raises(ModelFault, match="its worst case is no amount"):
        set_up.run()
    assert (set_up.reserved, model.seen) == ([], [])


def test_a_turn_of_which_no_tokens_are_told_takes_those_that_were_set_aside(rig: Rigged) -> None:
    set_up, settled = rig([]), []
    set_up.agent.model = model = Priced([call("submit", summary="x", confidence=0.5)])
    model.worst = (0.0, 1234)
    set_up.agent.reserve = lambda usd, tokens: lambda spent, used: settled.append(used)
    set_up.run()
    assert settled == [1234]


def test_the_stop_signal_interrupts(rig: Rigged) -> None:
    set_up = rig([call("read_file", path="src/a.py")])
    set_up.stop.set()
    with pytest.raises(Interrupted):
        set_up.run()


def test_half_a_surrogate_pair_in_arguments_is_no_crash(rig: Rigged) -> None:
    bad = ToolCall(id="1", name="read_file", arguments='{"path": "\\ud800"}')
    set_up = rig([bad, ToolCall(id="2", name="search_text", arguments='{"pattern": "\\udfff"}'), SUBMIT])
    assert set_up.run().submission is not None
    assert len(set_up.events()) > 5


def test_a_protected_file_is_asked_for_and_denied_when_nobody_is_there(rig: Rigged) -> None:
    set_up = rig([call("write_file", path="tests/t.py", content="cheat"), SUBMIT])
    set_up.run()
    assert set_up.sandbox.files["tests/t.py"].data == b""
    decided = [event for event in set_up.events() if isinstance(event, Decided)]
    assert [(event.decision.outcome, event.request.trigger) for event in decided] == [("deny", "gate")]
    assert "Denied" in set_up.answers()[0]


def test_a_forbidden_command_never_runs(rig: Rigged) -> None:
    set_up = rig([call("run_command", command="rm -r -f /"), SUBMIT])
    set_up.run()
    assert set_up.sandbox.commands == []
    assert "no-wide-deletion" in set_up.answers()[0]


class Says:
    """An approver that answers in turn as told, the last answer for ever, and remembers what it was asked."""

    def __init__(self, *answers: Decision | Exception) -> None:
        self._answers = answers
        self.asked: list[Request] = []

    def decide(self, request: Request) -> Decision:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


APPROVE = Decision(outcome="approve", approver="test")


def test_a_grant_holds_for_exactly_the_action_that_was_asked_for(rig: Rigged) -> None:
    approver = Says(APPROVE)
    asked = {"path": "tests/t.py", "content": "new"}
    set_up = rig(
        [
            call("request_approval", tool="write_file", arguments=asked, reason="the test is wrong"),
            call("write_file", **asked),
            call("write_file", path="tests/t.py", content="other"),
            SUBMIT,
        ],
        approver,
    )
    set_up.run()
    assert [request.trigger for request in approver.asked] == ["model", "gate"]
    proposed = [event.granted for event in set_up.events() if isinstance(event, CallProposed)]
    assert proposed == [False, True, False, False], "the petition, the granted call, another one, the submission"


def test_nothing_can_be_approved_that_a_rule_forbids(rig: Rigged) -> None:
    approver = Says(APPROVE)
    wanted = {"command": "rm -rf /"}
    set_up = rig(
        [
            call("request_approval", tool="run_command", arguments=wanted, reason="clean up"),
            call("run_command", **wanted),
            SUBMIT,
        ],
        approver,
    )
    set_up.run()
    assert approver.asked == []
    assert set_up.sandbox.commands == []


def test_an_approver_may_change_the_arguments(rig: Rigged) -> None:
    changed = {"path": "src/b.py", "content": "safe"}
    approver = Says(Decision(outcome="modify", approver="test", arguments=changed))
    set_up = rig([call("write_file", path="tests/t.py", content="x"), SUBMIT], approver)
    set_up.run()
    assert set_up.sandbox.files["src/b.py"].data == b"safe"
    assert set_up.sandbox.files["tests/t.py"].data == b""


def test_changed_arguments_that_do_not_fit_are_refused(rig: Rigged) -> None:
    approver = Says(Decision(outcome="modify", approver="test", arguments={"nonsense": 1}))
    set_up = rig([call("write_file", path="tests/t.py", content="x"), SUBMIT], approver)
    assert set_up.run().submission is not None
    assert "do not fit" in set_up.answers()[0]


@pytest.mark.parametrize("error", [EOFError(), TimeoutError(), RuntimeError("crash")])
def test_an_approver_that_fails_fails_closed_and_is_not_a_denial(rig: Rigged, error: Exception) -> None:
    set_up = rig([call("write_file", path="tests/t.py", content="x"), SUBMIT], Says(error))
    set_up.run()
    decided = [event.decision.outcome for event in set_up.events() if isinstance(event, Decided)]
    assert decided == ["escalate"]
    assert set_up.sandbox.files["tests/t.py"].data == b""


def test_an_approver_may_end_the_trial(rig: Rigged) -> None:
    approver = Says(Decision(outcome="terminate", approver="test", reason="enough"))
    ending = rig([call("write_file", path="tests/t.py", content="x")], approver).run()
    assert ending.limit is not None and ending.limit.limit == "terminated"


def test_a_refused_tool_says_what_to_do_instead(rig: Rigged) -> None:
    set_up = rig([call("edit_file", path="src/a.py", old="absent", new=""), SUBMIT])
    set_up.run()
    returned = [event for event in set_up.events() if isinstance(event, ToolReturned)]
    assert returned[0].is_error
    assert "read the file again" in set_up.answers()[0]


def test_an_approver_cannot_change_a_call_into_one_that_a_rule_forbids(rig: Rigged) -> None:
    approver = Says(Decision(outcome="modify", approver="test", arguments={"command": "rm -rf /"}))
    set_up = rig([call("run_command", command="pip install attrs"), SUBMIT], approver)
    assert set_up.run().submission is not None
    assert set_up.sandbox.commands == []
    assert "no-wide-deletion" in set_up.answers()[0]


def test_a_link_makes_more_of_a_changed_call_than_its_approver_was_shown_and_is_asked_about(rig: Rigged) -> None:
    changed = {"path": "src/link.py", "content": "x"}
    digest = Action(tool="write_file", arguments=changed, effects=frozenset()).digest
    shown = Decision(outcome="modify", approver="test", arguments=changed, digest=digest, effects=(Effect.EDIT,))
    approver = Says(shown, Decision(outcome="deny", approver="test"))
    set_up = rig([call("write_file", path="setup.cfg", content="x"), SUBMIT], approver)
    set_up.sandbox.files["src/link.py"] = Entry(b"../tests/t.py", is_link=True)
    set_up.run()
    first, second = approver.asked
    assert Effect.PROTECTED in second.action.effects - first.action.effects
    assert set_up.sandbox.files["tests/t.py"].data == b""


def test_a_provider_that_breaks_off_every_answer_counts_as_down_after_pauses_that_are_no_work(rig: Rigged) -> None:
    asked: list[int] = []

    def cut(conversation: object) -> Reply:
        asked.append(1)
        raise AnswerCut("no answer came")

    set_up = rig([cut] * 9)
    with pytest.raises(ProviderDown, match="3 answers in a row broke off: no answer came"):
        set_up.run()
    assert len(asked) == len(set_up.reserved) == 1 + len(CUT_PAUSES)
    assert set_up.tally.waited >= sum(CUT_PAUSES) and set_up.tally.worked == 0.0
