"""How far a run is: what a live table shows, whether it is fed by the run itself or read from its folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runner.arms import CONTROL
from runner.messages import Frozen
from runner.results import COUNTED, TrialKey, Verdict
from runner.runs.ledger import Row
from runner.runs.runlog import Happened
from runner.statistics.estimate import Estimate
from runner.statistics.rates import rate
from runner.statistics.remaining import Remaining, remaining

State = Literal["running", "done", "stopped", "dead"]
"""`stopped`: in order, before its end; `dead`: its process is gone without a word."""
LEAST_SECONDS = 60.0
"""Before so much time has passed no rate is told."""


class Worker(Frozen):
    """A trial under way."""

    trial: str
    model: str
    phase: str
    """preparing, starting, thinking or working, waiting (for a person), queued (for a grading), grading, ending."""
    seconds: float
    """In this phase."""
    under_way: float = 0.0
    """Seconds since the trial began, without those in which it waited for a person, as far as they are known."""
    turn: int | None = None
    tool: str = ""


class ModelProgress(Frozen):
    """One model's trials."""

    model: str
    planned: int
    done: int
    working: int
    verdicts: dict[str, int]
    resolved: Estimate
    """Of the control arm's trials so far, over scenarios, as in the report."""
    counted: int
    """Trials behind it."""
    usd: float
    per_hour: float | None
    """Trials ended since this process began."""
    paused: str = ""
    """Why none of its trials is begun now."""


class Progress(Frozen):
    """A run at one moment."""

    run: str
    """The folder's name."""
    state: State
    pid: int | None = None
    seconds: float | None = None
    """Since this process began to work on it."""
    planned: int
    done: int
    models: tuple[ModelProgress, ...]
    workers: tuple[Worker, ...] = ()
    """The longest in its phase first."""
    asking: int = 0
    """Requests that wait for a person."""
    usd: float = 0.0
    usd_cap: float | None = None
    per_hour: float | None = None
    remaining: Remaining | None = None
    """Seconds until the end, with a 95 % interval; pauses that are yet to come are not foreseen."""
    paused: str = ""
    """Why the whole run stands still."""
    notes: tuple[Happened, ...] = ()
    """The last lines of its log, the oldest first."""


@dataclass
class _Model:
    planned: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Scenario → the control arm's counted trials, resolved or not."""
    took: list[float] = field(default_factory=list)
    """Seconds that trials which ended were busy."""
    fresh: int = 0
    """Trials that ended since this process began."""
    estimate: Estimate | None = None
    """None where an outcome came since it was last made."""

    def resolved(self) -> Estimate:
        if self.estimate is None:
            self.estimate = rate(list(self.outcomes.values()))
        return self.estimate


class Board:
    """What is known of a run's trials so far. Not thread-safe."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._models: defaultdict[str, _Model] = defaultdict(_Model)
        for row in rows:
            self.plan(row.key)
            if row.state == "done":
                self.ended(row.key, row.verdict or "infra_error")

    def plan(self, key: TrialKey) -> None:
        """A trial that is to be run, or has been."""
        self._models[key.model].planned += 1

    def ended(self, key: TrialKey, verdict: Verdict, seconds: float | None = None, fresh: bool = False) -> None:
        """A trial came to its verdict; `seconds` that it was busy, where known; `fresh`: since this process began."""
        model = self._models[key.model]
        model.verdicts[verdict] += 1
        model.fresh += fresh
        if key.arm == CONTROL and verdict in COUNTED:
            model.outcomes[key.scenario].append(float(verdict == "resolved"))
            model.estimate = None
        if seconds:
            model.took.append(seconds)

    @property
    def planned(self) -> int:
        return sum(each.planned for each in self._models.values())

    @property
    def done(self) -> int:
        return sum(each.verdicts.total() for each in self._models.values())

    def models(
        self, usd: Mapping[str, float], workers: Sequence[Worker], seconds: float | None, paused: Mapping[str, str]
    ) -> tuple[ModelProgress, ...]:
        """In the order in which they were planned; `seconds` since the process began, None where none works."""
        working = Counter(worker.model for worker in workers)
        return tuple(
            ModelProgress(
                model=name,
                planned=each.planned,
                done=each.verdicts.total(),
                working=working[name],
                verdicts=dict(sorted(each.verdicts.items())),
                resolved=each.resolved(),
                counted=sum(map(len, each.outcomes.values())),
                usd=usd.get(name, 0.0),
                per_hour=per_hour(each.fresh, seconds),
                paused=paused.get(name, ""),
            )
            for name, each in self._models.items()
        )

    def per_hour(self, seconds: float | None) -> float | None:
        return per_hour(sum(each.fresh for each in self._models.values()), seconds)

    def remaining(self, workers: Sequence[Worker], at_a_time: int, paused: Iterable[str] = ()) -> Remaining | None:
        """Until the end, but for the trials of models that pause."""
        halted = set(paused)
        under_way: defaultdict[str, list[float]] = defaultdict(list)
        for worker in workers:
            under_way[worker.model].append(worker.under_way)
        left = {
            name: count
            for name, each in self._models.items()
            if name not in halted and (count := each.planned - each.verdicts.total()) > 0
        }
        took = {name: each.took for name, each in self._models.items()}
        return remaining(took, left, under_way, at_a_time) if left else None


def per_hour(trials: int, seconds: float | None) -> float | None:
    """None too early, or where nothing works."""
    return trials * 3600 / seconds if trials and seconds is not None and seconds >= LEAST_SECONDS else None
