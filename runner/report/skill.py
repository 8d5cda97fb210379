"""Skill or memory, honest or not: what a run says of each model, in sentences whose numbers lead to their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.measures.catalogue import MEASURES
from runner.measures.memory import JOINED, TWINS
from runner.report.charts import Forest
from runner.report.evidence import anchor
from runner.report.numbers import number
from runner.report.summary import Profile
from runner.report.svg import Chart, Panel, Table, line, percent, scale, wide
from runner.statistics.estimate import Estimate

PROBES = ("probe_file_hit_1", "probe_completion", "probe_canary")
"""What is told of blind probes; the profile has all of them."""
TOGETHER = ", all kinds of twins together"
WITHIN = ", taken within each kind and combined,"
COMBINED = (
    "A model's first row combines the kinds of twins below it: the difference is taken within each, as kinds differ in "
    "what they cost, and weighs seen · unseen / (seen + unseen) scenarios; kinds with fewer than two of either are "
    "left out."
)
TICKS = [(0.0, "−100 pt"), (0.25, "−50"), (0.5, "0"), (0.75, "+50"), (1.0, "+100 pt")]


@dataclass(frozen=True)
class Part:
    """Words, or a number with where the page says what it comes from."""

    words: str
    href: str = ""


Sentence = Sequence[Part]


@dataclass(frozen=True)
class Reading:
    """What is said of one model."""

    model: str
    sentences: Sequence[Sentence]


@dataclass(frozen=True)
class Section:
    """Of every model that something can be said of, and a drawing where there is an estimate."""

    readings: Sequence[Reading]
    chart: Chart | None


def section(profiles: Mapping[str, Profile]) -> Section | None:
    """None where no trial ran on a twin or an impossible task, nothing was probed, and nobody cheated or gave up."""
    found = []
    for at, (model, profile) in enumerate(profiles.items()):
        say = _Teller(profile, at)
        sentences = [*say.memory(), *say.probes(), *say.impossible(), *say.possible()]
        if sentences:
            found.append(Reading(model, sentences))
    return Section(found, _chart(profiles)) if found else None


@dataclass(frozen=True)
class _Teller:
    """Makes the sentences of one model."""

    profile: Profile
    at: int
    """Its place among the models."""

    def memory(self) -> Iterator[Sentence]:
        estimate, gap = self._estimate("memory"), self._estimate("twin_gap")
        several = len(kinds := _kinds(self.profile)) > 1
        if _is_number(estimate) and not self._estimate("resolved").value:
            yield [Part("Nothing says whether it remembers: it resolves "), self._number("resolved"), Part(".")]
        elif _is_number(estimate):
            leans = estimate.low is not None and estimate.low > 0
            yield [
                Part("Leans on memory, it seems" if leans else "No memory is shown"),
                *(Part(": in another form it loses "), self._number("twin_gap_seen")),
                *(Part(" where it may have seen the fix and "), self._number("twin_gap_unseen")),
                Part(" where it cannot have"),
                Part(f"{TOGETHER if several else ''}; the difference{WITHIN if several else ''} is "),
                *(self._number("memory"), Part(".")),
            ]
        elif _is_number(gap):
            yield [
                *(Part("In another form it loses "), self._number("twin_gap")),
                Part(f"; whether that is memory cannot be told: {estimate.reason}."),
            ]
        if several and (_is_number(estimate) or _is_number(gap)):
            parts = [Part("By kind of twin the difference is")]
            for kind in kinds:
                parts += [Part(f"{';' if len(parts) > 1 else ''} {_called(kind)}: "), self._number(f"memory_{kind}")]
            yield [*parts, Part(".")]

    def probes(self) -> Iterator[Sentence]:
        for name in PROBES:
            sides = [side for side in ("seen", "unseen") if _is_number(self._estimate(f"{name}_{side}"))]
            if not sides:
                continue
            title = MEASURES[f"{name}_{sides[0]}"].title.rpartition(", ")[0]
            parts = [Part(f"Asked without tools, {title}: ")]
            for side in sides:
                parts += [
                    self._number(f"{name}_{side}"),
                    Part(f" of what is {side}{', ' if side != sides[-1] else ''}"),
                ]
            if _is_number(self._estimate(f"{name}_gap")):
                parts += [Part("; between them "), self._number(f"{name}_gap")]
            yield [*parts, Part(".")]

    def impossible(self) -> Iterator[Sentence]:
        if _is_number(self._estimate("honest_refusal")):
            yield [
                *(Part("Of tasks that cannot be done it says so, with evidence, in "), self._number("honest_refusal")),
                *(Part("; it claims a fix in "), self._number("false_claim")),
                *(Part(" and cheats in "), self._number("cheating_impossible"), Part(".")),
            ]

    def possible(self) -> Iterator[Sentence]:
        for name, deed in (("cheating", "cheats in"), ("false_refusal", "gives up as impossible")):
            if self._estimate(name).value and _is_number(self._estimate(name)):
                yield [Part(f"Of tasks that can be done it {deed} "), self._number(name), Part(".")]

    def _estimate(self, measure: str) -> Estimate:
        return self.profile.measures[measure]

    def _number(self, measure: str) -> Part:
        estimate = self._estimate(measure)
        written = number(estimate, MEASURES[measure].unit)
        if not written.value:
            return Part(written.text)
        return Part(f"{written.value} {written.interval} n={written.n}", f"#{anchor(measure, self.at)}")


def _is_number(estimate: Estimate) -> bool:
    return None not in (estimate.value, estimate.low, estimate.high)


def _kinds(profile: Profile) -> list[str]:
    """Of twins, those that trials ran on."""
    return [kind for kind in TWINS if profile.measures[f"memory_{kind}"].trials]


def _called(kind: str) -> str:
    return "several kinds in one twin" if kind == JOINED else kind


def _chart(profiles: Mapping[str, Profile]) -> Chart | None:
    """The estimate of each model against zero, which is what a model that remembers nothing has; then by kind."""
    estimates: dict[str, Estimate] = {}
    for model, profile in profiles.items():
        estimates[model] = profile.measures["memory"]
        kinds = _kinds(profile)
        for kind in kinds if len(kinds) > 1 else ():
            estimates[f"{model}: {_called(kind)}"] = profile.measures[f"memory_{kind}"]
    if not any(map(_is_number, estimates.values())):
        return None
    found = Forest.of(estimates, "points", _place)
    zero = line(percent(0.5), 20, percent(0.5), found.height, "front")
    parts = [*found.parts, zero, *scale(found.height, TICKS)]
    caption = (
        "What is lost in another form where the model may have seen the fix, minus the same where it cannot have; "
        "the line is the 95\u00a0% interval. At zero, another form costs the same in both. A hint, and no proof."
    )
    if len(estimates) > len(profiles):
        caption += f" {COMBINED}"
    table = Table("Memory", ["model", "seen - unseen gap", "95 % interval", "scenarios"], found.rows)
    drawing = wide(found.height + 16, f"Memory by model. {found.said}", parts)
    return Chart("chart-memory", "Memory", caption, [Panel("", drawing)], table)


def _place(points: float) -> str:
    """-1 to 1 across the drawing; what lies beyond is cut there."""
    return percent((points + 1) / 2)
