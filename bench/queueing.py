"""A queue simulation of a study: which part is busy first as machines become more. `python -m bench.queueing`

A closed network: so many trials are at work, and each that ends makes room for the next. A trial starts two containers,
takes turns (the model thinks, the driver works, a command runs), and is graded. Thinking needs nobody of ours; the
driver is one server, since Python's threads share one processor, and so is the ledger, which writes to disk; a machine
has as many servers as processors, and as many gradings at a time. Times are exponential around their means but for the
provider's rate limit, which lets calls through one by one.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Load:
    """Means of one trial, seconds. The defaults are what docs/scale.md measured, but for thinking, which is assumed."""

    turns: int = 20
    think: float = 8.0
    driver_turn: float = 0.004
    """Processor time of the driver for one turn."""
    driver_trial: float = 0.1
    """And for all the rest of a trial."""
    ledger_turn: float = 0.005
    """Of a turn's two writes to the ledger, the disk's part included."""
    command: float = 0.3
    """Processor time of a turn's command on the machine."""
    start: float = 0.15
    """Processor time of a container's start and end."""
    grading: float = 2.0
    calls_per_minute: float | None = None
    """What the provider lets through."""


@dataclass
class Station:
    """First come, first served."""

    name: str
    servers: int
    busy: float = 0.0
    """Seconds of its servers, summed."""
    working: int = 0
    queue: deque[tuple[float, Process]] = field(default_factory=deque)


Step = tuple[Station | None, float]
"""Where a trial needs service and for how long; nobody's for thinking."""
Process = Iterator[Step]


@dataclass(frozen=True)
class Outcome:
    """What a simulated study came to."""

    trials_an_hour: float
    utilisation: dict[str, float]
    """Station → share of its servers that was busy; the machines together."""

    @property
    def bottleneck(self) -> str:
        name, share = max(self.utilisation.items(), key=lambda each: each[1])
        return f"{name} {share:.0%}" if share > 0.8 else "the models' thinking"


def simulate(load: Load, nodes: int, cpus: int, places: int, trials: int = 2000, seed: int = 1) -> Outcome:
    """`places` trials at a time on each of `nodes` machines with `cpus` processors."""
    drawn = random.Random(seed)
    driver, ledger, limit = (Station(name, 1) for name in ("driver", "ledger", "provider's limit"))
    machines = [Station("machines", cpus) for _ in range(nodes)]
    gradings = [Station("gradings", max(2, cpus)) for _ in range(nodes)]
    ended: list[float] = []
    now = 0.0

    def about(mean: float) -> float:
        return drawn.expovariate(1 / mean) if mean else 0.0

    def one(at: int) -> Process:
        machine, grading = machines[at], gradings[at]
        for _ in range(trials // (nodes * places) + 1):
            yield driver, about(load.driver_trial)
            yield machine, about(2 * load.start)
            for _ in range(load.turns):
                if load.calls_per_minute:
                    yield limit, 60 / load.calls_per_minute
                yield None, about(load.think)
                yield driver, about(load.driver_turn)
                yield ledger, about(load.ledger_turn)
                yield machine, about(load.command)
            yield grading, about(load.grading)
            ended.append(now)

    number = itertools.count()
    events: list[tuple[float, int, Process, Station | None]] = []

    def serve(station: Station | None, seconds: float, process: Process) -> None:
        if station is not None:
            if station.working == station.servers:
                station.queue.append((seconds, process))
                return
            station.working += 1
            station.busy += seconds
        heapq.heappush(events, (now + seconds, next(number), process, station))

    for at in range(nodes):
        for _ in range(places):
            serve(None, about(load.think), one(at))
    while events:
        now, _, process, station = heapq.heappop(events)
        if station is not None:
            station.working -= 1
            if station.queue:
                seconds, waiting = station.queue.popleft()
                serve(station, seconds, waiting)
        if (step := next(process, None)) is not None:
            serve(*step, process)
    return _outcome(ended, [driver, ledger, limit, *machines, *gradings])


def _outcome(ended: list[float], stations: list[Station]) -> Outcome:
    """Of the time in which all places had work: the last trials of a study leave some empty."""
    span = ended[-1]
    names = dict.fromkeys(station.name for station in stations)
    shares = {
        name: sum(each.busy for each in stations if each.name == name)
        / (span * sum(each.servers for each in stations if each.name == name))
        for name in names
    }
    full = [end for end in ended if end <= 0.9 * span]
    return Outcome(3600 * len(full) / full[-1], shares)


CASES = (
    ("one machine, 2 processors", Load(), 1, 2, 16),
    ("one machine, 8 processors", Load(), 1, 8, 64),
    ("4 machines of 8", Load(), 4, 8, 32),
    ("4 machines of 8", Load(), 4, 8, 64),
    ("16 machines of 8", Load(), 16, 8, 64),
    ("16 machines of 8, models that think 2 s", Load(think=2.0), 16, 8, 64),
    ("16 machines of 8, 1,000 calls a minute", Load(calls_per_minute=1000), 16, 8, 16),
    ("4 machines of 8, gradings of 60 s", Load(grading=60.0), 4, 8, 64),
)


def main() -> None:
    table = Table("case", "places", "trials an hour", "driver", "ledger", "machines", "gradings", "limit", "bottleneck")
    for name, load, nodes, cpus, places in CASES:
        found = simulate(load, nodes, cpus, places, trials=6 * nodes * places)
        order = ("driver", "ledger", "machines", "gradings", "provider's limit")
        shares = [f"{found.utilisation[each]:.0%}" for each in order]
        table.add_row(name, str(nodes * places), f"{found.trials_an_hour:,.0f}", *shares, found.bottleneck)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
