"""The command line as users meet it: real processes, exit codes, messages without tracebacks."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import program
from bench.processor import spent


def taskfit(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return program.taskfit(*words, cwd=cwd, env=os.environ | env)


def installed(*words: str) -> subprocess.CompletedProcess[str]:
    """The same with the program that is installed, from its start on."""
    return subprocess.run([program.PROGRAM, *words], capture_output=True, text=True, check=False, timeout=800)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The message of a refusal: exit 2, nothing on standard output, no traceback."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_help_answers_in_under_a_fifth_of_a_second() -> None:
    """Of a processor: it waits for nothing else. The best counts, for who shares a core or a cache takes longer."""

    def once() -> float:
        before = spent()
        assert installed("--help").returncode == 0
        return spent() - before

    assert any(once() < 0.2 for _ in range(40))


def test_help_names_every_command() -> None:
    text = installed("--help").stdout
    for name in ("demo", "run", "resume", "report", "show", "scenarios", "schema", "doctor", "clean"):
        assert name in text


@pytest.mark.parametrize("words", ["schema study", "schema studi", "run", "nonsense", "scenarios list --tag nothing"])
def test_the_installed_program_says_what_one_says_that_was_imported_before(words: str) -> None:
    """What other tests ask the latter holds of the former."""
    one, other = installed(*words.split()), taskfit(*words.split())
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_signs_that_an_encoding_lacks_are_written_as_escapes(encoding: str) -> None:
    done = subprocess.run(
        [program.PROGRAM, "models", "list"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert b"noop" in done.stdout
    assert b"\\u" in done.stdout


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        program.taskfit("scenarios", "list", seconds=0.001)


@pytest.mark.parametrize("name", ["scenario", "repo", "study", "policy", "event", "result"])
def test_every_format_has_a_json_schema(name: str) -> None:
    schema = json.loads(taskfit("schema", name).stdout)
    assert "properties" in schema or "oneOf" in schema


def test_unknown_names_come_with_the_nearest() -> None:
    assert "oracle" in refused(taskfit("run", "--model", "oracel"))
    assert "scenario" in refused(taskfit("schema", "scenari"))
    message = refused(taskfit("run", "--model", "noop", "--scenario", "memo-expiry-egde"))
    assert "memo-expiry-edge" in message


def test_a_run_needs_a_model() -> None:
    assert "--model" in refused(taskfit("run"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schema = 1\nmodels = [\n", "no valid TOML"),
        ('schema = 1\nmodels = ["noop"]\nrepeat = 3\n', "repeats"),
        ('schema = 1\nmodels = ["noop"]\nrepeats = "many"\n', "'many'"),
        ('schema = 1\nmodels = ["nop"]\n', "noop"),
        ('schema = 2\nmodels = ["noop"]\n', "schema"),
    ],
)
def test_a_study_file_that_is_wrong_says_where_and_what(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text)
    message = refused(taskfit("run", str(file)))
    assert told in message
    assert str(file) in message


def test_a_policy_whose_rule_breaks_its_example_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('schema = 1\n[[rules]]\nid = "no-net"\neffect = "network"\ndecision = "deny"\nmatch = ["ls -la"]\n')
    message = refused(taskfit("run", "--model", "noop", "--policy", str(file)))
    assert "rules.no-net.match" in message and "ls -la" in message


def test_places_that_are_no_run_or_trial(tmp_path: Path) -> None:
    assert "is no run's folder" in refused(taskfit("resume", str(tmp_path)))
    assert "is no run's folder" in refused(taskfit("report", str(tmp_path)))
    assert "no run in" in refused(taskfit("report", cwd=tmp_path))
    assert "events.jsonl" in refused(taskfit("show", str(tmp_path)))


def test_an_engine_that_does_not_answer_is_a_clear_message(tmp_path: Path) -> None:
    dead = "unix:///nowhere/docker.sock"
    message = refused(taskfit("run", "--model", "noop", "--out", str(tmp_path / "r"), DOCKER_HOST=dead))
    assert "DOCKER_HOST" in message and "nowhere" in message


def test_doctor_never_prints_a_key() -> None:
    done = taskfit("doctor", ANTHROPIC_API_KEY="planted-secret")
    assert "ANTHROPIC_API_KEY" in done.stdout and "set" in done.stdout
    assert "planted-secret" not in done.stdout + done.stderr


@pytest.mark.engine
def test_run_report_and_show_fit_together(tmp_path: Path, write_scenario: Callable[..., Path]) -> None:
    places = str(write_scenario().parent)
    out = tmp_path / "runs" / "r"
    done = installed("run", "--model", "oracle", "--model", "noop", "--scenarios", places, "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [trial["verdict"] for trial in report["trials"]] == ["resolved", "unresolved"]
    resolved = report["models"]["oracle"]["resolved"]
    assert resolved["value"] is None and resolved["reason"], "one scenario shows no spread"
    assert json.loads(taskfit("report", str(out), "--json").stdout)["models"] == report["models"]
    shown = taskfit("show", "doubling.oracle.control.1", cwd=tmp_path).stdout
    for part in ("run_tests", "submission", "verdict: resolved"):
        assert part in shown
    one = taskfit("show", str(out / "trials/doubling.oracle.control.1"), "--step", "0").stdout
    assert one.strip().startswith("0") and "turn 1" not in one
    assert "no step 999" in refused(taskfit("show", str(out / "trials/doubling.oracle.control.1"), "--step", "999"))


@pytest.mark.engine
def test_a_run_with_an_invalid_scenario_exits_1_and_says_so(
    tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    folder = write_scenario("broken", **{"bug.patch": "nonsense\n"})
    out = str(tmp_path / "r")
    done = taskfit("run", "--model", "noop", "--scenarios", str(folder.parent), "--out", out)
    assert done.returncode == 1
    assert "invalid_scenario" in done.stdout + done.stderr
    checked = taskfit("scenarios", "validate", "--scenarios", str(folder.parent))
    assert checked.returncode == 1
    assert "bug-does-not-apply" in checked.stdout


@pytest.mark.engine
def test_clean_removes_only_what_is_dead() -> None:
    assert taskfit("clean", "--dry-run").returncode == 0
    assert "belong to live runs" in taskfit("clean").stdout
