"""The steps that readers have labelled, for queries that ask for a label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from runner.labels.file import LabelFile
from runner.labels.steps import current
from runner.search.query import Query
from runner.search.selecting import Labelled


def labelled(query: Query, runs: Iterable[Path], problem: Callable[[str], None]) -> Iterator[Labelled]:
    """None where the query asks for no label. Raises FileProblem for a file of labels that cannot be read."""
    if not any(condition.field == "label" for condition in query.conditions):
        return
    for run in runs:
        marks = [mark for mark in LabelFile(run).marks(problem) if mark.label]
        now = current(run.resolve(), marks)
        for mark in marks:
            if mark.id in now:
                file, step = now[mark.id]
                yield Labelled(mark.label, file.parent, step)
