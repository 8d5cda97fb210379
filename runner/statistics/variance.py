"""U4: where the outcomes' variance comes from, and whether models rank alike under every framing.

Outcomes are taken as y = model × framing (fixed: those of the study) + scenario + scenario × model + scenario × framing
+ scenario × model × framing + repeat (random). Each part is found from mean squares of balanced data and what they are
expected to be (Searle, Casella and McCulloch 1992, Variance Components, chapter 4); where none is negative, that is
what restricted maximum likelihood finds. The parts of fixed factors are Σ effect² / (levels - 1). A part under 0 counts
as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from runner.statistics.bootstrap import NO_SPREAD, Numbers, Statistic, resampled
from runner.statistics.estimate import FEW_SCENARIOS, LEVEL, Estimate
from runner.statistics.rates import wilson, z_of

Part = Literal["model", "framing", "scenario", "scenario×model", "other", "repeat"]
PARTS: tuple[Part, ...] = ("model", "framing", "scenario", "scenario×model", "other", "repeat")
"""`other`: the interactions with framing; and the repeats, where there is one a cell."""
ALIKE = "all outcomes are alike"
INCOMPLETE = "no scenario has a trial of every model under every framing"
ONE_MODEL, ONE_FRAMING = "one model", "one framing"
UNSEPARATED = "one repeat: counted under other"
TIE = 1e-9
"""Rates that differ by no more are the same."""
Effect = frozenset[str]
"""The factors in it: s, m, f for scenario, model, framing."""


class Row(NamedTuple):
    """One trial."""

    model: str
    framing: str
    scenario: str
    """Unique within its repo."""
    repo: str
    repeat: int
    y: float


class Balanced(NamedTuple):
    """The trials that can be compared like for like."""

    y: Numbers
    """scenario × model × framing × repeat."""
    models: tuple[str, ...]
    framings: tuple[str, ...]


def balanced(rows: Iterable[Row]) -> Balanced:
    """The scenarios with at least K trials of every model under every framing, and the first K of each.

    K is the one that keeps most trials, the larger of equals: a scenario in which one trial was lost costs itself or a
    repeat, whichever is less.
    """
    cells: dict[tuple[str, str], dict[tuple[str, str], list[tuple[int, float]]]] = {}
    models: dict[str, None] = {}
    framings: dict[str, None] = {}
    for row in rows:
        if not math.isfinite(row.y):
            raise ValueError(f"{row.y} is no outcome")
        models[row.model] = framings[row.framing] = None
        scenario = cells.setdefault((row.repo, row.scenario), {})
        scenario.setdefault((row.model, row.framing), []).append((row.repeat, row.y))
    wanted = [(model, framing) for model in models for framing in framings]
    fewest = {name: min(len(each.get(cell, ())) for cell in wanted) for name, each in cells.items()}
    kept_by = {k: sum(least >= k for least in fewest.values()) for k in set(fewest.values()) if k}
    repeats = max(kept_by, key=lambda k: (kept_by[k] * k, k), default=0)
    kept = sorted(name for name, least in fewest.items() if repeats and least >= repeats)
    values = [
        [[y for _, y in sorted(cells[name][cell], key=lambda trial: trial[0])[:repeats]] for cell in wanted]
        for name in kept
    ]
    shape = (len(kept), len(models), len(framings), repeats)
    return Balanced(np.asarray(values, np.float64).reshape(shape), tuple(models), tuple(framings))


def shares(rows: Iterable[Row], level: float = LEVEL) -> dict[Part, Estimate]:
    """The share of each part in the sum of all, resampled by scenario; `n` is the scenarios kept by `balanced`.

    The interval is about these models under these framings, with other scenarios. What scenarios of one repo have in
    common is in `scenario`. A part that the study's design cannot show has a reason and no value, and takes no share.
    """
    data = balanced(rows)
    reasons = _hidden(data)
    if len(data.y) < 2:
        reason = FEW_SCENARIOS if len(data.y) else INCOMPLETE
        return {part: Estimate(n=len(data.y), reason=reasons.get(part, reason)) for part in PARTS}
    squares, known = _Squares(data.y), dict[int, dict[Part, Numbers]]()

    def of(part: Part) -> Statistic:
        def statistic(weights: Numbers) -> Numbers:
            found = known.get(len(weights)) or known.setdefault(len(weights), _parts(squares, weights))
            total = sum(found.values(), np.zeros(len(weights)))
            each: Numbers = np.divide(found[part], total, out=np.full_like(total, np.nan), where=total > NO_SPREAD)
            return each

        return statistic

    found: dict[Part, Estimate] = {}
    for part in PARTS:
        if part in reasons:
            found[part] = Estimate(n=len(data.y), reason=reasons[part])
        else:
            found[part] = _doubted(resampled(len(data.y), of(part), level, few=ALIKE), level)
    return found


def kendall_tau(rows: Iterable[Row], level: float = LEVEL) -> Estimate:
    """Rank stability: the mean over pairs of framings of τ_b between the models' success rates. Kendall 1945.

    Resampled by scenario. The repeats' chance alone makes rankings differ, most where models are close: a low τ is no
    proof of an effect of framing, which `shares` has under `framing` and `other`.
    """
    data = balanced(rows)
    n, models, framings, _ = data.y.shape
    for too_few, reason in (
        (models < 2, ONE_MODEL),
        (framings < 2, ONE_FRAMING),
        (n == 0, INCOMPLETE),
    ):
        if too_few:
            return Estimate(n=n, reason=reason)
    cells = data.y.mean(axis=3)

    def statistic(weights: Numbers) -> Numbers:
        rates = np.einsum("rs,smf->rmf", weights, cells, optimize=True) / weights.sum(axis=1)[:, None, None]
        signs = np.stack([_signs(rates[:, one] - rates[:, other]) for one, other in combinations(range(models), 2)])
        taus = []
        for one, other in combinations(range(framings), 2):
            first, second = signs[:, :, one], signs[:, :, other]
            untied = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
            same = (first * second).sum(axis=0)
            taus.append(np.divide(same, untied, out=np.full_like(untied, np.nan), where=untied > 0))
        mean: Numbers = np.mean(taus, axis=0)
        return mean

    found = resampled(n, statistic, level, few="all models are alike under a framing")
    if found.value is None or found.low is None or found.high is None or found.high - found.low > NO_SPREAD:
        return found
    low, high = wilson((found.value + 1) / 2, n, z_of(level))
    return found.model_copy(update={"low": 2 * low - 1, "high": 2 * high - 1})


def _signs(differences: Numbers) -> Numbers:
    return np.where(np.abs(differences) <= TIE, 0.0, np.sign(differences))


def _doubted(found: Estimate, level: float) -> Estimate:
    """Where resampling shows no spread, Wilson's interval over the scenarios stands in."""
    if found.value is None or found.low is None or found.high is None or found.high - found.low > NO_SPREAD:
        return found
    low, high = wilson(min(1.0, max(0.0, found.value)), found.n, z_of(level))
    return found.model_copy(update={"low": low, "high": high})


