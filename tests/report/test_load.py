"""Files of earlier versions, after crashes and in clumsy hands: a number, a reason, or an error that names the file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.errors import FileProblem, UserError
from runner.measures.record import Record
from runner.report.load import records
from runner.report.summary import Profile, profiles
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger

Line = dict[str, Any]


def key(scenario: str, repeat: int = 1) -> TrialKey:
    return TrialKey(scenario=scenario, model="m", repeat=repeat)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Three scenarios, one trial each, nothing done yet."""
    folder = RunFolder(tmp_path)
    folder.lock_file.write_text('{"schema": 1}')
    ledger = Ledger(folder.ledger_file)
    ledger.plan([key("a"), key("b"), key("c")])
    ledger.close()
    return folder


POLICY = {"ruling": "allow", "rule": "r"}


def earlier(scenario: str, verdict: str = "resolved", confidence: float = 0.8) -> list[Line]:
    """A transcript of the first version: no arm, standing, exit code, digest, tests or times."""
    command = {"command": "python -m pytest"}
    edit = {"path": "src/a.py", "old": "x", "new": "y"}
    reply = {
        "message": {"role": "assistant", "text": "", "tool_calls": []},
        "usage": {"input": 90, "output": 10},
        "cost_usd": 0.25,
    }
    action = {
        "tool": "run_command",
        "arguments": {"command": "pip install x"},
        "effects": ["install"],
        "targets": ["x"],
    }
    lines: list[Line] = [
        {"type": "trial_started", "key": key(scenario).model_dump(), "attempt": 1, "image": "i", "seed": 1},
        {"type": "replied", "turn": 1, "reply": reply},
        proposed("1", "edit_file", edit, ["edit"], ["src/a.py"]),
        {"type": "tool_returned", "call_id": "1", "tool": "edit_file", "text": "done"},
        {"type": "replied", "turn": 2, "reply": reply},
        proposed("2", "run_command", command, ["run"]),
        {"type": "tool_returned", "call_id": "2", "tool": "run_command", "text": "exit code 0\n3 passed"},
        {"type": "replied", "turn": 3, "reply": reply},
        proposed("3", "run_command", action["arguments"], ["install"], ["x"])
        | {"policy": {"ruling": "ask", "rule": "r"}},
        {
            "type": "decided",
            "call_id": "3",
            "request": {"action": action, "trigger": "gate", "rule": "r"},
            "decision": {"outcome": "deny", "approver": "x"},
            "action_digest": "d",
            "seconds": 2.0,
        },
        {"type": "submitted", "submission": {"summary": "done", "confidence": confidence}},
        {"type": "graded", "outcomes": {"tests/test_a.py::test_a": "passed"}, "canaries": "honest"},
        {"type": "trial_finished", "verdict": verdict},
    ]
    return [{**line, "step": step, "at": "2025-01-01T00:00:00+00:00"} for step, line in enumerate(lines)]


def proposed(
    call: str, tool: str, arguments: Mapping[str, Any], effects: list[str], targets: Sequence[str] = ()
) -> Line:
    return {
        "type": "call_proposed",
        "call_id": call,
        "tool": tool,
        "arguments": arguments,
        "effects": effects,
        "targets": list(targets),
        "policy": POLICY,
    }


def result(scenario: str, verdict: str = "resolved", **more: Any) -> Line:
    return {
        "schema": 1,
        "key": key(scenario).model_dump(),
        "verdict": verdict,
        "submission": {"summary": "done", "confidence": 0.8},
        "counts": {"turns": 7, "calls": 9},
        "usage": {"input": 500, "output": 100},
        "cost_usd": 0.5,
        "times": {"model": 3.0, "total": 10.0},
        **more,
    }


def write(run: RunFolder, scenario: str, lines: list[Line] | str | None, ended: Line | str | None = None) -> Path:
    folder = run.trial(key(scenario))
    folder.mkdir(parents=True, exist_ok=True)
    if lines is not None:
        text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "events.jsonl").write_text(text)
    if ended is not None:
        (folder / "result.json").write_text(ended if isinstance(ended, str) else json.dumps(ended))
    return folder


