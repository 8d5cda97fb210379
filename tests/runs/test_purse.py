"""Money that trials set aside together: the cap holds, and nobody is refused what another one gives back."""

from __future__ import annotations

import contextlib
import random
import threading
from pathlib import Path

import pytest

from runner.errors import BudgetExhausted, Interrupted
from runner.results import TrialKey
from runner.runs.budget import Amounts, Budget
from runner.runs.ledger import Ledger, Row
from runner.runs.purse import CALLS_AT_A_TIME, Purse


def purse_of(tmp_path: Path, budget: Budget, trials: int = 4) -> Purse:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.plan([TrialKey(scenario=f"s{number % 2}", model=f"m{number // 2}", repeat=1) for number in range(trials)])
    return Purse(ledger, budget)


def test_a_call_that_does_not_fit_waits_for_what_others_give_back(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=1.0))
    first, second, *_ = purse.ledger.rows()
    settle = purse.reserve_for(first, threading.Event())(0.9, 0)
    given = threading.Event()

    def ask() -> None:
        purse.reserve_for(second, threading.Event())(0.9, 0)
        given.set()

    threading.Thread(target=ask, daemon=True).start()
    assert not given.wait(0.3)
    settle(0.1, 0)
    assert given.wait(60)
    assert purse.ledger.committed() == pytest.approx(1.0)
    assert purse.closed == {}


def test_where_nobody_gives_anything_back_the_cap_holds_for_that_model_and_its_trial_stops(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=1.0, models={"m0": Amounts(usd=0.5)}))
    first, second, third, _ = purse.ledger.rows()
    stop = threading.Event()
    with pytest.raises(BudgetExhausted, match="model m0"):
        purse.reserve_for(first, stop)(0.6, 0)
    assert stop.is_set()
    assert "0.5000 USD" in str(purse.holds(second))
    assert purse.holds(third) is None
    purse.reserve_for(third, threading.Event())(0.6, 0)
    assert purse.left() == "0.4000 of 1.0000 USD"


def test_a_trial_that_is_to_stop_does_not_wait_for_money(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=1.0))
    first, second, *_ = purse.ledger.rows()
    purse.reserve_for(first, threading.Event())(0.9, 0)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Interrupted):
        purse.reserve_for(second, stop)(0.9, 0)


def test_a_trial_that_ended_without_settling_keeps_nobody_waiting(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=1.0))
    first, second, *_ = purse.ledger.rows()
    purse.reserve_for(first, threading.Event())(0.9, 0)
    threading.Timer(0.2, purse.ended, (first.key,)).start()
    with pytest.raises(BudgetExhausted):
        purse.reserve_for(second, threading.Event())(0.9, 0)
    assert purse.ledger.committed() == 0.9, "what was never settled stays spent"


@pytest.mark.parametrize("most", [0.2, 0.01], ids=["near the cap", "plenty"])
@pytest.mark.parametrize("seed", range(2))
def test_no_cap_of_any_kind_is_passed_by_many_threads(tmp_path: Path, seed: int, most: float) -> None:
    budget = Budget(
        usd=3.0, tokens=900, models={"m0": Amounts(usd=1.0)}, scenarios={"s1": Amounts(usd=0.7, tokens=500)}
    )
    purse = purse_of(tmp_path, budget, trials=8)
    caps = {cap.where: cap for row in purse.ledger.rows() for cap in budget.caps(row.key)}.values()
    passed = []

    def spend(number: int) -> None:
        drawn = random.Random(seed * 100 + number)
        reserve = purse.reserve_for(purse.ledger.rows()[number], threading.Event())
        try:
            while True:
                usd, tokens = drawn.random() * most, drawn.randrange(int(most * 300))
                settle = reserve(usd, tokens)
                passed.extend(
                    cap.where
                    for cap in caps
                    if purse.ledger.committed(cap=cap) > (cap.amounts.usd or 9) + 1e-9
                    or purse.ledger.committed_tokens(cap) > (cap.amounts.tokens or 9999)
                )
                settle(usd * drawn.random(), drawn.randrange(tokens + 1))
        except BudgetExhausted:
            purse.ended(purse.ledger.rows()[number].key)

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert passed == []
    assert purse.ledger.committed() > 1.5, "the caps were reached at all"