def _hidden(data: Balanced) -> dict[Part, str]:
    """What the design cannot show, and why."""
    _, models, framings, repeats = data.y.shape
    found: dict[Part, str] = {}
    if models < 2:
        found["model"] = found["scenario×model"] = ONE_MODEL
    if framings < 2:
        found["framing"] = ONE_FRAMING
        found["other"] = ONE_FRAMING
    if repeats == 1:
        found["repeat"] = UNSEPARATED
        found.pop("other", None)
        if framings < 2:
            found["scenario×model" if models > 1 else "scenario"] = UNSEPARATED
    return found


class _Squares:
    """Mean squares of every effect under weights of the scenarios."""

    def __init__(self, y: Numbers) -> None:
        self.scenarios, self.models, self.framings, self.repeats = (int(size) for size in y.shape)
        self.sizes = {"s": self.scenarios, "m": self.models, "f": self.framings}
        self.active: Effect = frozenset(name for name, size in self.sizes.items() if size > 1)
        self.cells = y.mean(axis=3)
        self.within: Numbers = ((y - self.cells[..., None]) ** 2).sum(axis=(1, 2, 3))

    def effects(self) -> list[Effect]:
        """Of the factors with more than one level, all sets but the empty one."""
        names = sorted(self.active)
        return [frozenset(each) for size in range(1, len(names) + 1) for each in combinations(names, size)]

    def mean_squares(self, weights: Numbers) -> dict[Effect, Numbers]:
        """SS(A) = Σ over subsets B of A, (-1)^|A - B| times the sum of squares of B's means; then by its degrees."""
        raw = {effect: self._raw(effect, weights) for effect in (frozenset[str](), *self.effects())}
        found = {}
        for effect in self.effects():
            total = np.zeros(len(weights))
            for part, sums in raw.items():
                if part <= effect:
                    total = total + (-1) ** len(effect - part) * sums
            degrees = math.prod(self.sizes[name] - 1 for name in effect)
            found[effect] = total / degrees
        return found

    def error(self, weights: Numbers) -> Numbers | None:
        """The mean square between repeats; None where there is one."""
        if self.repeats == 1:
            return None
        mean: Numbers = (weights @ self.within) / (self.scenarios * self.models * self.framings * (self.repeats - 1))
        return mean

    def behind(self, effect: Effect) -> int:
        """How many trials each mean of an effect is of."""
        return self.repeats * math.prod(size for name, size in self.sizes.items() if name not in effect)

    def _raw(self, effect: Effect, weights: Numbers) -> Numbers:
        """The trials behind each mean of the effect times the sum of the means' squares."""
        away = tuple(axis for axis, name in ((1, "m"), (2, "f")) if name not in effect)
        means = self.cells.mean(axis=away, keepdims=True).reshape(self.scenarios, -1)
        if "s" in effect:
            sums: Numbers = weights @ (means**2).sum(axis=1)
        else:
            sums = (((weights @ means) / self.scenarios) ** 2).sum(axis=1)
        return sums * self.behind(effect)