def read(run: RunFolder) -> tuple[dict[str, Record], list[str]]:
    problems: list[str] = []
    return {trial.key.scenario: trial for trial in records(run, problems.append)}, problems


def profile(run: RunFolder) -> Profile:
    return profiles(records(run, [].append))["m"]


def sound(found: Profile) -> None:
    """Each measure is a finite number with its interval, or a reason."""
    for name, estimate in found.measures.items():
        assert (estimate.value is None) == bool(estimate.reason), name
        for part in (estimate.value, estimate.low, estimate.high):
            assert (part is None) == (estimate.value is None), name
            assert part is None or math.isfinite(part), name


# Transcripts of the first version


def test_of_an_earlier_version_as_much_is_read_as_there_is(run: RunFolder) -> None:
    for scenario, verdict in (("a", "resolved"), ("b", "resolved"), ("c", "unresolved")):
        write(run, scenario, earlier(scenario, verdict))
    found, problems = read(run)
    assert problems == []
    trial = found["a"]
    assert [(call.tool, call.executed, call.exit_code) for call in trial.calls] == [
        ("edit_file", True, None),
        ("run_command", True, 0),
        ("run_command", False, None),
    ]
    assert [call.standing.label for call in trial.calls if call.standing] == ["free", "free", "ask"]
    assert (trial.turns, trial.usage.total, trial.cost_usd, trial.is_control) == (3, 300, 0.75, True)
    measures = profile(run).measures
    sound(profile(run))
    assert measures["resolved"].value == pytest.approx(2 / 3)
    assert measures["verified"].value == 1
    assert measures["attempts_to_green"].value == 1
    assert measures["false_denials"].value is None, "a good approver denies what nobody told the model to do"
    assert measures["false_approvals"].value == 0
    assert measures["out_of_scope"].value == 0, "the install was denied, never made"


@pytest.mark.parametrize(
    "name",
    [
        *("regression", "plausible_but_wrong", "patch_economy", "files_beyond", "checks_met", "file_hit_1"),
        *("symbol_hit_3", "seconds_total", "seconds_model", "seconds_first_token", "brier_early", "fix_gain_verify"),
    ],
)
def test_what_an_earlier_version_did_not_write_down_is_no_zero(run: RunFolder, name: str) -> None:
    for scenario in "abc":
        write(run, scenario, earlier(scenario))
    estimate = profile(run).measures[name]
    assert (estimate.value, estimate.n) == (None, 0)
    assert estimate.reason


def test_a_result_says_what_an_earlier_transcript_does_not(run: RunFolder) -> None:
    tests = {"fail_to_pass": 1, "fail_to_pass_passed": 1, "pass_to_pass": 4, "pass_to_pass_passed": 3}
    for scenario in "abc":
        write(run, scenario, earlier(scenario), result(scenario, tests=tests, earlier_usd=0.25))
    measures = profile(run).measures
    assert measures["regression"].value == 1
    assert measures["seconds_total"].value == 10
    assert measures["cost_usd_per_trial"].value == 0.75
    assert measures["turns"].value == 3, "of the transcript, where there is one"


def test_patches_without_a_digest_say_nothing_of_flips(run: RunFolder) -> None:
    """Two empty digests are no equal patches."""
    branch = TrialKey(scenario="a", model="m", arm="feedback_verify", repeat=1)
    ledger = Ledger(run.ledger_file)
    ledger.plan([branch])
    ledger.close()
    patch = {"type": "patch_taken", "lines": {"a.py": 2}, "reference": {"a.py": 2}}
    lines = earlier("a")
    write(run, "a", [*lines[:-1], patch, lines[-1]])
    lines[0] |= {"key": branch.model_dump(), "arm": {"feedback": "verify"}}
    branched = {"type": "branched", "trunk": key("a").model_dump(), "trunk_step": 1, "resolved": True}
    branched["submission"] = {"summary": "", "confidence": 0.5}
    folder = run.trial(branch)
    folder.mkdir(parents=True)
    told = [lines[0], branched, *lines[1:-1], patch, lines[-1]]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))
    measures = profile(run).measures
    assert measures["break_rate_verify"].trials == 1
    assert measures["flip_rate_verify"].trials == 0


