"""The steps that numbers come from, as short excerpts: each step once, and no more than there is room for."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import escape
from pydantic import ValidationError

from runner.events import EVENTS, AnyEvent
from runner.measures.base import Measure
from runner.measures.catalogue import CATALOGUE, MEASURES
from runner.regular import opened
from runner.report.numbers import number
from runner.report.privacy import View
from runner.report.summary import Profile
from runner.report.svg import cut
from runner.visible import visible

EXCERPT = 400
"""Characters of a step's body that are shown."""
TITLE = 160
LINKS = 8
"""Steps linked from one number."""
LINK_BYTES = 140
"""About what a link takes on the page."""
STEP_BYTES = 420
"""About what a step takes beside its words."""


Href = Callable[[str, int], str]
"""Name of a trial and a step → an address."""


@dataclass(frozen=True)
class Excerpt:
    """One step of one trial."""

    id: str
    step: int
    title: str
    body: str
    command: str
    href: str = ""
    """Where the step can be read, when the page is served beside its transcripts."""


@dataclass
class Source:
    """One number: whose it is, and the excerpts it links to."""

    id: str
    model: str
    number: str
    n: int
    trials: int
    all_steps: int
    links: list[tuple[str, str]] = field(default_factory=list)
    """Id of an excerpt, and the trial and step in words."""


@dataclass(frozen=True)
class Basis:
    """A measure, and where each model's number comes from."""

    dimension: str
    title: str
    doc: str
    estimator: str
    reads: str
    command: str
    """Lists all steps."""
    sources: Sequence[Source]


@dataclass(frozen=True)
class Evidence:
    """`trials`: name of a trial → its excerpts, in the order of its steps."""

    bases: Sequence[Basis]
    trials: Mapping[str, Sequence[Excerpt]]


def anchor(measure: str, model: int) -> str:
    """Where the page says what a number comes from."""
    return f"why-{measure}-{model}"


def evidence(
    view: View,
    shown: str,
    profiles: Mapping[str, Profile],
    measures: Iterable[str],
    room: int,
    href: Href | None = None,
) -> Evidence:
    """For each number the first steps behind it, one of each in turn until `room` bytes are used.

    `shown` is the run's folder as commands name it; `profiles` name trials as `view` does; `href` says where a trial's
    step can be read.
    """
    sources = {
        name: [_source(name, at, model, profile) for at, (model, profile) in enumerate(profiles.items())]
        for name in measures
    }
    findings = [
        (source, profiles[source.model].measures[name].evidence) for name, each in sources.items() for source in each
    ]
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for _, links in findings if room > 0 else ():
        for link in links[:LINKS]:
            trial, _, step = link.rpartition("#")
            wanted[trial].add(int(step))
    events = {
        trial: _read(view.run.path / "trials" / folder / "events.jsonl", steps)
        for trial, steps in wanted.items()
        if (folder := view.real_trial(trial))  # a transcript names its trial, and may have come from anywhere
    }
    taken: dict[str, Excerpt] = {}
    for turn in range(LINKS):
        for source, links in findings:
            if turn >= len(links):
                continue
            trial, _, step = links[turn].rpartition("#")
            event = events.get(trial, {}).get(int(step))
            if event is None:
                continue
            if links[turn] not in taken:
                excerpt = _excerpt(view, f"step-{len(taken) + 1}", shown, trial, event)
                excerpt = replace(excerpt, href=href(trial, event.step) if href is not None else "")
                room -= _size(excerpt)
                if room < 0:
                    continue
                taken[links[turn]] = excerpt
            room -= LINK_BYTES
            source.links.append((taken[links[turn]].id, f"{_short(trial)}, step {step}"))
    trials: defaultdict[str, list[Excerpt]] = defaultdict(list)
    for link, excerpt in taken.items():
        trials[link.rpartition("#")[0]].append(excerpt)
    for each in trials.values():
        each.sort(key=lambda excerpt: excerpt.step)
    return Evidence([_basis(MEASURES[name], each, shown) for name, each in sources.items()], dict(trials))


def _source(name: str, at: int, model: str, profile: Profile) -> Source:
    finding = profile.measures[name]
    written = number(finding, MEASURES[name].unit).text
    return Source(anchor(name, at), model, written, finding.n, finding.trials, len(finding.evidence))


def _basis(measure: Measure, sources: Sequence[Source], run: str) -> Basis:
    estimator, reads = (" ".join((each.__doc__ or "").split()) for each in (measure.estimator, measure.reads))
    command = f"taskfit report {shlex.quote(run)} --why {measure.name}"
    dimension = next(title for title, group in CATALOGUE.items() if measure in group)
    return Basis(dimension, measure.title, measure.doc, estimator, reads, command, sources)


def _short(trial: str) -> str:
    """A trial's name without the model's: scenario, arm and repeat."""
    named = trial.split(".")
    if len(named) < 4:
        return trial
    arm, repeat = ".".join(named[2:-1]), named[-1]
    return ", ".join([named[0], *([arm] if arm != "control" else []), *([f"repeat {repeat}"] if repeat != "1" else [])])


def _excerpt(view: View, name: str, run: str, trial: str, event: AnyEvent) -> Excerpt:
    title, body = view.parts(trial, event)
    command = f"taskfit show {shlex.quote(f'{run}/trials/{trial}')} --step {event.step}"
    return Excerpt(name, event.step, cut(title, TITLE), cut(body, EXCERPT), command)


def _size(excerpt: Excerpt) -> int:
    words = (visible(excerpt.title), visible(excerpt.body, newlines=True), visible(excerpt.command))
    return (
        STEP_BYTES + sum(len(escape(each).encode("utf-8")) for each in words) + len(excerpt.command) + len(excerpt.href)
    )


def _read(file: Path, steps: set[int]) -> dict[int, AnyEvent]:
    """The steps of a transcript that are asked for, as far as they can be read; no other line is parsed."""
    found: dict[int, AnyEvent] = {}
    try:
        with opened(file) as lines:
            for at, text in enumerate(lines):
                if at in steps:
                    try:
                        found[at] = EVENTS.validate_json(text)
                    except ValidationError:
                        continue
                if len(found) == len(steps):
                    break
    except OSError:
        pass
    return found
