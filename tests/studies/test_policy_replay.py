"""A policy on old transcripts: what it would have ruled, from the effects and targets that were found then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runner.approvals import Action, Ruling
from runner.approvals import Verdict as Ruled
from runner.approvers.policy import Policy, Rule, load_policy
from runner.cli.policy import app
from runner.effects import Effect
from runner.errors import FileProblem, UserError
from runner.events.base import Event
from runner.events.calls import CallProposed
from runner.events.conversation import Told
from runner.studies.policy_replay import differences, transcripts
from runner.transcript import Transcript

STRICT = """\
schema = 1
default = "allow"

[[rules]]
id = "no-installs"
effect = "install"
decision = "deny"
match = ["pip install attrs"]
not_match = ["ls"]

[[rules]]
id = "tests-are-asked-for"
tool = ["edit_file", "write_file"]
paths = ["tests/**"]
decision = "ask"
match = ["edit_file tests/test_a.py"]
"""


def call(tool: str, effect: Effect, ruling: Ruling, targets: tuple[str, ...] = (), **arguments: Any) -> CallProposed:
    return CallProposed(
        call_id="c",
        tool=tool,
        arguments=arguments,
        effects=(effect,),
        targets=targets,
        policy=Ruled(ruling=ruling, rule="then"),
    )


INSTALL = call("run_command", Effect.INSTALL, "ask", command="pip install attrs")
LINKED = call("write_file", Effect.PROTECTED, "allow", ("src/l.py", "tests/a.py"), path="src/l.py", content="x")
READ = call("read_file", Effect.READ, "allow", ("src/a.py",), path="src/a.py")
PETITION = CallProposed(
    call_id="p",
    tool="request_approval",
    arguments={"tool": "run_command", "arguments": {"command": "pip install attrs"}},
    effects=(Effect.CONVERSE,),
    policy=Ruled(ruling="allow", rule="asking is free"),
    asks_for=Action(tool="run_command", arguments={}, effects=frozenset({Effect.INSTALL})),
)


def trial(folder: Path, *events: Event) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with Transcript(folder / "events.jsonl") as transcript:
        for event in events:
            transcript.append(event)
    return folder / "events.jsonl"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text(STRICT)
    return file


def test_every_call_is_ruled_on_anew_and_no_request(tmp_path: Path, policy: Path) -> None:
    file = trial(tmp_path / "t", Told(role="user", text="x"), READ, PETITION, INSTALL, LINKED)
    found = [(each.step, each.before, each.after, each.rule) for each in differences(load_policy(policy), file)]
    assert found == [
        (1, "allow", "allow", "default"),
        (3, "ask", "deny", "no-installs"),
        (4, "allow", "ask", "tests-are-asked-for"),
    ]


def test_a_link_counts_where_it_led_then(tmp_path: Path) -> None:
    rule = Rule(id="r", paths=("tests/**",), decision="deny")
    (found,) = differences(Policy(schema=1, default="allow", rules=(rule,)), trial(tmp_path, LINKED))
    assert (found.after, found.rule) == ("deny", "r")


def test_a_call_is_shown_as_its_command_or_its_arguments_and_never_at_length(tmp_path: Path) -> None:
    long = call("run_command", Effect.RUN, "allow", command="x" * 5000)
    shown = [each.what for each in differences(load_policy(), trial(tmp_path, INSTALL, READ, long))]
    assert shown[:2] == ["pip install attrs", 'read_file {"path": "src/a.py"}']
    assert len(shown[2]) < 300


def test_the_policy_of_then_changes_nothing(tmp_path: Path) -> None:
    ruled = [each.model_copy(update={"policy": load_policy().judge(_action(each))}) for each in (INSTALL, LINKED, READ)]
    assert all(each.before == each.after for each in differences(load_policy(), trial(tmp_path, *ruled)))


def _action(event: CallProposed) -> Action:
    return Action(tool=event.tool, arguments=event.arguments, effects=frozenset(event.effects), targets=event.targets)


def test_a_run_a_trial_and_a_transcript_are_all_found(tmp_path: Path) -> None:
    files = [trial(tmp_path / "run" / "trials" / name, READ) for name in ("b", "a")]
    trial(tmp_path / "run" / "trials" / "a" / "attempts" / "1", READ)
    assert transcripts(tmp_path / "run") == sorted(files)
    assert transcripts(files[0].parent) == transcripts(files[0]) == [files[0]]
    assert transcripts(tmp_path) == []
    with pytest.raises(UserError, match="neither"):
        transcripts(tmp_path / "nothing")


def test_a_damaged_transcript_is_a_problem_with_its_line(tmp_path: Path) -> None:
    file = trial(tmp_path, READ)
    file.write_bytes(b"garbage\n" + file.read_bytes())
    with pytest.raises(FileProblem, match="line 1 "):
        list(differences(load_policy(), file))


def invoke(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_replay_shows_what_changed_and_where_to_look(tmp_path: Path, policy: Path) -> None:
    trial(tmp_path / "run" / "trials" / "one", READ, INSTALL)
    trial(tmp_path / "run" / "trials" / "two", READ)
    told = invoke("replay", str(policy), str(tmp_path / "run"))
    flat = " ".join(told.split())
    assert "ask → deny pip install attrs (rule no-installs)" in flat
    assert f"show {tmp_path / 'run' / 'trials' / 'one'} --step 1" in flat
    assert "1 of 3 calls in 2 transcripts would be ruled on otherwise" in flat


def test_replay_as_json_holds_the_same(tmp_path: Path, policy: Path) -> None:
    file = trial(tmp_path / "one", READ, INSTALL)
    assert json.loads(invoke("replay", str(policy), str(file), "--json")) == {
        "transcripts": 1,
        "calls": 2,
        "changed": [
            {
                "transcript": str(file),
                "step": 1,
                "what": "pip install attrs",
                "before": "ask",
                "after": "deny",
                "rule": "no-installs",
            }
        ],
    }


def test_what_a_model_wrote_cannot_steer_the_terminal(tmp_path: Path, policy: Path) -> None:
    file = trial(tmp_path / "one", INSTALL.model_copy(update={"arguments": {"command": "pip\x1b[2J\n[bold]x\u202e"}}))
    told = invoke("replay", str(policy), str(file))
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "[bold]x" in told


def test_replay_of_nothing_is_refused(tmp_path: Path, policy: Path) -> None:
    with pytest.raises(UserError, match="no transcript"):
        invoke("replay", str(policy), str(tmp_path))


def test_check_rules_on_commands_without_running_them(policy: Path) -> None:
    found = json.loads(
        invoke("check", str(policy), "--command", "pip install x", "--command", "edit_file tests/a.py", "--json")
    )
    assert found["rules"] == 2
    assert [(each["ruling"], each["rule"], each["risk"]) for each in found["rulings"]] == [
        ("deny", "no-installs", "R3"),
        ("ask", "tests-are-asked-for", "R3"),
    ]


def test_check_counts_the_examples_that_hold(policy: Path) -> None:
    assert "2 rules hold, 3 examples" in " ".join(invoke("check", str(policy)).split())
    told = invoke("check", "--command", "cat ~/.ssh/id_rsa")
    assert "the built-in policy" in told
    assert "deny  cat ~/.ssh/id_rsa  [read, secrets, R4] by no-secrets" in told


@pytest.mark.parametrize("broken", ['"ls"', '"pip install attrs"'])
def test_check_refuses_a_policy_that_breaks_its_own_examples(policy: Path, broken: str) -> None:
    swapped = {'"ls"': '"pip install y"', '"pip install attrs"': '"ls -l"'}[broken]
    policy.write_text(STRICT.replace(broken, swapped))
    with pytest.raises(FileProblem, match="no-installs"):
        invoke("check", str(policy))


def test_check_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileProblem):
        invoke("check", str(tmp_path / "none.toml"))
