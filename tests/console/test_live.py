"""The live table: no name is cut or acts, and no line that the harness passes on does."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from runner.console.live import LiveRun
from runner.results import TrialKey, TrialResult
from runner.runs.ledger import Row

NAMES = ["[red]x[/red]", "[/b]x", ":warning:", "a-vendor/a-model-0", "a-vendor/a-model-1"]


def console(terminal: bool, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)


def written(to: Console) -> str:
    assert isinstance(to.file, io.StringIO)
    return to.file.getvalue()


def result(model: str) -> TrialResult:
    return TrialResult(
        key=TrialKey(scenario="s", model=model, repeat=1), verdict="infra_error", reason=":warning: [/b]"
    )


@pytest.mark.parametrize("width", [80, 200])
def test_models_names_are_shown_letter_by_letter_and_whole(width: int) -> None:
    to = console(True, width)
    with LiveRun(to, None) as live:
        live.planned([Row(at, result(name).key, "planned", 1, None) for at, name in enumerate(NAMES)])
        for name in NAMES:
            live.finished(result(name), 0.0)
    last = written(to).rpartition("other verdicts")[2]
    assert [name for name in NAMES if name not in last] == []


def test_lines_elsewhere_are_plain() -> None:
    to = console(False)
    with LiveRun(to, None) as live:
        live.finished(result("m"), 0.0)
        live.say("pulling :warning: [/b] a\x1b[31mb\rc")
    assert ":warning: [/b]), 0.0 s" in written(to)
    assert "pulling :warning: [/b] a\\x1b[31mb\\rc\n" in written(to)


def test_a_summary_comes_from_time_to_time_where_there_is_no_terminal() -> None:
    to = console(False)
    with LiveRun(to, 5.0, summary_seconds=0.05) as live:
        live.planned([Row(at, result(name).key, "planned", 1, None) for at, name in enumerate(NAMES)])
        while written(to).count("USD") < 2:
            time.sleep(0.01)
    assert f"0 of {len(NAMES)} trials" in written(to)
    assert "0.0000 of 5.00 USD" in written(to)


def test_a_trial_that_goes_back_to_planned_is_under_way_no_more() -> None:
    now = [1000.0]
    live, key = LiveRun(console(False), None, clock=lambda: now[0]), result("m").key
    live.planned([Row(1, key, "planned", 0, None)])
    live.phase(key, "working")
    assert [worker.trial for worker in live.progress().workers] == [key.name]
    live.released(key)
    now[0] += 1.1
    assert live.progress().workers == ()


def test_a_trial_that_waits_for_a_person_is_under_way_for_no_longer() -> None:
    now = [1000.0]
    live, key = LiveRun(console(False), None, clock=lambda: now[0]), result("m").key
    live.planned([Row(1, key, "planned", 0, None)])
    live.phase(key, "waiting")
    now[0] += 0.6
    live.phase(key, "working")
    now[0] += 0.2
    (worker,) = live.progress().workers
    assert worker.under_way == pytest.approx(0.2)
