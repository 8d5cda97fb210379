"""Money that trials set aside together: the cap holds, and nobody is refused what another one gives back."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from runner.errors import BudgetExhausted, Interrupted
from runner.results import TrialKey
from runner.runs.budget import Amounts, Budget
from runner.runs.ledger import Ledger, Row
from runner.runs.purse import Purse


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


@pytest.mark.parametrize("seed", range(3))
def test_no_cap_of_any_kind_is_passed_by_many_threads(tmp_path: Path, seed: int) -> None:
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
                usd, tokens = drawn.random() / 5, drawn.randrange(60)
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
