"""Search over 1,000 stored trials of 60 events: the index's making, a look at nothing new, queries."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.measuring import ARMS, EVENTS, MODELS, stored
from bench.rows import Row
from runner.runs.folder import RunFolder
from runner.search.finding import find
from runner.search.index import Index
from runner.search.query import parse

SCENARIOS, REPEATS = 10, 5
TRIALS = SCENARIOS * MODELS * REPEATS * len(ARMS)
QUERIES = (
    "total",
    'sum "line net" -zzz lines',
    "edit* effect:R1 model:model-1",
    "tool:run_tests error:exit verdict:unresolved",
    "-look",
    "verdict:unresolved arm:faults_*",
    "model:nobody",
)
"""Words of every tool answer, of few steps and of none; fields of steps and of trials."""
TIMES = 5
T = TypeVar("T")


def searching() -> list[Row]:
    """Seconds of the making, of a look at transcripts with nothing new, and of the slowest query's median."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        run.mkdir()
        stored(run, SCENARIOS)
        index = Index(Path(folder, "search.sqlite"))
        built, made = _timed(lambda: index.refresh([run]))
        assert made.steps == TRIALS * EVENTS
        again, _ = _timed(lambda: index.refresh([run]))
        slowest = max(_median(index, text, RunFolder(run)) for text in QUERIES)
    what = f"search over {TRIALS:,} trials of {EVENTS} events"
    return [
        Row(f"{what}: the index", built, "s", None, 20),
        Row(f"{what}: a look at nothing new", again, "s", None, 0.5),
        Row(f"{what}: the slowest of {len(QUERIES)} queries", slowest, "s", None, 0.2),
    ]


def _median(index: Index, text: str, run: RunFolder) -> float:
    return sorted(_timed(lambda: find(index, parse(text), [run.path]))[0] for _ in range(TIMES))[TIMES // 2]


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done
