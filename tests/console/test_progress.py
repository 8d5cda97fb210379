"""The table of a run: it fits any terminal, shows every name whole, and prints no number without its interval."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from runner.console.progress import lines, table
from runner.following.progress import Board, Progress, Worker
from runner.results import TrialKey, Verdict
from runner.runs.ledger import Row
from runner.runs.runlog import Happened

LONG = "openrouter/some-vendor/a-model-with-a-name-that-no-column-was-made-for-70b-instruct-preview"


def key(model: str, scenario: int = 1, arm: str = "control", repeat: int = 1) -> TrialKey:
    return TrialKey(scenario=f"scenario-{scenario}", model=model, arm=arm, repeat=repeat)


def note(text: str) -> Happened:
    return Happened(at="2026-11-23T01:02:03.000+00:00", kind="retried", text=text)


def progress(models: int = 3, workers: int = 4, scenarios: int = 20, notes: int = 0, paused: str = "") -> Progress:
    names = [LONG, *(f"vendor/model-{number}" for number in range(1, models))]
    keys = [key(name, scenario) for scenario in range(scenarios) for name in names]
    board = Board(Row(at, each, "planned", 0, None) for at, each in enumerate(keys))
    verdicts: list[Verdict] = ["resolved", "unresolved", "agent_limit", "infra_error"]
    for at, each in enumerate(keys[: len(keys) // 2]):
        board.ended(each, verdicts[at % 4], 30.0 + at % 7, fresh=True)
    under_way = [
        Worker(trial=each.name, model=each.model, phase="working", seconds=3.0, turn=12, tool="run_tests")
        for each in keys[len(keys) // 2 :][:workers]
    ]
    halted = {names[-1]: paused} if paused else {}
    return Progress(
        run="2026-11-23-night",
        state="running",
        seconds=4000.0,
        planned=board.planned,
        done=board.done,
        models=board.models(dict.fromkeys(names, 1.25), under_way, 4000.0, halted),
        workers=tuple(under_way),
        usd=12.5,
        usd_cap=40.0,
        per_hour=board.per_hour(4000.0),
        remaining=board.remaining(under_way, 4),
        notes=tuple(note(f"note {number}") for number in range(notes)),
    )


def drawn(seen: Progress, width: int, height: int | None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table(seen, width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120, 160, 250])
@pytest.mark.parametrize(("models", "workers"), [(1, 0), (3, 4), (30, 2), (40, 64), (2, 100)])
@pytest.mark.parametrize("height", [24, 40, 60])
def test_it_fits_whatever_the_terminals_size(width: int, models: int, workers: int, height: int) -> None:
    found = drawn(progress(models, workers, notes=5, paused="its provider is down"), width, height)
    assert len(found) <= height
    assert max(map(len, found)) <= width


@pytest.mark.parametrize(("width", "height"), [(40, 20), (40, 24), (60, 24), (80, 24)])
def test_many_models_that_pause_for_long_reasons_leave_room_for_the_rest(width: int, height: int) -> None:
    seen = progress(20, 100, notes=5)
    why = "vendor/model: its provider is down, its trials pause for 30 s: HTTP 503: the service is overloaded"
    paused = seen.model_copy(
        update={"models": tuple(each.model_copy(update={"paused": why}) for each in seen.models), "paused": why * 5}
    )
    found = drawn(paused, width, height)
    assert len(found) <= height
    assert "USD" in found[-1], "the summary is the last line"
    assert "paused: vendor/model" in "\n".join(found)


@pytest.mark.parametrize("width", [38, 40, 44, 49, 50, 60])
def test_no_number_of_a_model_is_cut_in_a_narrow_terminal(width: int) -> None:
    found = "\n".join(drawn(progress(2, 1), width, 24))
    assert "10/20" in found and "[0–61]" in found and "n=5" in found
    assert max(map(len, found.splitlines())) <= width


def test_what_does_not_fit_is_counted() -> None:
    found = "\n".join(drawn(progress(40, 64), 100, 30))
    shown_models = sum(line.startswith((" vendor/", " openrouter/")) for line in found.splitlines())
    assert f"{40 - shown_models} models more" in found
    shown_workers = sum(line.strip().startswith("run_tests") for line in found.splitlines())
    assert f"{64 - shown_workers} trials more under way" in found


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_without_a_height_every_model_and_trial_is_there_and_long_names_are_whole(width: int) -> None:
    found = drawn(progress(40, 64), width, None)
    assert sum("run_tests" in line for line in found) == 64
    start = next(at for at, line in enumerate(found) if line.startswith(" openrouter"))
    assert LONG in "".join(line[1:].split("  ")[0] for line in found[start : start + 10])


def test_a_rate_comes_with_its_interval_and_scenarios_or_not_at_all() -> None:
    board = Board(Row(at, key("m", at), "planned", 0, None) for at in range(3))
    base = progress()

    def resolved(each: Board) -> str:
        seen = base.model_copy(update={"models": each.models({}, (), None, {})})
        return next(line for line in drawn(seen, 120, None) if line.startswith(" m "))

    assert "%" not in resolved(board)
    board.ended(key("m", 0), "resolved")
    assert "1 of 1" in resolved(board) and "%" not in resolved(board), "one scenario shows no spread"
    board.ended(key("m", 1), "unresolved")
    assert "50 % [" in resolved(board) and "n=2" in resolved(board)


def test_the_rate_is_the_reports() -> None:
    """Control arm alone; what failed for the infrastructure's sake counts neither way."""
    board = Board()
    board.ended(key("m", 1), "resolved")
    board.ended(key("m", 2), "infra_error")
    board.ended(key("m", 2), "resolved")
    board.ended(key("m", 3, arm="feedback_verify"), "unresolved")
    (found,) = board.models({}, (), None, {})
    assert (found.resolved.value, found.resolved.n, found.counted, found.done) == (1.0, 2, 2, 4)


def test_what_is_paused_says_why() -> None:
    found = drawn(progress(paused="vendor: its provider is down, its trials pause for 30 s"), 120, 40)
    assert any("paused: vendor: its provider is down" in line for line in found)


@pytest.mark.parametrize("text", ["\x1b[2J", "[red]x[/red]", ":warning:", "a\rb", "\u202eevil"])
def test_nothing_that_others_wrote_acts_on_the_terminal(text: str) -> None:
    seen = progress().model_copy(update={"notes": (note(text),), "paused": text})
    found = "\n".join(drawn(seen, 120, 40))
    assert not {"\x1b", "\r", "\u202e"} & set(found)
    if text.isprintable():
        assert text in found


def test_lines_say_the_same_where_there_is_no_terminal() -> None:
    found = lines(progress())
    assert found[0].startswith("30 of 60 trials · 1 h 6 min · 27 an hour · about ")
    assert LONG in found[1] and "resolved" in found[1] and "1.2500 USD" in found[1]
