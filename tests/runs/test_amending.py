"""A waiting call with other arguments: what it would do and what the run's policy says, found out beside the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.approvals import Action, Request
from runner.approvers.policy import Policy, load_policy
from runner.approvers.questions import Question, Questions
from runner.cli.approvals import approvals
from runner.effects import Effect
from runner.errors import UserError
from runner.results import TrialKey
from runner.runs.amending import amended
from runner.runs.folder import RunFolder
from runner.runs.lock import lock_of
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study

KEY = TrialKey(scenario="doubling", model="noop", repeat=1)
ASKED = Action(tool="run_command", arguments={"command": "pip install x"}, effects=frozenset({Effect.INSTALL}))
Ask = Callable[..., tuple[RunFolder, Question]]


@pytest.fixture
def ask(tmp_path: Path, write_scenario: Callable[..., Path]) -> Ask:
    """A run whose trial waits for an answer."""

    def make(action: Action = ASKED, key: TrialKey = KEY, **study: object) -> tuple[RunFolder, Question]:
        found = load_scenario(write_scenario())
        run = RunFolder(tmp_path / "run")
        run.path.mkdir()
        whole = Study(models=("noop",), **study)  # type: ignore[arg-type]
        policy = load_policy(Path(whole.policy) if whole.policy else None)
        run.write_lock(lock_of(whole, policy, {"doubling": found}, "an engine"))
        request = Request(action=action, trigger="gate", rule="a-rule")
        return run, Questions(run.path).ask(key, request, 600, "escalate")

    return make


@pytest.mark.parametrize(
    ("command", "effects", "ruling", "forbidden"),
    [
        ("pip install x==1", {Effect.INSTALL}, "ask", False),
        ("ls src", {Effect.READ}, "allow", False),
        ("curl https://example.org", {Effect.NETWORK}, "ask", False),
        ("cat ~/.ssh/id_rsa", {Effect.SECRETS}, "deny", True),
        ("rm -rf /", {Effect.WIDE_DELETION}, "deny", True),
    ],
)
def test_effects_and_ruling_are_those_of_the_new_arguments(
    ask: Ask, command: str, effects: set[Effect], ruling: str, forbidden: bool
) -> None:
    run, question = ask()
    became = amended(run, question, {"command": command})
    assert became.action.effects >= effects
    assert became.verdict.ruling == ruling
    assert bool(became.forbidden) is forbidden
    decision = became.decision
    assert (decision.outcome, decision.digest) == ("modify", became.action.digest)
    assert decision.arguments == {"command": command, "timeout_seconds": None}, "as the trial will have them"
    assert set(decision.effects) == became.action.effects


def test_the_scenarios_scope_decides_what_a_file_is(ask: Ask) -> None:
    run, question = ask(Action(tool="write_file", arguments={"path": "setup.cfg", "content": ""}, effects=frozenset()))
    for path, effect in (
        ("src/calc.py", Effect.EDIT),
        ("tests/test_calc.py", Effect.PROTECTED),
        ("../x", Effect.OUTSIDE),
    ):
        assert effect in amended(run, question, {"path": path, "content": "x"}).action.effects


def test_what_nobody_can_grant_in_an_arm_is_forbidden_there(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('schema = 1\ndefault = "ask"\n')
    key = KEY.model_copy(update={"arm": "approvals_must_ask"})
    run, question = ask(key=key, policy=str(tmp_path / "policy.toml"), approvals=("gate", "must_ask"))
    assert "Nobody can approve it" in amended(run, question, {"command": "cat ~/.ssh/id_rsa"}).forbidden
    assert not amended(run, question, {"command": "pip install y"}).forbidden


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "command: Field required. Its arguments are: command, timeout_seconds."),
        ({"command": "ls", "x": 1}, "x: Extra inputs"),
        ({"command": ["ls"]}, "command: Input should be a valid string"),
        ({"command": "ls", "timeout_seconds": 1e9}, "timeout_seconds: "),
        ([], "arguments: Input should be"),
        (None, "arguments: Input should be"),
    ],
)
def test_arguments_that_the_tools_schema_refuses_are_said(ask: Ask, arguments: object, said: str) -> None:
    run, question = ask()
    with pytest.raises(UserError) as refused:
        amended(run, question, arguments)
    assert said in str(refused.value)


def test_a_tool_or_an_arm_or_a_scenario_that_is_none_is_said(ask: Ask) -> None:
    run, question = ask()
    action = question.request.action.model_copy(update={"tool": "<b>"})
    for update, said in (
        ({"request": question.request.model_copy(update={"action": action})}, "no tool '<b>'"),
        ({"trial": KEY.model_copy(update={"arm": "other"})}, "no arm 'other'"),
        ({"trial": KEY.model_copy(update={"scenario": "other"})}, "does not say where scenario other is"),
    ):
        with pytest.raises(UserError, match=said):
            amended(run, question.model_copy(update=update), {"command": "ls"})


def test_nothing_is_told_once_policy_or_scenario_are_others_than_the_run_began_with(ask: Ask, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('schema = 1\ndefault = "deny"\n')
    run, question = ask(policy=str(policy))
    assert amended(run, question, {"command": "ls"}).forbidden
    policy.write_text('schema = 1\ndefault = "allow"\n')
    assert load_policy(policy) == Policy(schema=1, default="allow")
    with pytest.raises(UserError, match=r"policy .*policy.toml has changed since the run began"):
        amended(run, question, {"command": "ls"})
    policy.write_text('schema = 1\ndefault = "deny"\n')
    scenario = run.whole_lock().folders["doubling"] / "scenario.toml"
    scenario.write_text(scenario.read_text().replace('"tests/**", ', ""))
    with pytest.raises(UserError, match="scenario doubling has changed since the run began"):
        amended(run, question, {"command": "ls"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"command": "pip install x==1"}', "modify, with which it would: install, network (R3)"),
        ('{"command": "touch setup.cfg"}', "it is asked about once more, since that is more than was asked for"),
    ],
)
def test_the_command_says_what_other_arguments_make_of_a_call(
    ask: Ask, capsys: pytest.CaptureFixture[str], arguments: str, said: str
) -> None:
    effects = frozenset({Effect.INSTALL, Effect.NETWORK})
    run, question = ask(ASKED.model_copy(update={"effects": effects}))
    with run.held():
        approvals(run.path, "approve", [question.id], arguments=arguments)
    assert said in capsys.readouterr().out
    answer = Questions(run.path).answer(question.id)
    assert answer is not None and (answer.outcome, answer.effects) == ("modify", ())
    assert answer.digest, "it is bound to the exact call"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"command": "rm -rf /"}', "Nobody can approve it"),
        ('{"command": 3}', "Input should be a valid string"),
        ("{", "no valid JSON"),
        ("[]", "takes a JSON object"),
    ],
)
def test_the_command_gives_no_answer_that_cannot_be_heard(ask: Ask, arguments: str, said: str) -> None:
    run, question = ask()
    with run.held(), pytest.raises(UserError, match=said):
        approvals(run.path, "approve", [question.id], arguments=arguments)
    assert Questions(run.path).answer(question.id) is None
