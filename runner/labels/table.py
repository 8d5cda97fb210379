"""What was said of a run's steps as lines of a table, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from runner.labels.mark import Mark, RightAnswer
from runner.labels.steps import current
from runner.messages import Frozen
from runner.spreadsheet import inert
from runner.visible import visible


class Line(Frozen):
    """One mark."""

    id: str
    at: str
    reader: str
    trial: str
    attempt: int
    step: int | None
    """Where the event is now; None where it is gone."""
    state: Literal["here", "moved", "gone"]
    link: str
    """`TRANSCRIPT'S FOLDER@STEP`, empty where the event is gone."""
    label: str
    note: str
    answer: RightAnswer | None
    ask: bool | None


def lines(run: Path, marks: Sequence[Mark]) -> list[Line]:
    """In the order of trials and steps, those that are gone behind the others."""
    now = current(run, marks)
    found = []
    for mark in marks:
        file, step = now.get(mark.id, (None, None))
        found.append(
            Line(
                id=mark.id,
                at=mark.at.isoformat(timespec="seconds"),
                reader=mark.reader,
                trial=mark.trial,
                attempt=mark.attempt,
                step=step,
                state="gone" if step is None else "here" if step == mark.step else "moved",
                link=f"{file.parent}@{step}" if file is not None else "",
                label=mark.label,
                note=mark.note,
                answer=mark.answer,
                ask=mark.ask,
            )
        )
    return sorted(found, key=lambda each: (each.step is None, each.trial, each.attempt, each.step or 0, each.at))


def written(found: Iterable[Line]) -> str:
    """CSV (RFC 4180), controls visible. What a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    names = list(Line.model_fields)
    table = csv.writer(out)
    table.writerow(names)
    for each in found:
        table.writerow([_cell(getattr(each, name)) for name in names])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = ("no", "yes")[value] if isinstance(value, bool) else str(value)
    with suppress(ValueError):
        float(text)
        return text
    return inert(visible(text, newlines=True))
