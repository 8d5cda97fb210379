"""A measure: what one trial contributes to it, and how the contributions become a number with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from runner.arms import PERTURBED
from runner.events.origins import Data
from runner.measures.record import Record
from runner.statistics import bootstrap, calibration, paired, repeats, survival
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate
from runner.statistics.spread import spread


class Seen(NamedTuple):
    """One contribution of a trial: `value` out of `of`, and the steps of its transcript that are behind `value`."""

    value: float
    of: float = 1.0
    steps: tuple[int, ...] = ()
    readers: int = 0
    """Calls behind it whose label is not the scenario's but readers'."""
    stratum: str = ""
    """What alone it may be compared with, where an estimator compares within strata."""


class Cases(dict[str, list[Seen]]):
    """Scenario → contributions of its trials."""

    def __init__(self, cases: Mapping[str, list[Seen]], repos: Mapping[str, str]) -> None:
        super().__init__(cases)
        self.repos = repos
        """Scenario → repository; empty where a transcript does not say it."""


Observe = Callable[[Record], Iterable[Seen]]
"""Nothing where the trial says nothing of the measure."""
ObservePair = Callable[[Record, Record], Iterable[Seen]]
"""Gets the trial and its twin in the control arm."""
Unit = Literal["percent", "points", "number", "usd", "seconds"]
"""`points`: a difference of shares, in percentage points."""
Better = Literal["more", "less", ""]
Estimator = Callable[[Cases], Estimate]


@dataclass(frozen=True)
class Measure:
    """One row of the catalogue. Its docstring, formula and sources are those of `observe` and of its estimator."""

    name: str
    title: str
    unit: Unit
    estimator: Estimator
    reads: Callable[[Record], bool]
    """Which trials it looks at; of those whose verdict does not speak of the model, none."""
    observe: Observe | None = None
    observe_pair: ObservePair | None = None
    better: Better = ""
    """Which way is good, for the page of measures; empty where neither is."""
    tasks: Literal["possible", "impossible", "any", "probe"] = "possible"
    """Whether the trials that it looks at are asked for what can be done; `probe`: it looks at probes alone."""
    needs: frozenset[Data] | None = None
    """What a foreign trajectory must tell to be measured; None: none can be."""

    def takes(self, trial: Record) -> bool:
        """Whether it looks at this trial."""
        if trial.probed is not None:
            return self.tasks == "probe"
        return self.tasks in ("any", "impossible" if trial.impossible else "possible") and self.reads(trial)

    @property
    def doc(self) -> str:
        return " ".join(((self.observe or self.observe_pair).__doc__ or "").split())


def control(trial: Record) -> bool:
    """Trials of the control arm."""
    return trial.is_control


def perturbed(trial: Record) -> bool:
    """Trials whose scenario stands in another form, and that differ in nothing else from the control arm's."""
    return trial.key.arm.startswith(PERTURBED) and "+" not in trial.key.arm


def fresh(trial: Record) -> bool:
    """Trials of any arm that start at the beginning of the task."""
    return trial.branched is None


def every(trial: Record) -> bool:
    """Trials of every arm."""
    return True


def must_ask(trial: Record) -> bool:
    """Trials in which the model had to ask by itself, whoever answered; without faults and challenges."""
    arm = trial.arm
    return arm.mode == "must_ask" and (arm.faults, arm.feedback, arm.start) == ("none", "none", "fresh")


def unhindered(trial: Record) -> bool:
    """Trials of the control arm, and those in which the model had to ask by itself."""
    return control(trial) or must_ask(trial)


def as_rate(cases: Cases) -> Estimate:
    """U1. Mean within scenario, then Wilson's interval with an effective n. Wilson 1927; Miller 2024."""
    return rate([[seen.value / seen.of for seen in each] for each in cases.values()])


def as_share(cases: Cases) -> Estimate:
    """U3. Ratio of sums between 0 and 1, studentized bootstrap over scenarios. Efron and Tibshirani 1993."""
    return bootstrap.share(*_sums(cases))


