"""One self-contained page of a run, or of one trial: no script, nothing loaded, as many turns as there is room for.

Private scenarios are redacted as in the report (`runner.report.privacy`): a trial of theirs is told step by step, in
taskfit's own words and numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from runner.errors import FileProblem, UserError
from runner.reading.reader import Reader, Reading
from runner.report.privacy import Mode, View
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Row
from runner.transcript import read
from runner.viewer.chips import Chip, chip
from runner.viewer.known import Known, known
from runner.viewer.links import Exported
from runner.viewer.pages.files import style_sheet
from runner.viewer.pages.matrix import Line, legend, lines
from runner.viewer.pages.trial import head
from runner.viewer.place import Place, Trial

MOST_BYTES = 24_000_000
"""Of all trials' turns; those that have no room are left out, and named."""
PARTS = 600
"""Turns of one trial at most: the first ones, and the last `LAST`."""
LAST = 50


@dataclass(frozen=True)
class Section:
    """One trial on the page."""

    number: int
    key: TrialKey
    chip: Chip
    body: Markup
    """Empty where there was no room, and where there is no transcript."""
    cut: str
    """What was left out; empty for nothing."""
    has_names: bool
    """Whether names in it carry those of a twin's original."""


def export(run: RunFolder, mode: Mode = "local", trial: str | None = None) -> str:
    """The page of a run, or of the trial whose folder is called so. Raises UserError for a trial that is not shown."""
    place = Place([run])
    view = View(run, mode)
    (slug,) = place.runs
    planned = view.keys()
    shown = {key.name for key in planned if trial in (None, key.name)}
    rows = [row for row in place.rows(slug) if row.key.name in shown]
    if not rows:
        raise UserError(f"{run.path}: no trial{f' called {trial}' if trial else ''} to export")
    style = style_sheet(place)
    sections = list(_sections(place, view, slug, rows))
    chips = {row.key: section.chip for row, section in zip(rows, sections, strict=True)}
    named: list[Line] = lines([(view.key(row.key), chips[row.key]) for row in rows])
    return place.templates.get_template("export.html.jinja").render(
        name=view.name,
        note=view.note,
        style=Markup(style),  # taskfit's own
        sections=sections,
        models=list(dict.fromkeys(row.key.model for row in rows)),
        lines=named if trial is None else [],
        arms=len({row.key.arm for row in rows}),
        marks=legend(chips.values()),
        cut=[section for section in sections if section.cut],
    )


def _sections(place: Place, view: View, slug: str, rows: Sequence[Row]) -> Iterator[Section]:
    room = MOST_BYTES
    for number, row in enumerate(rows, start=1):
        trial = Trial(slug, view.run, row)
        key = view.key(row.key)
        mark = chip(Trial(slug, view.run, row))
        mark = Chip(f"#r{number}", mark.kind, mark.mark, f"{mark.mark} {key.name}", mark.shade, mark.origin)
        body, cut = Markup(), ""
        if trial.begun:
            body, cut = _body(place, view, trial, number, key)
            if len(body) > room:
                body, cut = Markup(), "all of its turns"
            room -= len(body)
        yield Section(number, key, mark, body, cut, '<span class="tn"' in body)


def _body(place: Place, view: View, trial: Trial, number: int, key: TrialKey) -> tuple[Markup, str]:
    if view.is_redacted(trial.row.key):
        return _withheld(place, view, trial, number, key)
    reading: Reading = Reader(trial.file, trial.row.key).read()
    parts, cut = reading.parts, ""
    if len(parts) > PARTS:
        parts, cut = [*parts[: PARTS - LAST], *parts[-LAST:]], f"{len(parts) - PARTS} turns before the last {LAST}"
    template = place.templates.get_template("export_trial.jinja")
    if view.mode != "local" and reading.forked is not None:
        reading.forked = reading.forked.model_copy(update={"run": ""})  # somebody's name for it
    beside = known(trial, parts, place.workspaces, ended=True) if view.mode == "local" else Known()
    shown = dict(head(reading, trial, Exported(number, beside)))
    shown["attempts"] = []  # they are not on the page
    if view.mode != "local":
        shown["problem"] = ""  # it would name a file
    return Markup(template.render(**shown, parts=parts)), cut


def _withheld(place: Place, view: View, trial: Trial, number: int, key: TrialKey) -> tuple[Markup, str]:
    links = Exported(number)
    try:
        steps = [(links.anchor(event.step), event.step, *view.parts(key.name, event)) for event in read(trial.file)]
    except FileProblem:  # it would name the file
        return Markup(), "its steps: the transcript cannot be read"
    template = place.templates.get_template("export_withheld.jinja")
    return Markup(template.render(steps=steps)), ""