def _components(squares: _Squares, weights: Numbers) -> dict[Effect, Numbers]:
    """Each effect's part of the variance, unbiased and hence possibly under 0; the empty effect is the repeats'.

    Expected mean squares, scenarios random and the rest fixed: of an effect with scenarios, the sum over the effects
    that contain it of their part times the trials behind each of their means, plus the repeats'; of one without, its
    own part and those of the same effect with scenarios.
    """
    mean = squares.mean_squares(weights)
    error = squares.error(weights)
    top = squares.active
    found: dict[Effect, Numbers] = {}
    for effect in squares.effects():
        if "s" not in effect:
            excess = mean[effect] - mean[effect | {"s"}]
        elif effect == top:
            if error is None:
                found[frozenset()] = mean[top]
                continue
            excess = mean[effect] - error
        else:
            excess = np.zeros(len(weights))
            for above, value in mean.items():
                if effect <= above:
                    excess = excess + (-1) ** len(above - effect) * value
        found[effect] = excess / squares.behind(effect)
    if error is not None:
        found[frozenset()] = error
    return found


def _parts(squares: _Squares, weights: Numbers) -> dict[Part, Numbers]:
    """The parts that are reported, none under 0."""
    found: dict[Part, Numbers] = {part: np.zeros(len(weights)) for part in PARTS}
    for effect, value in _components(squares, weights).items():
        found[_part_of(effect, squares.repeats)] += value
    return {part: np.maximum(0.0, value) for part, value in found.items()}


def _part_of(effect: Effect, repeats: int) -> Part:
    if effect == {"s"}:
        return "scenario"
    if effect == {"m"}:
        return "model"
    if effect == {"f"}:
        return "framing"
    if effect == {"s", "m"}:
        return "scenario×model"
    if not effect and repeats > 1:
        return "repeat"
    return "other"