# Torn, damaged and missing files


def test_a_torn_last_line_is_a_trial_that_has_not_ended(run: RunFolder) -> None:
    for scenario in "ab":
        write(run, scenario, earlier(scenario))
    folder = write(run, "c", earlier("c"))
    text = (folder / "events.jsonl").read_text()
    (folder / "events.jsonl").write_text(text[:-9])
    found, problems = read(run)
    assert (set(found), problems) == ({"a", "b"}, [])


def test_a_transcript_that_ends_before_its_trial_is_named_and_the_result_counts(run: RunFolder) -> None:
    folder = write(run, "a", earlier("a")[:6], result("a"))
    found, problems = read(run)
    assert problems == [f"{folder / 'events.jsonl'}: ends before its trial does"]
    trial = found["a"]
    assert (trial.verdict, trial.turns, trial.usage.total, trial.cost_usd) == ("resolved", 7, 600, 0.5)
    assert trial.calls == [] and not trial.transcribed


@pytest.mark.parametrize("lines", [None, "", "nonsense\n", '{"type": "unheard_of"}\n', "[" * 5000 + "\n", "\x00\xff\n"])
def test_without_a_transcript_nothing_is_said_of_calls(run: RunFolder, lines: str | None) -> None:
    for scenario in "abc":
        write(run, scenario, lines, result(scenario))
    found, problems = read(run)
    assert set(found) == set("abc")
    assert len(problems) == (0 if lines is None else 3)
    assert all("events.jsonl" in problem for problem in problems)
    measures = profile(run).measures
    sound(profile(run))
    assert (measures["resolved"].value, measures["turns"].value, measures["tokens"].value) == (1, 7, 600)
    calls = ("invalid_calls", "out_of_scope", "forbidden_calls", "forbidden_any", "redundant_calls", "verified")
    for name in (*calls, "approvals_asked", "approvals_granted", "episode_recovery", "seconds_to_decide"):
        assert (measures[name].value, measures[name].reason) == (None, "no such case"), name


@pytest.mark.parametrize("ended", ["", "{", "[]", '{"schema": 2}', '{"schema": 1, "verdict": "resolved"}', "NaN"])
def test_a_damaged_result_is_named_and_the_transcript_counts(run: RunFolder, ended: str) -> None:
    for scenario in "abc":
        folder = write(run, scenario, earlier(scenario), ended)
    found, problems = read(run)
    assert set(found) == set("abc")
    assert len(problems) == 3
    assert problems[-1].startswith(f"{folder / 'result.json'}: is no result")
    assert profile(run).measures["resolved"].value == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1.5", "-0.1"])
@pytest.mark.parametrize("where", ["submitted", "confidence_stated", "result"])
def test_a_confidence_beyond_0_and_1_is_an_error_that_names_the_file(run: RunFolder, where: str, number: str) -> None:
    lines, ended = earlier("a"), None
    if where == "confidence_stated":
        lines.insert(1, {"type": "confidence_stated", "confidence": "HERE"})
    elif where == "submitted":
        lines[10]["submission"]["confidence"] = "HERE"
    else:
        ended = json.dumps(result("a", submission={"summary": "", "confidence": "HERE"})).replace('"HERE"', number)
    text = "".join(json.dumps(line) + "\n" for line in lines).replace('"HERE"', number)
    folder = write(run, "a", text, ended)
    _, problems = read(run)
    assert len(problems) == 1
    assert str(folder / ("result.json" if where == "result" else "events.jsonl")) in problems[0]


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
@pytest.mark.parametrize("field", ["cost_usd", "seconds", "times"])
def test_a_number_that_is_none_is_an_error_that_names_the_file(run: RunFolder, field: str, number: str) -> None:
    lines = earlier("a")
    if field == "cost_usd":
        lines[1] = json.loads(json.dumps(lines[1]))
        lines[1]["reply"]["cost_usd"] = "HERE"
    elif field == "seconds":
        lines[9]["seconds"] = "HERE"
    else:
        lines[-1]["times"] = {"model": "HERE"}
    write(run, "a", "".join(json.dumps(line) + "\n" for line in lines).replace('"HERE"', number))
    found, problems = read(run)
    assert found == {}
    assert len(problems) == 1 and "events.jsonl" in problems[0]


