"""Cohen's kappa against statsmodels, by hand, and in the cases where there is none."""

from __future__ import annotations

import random

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from runner.statistics.agreement import kappa


@pytest.mark.parametrize("categories", [2, 3, 6])
@pytest.mark.parametrize("agreeing", [0.0, 0.4, 0.9])
def test_value_and_interval_are_those_of_statsmodels(categories: int, agreeing: float) -> None:
    draw = random.Random(categories * 10 + int(agreeing * 10))
    said = []
    for _ in range(80):
        one = draw.randrange(categories)
        said.append((one, one if draw.random() < agreeing else draw.randrange(categories)))
    table = np.zeros((categories, categories))
    for one, other in said:
        table[one, other] += 1
    theirs, ours = cohens_kappa(table), kappa(said)
    assert ours.value == pytest.approx(theirs.kappa)
    assert ours.low == pytest.approx(max(-1, theirs.kappa_low))
    assert ours.high == pytest.approx(min(1, theirs.kappa_upp))
    assert ours.n == 80


def test_cohens_own_definition_by_hand() -> None:
    said = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert kappa(said).value == pytest.approx((0.7 - 0.5) / 0.5)


def test_two_who_always_agree_are_not_certain_to() -> None:
    found = kappa([("a", "a")] * 3 + [("b", "b")] * 3)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low is not None
    assert 0 < found.low < 0.6
    more = kappa([("a", "a")] * 300 + [("b", "b")] * 300)
    assert more.low is not None
    assert more.low > 0.98


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([], "nothing"),
        ([("a", "a")], "one step"),
        ([("a", "a")] * 9, "chance explains"),
        ([("a", "a"), ("a", "b")] * 9, "chance explains"),
    ],
)
def test_where_there_is_no_kappa_it_says_why(said: list[tuple[str, str]], reason: str) -> None:
    found = kappa(said)
    assert found.value is None
    assert reason in found.reason
