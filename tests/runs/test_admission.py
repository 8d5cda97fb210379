"""Which trial may start: caps hold without floods of words or work, however many trials they hold."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from runner.errors import BudgetExhausted
from runner.results import TrialKey
from runner.runs.admission import Admission
from runner.runs.breaker import Breaker
from runner.runs.budget import Budget
from runner.runs.disk import Disk
from runner.runs.held import Held
from runner.runs.hours import Hours
from runner.runs.ledger import Ledger
from runner.runs.purse import Purse
from runner.runs.runlog import LOG, RunLog, read_log
from runner.runs.schedule import Schedule

NO_STOP = threading.Event()


def admission(tmp_path: Path, trials: int, budget: Budget) -> Admission:
    log = RunLog(tmp_path / LOG)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.plan([TrialKey(scenario="s", model=f"m{n % 4}", repeat=n + 1) for n in range(trials)])
    disk = Disk([tmp_path], log, print, 0.0)
    hours = Hours(budget, 0.0, lambda key: 60.0, ledger.durations())
    return Admission(Breaker(log), Purse(ledger, budget), hours, disk, {}, Held(log))


def work(rules: Admission) -> int:
    """What a thread does, without the trials themselves; returns how many were begun."""
    schedule = Schedule(rules.purse.ledger.rows(), lambda key: None, 2)
    begun = 0
    while (row := schedule.next(NO_STOP, rules)) is not None:
        try:
            rules.purse.begins(row)
            begun += 1
            schedule.ended(row)
        except BudgetExhausted as error:
            rules.held.add(str(error), error.name)
            schedule.hold(row)
    return begun


@pytest.mark.parametrize("budget", [Budget(trials=3), Budget(minutes=0.0001)])
def test_ten_thousand_trials_that_a_cap_holds_back_take_one_line_and_no_time(tmp_path: Path, budget: Budget) -> None:
    rules = admission(tmp_path, 10_000, budget)
    time.sleep(0.01)
    started = time.process_time()
    begun = work(rules)
    assert time.process_time() - started < 5
    assert begun == (budget.trials or 0)
    assert sum(rules.held.values()) == 10_000 - begun
    assert len(list(read_log(tmp_path / LOG))) == 1


def test_a_cap_on_trials_holds_none_that_was_begun_before(tmp_path: Path) -> None:
    rules = admission(tmp_path, 4, Budget(trials=2))
    assert work(rules) == 2
    for position in (1, 2):
        rules.purse.ledger.release(position)
    first, second, third, _ = rules.purse.ledger.rows()
    assert [rules.may(row) for row in (first, second)] == ["go", "go"]
    assert rules.may(third) == "hold"
