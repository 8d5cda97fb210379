"""Two models, two runs, many nights, other programs: each says what it may, and no more."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.errors import UserError
from runner.measures.record import Record
from runner.report import export
from runner.report.load import records
from runner.report.summary import profiles
from runner.runs.folder import RunFolder
from runner.studies.comparison import comparisons, sentence
from runner.studies.trend import trend

WriteRun = Callable[..., RunFolder]


def loaded(run: RunFolder) -> list[Record]:
    return list(records(run, print))


@pytest.fixture
def two_models(write_run: WriteRun, planned: Any) -> RunFolder:
    """`good` resolves 16 of 20, `bad` 4 of 20, of which 4 are the same; the harness failed once more."""
    trials = [planned(f"s{n}", "good", "resolved" if n < 16 else "unresolved", usd=0.02) for n in range(20)]
    trials += [planned(f"s{n}", "bad", "resolved" if n < 4 else "unresolved") for n in range(20)]
    return write_run([*trials, planned("s0", "bad", "infra_error", repeat=2)])


def test_a_difference_is_shown_with_its_interval_and_adjusted_p(two_models: RunFolder) -> None:
    [found] = comparisons(loaded(two_models))
    assert (found.first, found.second, found.contrast.verdict) == ("good", "bad", "lower")
    estimate = found.contrast.estimate
    assert (estimate.value, estimate.n) == (pytest.approx(-0.6), 20)
    assert found.contrast.adjusted is not None and found.contrast.adjusted < 0.01
    assert "bad is lower than good: -60 points [" in sentence(found)


def test_nothing_is_ranked_within_noise_and_it_says_what_would_be_needed(write_run: WriteRun, planned: Any) -> None:
    trials = [planned(f"s{n}", "a", "resolved" if n < 10 else "unresolved") for n in range(20)]
    trials += [planned(f"s{n}", "b", "resolved" if 2 <= n < 13 else "unresolved") for n in range(20)]
    [found] = comparisons(loaded(write_run(trials)))
    assert found.contrast.verdict == "no difference shown"
    assert found.contrast.needed is not None and found.contrast.needed > 100
    assert "scenarios would show one of that size" in sentence(found)


def test_only_scenarios_of_both_models_count(write_run: WriteRun, planned: Any) -> None:
    trials = [planned(f"s{n}", "a") for n in range(10)] + [planned(f"s{n}", "b") for n in range(5, 15)]
    [found] = comparisons(loaded(write_run(trials)))
    assert found.contrast.estimate.n == 5


def test_more_declared_measures_make_each_harder_to_show(two_models: RunFolder) -> None:
    [alone] = comparisons(loaded(two_models))
    many = comparisons(loaded(two_models), ("resolved", "verified", "file_hit_1", "regression"))
    assert [each.measure for each in many] == ["resolved", "verified", "file_hit_1", "regression"]
    assert many[0].contrast.adjusted is not None and alone.contrast.adjusted is not None
    assert many[0].contrast.adjusted == pytest.approx(4 * alone.contrast.adjusted)


@pytest.mark.parametrize("name", ["no_such_measure", "brier", "seconds_total", "net_gain_verify"])
def test_what_has_no_difference_by_scenario_is_refused(two_models: RunFolder, name: str) -> None:
    with pytest.raises(UserError, match=name):
        comparisons(loaded(two_models), (name,))


def test_the_command_refuses_an_unfair_pair_with_exit_code_3(
    two_models: RunFolder, write_run: WriteRun, planned: Any
) -> None:
    other = write_run([planned("s0", "third"), planned("s1", "third")], "other")
    lock = json.loads(other.lock_file.read_text())
    lock["hashes"]["policy"] = "00" * 32
    other.lock_file.write_text(json.dumps(lock))
    done = CliRunner().invoke(app, ["compare", str(two_models.path), str(other.path)])
    assert done.exit_code == 3
    assert "not comparable" in done.stdout and "policy: other calls were allowed" in done.stdout
    assert "lower" not in done.stdout and "higher" not in done.stdout
    whole = CliRunner().invoke(app, ["compare", str(two_models.path), str(other.path), "--json"])
    assert (whole.exit_code, json.loads(whole.stdout)["comparisons"]) == (3, [])


def test_the_same_model_of_two_runs_is_two_sides(write_run: WriteRun, planned: Any) -> None:
    first = write_run([planned(f"s{n}", "m") for n in range(8)], "first")
    second = write_run([planned(f"s{n}", "m", "unresolved") for n in range(8)], "second")
    done = CliRunner().invoke(app, ["compare", str(first.path), str(second.path)])
    assert done.exit_code == 0, done.output
    assert "m (second run) is lower than m: -100 points" in " ".join(done.stdout.split())


def test_a_run_that_is_looked_at_early_gets_an_interval_that_holds_at_every_look(
    write_run: WriteRun, planned: Any
) -> None:
    """It is wider than the one of a run that is looked at once, at its end."""
    trials = [
        planned(f"s{n}", model, "resolved" if model == "a" else "unresolved") for n in range(20) for model in "ab"
    ]
    early = write_run([*trials, planned("s20", "a", None), planned("s20", "b", None)], "early")
    done = CliRunner().invoke(app, ["compare", str(early.path), "--json"])
    [found] = json.loads(done.stdout)["comparisons"]
    whole, look = found["contrast"]["estimate"], found["anytime"]
    assert look["n"] == whole["n"] == 20
    assert look["low"] <= look["value"] == whole["value"] == -1.0 and look["high"] > whole["high"]
    finished = CliRunner().invoke(app, ["compare", str(write_run(trials, "whole").path), "--json"])
    assert json.loads(finished.stdout)["comparisons"][0]["anytime"] is None


def test_a_night_on_which_the_oracle_fails_points_at_the_harness(write_run: WriteRun, planned: Any) -> None:
    nights = []
    for night in range(4):
        trials = [planned(f"s{n}", "m", "resolved" if n < 6 else "unresolved") for n in range(12)]
        trials += [planned(f"s{n}", "oracle", "unresolved" if night == 3 else "resolved") for n in range(12)]
        nights.append(write_run(trials, f"night-{night}"))
    found = trend(nights, {run.path.name: loaded(run) for run in nights})
    assert found.suspected == ("night-3",)
    changes = {(each.run, each.model): each.change for each in found.nights}
    assert changes["night-0", "m"] is None
    assert all(changes[f"night-{n}", "m"].verdict == "no difference shown" for n in (1, 2, 3))  # type: ignore[union-attr]
    assert changes["night-3", "oracle"].verdict == "lower"  # type: ignore[union-attr]


def test_a_model_that_got_worse_is_named_and_the_harness_is_not_suspected(write_run: WriteRun, planned: Any) -> None:
    nights = [
        write_run(
            [planned(f"s{n}", "m", "resolved" if n < good else "unresolved") for n in range(20)]
            + [planned(f"s{n}", "oracle") for n in range(20)],
            f"night-{number}",
        )
        for number, good in enumerate((18, 18, 4))
    ]
    done = CliRunner().invoke(app, ["trend", *(str(run.path) for run in nights)])
    assert done.exit_code == 0, done.output
    assert "lower (-70 points, n=20)" in " ".join(done.stdout.split())
    assert "harness" not in done.stdout


def test_a_trend_of_one_night_is_a_mistake_of_the_users(two_models: RunFolder) -> None:
    with pytest.raises(UserError, match="two runs"):
        trend([two_models], {})


def test_the_distance_of_two_models_over_nights_has_an_interval_for_every_look(
    write_run: WriteRun, planned: Any
) -> None:
    nights = []
    for night in range(30):
        trials = [planned(f"s{n}", "a", "resolved" if n < 8 else "unresolved") for n in range(10)]
        trials += [planned(f"s{n}", "b", "resolved" if n < 2 else "unresolved") for n in range(10)]
        nights.append(write_run(trials, f"night-{night:02}"))
    [found] = trend(nights, {run.path.name: loaded(run) for run in nights}).distances
    assert (found.first, found.second, len(found.looks)) == ("a", "b", 30)
    first, last = found.looks[0], found.looks[-1]
    assert last.value == pytest.approx(-0.6) and first.value == pytest.approx(-0.6)
    assert first.low is not None and first.high is not None and last.low is not None and last.high is not None
    assert last.high < 0 < first.high, "one night shows nothing, thirty do"
    assert first.low <= last.low <= last.high <= first.high


def test_several_runs_are_reported_as_one_where_that_is_fair(write_run: WriteRun, planned: Any) -> None:
    first = write_run([planned(f"s{n}", "m") for n in range(6)], "first")
    second = write_run([planned(f"s{n}", "m", "unresolved") for n in range(6)], "second")
    done = CliRunner().invoke(app, ["report", str(first.path), str(second.path), "--json"])
    assert done.exit_code == 0, done.output
    model = json.loads(done.stdout)["models"]["m"]
    assert (model["trials"], model["resolved"]["value"], model["resolved"]["n"]) == (12, 0.5, 6)
    assert model["agreement"]["value"] == 0.0, "the second run's are further repeats"
    lock = json.loads(second.lock_file.read_text())
    lock["hashes"]["grading"] = "00" * 32
    second.lock_file.write_text(json.dumps(lock))
    refused = CliRunner().invoke(app, ["report", str(first.path), str(second.path)])
    assert refused.exit_code == 3
    assert "differ in: grading" in refused.output


def test_csv_has_every_trial_and_no_formula(write_run: WriteRun, planned: Any) -> None:
    run = write_run([planned("=cmd|' /C calc'!A0", "@m"), planned("s1", "m,\n\x1b[2J", "infra_error")])
    rows = list(csv.DictReader(io.StringIO(export.as_csv(export.trial_rows(loaded(run))).decode(), newline="")))
    assert [row["scenario"][:2] for row in rows] == ["'=", "s1"]
    assert rows[0]["model"] == "'@m" and "\x1b" not in rows[1]["model"]
    assert [(row["verdict"], row["counted"]) for row in rows] == [("resolved", "True"), ("infra_error", "False")]


def test_measures_as_tables_have_a_value_with_its_interval_or_a_reason(two_models: RunFolder) -> None:
    rows = export.measure_rows(profiles(loaded(two_models)))
    assert all((row["value"] is None) == bool(row["reason"]) for row in rows)
    lines = export.as_markdown(rows).decode().splitlines()
    assert len(lines) == len(rows) + 2 and len({line.count(" | ") for line in lines if "\\|" not in line}) <= 2


def test_parquet_comes_back_as_it_was(two_models: RunFolder, tmp_path: Path) -> None:
    from pyarrow import parquet

    rows = export.trial_rows(loaded(two_models))
    file = tmp_path / "trials.parquet"
    file.write_bytes(export.as_parquet(rows))
    assert parquet.read_table(file).to_pylist() == rows


def test_junit_tells_failures_from_errors(two_models: RunFolder) -> None:
    root = ElementTree.fromstring(export.as_junit(loaded(two_models)))
    suites = {suite.get("name"): suite for suite in root}
    assert [
        (suites[name].get("tests"), suites[name].get("failures"), suites[name].get("errors")) for name in suites
    ] == [
        ("20", "4", "0"),
        ("21", "16", "1"),
    ]


@pytest.mark.parametrize(
    ("threshold", "code"), [("resolved=0.1", 0), ("resolved=0.5", 1), ("ask_f1=0.1", 1), ("resolved=x", 2)]
)
def test_a_threshold_is_a_gate(two_models: RunFolder, threshold: str, code: int) -> None:
    done = CliRunner().invoke(app, ["report", str(two_models.path), "--fail-under", threshold])
    failed = done.exit_code if not isinstance(done.exception, UserError) else 2
    assert failed == code
