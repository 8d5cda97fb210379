"""What many simulated studies would show, seeded.

The world is logistic-normal: task sd 2, and a part of each model's own on each scenario. Two models whose own parts
have sd 1/√2 are 1 logit apart from scenario to scenario ("task×model sd 1"); 1 each is a wilder world.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm, t

from runner.statistics.contrasts import compare
from runner.statistics.paired import difference
from runner.statistics.pilots import detectable_from_pilot, spread
from runner.statistics.sequences import confidence_sequence
from runner.statistics.variance import Row, kendall_tau, shares
from runner.statistics.worlds import detectable

Numbers: TypeAlias = NDArray[np.float64]
TASK = 2.0
OWN = math.sqrt(0.5)


def outcomes(
    drawn: np.random.Generator, scenarios: int, repeats: int, logits: tuple[float, ...], own: float = OWN
) -> Numbers:
    """0/1 by model, scenario, repeat; `logits` is how able each model is."""
    task = TASK * drawn.standard_normal(scenarios)
    parts = own * drawn.standard_normal((len(logits), scenarios))
    chances = expit(task[None, :] + parts + np.asarray(logits)[:, None])
    return (drawn.random((len(logits), scenarios, repeats)) < chances[:, :, None]).astype(float)


def success(logit: float, own: float = OWN) -> float:
    """The success rate of a model of that ability over all scenarios."""
    width = math.hypot(TASK, own)
    return float(quad(lambda z: expit(logit + width * z) * norm.pdf(z), -12, 12)[0])


@lru_cache
def apart(size: float, own: float = OWN) -> tuple[float, float]:
    """The abilities of two models whose success rates differ by so much, around one half."""
    half = float(brentq(lambda each: success(each, own) - success(-each, own) - size, 0, 20))
    return half, -half


def found_share(
    drawn: np.random.Generator, studies: int, scenarios: int, repeats: int, size: float, own: float = OWN
) -> float:
    """How often a difference is shown, and the right way round."""
    logits, found = apart(size, own), 0
    for _ in range(studies):
        left, right = outcomes(drawn, scenarios, repeats, logits, own)
        found += compare({"c": (left - right).tolist()}, ["c"])[0].verdict == "higher"
    return found / studies


@pytest.mark.parametrize(("repeats", "own"), [(1, OWN), (3, OWN), (3, 1.0)])
def test_two_identical_models_are_told_apart_in_at_most_6_of_100_studies(repeats: int, own: float) -> None:
    """1,000 studies of 20 scenarios; both models solve as many, though not the same ones."""
    drawn, told = np.random.default_rng(17), 0
    for _ in range(1000):
        left, right = outcomes(drawn, 20, repeats, (0.0, 0.0), own)
        told += compare({"c": (left - right).tolist()}, ["c"])[0].verdict != "no difference shown"
    assert told / 1000 <= 0.06


def test_models_with_the_same_chance_on_every_scenario_are_told_apart_in_at_most_6_of_100_studies() -> None:
    drawn, told = np.random.default_rng(23), 0
    for _ in range(1000):
        left, right = outcomes(drawn, 20, 3, (0.5, 0.5), own=0.0)
        told += compare({"c": (left - right).tolist()}, ["c"])[0].verdict != "no difference shown"
    assert told / 1000 <= 0.06


def test_holm_keeps_three_contrasts_of_identical_models_under_6_percent_together() -> None:
    """1,000 studies of three identical models, 20 scenarios, 3 repeats. Each p alone at 5 % would give more."""
    drawn, told, alone = np.random.default_rng(29), 0, 0
    for _ in range(1000):
        y = outcomes(drawn, 20, 3, (0.0, 0.0, 0.0))
        pairs = {f"{a}-{b}": (y[a] - y[b]).tolist() for a, b in ((0, 1), (0, 2), (1, 2))}
        judged = compare(pairs, list(pairs))
        told += any(each.verdict != "no difference shown" for each in judged)
        alone += any((each.estimate.p or 0.0) <= 0.05 for each in judged)
    assert told / 1000 <= 0.06
    assert alone / 1000 > 0.06, "the simulation can tell"


@pytest.mark.parametrize("own", [OWN, 1.0])
def test_a_difference_of_15_points_is_found_with_100_scenarios_and_3_repeats(own: float) -> None:
    assert found_share(np.random.default_rng(31), 100, 100, 3, 0.15, own) >= 0.8


@pytest.mark.parametrize(("scenarios", "repeats"), [(20, 1), (20, 3), (20, 10), (50, 1), (50, 3)])
def test_what_is_said_to_be_detectable_is_found_in_four_studies_of_five(scenarios: int, repeats: int) -> None:
    """300 studies: the share has a standard error of 2.3 points."""
    size = detectable(scenarios, repeats, exact=True).value
    assert size is not None
    assert found_share(np.random.default_rng(37), 300, scenarios, repeats, size) == pytest.approx(0.8, abs=0.06)


def test_a_plan_for_t_promises_more_than_the_exact_test_of_single_trials_keeps() -> None:
    """20 scenarios, one trial each: about 68 %, not 80."""
    size = detectable(20, 1).value
    assert size is not None
    assert 0.6 < found_share(np.random.default_rng(37), 1000, 20, 1, size) < 0.75


def test_a_pilots_parts_are_the_worlds_on_average_and_its_interval_holds_the_truth() -> None:
    drawn, held = np.random.default_rng(41), 0
    left, right = outcomes(drawn, 400_000, 2, apart(0.1))
    chances = [(left[:, 0] - right[:, 0]), (left[:, 1] - right[:, 1])]
    between = float(np.cov(*chances)[0, 1])
    within = float(np.mean([np.var(each) for each in chances])) - between
    found = []
    for _ in range(200):
        left, right = outcomes(drawn, 30, 4, apart(0.1))
        each, size = spread(left.tolist(), right.tolist()), detectable_from_pilot(left.tolist(), right.tolist(), 100, 3)
        assert each is not None and size.low is not None and size.high is not None
        found.append((each.between, each.within))
        truth = 0.02829 * 10 * math.sqrt(between + within / 3)  # noncentral t, 100 scenarios
        held += size.low <= truth <= size.high
    assert np.mean(found, axis=0) == pytest.approx((between, within), abs=0.006)
    assert held / 200 >= 0.9


def test_looking_twelve_times_gives_no_more_false_alarms_than_looking_once() -> None:
    """600 studies of two identical models, 10 scenarios a night. A t interval each night has four times 5 %."""
    drawn, looks = np.random.default_rng(43), range(10, 121, 10)
    alarms = naive = 0
    for _ in range(600):
        left, right = outcomes(drawn, 120, 3, (0.0, 0.0))
        seen = left.mean(axis=1) - right.mean(axis=1)
        for each in confidence_sequence(seen.tolist(), looks):
            assert each.low is not None and each.high is not None
            if not each.low <= 0 <= each.high:
                alarms += 1
                break
        naive += any(abs(seen[:n].mean()) > t.ppf(0.975, n - 1) * seen[:n].std(ddof=1) / math.sqrt(n) for n in looks)
    assert alarms / 600 <= 0.05
    assert naive / 600 >= 0.15, "the simulation can tell"


@pytest.mark.parametrize("rate", [0.02, 0.5, 0.98])
def test_a_sequence_of_skewed_outcomes_is_right_at_all_of_100_looks(rate: float) -> None:
    drawn, wrong = np.random.default_rng(47), 0
    for _ in range(200):
        seen = (drawn.random(100) < rate).astype(float)
        found = confidence_sequence(seen.tolist(), low=0.0, high=1.0)
        wrong += any(not (each.low or 0.0) <= rate <= (each.high or 0.0) for each in found)
    assert wrong / 200 <= 0.05


def test_a_sequence_finds_a_large_difference_in_time() -> None:
    drawn, found = np.random.default_rng(53), 0
    for _ in range(100):
        left, right = outcomes(drawn, 200, 3, apart(0.25))
        last = confidence_sequence((left.mean(axis=1) - right.mean(axis=1)).tolist(), [200])[0]
        found += (last.low or -1.0) > 0
    assert found / 100 >= 0.8


def test_shares_of_variance_hold_the_truth_as_often_as_they_say() -> None:
    """200 studies: 3 models, 2 framings, 30 scenarios, 3 repeats, against the mean of 20 studies of 300 scenarios."""
    drawn = np.random.default_rng(59)
    large = [shares(study(drawn, 300)) for _ in range(20)]
    truth = {part: float(np.mean([each[part].value for each in large])) for part in large[0]}
    held = dict.fromkeys(truth, 0)
    for _ in range(200):
        for part, each in shares(study(drawn, 30)).items():
            assert each.low is not None and each.high is not None
            held[part] += each.low <= truth[part] <= each.high
    assert min(held.values()) / 200 >= 0.88, held


def test_rank_stability_falls_where_framing_turns_the_ranking_round() -> None:
    drawn = np.random.default_rng(61)
    steady, turned = kendall_tau(study(drawn, 150)), kendall_tau(study(drawn, 150, turned=True))
    assert steady.value == 1.0
    assert turned.value is not None and turned.value < 0


def study(drawn: np.random.Generator, scenarios: int, turned: bool = False) -> list[Row]:
    """3 models, 2 framings, 3 repeats; every effect is there."""
    ability, framing = np.asarray([0.0, 0.8, -0.6]), np.asarray([0.0, 0.7])
    logits = (
        2 * drawn.standard_normal((scenarios, 1, 1))
        + 0.7 * drawn.standard_normal((scenarios, 3, 1))
        + 0.6 * drawn.standard_normal((scenarios, 1, 2))
        + ability[None, :, None] * np.asarray([1.0, -1.0 if turned else 1.0])[None, None, :]
        + framing[None, None, :]
    )
    y = (drawn.random((scenarios, 3, 2, 3)) < expit(logits)[..., None]).astype(float)
    return [
        Row(f"m{m}", f"f{f}", f"s{s:05}", "r", k, float(y[s, m, f, k])) for s, m, f, k in np.ndindex(scenarios, 3, 2, 3)
    ]


def test_the_difference_itself_covers_the_truth() -> None:
    drawn, held = np.random.default_rng(67), 0
    for _ in range(400):
        left, right = outcomes(drawn, 20, 3, apart(0.15))
        found = difference((left - right).tolist())
        held += (found.low or -1.0) <= 0.15 <= (found.high or 1.0)
    assert 0.92 <= held / 400 <= 0.98