def on_disk(folder: Path) -> float:
    """What a process that begins anew finds to be spent or reserved."""
    with contextlib.closing(Ledger(folder / "ledger.sqlite")) as ledger:
        return ledger.committed()


def test_while_there_is_plenty_a_few_writes_pay_for_many_calls(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0))
    row, *_ = purse.ledger.rows()
    reserve = purse.reserve_for(row, threading.Event())
    before = purse.ledger.commits
    for number in range(40):
        settle = reserve(0.05, 100)
        assert on_disk(tmp_path) >= number * 0.01 + 0.05 - 1e-9, "no more can be spent than is on disk"
        settle(0.01, 20)
    assert purse.ledger.commits - before <= 5
    assert purse.committed() == pytest.approx(0.4)
    purse.ended(row.key)
    assert purse.ledger.committed() == pytest.approx(0.4) == purse.committed()
    assert purse.ledger.committed_tokens() == 800


def test_a_crash_leaves_no_more_set_aside_than_a_few_calls(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0), trials=30)
    for row in purse.ledger.rows():
        purse.reserve_for(row, threading.Event())(0.05, 0)
    assert 30 * 0.05 <= on_disk(tmp_path) <= 30 * 0.05 * CALLS_AT_A_TIME + 1e-9


def test_all_advances_together_take_little_of_what_a_cap_leaves(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0, scenarios={"s0": Amounts(usd=60.0)}), trials=30)
    for row in purse.ledger.rows():
        purse.reserve_for(row, threading.Event())(1.0, 0)
    assert on_disk(tmp_path) <= 30 + 0.05 * 100


def test_an_advance_is_given_back_to_a_call_that_needs_it(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0))
    first, second, *_ = purse.ledger.rows()
    settle = purse.reserve_for(first, threading.Event())(0.5, 0)
    assert purse.ledger.committed() == 1.5
    assert purse.committed() == 0.5
    purse.reserve_for(second, threading.Event())(99.5, 0)
    assert purse.ledger.committed() == 100.0
    settle(0.2, 0)
    assert purse.ledger.committed() == pytest.approx(99.7)


def test_a_call_that_takes_more_than_its_worst_case_is_written_at_once(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0))
    row, *_ = purse.ledger.rows()
    reserve = purse.reserve_for(row, threading.Event())
    reserve(0.1, 0)(5.0, 0)
    assert on_disk(tmp_path) == 5.0
    reserve(0.1, 0)(0.1, 0)
    purse.ended(row.key)
    assert purse.ledger.committed() == pytest.approx(5.1)


@pytest.mark.parametrize("took", [(-0.1, 0), (float("nan"), 0), (float("inf"), 0), (0.0, -1), (0.0, 1 << 64)])
def test_what_no_call_can_take_is_refused_and_leaves_the_worst_case_spent(
    tmp_path: Path, took: tuple[float, int]
) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0))
    row, *_ = purse.ledger.rows()
    with pytest.raises(ValueError, match="cannot have taken"):
        purse.reserve_for(row, threading.Event())(0.1, 0)(*took)
    purse.ended(row.key)
    assert purse.ledger.committed() == pytest.approx(0.1)


def test_a_call_that_outlives_its_trial_is_settled_as_well(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=100.0))
    row, *_ = purse.ledger.rows()
    settle = purse.reserve_for(row, threading.Event())(0.1, 10)
    purse.ended(row.key)
    assert purse.ledger.committed() == pytest.approx(0.1), "it may still take that"
    settle(0.02, 5)
    assert purse.ledger.committed() == pytest.approx(0.02)
    assert purse.ledger.committed_tokens() == 5


def test_two_that_do_not_fit_do_not_wait_for_each_other(tmp_path: Path) -> None:
    purse = purse_of(tmp_path, Budget(usd=1.0))
    refused: list[str] = []

    def ask(row: Row) -> None:
        try:
            purse.reserve_for(row, threading.Event())(2.0, 0)
        except BudgetExhausted as error:
            refused.append(error.where)

    threads = [threading.Thread(target=ask, args=(row,)) for row in purse.ledger.rows()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert refused == ["the run"] * 4
