"""A query asked of the index: steps by trial, the newest run first, each step in context and with a lasting link."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from runner.events import EVENTS, AnyEvent
from runner.messages import Frozen
from runner.report.steps import parts
from runner.search.entries import words
from runner.search.excerpts import Part, excerpt
from runner.search.files import line_at
from runner.search.index import Index, stored_path
from runner.search.query import Query
from runner.search.selecting import Hit, Labelled, hints_of, hits_of

TRIALS = 20
"""Trials that are shown where nothing else is asked for."""
STEPS = 3
"""Steps of one trial that are shown."""


class Step(Frozen):
    """A step that was found."""

    step: int
    link: str
    """`RUN/trials/TRIAL@STEP`, which `taskfit show` and `taskfit label` take."""
    type: str
    title: str
    excerpt: tuple[Part, ...]


class Trial(Frozen):
    """A trial, or an earlier attempt at one, and the first steps of it that were found."""

    run: str
    """The run's folder."""
    place: str
    """Within it."""
    scenario: str
    model: str
    arm: str
    repeat: int
    attempt: int
    verdict: str
    """Empty while it goes on."""
    found: int
    """Steps, those included that are not shown."""
    steps: tuple[Step, ...]


class Found(Frozen):
    query: str
    trials: int
    """With such a step, in all."""
    steps: int
    shown: tuple[Trial, ...]
    hints: tuple[str, ...] = ()
    """What may be wrong with the query where it finds nothing."""


def find(
    index: Index,
    query: Query,
    runs: Iterable[Path],
    *,
    labelled: Iterable[Labelled] = (),
    trials: int = TRIALS,
    skip: int = 0,
    steps: int = STEPS,
) -> Found:
    """Of these runs, which should have been refreshed. Raises FileProblem for an index that cannot be read."""
    folders = {stored_path(run.resolve()): run for run in runs}
    page = slice(skip, skip + trials)
    hits, of_trials, of_steps = index.ask(lambda db: hits_of(db, query, [*folders], labelled, page, steps))
    hints = [] if of_steps else index.ask(lambda db: hints_of(db, query, [*folders]))
    shown = tuple(_trial(hit, folders[hit.run], query) for hit in hits)
    return Found(query=query.text, trials=of_trials, steps=of_steps, shown=shown, hints=tuple(hints))


def _trial(hit: Hit, run: Path, query: Query) -> Trial:
    folder = run / hit.place
    steps = (_step(folder, *line, query) for line in hit.steps)
    about = hit.about._asdict()
    return Trial(run=str(run), place=hit.place, **about, found=hit.found, steps=tuple(steps))


def _step(folder: Path, step: int, start: int, length: int, query: Query) -> Step:
    link = f"{folder}@{step}"
    event = _event(folder / "events.jsonl", start, length)
    if event is None:
        return Step(step=step, link=link, type="", title="the transcript has changed meanwhile", excerpt=())
    title, _, _ = parts(event)
    body = words(event)[len(title) + 1 :]
    return Step(step=step, link=link, type=event.type, title=title, excerpt=excerpt(body, query.phrases))


def _event(file: Path, start: int, length: int) -> AnyEvent | None:
    try:
        return EVENTS.validate_json(line_at(file, start, length))
    except (OSError, ValidationError):
        return None