def test_a_transcript_of_another_trial_is_named(run: RunFolder) -> None:
    folder = write(run, "a", earlier("b"), result("a"))
    write(run, "b", earlier("b"))
    found, problems = read(run)
    assert problems == [f"{folder / 'events.jsonl'}: is of another trial, b.m.control.1"]
    assert (found["a"].key, found["a"].calls) == (key("a"), [])
    assert len(found["b"].calls) == 3


def test_a_folder_in_a_files_place_is_named(run: RunFolder) -> None:
    folder = run.trial(key("a"))
    (folder / "events.jsonl").mkdir(parents=True)
    (folder / "result.json").mkdir()
    found, problems = read(run)
    assert found == {}
    assert len(problems) == 2
    assert "result.json" in problems[0] and "events.jsonl" in problems[1]


def test_nothing_done_yet_is_nothing_and_no_problem(run: RunFolder) -> None:
    assert read(run) == ({}, [])


@pytest.mark.parametrize("content", ["", "{", '{"schema": 7}'])
def test_a_damaged_lock_is_an_error_that_names_it(run: RunFolder, content: str) -> None:
    run.lock_file.write_text(content)
    with pytest.raises(FileProblem, match=r"study\.lock\.json"):
        read(run)


def test_a_trial_without_a_grading_counts_as_far_as_it_can(run: RunFolder) -> None:
    for scenario in "abc":
        lines = [line for line in earlier(scenario, "agent_limit") if line["type"] not in ("graded", "submitted")]
        write(run, scenario, lines)
    found = profile(run)
    sound(found)
    assert found.measures["resolved"].value == 0
    for name in ("brier", "regression", "plausible_but_wrong", "file_hit_1", "checks_all", "verified"):
        assert (found.measures[name].value, found.measures[name].reason) == (None, "no such case"), name


# The report


def strictly(constant: str) -> None:
    raise AssertionError(constant)


def report(run: RunFolder) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["report", str(run.path), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=strictly)
    return found


def test_the_reports_json_holds_no_nan_whatever_the_files_hold(run: RunFolder) -> None:
    write(run, "a", earlier("a"), "{")
    write(run, "b", "torn", result("b"))
    write(run, "c", earlier("c", "infra_error"))
    found = report(run)
    assert [Path(problem.partition(": ")[0]).name for problem in found["problems"]] == ["result.json", "events.jsonl"]
    assert found["planned"] == 3
    assert found["models"]["m"]["bounds"] == [pytest.approx(2 / 3), 1]
    assert found["models"]["m"]["resolved"]["value"] == 1


def test_a_report_of_one_scenario_has_reasons_alone(run: RunFolder) -> None:
    write(run, "a", earlier("a"), result("a"))
    for name, found in report(run)["models"]["m"].items():
        if isinstance(found, dict) and "reason" in found:
            assert found["value"] is None, name
            assert found["reason"], name


def test_a_report_of_nothing_says_so(run: RunFolder) -> None:
    done = CliRunner().invoke(app, ["report", str(run.path), "--json"])
    assert isinstance(done.exception, UserError)
    assert "none of its 3 trials is done yet" in str(done.exception)
