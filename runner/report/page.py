"""The morning page: one HTML file that says what a run found, with every number's way back to the transcripts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from markupsafe import Markup

from runner import __version__
from runner.errors import FileProblem
from runner.report import charts, money, panels, skill, tables
from runner.report.brief import brief, variance
from runner.report.compare import pairs, sentences
from runner.report.evidence import Evidence, Href, evidence
from runner.report.facts import Fact, watched
from runner.report.numbers import AT_FIRST_SIGHT
from runner.report.privacy import Mode, View
from runner.report.summary import Profile, profiles
from runner.report.svg import Chart, Table
from runner.report.tables import Dimension, Grid
from runner.report.templates import environment
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.visible import visible

MOST_BYTES = 2_900_000
"""Of a page; evidence takes what the rest leaves."""
ROOM = 1_600_000
"""Bytes of evidence at most."""


@dataclass(frozen=True)
class Masthead:
    """What leads from a page that is served to the pages around it; a page in a file has none."""

    style: Markup
    html: Markup


@dataclass(frozen=True)
class Page:
    """Everything that the template shows, as text and drawings."""

    name: str
    folder: str
    version: str
    planned: int
    done: int
    models: Sequence[str]
    scenarios: int
    sentences: Sequence[str]
    differences: Table | None
    dimensions: Sequence[Dimension]
    skill: skill.Section | None
    charts: Sequence[Chart]
    heat: Grid | None
    arms: Grid | None
    repos: Grid | None
    tags: Grid | None
    brief: Table | None
    variance: Table | None
    excluded: Table | None
    problems: Sequence[str]
    """Files that could not be read."""
    prices: Sequence[str]
    lock: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    """Group → names and values of what was held constant."""
    evidence: Evidence
    privacy: str
    """What is to be said of private scenarios; empty for a run without one."""
    masthead: Masthead | None = None


def html(
    run: RunFolder,
    problem: Callable[[str], None],
    mode: Mode = "local",
    href: Href | None = None,
    masthead: Masthead | None = None,
) -> str:
    """A run's page; `problem` is told of each file that cannot be read. Raises UserError where this is no run.

    `href` and `masthead` are given where the page is served beside the transcripts: where a trial's step can be read,
    and the way back.
    """
    facts: list[Fact] = []
    problems: list[str] = []
    view = View(run, mode)
    trials = chain(view.records(problems.append), view.probes(problems.append))
    found = view.profiles(profiles(watched(trials, facts)))
    for each in problems:
        problem(each)
    bare, measures = replace(_page(view, found, facts, problems), masthead=masthead), tables.with_number(found)
    size = len(render(bare).encode("utf-8"))
    if size > MOST_BYTES:
        measures = [name for name in measures if name in AT_FIRST_SIGHT]
        short = [replace(each, more=None) for each in bare.dimensions if each.first is not None]
        bare = replace(bare, dimensions=short, evidence=evidence(view, bare.folder, found, measures, 0))
        size = len(render(bare).encode("utf-8"))
    proof = evidence(view, bare.folder, found, measures, min(ROOM, MOST_BYTES - size), href)
    return render(replace(bare, evidence=proof))


def _page(view: View, found: Mapping[str, Profile], facts: Sequence[Fact], problems: list[str]) -> Page:
    """Everything but the evidence, which gets the room that is left.

    Numbers are of the trials as they are; where something is named, it is as the view calls it.
    """
    models, planned = list(found), len(view.keys())
    possible = [each for each in facts if each.possible]
    compared = pairs(possible, models)
    folder = named(view.run.path) if view.mode == "local" else view.name
    called = [view.fact(each) for each in possible]
    return Page(
        name=view.name,
        folder=folder,
        version=__version__,
        planned=planned,
        done=len(facts),
        models=models,
        scenarios=len({each.key.scenario for each in facts}),
        sentences=sentences(found, compared, planned),
        differences=tables.differences(compared),
        dimensions=tables.dimensions(found),
        skill=skill.section(found),
        charts=_charts(found, possible),
        heat=tables.heat(called, models),
        arms=tables.arms(called, models),
        repos=tables.repos(called, models),
        tags=tables.tags(called, models),
        brief=brief(found),
        variance=variance(possible),
        excluded=tables.excluded((each, _reason(view, each)) for each in facts if not each.counted),
        problems=view.problems(problems),
        prices=sorted({sheet for profile in found.values() for sheet in profile.prices}),
        lock=tables.lock(view.lock(), view.by_scenario(_images(view.run))),
        evidence=evidence(view, folder, found, tables.with_number(found), 0),
        privacy=view.note,
    )


def _charts(found: Mapping[str, Profile], facts: Sequence[Fact]) -> list[Chart]:
    if not found:
        return []
    models = list(found)
    drawn = [charts.forest(found), panels.reliability(facts, models), money.cost(found)]
    drawn += [charts.recovery(facts, models), *panels.revision(facts, models), charts.time(facts, models)]
    return [chart for chart in drawn if chart is not None]


def _reason(view: View, trial: Fact) -> str:
    try:
        result = view.run.result(trial.key)
    except FileProblem:  # told of already
        return ""
    return view.result(result).reason if result is not None else ""


def _images(run: RunFolder) -> Mapping[str, str]:
    ledger = Ledger(run.ledger_file)
    try:
        return ledger.images()
    finally:
        ledger.close()


def named(path: Path) -> str:
    """A folder as a command names it from here: relative where it is below the current folder."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


def render(page: Page) -> str:
    """The template filled in. Text is made visible and escaped, whoever wrote it; only drawings are marked as safe."""
    templates = environment(Path(__file__).parent)
    templates.filters["unbroken"] = _unbroken
    templates.filters["shorter"] = _shorter
    templates.tests["hash"] = _is_hash
    return templates.get_template("page.html.jinja").render(page=page)


def _unbroken(text: str) -> Markup:
    """Text in which no line breaks within a number and its interval."""
    parts = re.split(r"([−+]?\d[\d.,]* (?:%|pt) \[[^\[\]]{0,24}\])", text)
    kept = [Markup('<span class="nb">{}</span>').format(visible(part)) for part in parts[1::2]]
    return Markup().join(each for pair in zip(map(visible, parts[::2]), [*kept, ""], strict=True) for each in pair)


def _is_hash(value: str) -> bool:
    return re.fullmatch(r"(sha256:)?[0-9a-f]{40,}", value) is not None


def _shorter(value: str) -> str:
    return value.removeprefix("sha256:")[:12]
