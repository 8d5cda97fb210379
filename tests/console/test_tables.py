"""Tables: every number with its interval, and no name that acts on the terminal or on rich."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from runner.approvals import Decision
from runner.console.tables import MODELS_ACROSS, number, report, trials
from runner.measures.record import Call, Record, record
from runner.report.summary import Profile, profiles
from runner.results import Counts, TrialKey, TrialResult, Verdict
from runner.statistics.estimate import Estimate

HOSTILE = [
    "[red]x[/red]",
    "[/b]x",
    "[bold",
    "python:key:Model",
    ":warning:",
    "[link=https://evil]x[/link]",
    "\\[red]",
    "[@click=x]y[/]",
]


def render(table: RenderableType, width: int = 80) -> str:
    """What a terminal would get; without colours, so that rich itself writes no escape sequence."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def trial(
    scenario: str = "s", model: str = "m", verdict: Verdict = "resolved", repeat: int = 1, usd: float = 0.0
) -> TrialResult:
    key = TrialKey(scenario=scenario, model=model, repeat=repeat)
    return TrialResult(key=key, verdict=verdict, cost_usd=usd, counts=Counts(turns=3, calls=10, invalid=1))


def records(results: Sequence[TrialResult]) -> list[Record]:
    """Each trial's record, with as many calls of each kind as its counts say."""
    trials = []
    for result in results:
        trial = record(result.key, (), result)
        trial.turns = result.counts.turns
        trial.calls = [Call(step, "run_command", executed=True) for step in range(result.counts.calls)]
        for call in trial.calls[: result.counts.invalid]:
            call.executed, call.rejected = False, "schema"
        for call in trial.calls[result.counts.invalid :][: result.counts.approved]:
            call.decision = Decision(outcome="approve", approver="test")
        trials.append(trial)
    return trials


def found(results: Sequence[TrialResult]) -> dict[str, Profile]:
    return profiles(records(results))


CONTROLS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_models_name_is_shown_letter_by_letter_never_read_as_markup(name: str) -> None:
    results = [trial(scenario, name, verdict) for scenario, verdict in (("a", "resolved"), ("b", "infra_error"))]
    results.append(trial("c", name))
    assert name in render(trials(results), 200)
    shown = render(report(found(results)), 200)
    assert shown.count(name) == 2, "in the head and in the note"


@pytest.mark.parametrize(
    "name", ["a\x1b[31mb", "a\x1b]8;;https://evil\x1b\\b", "a\x9b2Jb", "a\rb", "a\u202eb", "a\u200bb", "a\x07\x08b"]
)
@pytest.mark.parametrize("where", ["model", "scenario"])
def test_no_name_acts_on_the_terminal(where: str, name: str) -> None:
    if where == "model":
        results = [trial("a", name), trial("b", name, "infra_error"), trial("c", name)]
    else:
        results = [trial(name, "m"), trial("b", "m")]
    assert re.search(CONTROLS, render(trials(results), 200)) is None
    assert re.search(CONTROLS, render(report(found(results)), 200)) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_scenarios_name_is_shown_letter_by_letter(name: str) -> None:
    assert name in render(trials([trial(name)]), 200)


@pytest.mark.parametrize(
    ("estimate", "style", "scale", "shown"),
    [
        (Estimate(value=0.5, low=0.25, high=0.75, n=4), "{:.0f} %", 100, "50 % [25–75]"),
        (Estimate(value=0.0, low=0.0, high=0.281, n=9), "{:.1f} %", 100, "0.0 % [0.0–28.1]"),
        (Estimate(value=1.2345, low=1, high=2, n=2), "{:.3f}", 1, "1.234 [1.000–2.000]"),
        (Estimate(n=1, reason="one scenario shows no spread"), "{:.0f} %", 100, "– (one scenario shows no spread)"),
        (Estimate(value=0.5, n=1, reason="no interval"), "{:.0f} %", 100, "– (no interval)"),
    ],
)
def test_a_number_comes_with_its_interval_or_not_at_all(
    estimate: Estimate, style: str, scale: float, shown: str
) -> None:
    assert number(estimate, style, scale).plain == shown


