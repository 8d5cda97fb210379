"""The gate: who is asked in which mode, what a grant and a denial hold for; without an answer nothing is made."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.approvals import Action, Decision, Request
from runner.approvers.policy import Policy, Rule, load_policy
from runner.arms import Mode
from runner.effects import Effect
from runner.errors import Interrupted
from runner.events.calls import CallProposed, Decided
from runner.scenarios.scenario import ApprovalRule
from runner.tools.conversation import RequestApprovalArguments
from runner.transcript import Transcript, read
from runner.trials.gate import MOST_CHANGES, Admission, Becomes, Gate

APPROVE = Decision(outcome="approve", approver="test", cost_usd=0.5)
DENY = Decision(outcome="deny", approver="test", reason="too wide", cost_usd=0.25)
ESCALATE = Decision(outcome="escalate", approver="none", reason="no answer within 1 s")
ASK_ALL = Policy(schema=1, default="ask")


class Says:
    """An approver that answers in turn as told, the last answer for ever, and remembers what it was asked."""

    def __init__(self, *answers: Decision | BaseException) -> None:
        self._answers = list(answers)
        self.asked: list[Request] = []

    def decide(self, request: Request) -> Decision:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(request)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Rig:
    """A gate over a transcript on disk."""

    def __init__(
        self, folder: Path, approver: Says, mode: Mode, policy: Policy | None = None, *rules: ApprovalRule
    ) -> None:
        self.file = folder / "events.jsonl"
        self.approver = approver
        self.gate = Gate(policy or load_policy(), approver, Transcript(self.file), mode, rules)

    def admit(self, wanted: Action) -> Admission:
        return self.gate.admit("c", wanted, self.becomes(wanted))

    def petition(self, wanted: Action) -> Admission:
        asked = RequestApprovalArguments(
            tool=wanted.tool, arguments=wanted.arguments, reason="please", alternative="do without"
        )
        return self.gate.petition("p", wanted, asked, self.becomes(wanted))

    def becomes(self, wanted: Action) -> Becomes:
        """With other arguments it does what it did, and what its words say besides."""

        def becomes(arguments: dict[str, Any]) -> Action:
            if "command" not in arguments:
                raise ValueError("command: Field required")
            more = {effect for effect in Effect if effect in arguments["command"]}
            return wanted.model_copy(update={"arguments": arguments, "effects": wanted.effects | more})

        return becomes

    def proposed(self) -> list[CallProposed]:
        return [event for event in read(self.file) if isinstance(event, CallProposed)]

    def decided(self) -> list[Decided]:
        return [event for event in read(self.file) if isinstance(event, Decided)]


def action(*effects: Effect, command: str = "x", **more: Any) -> Action:
    return Action(tool="run_command", arguments={"command": command}, effects=frozenset(effects), **more)


INSTALL = action(Effect.INSTALL, command="pip install attrs", targets=("attrs",))
EDIT = action(Effect.EDIT, command="sed -i s/a/b/ src/a.py")
SECRET = action(Effect.SECRETS, command="cat ~/.ssh/id_rsa")
MODES: list[Mode] = ["gate", "must_ask"]


@pytest.mark.parametrize("mode", MODES)
def test_what_the_policy_allows_is_made_and_nobody_is_asked(tmp_path: Path, mode: Mode) -> None:
    rig = Rig(tmp_path, Says(DENY), mode)
    assert rig.admit(EDIT) == Admission("go", EDIT)
    assert rig.approver.asked == []
    assert [(each.granted, each.unasked) for each in rig.proposed()] == [(False, False)]


def test_in_gate_mode_the_policy_asks_each_time_that_the_call_is_made(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(APPROVE, DENY, APPROVE), "gate")
    assert [rig.admit(INSTALL).kind for _ in range(3)] == ["go", "denied", "go"]
    assert {(each.trigger, each.rule) for each in rig.approver.asked} == {("gate", "cross-a-boundary")}
    assert not any(each.granted or each.unasked for each in rig.proposed())


def test_in_must_ask_mode_a_boundary_call_that_nobody_asked_for_is_made_and_marked(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(DENY), "must_ask")
    assert rig.admit(INSTALL).kind == "go"
    assert rig.approver.asked == []
    assert [(each.unasked, each.granted) for each in rig.proposed()] == [(True, False)]


@pytest.mark.parametrize("mode", MODES)
def test_a_grant_lets_exactly_this_action_through_without_another_question(tmp_path: Path, mode: Mode) -> None:
    rig = Rig(tmp_path, Says(APPROVE, DENY), mode)
    assert rig.petition(INSTALL).kind == "go"
    assert rig.admit(INSTALL).kind == "go"
    rig.admit(action(Effect.INSTALL, command="pip install attrs "))
    assert [each.granted for each in rig.proposed()] == [False, True, False], "the petition, the call, another one"
    assert [each.trigger for each in rig.approver.asked] == (["model", "gate"] if mode == "gate" else ["model"])


def test_in_must_ask_mode_a_denial_holds_for_exactly_the_action_that_was_asked_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(DENY), "must_ask")
    assert rig.petition(INSTALL).kind == "denied"
    refused = rig.admit(INSTALL)
    assert (refused.kind, "too wide" in refused.message) == ("denied", True)
    assert rig.admit(action(Effect.INSTALL, command="pip install other")).kind == "go"
    assert [each.unasked for each in rig.proposed()] == [False, False, True]


def test_a_grant_after_a_denial_holds(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(DENY, APPROVE), "must_ask")
    rig.petition(INSTALL)
    rig.petition(INSTALL)
    assert rig.admit(INSTALL).kind == "go"


@pytest.mark.parametrize("later", [DENY, ESCALATE, RuntimeError("crash")])
@pytest.mark.parametrize("mode", MODES)
def test_the_latest_answer_counts_also_against_an_earlier_grant(
    tmp_path: Path, mode: Mode, later: Decision | Exception
) -> None:
    rig = Rig(tmp_path, Says(APPROVE, later), mode)
    rig.petition(INSTALL)
    rig.petition(INSTALL)
    assert rig.admit(INSTALL).kind == "denied"
    assert rig.proposed()[-1].granted is False


@pytest.mark.parametrize("failure", [ESCALATE, RuntimeError("crash"), TimeoutError(), EOFError(), OSError("gone")])
@pytest.mark.parametrize("mode", MODES)
def test_no_answer_is_no_denial_and_nothing_is_made(tmp_path: Path, mode: Mode, failure: Decision | Exception) -> None:
    rig = Rig(tmp_path, Says(failure), mode)
    asked = rig.petition(INSTALL)
    made = rig.admit(INSTALL)
    assert (asked.kind, made.kind) == ("denied", "denied")
    for admission in (asked, made):
        assert "Nobody has denied it" in admission.message
        assert "Denied" not in admission.message
    assert {each.decision.outcome for each in rig.decided()} == {"escalate"}
    assert not any(each.decision.is_denial for each in rig.decided())


def test_an_interruption_is_no_answer_at_all(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(Interrupted("stop")), "gate")
    with pytest.raises(Interrupted):
        rig.admit(INSTALL)
    assert rig.decided() == []


@pytest.mark.parametrize("mode", MODES)
def test_what_a_rule_denies_is_blocked_and_cannot_be_asked_for(tmp_path: Path, mode: Mode) -> None:
    rig = Rig(tmp_path, Says(APPROVE), mode)
    assert rig.petition(SECRET).kind == "forbidden"
    refused = rig.admit(SECRET)
    assert (refused.kind, "no-secrets" in refused.message) == ("forbidden", True)
    assert rig.approver.asked == []


@pytest.mark.parametrize("effect", [Effect.SECRETS, Effect.WIDE_DELETION])
def test_in_must_ask_mode_nobody_can_grant_what_cannot_be_repaired(tmp_path: Path, effect: Effect) -> None:
    rig = Rig(tmp_path, Says(APPROVE), "must_ask", ASK_ALL)
    wanted = action(effect, Effect.READ)
    assert rig.admit(wanted).kind == "forbidden"
    assert rig.petition(wanted).kind == "forbidden"
    assert rig.admit(wanted).kind == "forbidden"
    assert rig.approver.asked == []
    assert not any(each.granted or each.unasked for each in rig.proposed())


def test_a_rule_that_ends_the_trial_ends_it_in_either_mode(tmp_path: Path) -> None:
    policy = Policy(schema=1, rules=(Rule(id="over", effect=Effect.INSTALL, decision="terminate"),))
    for mode in MODES:
        rig = Rig(tmp_path, Says(APPROVE), mode, policy)
        assert rig.admit(INSTALL).kind == "terminate"
        assert rig.petition(INSTALL).kind == "forbidden"


def test_asking_for_what_is_allowed_costs_no_question_and_is_told_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(DENY), "must_ask")
    admission = rig.petition(EDIT)
    assert (admission.kind, "No approval is needed" in admission.message) == ("go", True)
    assert rig.approver.asked == []


def test_a_grant_of_changed_arguments_holds_for_those_alone(tmp_path: Path) -> None:
    changed = {"command": "pip install attrs==25.1"}
    rig = Rig(tmp_path, Says(Decision(outcome="modify", approver="test", arguments=changed), DENY), "gate")
    admission = rig.petition(INSTALL)
    assert (admission.kind, admission.action.arguments) == ("go", changed)
    assert rig.admit(INSTALL).kind == "denied"
    assert rig.admit(action(Effect.INSTALL, **changed)).kind == "go"


def modified(command: str, **more: Any) -> Decision:
    return Decision(outcome="modify", approver="test", arguments={"command": command}, **more)


MORE = INSTALL.model_copy(
    update={"arguments": {"command": "network install"}, "effects": INSTALL.effects | {Effect.NETWORK}}
)
SEEN = {"digest": MORE.digest, "effects": tuple(MORE.effects)}


@pytest.mark.parametrize(
    ("answers", "asked", "kind"),
    [
        ((modified("install"),), 1, "go"),
        ((modified("network install"), APPROVE), 2, "go"),
        ((modified("network install"), DENY), 2, "denied"),
        ((modified("network install", **SEEN),), 1, "go"),
        ((modified("network install", **(SEEN | {"effects": ()})), DENY), 2, "denied"),
        ((modified("network  install", **SEEN), DENY), 2, "denied"),
        ((modified("install", digest="0" * 64), DENY), 2, "denied"),
        ((modified("secrets", digest="", effects=(Effect.SECRETS,)), APPROVE), 1, "forbidden"),
        ((modified("wide_deletion"), APPROVE), 1, "forbidden"),
        ((Decision(outcome="modify", approver="test", arguments={"x": 1}), APPROVE), 1, "arguments"),
        ((Decision(outcome="modify", approver="test", arguments={}), APPROVE), 1, "arguments"),
        ((Decision(outcome="modify", approver="test"),), 1, "go"),
    ],
)
@pytest.mark.parametrize("ask", [Rig.admit, Rig.petition])
def test_what_a_call_becomes_is_ruled_on_again_and_asked_about_where_nobody_has_seen_it(
    tmp_path: Path, ask: Callable[[Rig, Action], Admission], answers: tuple[Decision, ...], asked: int, kind: str
) -> None:
    rig = Rig(tmp_path, Says(*answers), "gate")
    assert ask(rig, INSTALL).kind == kind
    assert len(rig.approver.asked) == asked
    if asked == 2:
        again = rig.approver.asked[1]
        assert again.action.arguments == answers[0].arguments and "another call" in again.reason
    given = answers[0].arguments if answers[0].arguments is not None else INSTALL.arguments
    became = rig.decided()[0].became
    assert (became.arguments if became is not None else None) == (given if kind != "arguments" else None)


def test_a_call_that_is_changed_again_and_again_is_denied_in_the_end(tmp_path: Path) -> None:
    effects = [Effect.NETWORK, Effect.HISTORY, Effect.PROTECTED, Effect.OUTSIDE, Effect.OUT_OF_SCOPE, Effect.UNKNOWN]
    said = [modified(" ".join(effects[: at + 1])) for at in range(len(effects))]
    rig = Rig(tmp_path, Says(*said), "gate")
    admission = rig.admit(INSTALL)
    assert (admission.kind, len(rig.approver.asked)) == ("denied", MOST_CHANGES)


def test_a_conversation_that_goes_on_knows_what_was_granted_in_place_of_what_was_asked(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first = Rig(tmp_path, Says(modified("network install"), APPROVE), "gate")
    first.petition(INSTALL)
    again = Rig(tmp_path / "again", Says(DENY), "gate")
    again.gate.recall(first.decided())
    assert again.admit(MORE).kind == "go"
    assert again.admit(INSTALL).kind == "denied", "it was not granted"
    old = [event.model_copy(update={"became": None}) for event in first.decided()[:1]]
    unknown = Rig(tmp_path / "again", Says(DENY), "gate")
    unknown.gate.recall(old)
    assert {unknown.admit(each).kind for each in (MORE, INSTALL)} == {"denied"}, "nobody noted what it became"


@pytest.mark.parametrize("mode", MODES)
def test_a_grant_does_not_hold_where_the_same_call_would_do_more(tmp_path: Path, mode: Mode) -> None:
    """A link that led into docs/ leads into tests/ since."""
    rig = Rig(tmp_path, Says(APPROVE, DENY), mode)
    arguments = {"path": "src/link.md", "content": "x"}
    granted = Action(tool="write_file", arguments=arguments, effects=frozenset({Effect.EDIT, Effect.OUT_OF_SCOPE}))
    rig.petition(granted)
    more = granted.model_copy(update={"effects": granted.effects | {Effect.PROTECTED}})
    less = granted.model_copy(update={"effects": frozenset({Effect.OUT_OF_SCOPE})})
    for wanted in (more, less, granted):
        rig.admit(wanted)
    assert [each.granted for each in rig.proposed()] == [False, False, True, True]


def test_an_approver_is_shown_what_the_model_said_and_how_the_call_stands(tmp_path: Path) -> None:
    rule = ApprovalRule(effect=Effect.INSTALL, answer="approve", authorisation="none")
    rig = Rig(tmp_path, Says(APPROVE), "gate", None, rule)
    rig.petition(INSTALL)
    (asked,) = rig.approver.asked
    assert (asked.reason, asked.alternative) == ("please", "do without")
    assert asked.standing is not None
    assert (asked.standing.label, asked.standing.answer) == ("ask", "approve")
    (proposed,) = rig.proposed()
    assert proposed.asks_for == INSTALL
    assert proposed.standing == asked.standing


def test_a_granted_call_stands_as_told_and_asking_again_is_needless(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(APPROVE), "gate")
    rig.petition(INSTALL)
    rig.admit(INSTALL)
    rig.petition(INSTALL)
    stood = [each.standing.label if each.standing else None for each in rig.proposed()]
    assert stood == ["ask", "free", "free"]


def test_every_decision_names_its_action_and_its_price_is_added_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(APPROVE, DENY), "gate")
    rig.petition(INSTALL)
    rig.admit(action(Effect.INSTALL, command="pip install other"))
    assert [each.action_digest for each in rig.decided()] == [
        INSTALL.digest,
        action(Effect.INSTALL, command="pip install other").digest,
    ]
    assert rig.gate.paid_usd == 0.75
    assert rig.gate.waited > 0


def test_a_digest_is_of_tool_and_arguments_whatever_their_order() -> None:
    one = Action(tool="t", arguments={"a": 1, "b": [1, 2]}, effects=frozenset())
    assert one.digest == Action(tool="t", arguments={"b": [1, 2], "a": 1}, effects=frozenset({Effect.READ})).digest
    for other in ({"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1}, {"a": True, "b": [1, 2]}):
        assert one.digest != Action(tool="t", arguments=other, effects=frozenset()).digest
    assert one.digest != Action(tool="u", arguments=one.arguments, effects=frozenset()).digest


def test_a_request_that_a_full_disk_refuses_is_no_unanswered_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Says(OSError(errno.ENOSPC, "No space left on device")), "gate", ASK_ALL)
    with pytest.raises(OSError, match="No space"):
        rig.admit(action(Effect.NETWORK))
    assert not [event for event in read(rig.file) if isinstance(event, Decided)]
