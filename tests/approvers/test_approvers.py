"""Approvers of known habits, behind time limits and in chains, and by name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from runner.approvals import Action, Decision, Request, Standing
from runner.approvers import Case, approver_for, check_approver
from runner.approvers.base import Approver
from runner.approvers.chained import Chained
from runner.approvers.policy import Policy, load_policy
from runner.approvers.questions import Questions
from runner.approvers.queued import QueueSettings
from runner.approvers.reviewer import ReviewerSettings
from runner.approvers.scripted import ByLabel, DenyOnce, Permissive, Silent
from runner.approvers.timed import Timed
from runner.effects import Effect
from runner.errors import Interrupted, UnknownName
from runner.results import TrialKey

ACTION = Action(tool="run_command", arguments={"command": "x"}, effects=frozenset({Effect.INSTALL}))
REQUEST = Request(action=ACTION, trigger="gate", rule="r")
APPROVE = Decision(outcome="approve", approver="a", cost_usd=0.25)
DENY = Decision(outcome="deny", approver="d", cost_usd=0.5)
ESCALATE = Decision(outcome="escalate", approver="e", reason="do not know", cost_usd=1.0)


class Says:
    """Answers as told, at once or when let go, and counts how often it was asked."""

    def __init__(self, answer: Decision | BaseException, wait: threading.Event | None = None) -> None:
        self.answer = answer
        self._wait = wait
        self.asked = 0

    def decide(self, request: Request) -> Decision:
        self.asked += 1
        if self._wait is not None:
            self._wait.wait()
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def standing(answer: str) -> Request:
    stands = Standing.model_validate({"authorisation": "none", "label": "ask", "answer": answer})
    return REQUEST.model_copy(update={"standing": stands})


def test_the_permissive_one_approves_everything() -> None:
    assert Permissive().decide(standing("deny")).outcome == "approve"


@pytest.mark.parametrize("answer", ["approve", "deny"])
def test_the_labels_approver_says_what_a_good_one_would(answer: str) -> None:
    found = ByLabel().decide(standing(answer))
    assert (found.outcome, bool(found.reason)) == (answer, answer == "deny")


def test_a_request_without_a_standing_is_denied_by_label() -> None:
    assert ByLabel().decide(REQUEST).outcome == "deny"


def test_deny_once_denies_a_trials_first_request_alone_and_each_trials() -> None:
    approver = DenyOnce()
    assert [approver.decide(REQUEST).outcome for _ in range(4)] == ["deny", "approve", "approve", "approve"]
    assert DenyOnce().decide(REQUEST).outcome == "deny"


def test_an_answer_in_time_is_handed_on_as_it_is() -> None:
    assert Timed(Says(DENY), 200).decide(REQUEST) is DENY


def test_no_answer_in_time_is_no_denial() -> None:
    never = threading.Event()
    found = Timed(Says(DENY, never), 0.05).decide(REQUEST)
    never.set()
    assert (found.outcome, found.is_denial, found.cost_usd) == ("escalate", False, 0.0)
    assert "0.05 s" in found.reason


def test_a_late_answer_is_not_taken_for_the_next_requests() -> None:
    wait, slow = threading.Event(), Says(APPROVE)

    class SlowAtFirst:
        def decide(self, request: Request) -> Decision:
            if slow.asked:
                return DENY
            answer = slow.decide(request)
            wait.wait()
            return answer

    timed = Timed(SlowAtFirst(), 0.5)
    assert timed.decide(REQUEST).outcome == "escalate"
    wait.set()
    timed._seconds = 200.0
    assert timed.decide(REQUEST) is DENY


def test_a_busy_approver_is_asked_nothing_else_meanwhile_and_nothing_that_was_given_up() -> None:
    wait = threading.Event()
    slow = Says(APPROVE, wait)
    timed = Timed(slow, 0.2)
    assert [timed.decide(REQUEST).outcome for _ in range(3)] == ["escalate"] * 3
    assert slow.asked == 1
    wait.set()
    timed._seconds = 200.0
    assert timed.decide(REQUEST) is APPROVE
    assert slow.asked == 2, "the two that were given up meanwhile are not asked any more"


@pytest.mark.parametrize("error", [RuntimeError("crash"), Interrupted("stop"), EOFError(), KeyboardInterrupt()])
def test_what_an_approver_raises_in_time_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)):
        Timed(Says(error), 200).decide(REQUEST)


def test_the_silent_one_lets_go_at_a_stop() -> None:
    stop = threading.Event()
    stop.set()
    found = Timed(Silent(stop), 60).decide(REQUEST)
    assert (found.outcome, found.approver) == ("escalate", "silent")


@pytest.mark.parametrize("first", [APPROVE, DENY, Decision(outcome="terminate", approver="t")])
def test_the_first_clear_answer_ends_the_chain(first: Decision) -> None:
    second = Says(APPROVE)
    assert Chained([Says(first), second]).decide(REQUEST) == first
    assert second.asked == 0


@pytest.mark.parametrize("first", [ESCALATE, RuntimeError("crash"), EOFError(), TimeoutError()])
def test_the_next_one_is_asked_where_the_one_before_gave_no_answer(first: Decision | Exception) -> None:
    found = Chained([Says(first), Says(DENY)]).decide(REQUEST)
    assert (found.outcome, found.approver) == ("deny", "d")
    assert found.cost_usd == (1.5 if first is ESCALATE else 0.5), "what the first one cost is part of it"


def test_a_chain_without_an_answer_escalates_with_every_reason_and_price() -> None:
    found = Chained([Says(ESCALATE), Says(EOFError()), Says(ESCALATE)]).decide(REQUEST)
    assert (found.outcome, found.approver, found.cost_usd) == ("escalate", "none", 2.0)
    assert found.reason == "do not know; EOFError; do not know"


def test_an_interruption_ends_a_chain_without_asking_the_others() -> None:
    last = Says(APPROVE)
    with pytest.raises(Interrupted):
        Chained([Says(Interrupted("stop")), last]).decide(REQUEST)
    assert last.asked == 0


def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
    return lambda spent, used: None


def case(folder: Path, human: Approver | None, policy: Policy | None = None) -> Case:
    return Case(
        policy=policy or load_policy(),
        scenario="s",
        instruction="fix it",
        scope="May change: src.",
        seed=1,
        human=human,
        seconds=0.05,
        reviewer=ReviewerSettings(),
        endpoints={},
        reserve=reserve,
        stop=threading.Event(),
        folder=folder,
        questions=Questions(folder),
        trial=TrialKey(scenario="s", model="m", repeat=1),
        queue=QueueSettings(seconds=0.05),
        aside=nullcontext,
    )


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("policy", "deny"),
        ("human", "approve"),
        ("by_label", "deny"),
        ("permissive", "approve"),
        ("deny_once", "deny"),
        ("silent", "escalate"),
        ("queue", "escalate"),
        ("queue>human", "approve"),
        ("silent>human", "approve"),
        ("silent>silent>policy", "deny"),
        ("reviewer:noop", "escalate"),
        ("reviewer:noop>permissive", "approve"),
    ],
)
def test_each_name_is_an_approver_that_answers(tmp_path: Path, name: str, outcome: str) -> None:
    check_approver(name, {})
    assert approver_for(name, case(tmp_path, Says(APPROVE))).decide(REQUEST).outcome == outcome


def test_a_reviewer_is_never_told_the_reference_fix(tmp_path: Path) -> None:
    approver = approver_for("reviewer:oracle>policy", case(tmp_path, Says(APPROVE)))
    assert approver.decide(REQUEST).approver == "policy"


@pytest.mark.parametrize(
    "name",
    ["", "robot", "reviewer", "reviewer:", "reviewer:MODEL", "A>B", "policy>", ">policy", "policy>>human", "Human"],
)
def test_a_name_that_leads_nowhere_is_refused_before_anything_runs(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownName):
        check_approver(name, {})
    with pytest.raises(UnknownName):
        approver_for(name, case(tmp_path, Says(APPROVE)))


def test_a_reviewer_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownName, match="oracle"):
        check_approver("reviewer:oracel", {})


def test_every_trial_gets_approvers_of_its_own_but_shares_the_person(tmp_path: Path) -> None:
    person = Says(APPROVE)
    both = [approver_for("deny_once", case(tmp_path, person)) for _ in range(2)]
    assert [each.decide(REQUEST).outcome for each in both] == ["deny", "deny"]
    people = [approver_for("human", case(tmp_path, person)) for _ in range(2)]
    assert [each.decide(REQUEST).outcome for each in people] == ["approve", "approve"]
    assert person.asked == 2


def test_a_person_without_a_terminal_is_asked_through_the_runs_folder(tmp_path: Path) -> None:
    found = approver_for("human", case(tmp_path, None)).decide(REQUEST)
    assert (found.outcome, found.reason) == ("escalate", "no answer within 0.05 s")
    assert list((tmp_path / "approvals").glob("*.answer.json"))
