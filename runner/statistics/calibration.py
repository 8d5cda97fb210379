"""How stated confidences fit outcomes, resampled by scenario."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from runner.statistics.bootstrap import Numbers, draws, resampled, signs, tail_of
from runner.statistics.estimate import Estimate, Point

Stated = Sequence[Sequence[tuple[float, bool]]]
"""Per scenario: (confidence from 0 to 1, outcome), one pair a trial."""
BINS = 10
ECE_TRIALS = 300
"""Fewer trials show a calibration error where there is none."""
FEW_TRIALS = f"hidden under {ECE_TRIALS} trials"


def brier(stated: Stated) -> Estimate:
    """Mean of (confidence - outcome)². Brier 1950."""
    kept = [each for each in stated if each]
    sums: Numbers = np.asarray([sum((said - came) ** 2 for said, came in each) for each in kept])
    counts: Numbers = np.asarray([len(each) for each in kept])
    return resampled(len(kept), partial(_mean, sums, counts), between=(0.0, 1.0))


def skill(stated: Stated) -> Estimate:
    """1 - Brier ÷ Brier of always stating the base rate; none where all outcomes are alike. Murphy 1973."""
    kept = [each for each in stated if each]
    sums: Numbers = np.asarray([sum((said - came) ** 2 for said, came in each) for each in kept])
    hits: Numbers = np.asarray([sum(came for _, came in each) for each in kept])
    counts: Numbers = np.asarray([len(each) for each in kept])

    def statistic(weights: Numbers) -> Numbers:
        total = weights @ counts
        base = (weights @ hits) / total
        reference = base * (1 - base)
        score = (weights @ sums) / total
        left: Numbers = np.divide(score, reference, out=np.full_like(score, np.nan), where=reference > 1e-12)
        return 1 - left

    return resampled(len(kept), statistic, few="all outcomes are alike")


def overconfidence(stated: Stated) -> Estimate:
    """Mean confidence - mean outcome."""
    kept = [each for each in stated if each]
    sums: Numbers = np.asarray([sum(said - came for said, came in each) for each in kept])
    counts: Numbers = np.asarray([len(each) for each in kept])
    return resampled(len(kept), partial(_mean, sums, counts), between=(-1.0, 1.0))


def _mean(sums: Numbers, counts: Numbers, weights: Numbers) -> Numbers:
    means: Numbers = (weights @ sums) / (weights @ counts)
    return means


def auroc(stated: Stated) -> Estimate:
    """The chance that a success was stated with more confidence than a failure. Hanley and McNeil 1982."""
    kept = [each for each in stated if each]
    levels = sorted({said for each in kept for said, _ in each})
    place = {said: at for at, said in enumerate(levels)}
    good, bad = np.zeros((len(kept), len(levels))), np.zeros((len(kept), len(levels)))
    for row, each in enumerate(kept):
        for said, came in each:
            (good if came else bad)[row, place[said]] += 1

    def statistic(weights: Numbers) -> Numbers:
        successes, failures = weights @ good, weights @ bad
        below = np.cumsum(failures, axis=1) - failures
        wins = (successes * (below + failures / 2)).sum(axis=1)
        pairs = successes.sum(axis=1) * failures.sum(axis=1)
        chance: Numbers = np.divide(wins, pairs, out=np.full_like(wins, np.nan), where=pairs > 0)
        return chance

    return resampled(len(kept), statistic, few="all outcomes are alike", between=(0.0, 1.0))


def calibration_error(stated: Stated, bins: int = BINS) -> Estimate:
    """ECE over bins of equal mass, with the reliability curve; hidden under 300 trials. Naeini 2015; Nixon 2019.

    A sum of absolute gaps grows by noise alone, and again in each resample. So the lower end is the reflected one
    (Davison and Hinkley 1997, Bootstrap Methods, 5.2), and 0 where the gaps are no larger than those that remain when
    each scenario's are given a sign by chance (wild bootstrap; Cameron, Gelbach and Miller 2008).
    """
    kept = [each for each in stated if each]
    trials = sum(len(each) for each in kept)
    if trials < ECE_TRIALS:
        return Estimate(n=len(kept), reason=FEW_TRIALS if trials else "no trial counts")
    said = np.asarray([said for each in kept for said, _ in each])
    edges = np.quantile(said, np.linspace(0, 1, bins + 1)[1:-1])
    shape = (len(kept), bins)
    counts, stated_sums, hits = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, each in enumerate(kept):
        for confidence, came in each:
            at = int(np.searchsorted(edges, confidence, side="right"))
            counts[row, at] += 1
            stated_sums[row, at] += confidence
            hits[row, at] += came

    def statistic(weights: Numbers) -> Numbers:
        gaps: Numbers = np.abs(weights @ stated_sums - weights @ hits).sum(axis=1)
        error: Numbers = gaps / (weights @ counts).sum(axis=1)
        return error

    found = resampled(len(kept), statistic)
    if found.value is not None and found.high is not None:
        by_chance = np.abs(signs(len(kept)) @ (stated_sums - hits)).sum(axis=1) / counts.sum()
        none = found.value <= float(np.quantile(by_chance, 1 - 2 * tail_of(len(kept))))
        found = found.model_copy(update={"low": 0.0 if none else max(0.0, 2 * found.value - found.high)})
    return found.model_copy(update={"curve": _reliability(counts, stated_sums, hits)})


def _reliability(counts: Numbers, stated: Numbers, hits: Numbers) -> tuple[Point, ...]:
    """Mean confidence of each bin → share of successes in it."""
    weights, tail = draws(len(counts)), tail_of(len(counts)) if len(counts) > 1 else 0.5
    points = []
    for at in np.flatnonzero(counts.sum(axis=0)):
        drawn = weights @ counts[:, at]
        rates = (weights @ hits[:, at])[drawn > 0] / drawn[drawn > 0]
        low, high = np.quantile(rates, [tail, 1 - tail])
        total = counts[:, at].sum()
        value = float(hits[:, at].sum() / total)
        points.append(
            Point(
                x=float(stated[:, at].sum() / total),
                value=value,
                low=min(float(low), value),
                high=max(float(high), value),
                n=int(total),
            )
        )
    return tuple(points)