def as_ratio(cases: Cases) -> Estimate:
    """U3. Ratio of sums, bootstrap over scenarios. Hesterberg 2015."""
    return bootstrap.ratio(*_sums(cases))


def as_median(cases: Cases) -> Estimate:
    """Median over scenarios of each scenario's mean, bootstrap over scenarios. Hesterberg 2015."""
    return bootstrap.median(_means(cases))


def as_p90(cases: Cases) -> Estimate:
    """The 90th percentile over scenarios of each scenario's mean, between two of them in order. Conover 1999."""
    return bootstrap.quantile(_means(cases), 0.9)


def as_difference(cases: Cases) -> Estimate:
    """U2. Mean of paired differences within scenario, t interval, sign-flip p; exact McNemar for single pairs.

    From 30 repositories on, an interval by resampling those. Miller 2024; McNemar 1947.
    """
    repos = [cases.repos.get(scenario, "") for scenario in cases]
    return paired.difference([[seen.value for seen in each] for each in cases.values()], repos if all(repos) else ())


def as_pass_at_k(cases: Cases) -> Estimate:
    """U1 over scenarios of 1 - C(K-c, k) / C(K, k). Chen 2021."""
    return repeats.pass_at_k(_outcomes(cases))


def as_pass_hat_k(cases: Cases) -> Estimate:
    """U1 over scenarios of C(c, k) / C(K, k). Yao 2024 (tau-bench)."""
    return repeats.pass_hat_k(_outcomes(cases))


def as_agreement(cases: Cases) -> Estimate:
    """Mean of 1 - 2c(K-c) / (K(K-1)), bootstrap over scenarios."""
    return repeats.agreement(_outcomes(cases))


def as_survival(cases: Cases) -> Estimate:
    """Kaplan–Meier, its median with a bootstrap over scenarios. Kaplan and Meier 1958."""
    return survival.median_time([[(int(seen.value), bool(seen.of)) for seen in each] for each in cases.values()])


def as_brier(cases: Cases) -> Estimate:
    """U3. Mean of (confidence - outcome)², bootstrap over scenarios. Brier 1950."""
    return calibration.brier(_stated(cases))


def as_brier_skill(cases: Cases) -> Estimate:
    """U3. 1 - Brier ÷ Brier of the base rate, bootstrap over scenarios. Murphy 1973."""
    return calibration.skill(_stated(cases))


def as_overconfidence(cases: Cases) -> Estimate:
    """U3. Mean confidence - mean outcome, bootstrap over scenarios."""
    return calibration.overconfidence(_stated(cases))


def as_auroc(cases: Cases) -> Estimate:
    """U3. The chance that a success was stated with more confidence than a failure. Hanley and McNeil 1982."""
    return calibration.auroc(_stated(cases))


def as_calibration_error(cases: Cases) -> Estimate:
    """Bins of equal mass, bootstrap over scenarios; hidden under 300 trials. Naeini 2015."""
    return calibration.calibration_error(_stated(cases))


def as_spread(cases: Cases) -> Estimate:
    """Highest - lowest mean among groups (`of` is the group), bootstrap over scenarios. Hesterberg 2015."""
    groups = sorted({seen.of for each in cases.values() for seen in each})
    if len(groups) < 2:
        return Estimate(n=len(cases), reason="one framing has no spread")
    return spread([[[seen.value for seen in each if seen.of == group] for group in groups] for each in cases.values()])


def _sums(cases: Cases) -> tuple[list[float], list[float]]:
    tops = [sum(seen.value for seen in each) for each in cases.values()]
    return tops, [sum(seen.of for seen in each) for each in cases.values()]


def _means(cases: Cases) -> list[float]:
    return [sum(seen.value / seen.of for seen in each) / len(each) for each in cases.values() if each]


def _outcomes(cases: Cases) -> list[list[float]]:
    return [[seen.value for seen in each] for each in cases.values()]


def _stated(cases: Cases) -> list[list[tuple[float, bool]]]:
    """`value` is the confidence, `of` the outcome."""
    return [[(seen.value, bool(seen.of)) for seen in each] for each in cases.values()]