def test_a_report_says_how_many_trials_and_scenarios_are_behind_it() -> None:
    shown = render(report(found([trial(f"s{n}", verdict="resolved" if n % 2 else "unresolved") for n in range(4)])))
    assert re.search(r"trials +4\b", shown)
    assert re.search(r"scenarios.* +4\b", shown)
    assert re.search(r"resolved +50 % \[\d+–\d+\]", shown)
    assert "95 %" in shown
    assert "not counted" not in shown


def test_what_is_not_counted_is_said_with_its_bounds() -> None:
    verdicts: list[Verdict] = ["resolved", "unresolved", "infra_error", "invalid_scenario"]
    shown = render(report(found([trial(f"s{n}", verdict=each) for n, each in enumerate(verdicts)])), 120)
    assert "m: 1 infra_error, 1 invalid_scenario not counted; resolved would be 25–75 % either way" in shown


def test_a_row_without_any_number_is_left_out() -> None:
    shown = render(report(found([trial(s, verdict="unresolved", usd=1) for s in "ab"])))
    assert "USD per resolved" not in shown
    assert "USD per trial" in shown


def test_many_models_go_into_further_tables_and_none_is_lost() -> None:
    names = [f"model{number:02}" for number in range(2 * MODELS_ACROSS + 1)]
    shown = render(report(found([trial(s, name) for name in names for s in "ab"])), 160)
    assert [name for name in names if shown.count(name) != 1] == []
    assert len(re.findall("^ ?trials", shown, re.MULTILINE)) == 3


def test_trials_stand_by_scenario_and_model_in_order_of_repeats() -> None:
    results = [trial("a", "x", "tampered", 2), trial("a", "x", "resolved", 1), trial("b", "y", "agent_limit")]
    lines = [line.split() for line in render(trials(results)).splitlines() if line.strip()]
    assert lines[0] == ["scenario", "x", "y"]
    assert lines[2:] == [["a", "resolved", "tampered"], ["b", "agent_limit"]]


@pytest.mark.parametrize("models", [1, 2, 4])
def test_a_report_fits_80_columns_and_cuts_nothing(models: int) -> None:
    results = [trial(f"s{n}", f"anthropic/claude-opus-{m}", usd=0.1) for n in range(5) for m in range(models)]
    shown = render(report(found(results)))
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown, "no number and no name is cut"


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_every_name_is_whole_at_every_width_in_both_tables(width: int) -> None:
    """Side by side where there is room, folded where there is not even room for one."""
    models = [f"openrouter/some-vendor/some-model-with-a-long-name-{n}" for n in range(4)] + ["日本" * 10, "m"]
    scenarios = [f"a-scenario-with-a-rather-long-name-{n}" for n in range(5)]
    results = [trial(scenario, model) for scenario in scenarios for model in models]
    for table in (trials(results), report(found(results))):
        shown = render(table, width)
        assert max(map(cell_len, shown.splitlines())) <= width
        assert "…" not in shown
        if width >= 120:
            assert [model for model in models if model not in shown] == []
        heads = re.findall(r"^ *\n((?: .*\S.*\n)+?) ─", shown, re.MULTILINE)
        letters = "".join("".join(heads).split()).replace("scenario", "")
        if width >= 40:
            assert sorted(letters) == sorted("".join(models))


def test_a_number_that_fewer_scenarios_are_behind_says_how_many() -> None:
    counts = [Counts(calls=1, asked=1, approved=1)] * 2 + [Counts(calls=1)] * 3
    results = [trial(f"s{n}").model_copy(update={"counts": each}) for n, each in enumerate(counts)]
    shown = render(report(found(results), every=True))
    assert re.search(r"approvals granted +100 % \[34–100\] n=2", shown)
    assert re.search(r"invalid calls +0 % \[\S+\]\s*$", shown, re.MULTILINE)


def test_no_results_make_an_empty_table_not_an_error() -> None:
    assert "scenario" in render(trials([]))
    assert "no trial is done yet" in render(report({}))
