"""What a page needs of each trial beside its measures, kept small while the trials go by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from runner.arms import ChallengeKind
from runner.measures.record import Record
from runner.results import Times, TrialKey, Verdict


@dataclass(frozen=True, slots=True)
class Fact:
    """One trial."""

    key: TrialKey
    repo: str
    tags: tuple[str, ...]
    verdict: Verdict
    resolved: bool
    counted: bool
    possible: bool
    """Asked for what can be done."""
    is_control: bool
    """And of the control arm."""
    confidence: float | None
    times: Times
    faulted: bool
    """A fault was delivered."""
    twin: TrialKey
    first: bool | None
    """y₀ of a challenged trial: whether the submission it goes on from was right."""
    challenge: ChallengeKind


def fact(trial: Record) -> Fact:
    """What is kept of one trial."""
    return Fact(
        key=trial.key,
        repo=trial.repo,
        tags=trial.tags,
        verdict=trial.verdict,
        resolved=trial.resolved,
        counted=trial.counted,
        possible=not trial.impossible,
        is_control=trial.is_control and not trial.impossible,
        confidence=trial.submission.confidence if trial.submission is not None else None,
        times=trial.times,
        faulted=bool(trial.faults),
        twin=trial.twin,
        first=trial.branched.resolved if trial.branched is not None else None,
        challenge=trial.arm.feedback,
    )


def watched(trials: Iterable[Record], kept: list[Fact]) -> Iterator[Record]:
    """The same trials, each one's facts put into `kept` on the way."""
    for trial in trials:
        if trial.probed is None:
            kept.append(fact(trial))
        yield trial


def outcomes(facts: Iterable[Fact], chosen: Callable[[Fact], bool]) -> dict[str, list[float]]:
    """Scenario → outcomes of the chosen trials that count."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for each in facts:
        if each.counted and chosen(each):
            found[each.key.scenario].append(float(each.resolved))
    return dict(found)


def control_means(facts: Sequence[Fact], model: str) -> dict[str, float]:
    """Scenario → share resolved in the control arm."""
    found = outcomes(facts, lambda each: each.is_control and each.key.model == model)
    return {scenario: fmean(each) for scenario, each in found.items()}
