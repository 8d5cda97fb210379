"""Contrasts judged together, against another implementation of Holm's procedure and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from runner.statistics.contrasts import compare, holm, judge
from runner.statistics.estimate import Estimate
from runner.statistics.paired import difference

BETTER = [[1.0]] * 12 + [[0.0]] * 8
MIXED = [[0.5], [-0.5], [1.0], [-0.5], [0.0], [0.0], [0.5], [0.0]]


def shown(value: float, p: float | None) -> Estimate:
    return Estimate(value=value, low=value - 0.1, high=value + 0.1, n=20, p=p)


@pytest.mark.parametrize("size", [1, 2, 5, 40])
def test_holm_agrees_with_another_implementation(size: int) -> None:
    drawn = np.random.default_rng(size)
    for _ in range(20):
        p = np.round(drawn.random(size) ** 3, int(drawn.integers(1, 6)))  # some of them tied
        found = holm({f"c{at}": each for at, each in enumerate(p.tolist())})
        assert list(found) == [f"c{at}" for at in range(size)]
        assert list(found.values()) == pytest.approx(multipletests(p, method="holm")[1].tolist(), abs=1e-9)


def test_holm_by_hand() -> None:
    """4 × .01, 3 × .02 = .06, 2 × .03 stays at .06, 1 × .5."""
    assert holm({"d": 0.5, "b": 0.02, "a": 0.01, "c": 0.03}) == pytest.approx(
        {"d": 0.5, "b": 0.06, "a": 0.04, "c": 0.06}
    )
    assert holm({}) == {}


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_no_probability_is_an_error(p: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        holm({"a": p})


def test_verdicts_stand_in_the_order_declared_and_only_where_shown() -> None:
    found = judge(
        {"noise": shown(0.3, 0.06), "up": shown(0.2, 0.001), "down": shown(-0.2, 0.002)}, ["noise", "down", "up"]
    )
    assert [(each.name, each.verdict) for each in found] == [
        ("noise", "no difference shown"),
        ("down", "lower"),
        ("up", "higher"),
    ]
    assert [each.adjusted for each in found] == pytest.approx([0.06, 0.004, 0.003])


def test_the_largest_difference_is_not_shown_where_its_p_is_not() -> None:
    first, second = judge({"a": shown(0.5, 0.03), "b": shown(0.1, 0.03)}, ["a", "b"])
    assert (first.verdict, second.verdict) == ("no difference shown", "no difference shown")
    assert (first.adjusted, second.adjusted) == pytest.approx((0.06, 0.06))


def test_a_declared_contrast_without_a_result_makes_no_other_easier_to_show() -> None:
    alone = judge({"a": shown(0.2, 0.03)}, ["a"])[0]
    other, missing = judge({"a": shown(0.2, 0.03)}, ["a", "b"])
    assert (alone.verdict, other.verdict) == ("higher", "no difference shown")
    assert (missing.estimate.value, missing.adjusted, missing.needed, missing.reason) == (
        None,
        None,
        None,
        "not measured",
    )
    empty = Estimate(n=1, reason="one scenario shows no spread")
    assert judge({"a": shown(0.2, 0.03), "b": empty}, ["a", "b"])[1].reason == "one scenario shows no spread"
    assert judge({"a": shown(0.2, None)}, ["a"])[0].reason == "it has no p"


def test_contrasts_not_declared_or_declared_twice_are_errors() -> None:
    with pytest.raises(ValueError, match="not declared beforehand: b, c"):
        judge({"c": shown(0.1, 0.5), "a": shown(0.1, 0.5), "b": shown(0.1, 0.5)}, ["a"])
    with pytest.raises(ValueError, match="twice"):
        judge({"a": shown(0.1, 0.5)}, ["a", "a"])
    assert judge({}, []) == ()


def test_a_comparison_is_that_of_paired_differences() -> None:
    found = compare({"better": BETTER, "mixed": MIXED}, ["mixed", "better"])
    assert found[1].estimate == difference(BETTER)
    assert (found[1].verdict, found[1].needed) == ("higher", None)
    assert compare({"worse": [[-each[0]] for each in BETTER]}, ["worse"])[0].verdict == "lower"


@pytest.mark.parametrize("others", [0, 3])
def test_scenarios_needed_are_those_of_the_paired_t_test_at_holms_strictest_level(others: int) -> None:
    declared = ["mixed", *[f"other{at}" for at in range(others)]]
    found = compare({"mixed": MIXED}, declared)[0]
    means = np.asarray(MIXED)[:, 0]
    effect = means.mean() / means.std(ddof=1)
    assert found.verdict == "no difference shown" and found.reason == ""
    assert found.needed == math.ceil(TTestPower().solve_power(effect, power=0.8, alpha=0.05 / len(declared)))


def test_scenarios_needed_where_all_agree_are_those_that_can_give_a_small_p() -> None:
    found = compare({"c": [[1.0]] * 4}, ["c"])[0]
    assert (found.verdict, found.needed) == ("no difference shown", 6)
    assert compare({"c": [[1.0]] * 6}, ["c"])[0].verdict == "higher"


def test_no_number_of_scenarios_shows_a_difference_of_0() -> None:
    for differences in ([[0.0]] * 5, [[1.0], [-1.0], [0.5], [-0.5]]):
        found = compare({"c": differences}, ["c"])[0]
        assert (found.verdict, found.needed, found.reason) == (
            "no difference shown",
            None,
            "the observed difference is 0",
        )
    assert judge({"a": shown(0.1, 0.5)}, ["a"])[0].reason == "no spread of differences to plan from"


def test_clusters_reach_the_estimate() -> None:
    drawn = np.random.default_rng(5)
    differences = [[each] for each in drawn.choice([-0.5, 0.0, 0.5], 60).tolist()]
    names = [f"r{at // 2}" for at in range(60)]
    assert compare({"c": differences}, ["c"], {"c": names})[0].estimate == difference(differences, names)
