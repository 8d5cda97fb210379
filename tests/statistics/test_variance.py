"""Shares of variance, against analysis of variance and restricted maximum likelihood of another implementation."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as formulas
from scipy.stats import kendalltau
from statsmodels.stats.anova import anova_lm

from runner.statistics.variance import (
    ALIKE,
    INCOMPLETE,
    ONE_FRAMING,
    ONE_MODEL,
    PARTS,
    UNSEPARATED,
    Part,
    Row,
    balanced,
    kendall_tau,
    shares,
)


def rows(scenarios: int, models: int, framings: int, repeats: int, seed: int = 3) -> list[Row]:
    """Normal outcomes in which every effect is there, so that no part is under 0."""
    drawn = np.random.default_rng(seed)
    normal = drawn.standard_normal
    y = (
        1.5 * normal((scenarios, 1, 1, 1))
        + 0.9 * normal((scenarios, models, 1, 1))
        + 0.8 * normal((scenarios, 1, framings, 1))
        + 0.9 * normal((scenarios, models, framings, 1))
        + np.arange(models)[None, :, None, None]
        + 0.8 * np.arange(framings)[None, None, :, None]
        + 0.7 * np.outer(np.arange(models), np.arange(framings))[None, :, :, None]
        + normal((scenarios, models, framings, repeats))
    )
    return [Row(f"m{m}", f"f{f}", f"s{s:03}", "r", k, float(y[s, m, f, k])) for s, m, f, k in np.ndindex(*y.shape)]


def values(found: dict[Part, object]) -> dict[Part, float]:
    return {part: each.value for part, each in found.items() if each.value is not None}  # type: ignore[attr-defined]


def fractions(parts: dict[Part, float]) -> dict[Part, float]:
    total = sum(parts.values())
    return {part: each / total for part, each in parts.items()}


def test_all_shares_follow_from_the_mean_squares_of_an_analysis_of_variance() -> None:
    data = rows(12, 3, 2, 3)
    mean = anova_lm(formulas.ols("y ~ C(scenario) * C(model) * C(framing)", pd.DataFrame(data)).fit())["mean_sq"]
    s, m, f = "C(scenario)", "C(model)", "C(framing)"
    sm, sf, mf, smf = f"{s}:{m}", f"{s}:{f}", f"{m}:{f}", f"{s}:{m}:{f}"
    other = (mean[sf] - mean[smf]) / 9 + (mean[mf] - mean[smf]) / 36 + (mean[smf] - mean["Residual"]) / 3
    expected = fractions(
        {
            "model": (mean[m] - mean[sm]) / 72,
            "framing": (mean[f] - mean[sf]) / 108,
            "scenario": (mean[s] - mean[sm] - mean[sf] + mean[smf]) / 18,
            "scenario×model": (mean[sm] - mean[smf]) / 6,
            "other": other,
            "repeat": mean["Residual"],
        }
    )
    assert min(expected.values()) > 0
    assert values(shares(data)) == pytest.approx(expected, abs=1e-9)  # type: ignore[arg-type]


def test_the_random_parts_are_those_of_restricted_maximum_likelihood() -> None:
    """As far as its search converges: 1e-4. The mixed model leaves model × framing out of the variance."""
    data = rows(15, 3, 2, 3)
    fit = formulas.mixedlm(
        "y ~ C(model) * C(framing)",
        pd.DataFrame(data),
        groups="scenario",
        re_formula="1",
        vc_formula={"a": "0 + C(model)", "b": "0 + C(framing)", "c": "0 + C(model):C(framing)"},
    ).fit(reml=True, method="lbfgs")
    assert fit.converged
    found = values(shares(data))  # type: ignore[arg-type]
    scenario, (own, _, _) = float(fit.cov_re.iloc[0, 0]), fit.vcomp
    assert found["scenario"] / found["repeat"] == pytest.approx(scenario / fit.scale, rel=1e-3)
    assert found["scenario×model"] / found["repeat"] == pytest.approx(own / fit.scale, rel=1e-3)


def test_one_framing_is_a_two_way_layout() -> None:
    data = rows(14, 3, 1, 2)
    fit = formulas.mixedlm(
        "y ~ C(model)",
        pd.DataFrame(data),
        groups="scenario",
        re_formula="1",
        vc_formula={"a": "0 + C(model)"},
    ).fit(reml=True, method="lbfgs")
    found = shares(data)
    got = values(found)  # type: ignore[arg-type]
    assert got["scenario"] / got["repeat"] == pytest.approx(float(fit.cov_re.iloc[0, 0]) / fit.scale, rel=1e-3)
    assert got["scenario×model"] / got["repeat"] == pytest.approx(float(fit.vcomp[0]) / fit.scale, rel=1e-3)
    assert (found["framing"].value, found["framing"].reason) == (None, ONE_FRAMING)
    assert (found["other"].value, found["other"].reason) == (None, ONE_FRAMING)
    assert sum(got.values()) == pytest.approx(1)


def test_a_published_worked_example_of_one_random_factor() -> None:
    """Dyestuff (Davies 1947; Searle, Casella and McCulloch 1992): batches 1764.05, residual 2451.25."""
    batches = [
        [1545, 1440, 1440, 1520, 1580],
        [1540, 1555, 1490, 1560, 1495],
        [1595, 1550, 1605, 1510, 1560],
        [1445, 1440, 1595, 1465, 1545],
        [1595, 1630, 1515, 1635, 1625],
        [1520, 1455, 1450, 1480, 1445],
    ]
    data = [Row("m", "f", f"s{at}", "r", k, float(y)) for at, each in enumerate(batches) for k, y in enumerate(each)]
    found = shares(data)
    assert values(found) == pytest.approx(  # type: ignore[arg-type]
        {"scenario": 1764.05 / 4215.30, "repeat": 2451.25 / 4215.30}, abs=1e-9
    )
    assert {part: each.reason for part, each in found.items() if each.reason} == {
        "model": ONE_MODEL,
        "scenario×model": ONE_MODEL,
        "framing": ONE_FRAMING,
        "other": ONE_FRAMING,
    }


def test_one_model_and_several_framings() -> None:
    found = shares(rows(10, 1, 3, 2))
    assert {part for part, each in found.items() if each.value is None} == {"model", "scenario×model"}
    assert sum(values(found).values()) == pytest.approx(1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("models", "framings", "hidden"),
    [(3, 2, {"repeat"}), (3, 1, {"repeat", "framing", "scenario×model"}), (1, 1, {*PARTS} - {"other"})],
)
def test_one_repeat_is_not_told_apart_from_the_highest_interaction(
    models: int, framings: int, hidden: set[Part]
) -> None:
    found = shares(rows(10, models, framings, 1))
    assert {part for part, each in found.items() if each.value is None} == hidden
    assert found["repeat"].reason == UNSEPARATED
    assert sum(values(found).values()) == pytest.approx(1)  # type: ignore[arg-type]


def test_every_share_lies_within_its_interval_and_that_within_0_and_1() -> None:
    for seed in range(10):
        drawn = np.random.default_rng(seed)
        data = [row._replace(y=float(drawn.random() < 0.4)) for row in rows(5, 2, 2, 2, seed)]
        for each in shares(data).values():
            assert each.value is not None and each.low is not None and each.high is not None
            assert 0 <= each.low <= each.value <= each.high <= 1
            assert each.high - each.low > 0.01


def test_what_shows_no_variance_has_a_reason() -> None:
    data = rows(6, 2, 2, 2)
    for each in shares([row._replace(y=1.0) for row in data]).values():
        assert (each.value, each.low, each.high, each.reason) == (None, None, None, ALIKE)
    for found in (shares([]), shares(data[:1] + data[-1:])):
        assert all(each.value is None and each.reason for each in found.values())
    one = shares([row for row in data if row.scenario == "s000"])
    assert {each.reason for each in one.values()} == {"one scenario shows no spread"}
    with pytest.raises(ValueError):
        shares([data[0]._replace(y=math.nan)])


def test_a_lost_trial_costs_its_scenario_or_a_repeat_whichever_is_less() -> None:
    data = rows(10, 2, 2, 3)
    lost = balanced(
        row for row in data if (row.scenario, row.model, row.framing, row.repeat) != ("s000", "m1", "f0", 1)
    )
    assert lost.y.shape == (9, 2, 2, 3), "27 of a cell instead of 20"
    half = balanced(row for row in data if row.repeat < 2 or row.scenario < "s005" or row.model == "m0")
    assert half.y.shape == (10, 2, 2, 2), "20 of a cell instead of 15"
    assert balanced(row for row in data if (row.model, row.framing) != ("m1", "f1")).y.shape[0] == 0
    assert {
        each.reason for each in shares(row for row in data if (row.model, row.framing) != ("m1", "f1")).values()
    } == {INCOMPLETE}


def test_the_order_of_rows_changes_nothing() -> None:
    data = rows(6, 2, 2, 2)
    mixed = [data[at] for at in np.random.default_rng(1).permutation(len(data))]
    assert balanced(mixed).y.mean() == pytest.approx(balanced(data).y.mean())
    found, other = shares(data), shares(mixed)
    for part in PARTS:
        assert found[part].value == pytest.approx(other[part].value, abs=1e-9)


def test_scenarios_of_one_name_in_two_repos_are_two() -> None:
    data = [row._replace(repo=repo) for repo in ("a", "b") for row in rows(4, 2, 1, 2)]
    assert balanced(data).y.shape[0] == 8
    assert shares(data)["model"].n == 8


@pytest.mark.parametrize("seed", range(5))
def test_rank_stability_is_the_mean_of_kendalls_tau_b(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    data = [row._replace(y=float(drawn.random() < 0.5)) for row in rows(15, 5, 3, 2)]
    table = pd.DataFrame(data).groupby(["framing", "model"])["y"].mean().unstack().round(9)
    taus = [kendalltau(table.loc[a], table.loc[b]).statistic for a, b in combinations(table.index, 2)]
    found = kendall_tau(data)
    assert found.value == pytest.approx(float(np.mean(taus)), abs=1e-9)
    assert found.low is not None and found.high is not None
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_the_same_order_in_two_scenarios_still_leaves_a_doubt() -> None:
    data = [
        Row(model, framing, scenario, "r", 0, float(model == "b"))
        for model in "ab"
        for framing in "xy"
        for scenario in "12"
    ]
    found = kendall_tau(data)
    assert (found.value, found.high, found.n) == (1.0, 1.0, 2)
    assert found.low is not None and found.low < 0


def test_rank_stability_without_ranks_has_a_reason() -> None:
    for data, reason in (
        (rows(4, 1, 2, 1), ONE_MODEL),
        (rows(4, 3, 1, 1), ONE_FRAMING),
        ([], ONE_MODEL),
        ([row for row in rows(4, 2, 2, 1) if (row.model, row.framing) != ("m0", "f0")], INCOMPLETE),
        (rows(1, 2, 2, 1), "one scenario shows no spread"),
        ([row._replace(y=1.0) for row in rows(4, 2, 2, 1)], "all models are alike under a framing"),
    ):
        found = kendall_tau(data)
        assert (found.value, found.low, found.high, found.reason) == (None, None, None, reason)
