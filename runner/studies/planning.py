"""What a study will take, before anything is spent: trials, money, time, and the smallest difference it can show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from runner.measures.record import Record
from runner.messages import Frozen, Usage
from runner.models.provider.endpoints import Endpoint, endpoint_of
from runner.models.provider.prices import most, pricing_of
from runner.results import TrialKey
from runner.scenarios.catalog import ScenarioFolder
from runner.statistics.estimate import Estimate
from runner.statistics.pilots import detectable_from_pilot, needed_from_pilot
from runner.statistics.worlds import detectable, needed
from runner.studies.study import Study
from runner.trials.telling import limits_of

OPENING_TOKENS = 6_000
"""Rules, tools and task, generously."""
ANSWER_TOKENS = 6_000
"""Of one tool's answer: its output is bounded to 16 KiB."""
OVERHEAD_SECONDS = 60.0
"""Of a trial at worst, beside its model's limit: sandboxes and grading."""


SIZES = (0.05, 0.10, 0.20)
"""Differences of which a plan says how many scenarios would show them."""


class ModelPlan(Frozen):
    """One model's part."""

    model: str
    trials: int
    expected_usd: float | None
    worst_usd: float | None
    basis: str
    """Where the figures come from, or why there are none."""


class Plan(Frozen):
    """The whole study."""

    scenarios: int
    repeats: int
    arms: dict[str, int]
    """Arm → its trials."""
    models: tuple[ModelPlan, ...]
    trials: int
    concurrency: int
    expected_hours: float | None
    worst_hours: float
    cap_usd: float | None
    cap_tokens: int | None
    detectable: Estimate
    """The smallest paired difference of two models' resolved rates found with 80 % power."""
    detectable_basis: str
    needed: dict[str, int | None]
    """Difference in percentage points → scenarios that show it with 80 % power, at these repeats."""


def plan_of(
    study: Study,
    scenarios: Mapping[str, ScenarioFolder],
    started: Container[str] = (),
    pilot: Sequence[Record] = (),
    forked: Mapping[str, Container[str]] | None = None,
) -> Plan:
    """`pilot` holds trials of an earlier run; without them, cost and time are bounded, not expected."""
    keys = study.keys(scenarios, started, forked)
    seconds = [trial.times.busy for trial in pilot if trial.counted]
    worst = sum(_worst_seconds(study, scenarios[key.scenario], key) for key in keys)
    expected = fmean(seconds) * len(keys) / study.concurrency / 3600 if seconds else None
    found, basis = _detectable(study, len(scenarios), pilot)
    return Plan(
        scenarios=len(scenarios),
        repeats=study.repeats,
        arms=dict(Counter(key.arm for key in keys)),
        models=tuple(_model(name, study, scenarios, keys, pilot) for name in study.models),
        trials=len(keys),
        concurrency=study.concurrency,
        expected_hours=expected,
        worst_hours=worst / study.concurrency / 3600,
        cap_usd=study.budget.usd,
        cap_tokens=study.budget.tokens,
        detectable=found,
        detectable_basis=basis,
        needed={f"{100 * size:.0f}": _needed(size, study.repeats, pilot) for size in SIZES},
    )


def _model(
    name: str,
    study: Study,
    scenarios: Mapping[str, ScenarioFolder],
    keys: Sequence[TrialKey],
    pilot: Sequence[Record],
) -> ModelPlan:
    mine = [key for key in keys if key.model == name]
    endpoint = endpoint_of(name, study.endpoints)
    if endpoint is None:
        basis = "needs no provider"
        return ModelPlan(model=name, trials=len(mine), expected_usd=0.0, worst_usd=0.0, basis=basis)
    worst, basis = _worst_usd(name, endpoint, study, scenarios, mine)
    costs = [trial.cost_usd for trial in pilot if trial.key.model == name]
    if costs:
        basis = f"{len(costs)} trials of the pilot; {basis}"
    expected = fmean(costs) * len(mine) if costs else None
    return ModelPlan(model=name, trials=len(mine), expected_usd=expected, worst_usd=worst, basis=basis)


def _worst_usd(
    name: str,
    endpoint: Endpoint,
    study: Study,
    scenarios: Mapping[str, ScenarioFolder],
    keys: Sequence[TrialKey],
) -> tuple[float | None, str]:
    """Every trial uses all its turns, every turn sends all that came before, every answer is as long as it may be."""
    pricing, sheet = pricing_of(name.partition("/")[0], endpoint)
    if pricing is None:
        return None, "no price is known; cap --tokens"
    longest = endpoint.max_output_tokens
    total = 0.0
    for key in keys:
        arm = study.arms[key.arm]
        limits = limits_of(scenarios[key.scenario].scenario.limits, arm, revision=arm.feedback != "none")
        sent = (OPENING_TOKENS + turn * (longest + ANSWER_TOKENS) for turn in range(limits.turns))
        cost = sum(most(pricing, tokens, longest) for tokens in sent)
        total += min(cost, limits.usd + pricing(Usage(output=longest)) if limits.usd is not None else cost)
    return total, sheet


def _worst_seconds(study: Study, found: ScenarioFolder, key: TrialKey) -> float:
    arm = study.arms[key.arm]
    limits = limits_of(found.scenario.limits, arm, revision=arm.feedback != "none")
    return limits.minutes * 60 + limits.command_seconds + OVERHEAD_SECONDS


def _detectable(study: Study, scenarios: int, pilot: Sequence[Record]) -> tuple[Estimate, str]:
    """From the pilot's two models that vary most, else from what is usual."""
    found = [
        estimate
        for first, second in _pairs(pilot)
        if (estimate := detectable_from_pilot(first, second, scenarios, study.repeats, exact=True)).value is not None
    ]
    if found:
        return max(found, key=lambda each: each.value or 0.0), "from the pilot's variance"
    usual = detectable(scenarios, study.repeats, exact=True)
    return usual, "from usual spreads of difficulty (logistic-normal, 2 among tasks, 1 between models on a task)"


def _needed(size: float, repeats: int, pilot: Sequence[Record]) -> int | None:
    found = [needed_from_pilot(first, second, size, repeats, exact=True).value for first, second in _pairs(pilot)]
    known = [each for each in found if each is not None]
    value = max(known) if known else needed(size, repeats, exact=True).value
    return round(value) if value is not None else None


def _pairs(pilot: Sequence[Record]) -> Iterator[tuple[list[list[float]], list[list[float]]]]:
    """Each two models' outcomes in the control arm, on the scenarios that both have."""
    outcomes: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in pilot:
        if trial.counted and trial.is_control and not trial.impossible:
            outcomes[trial.key.model][trial.key.scenario].append(float(trial.resolved))
    for first, second in combinations(outcomes.values(), 2):
        common = [name for name in first if name in second]
        yield [first[name] for name in common], [second[name] for name in common]
