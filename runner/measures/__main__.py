"""`python -m runner.measures > docs/measures.md`: the page of measures, from the code's own docstrings."""

from __future__ import annotations

import inspect

from runner.measures import approval
from runner.measures.base import Measure
from runner.measures.catalogue import CATALOGUE, MODULES
from runner.statistics import bootstrap, paired, rates
from runner.statistics.memory import excess
from runner.trials import standing

INTRODUCTION = """\
# What taskfit measures

This page is written by `python -m runner.measures` from the docstrings of the code that computes the numbers.

Every number is printed with its 95 % interval and its N, or as a dash with the reason why there is none. What counts as
independent is the scenario (or its repository), never the trial. Trials that end in `infra_error` or `invalid_scenario`
say nothing of a model; the report shows how many there were and between which bounds they leave the resolved rate.
`taskfit report --why MEASURE` prints the steps of the transcripts that a number comes from, and everything here is
computed from transcripts alone: `taskfit report` on an old run gives the same numbers.

Read of a trial's transcript: the *control* arm holds the first value of each factor; a faulted trial's or a challenge's
*twin* is the trial of the same scenario, model and repeat in the control arm.
"""
HEAD = "| measure | what it is | estimator | reads | unit | better |\n|---|---|---|---|---|---|\n"


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION, "## Estimators\n"]
    for function in (rates.rate, paired.difference, bootstrap.share, bootstrap.ratio, bootstrap.quantile, excess):
        parts.append(f"- **{function.__module__.rpartition('.')[2]}.{function.__name__}**: {_one_line(function)}\n")
    parts.append(_one_line(bootstrap) + "\n")
    titles = {module: inspect.getdoc(module) or "" for module in MODULES}
    said: set[str] = set()
    for dimension, measures in CATALOGUE.items():
        parts.append(f"## {dimension}\n")
        module = next(module for module in MODULES if dimension in vars(module).values())
        if titles[module] not in said:
            parts.append(titles[module] + "\n")
            said.add(titles[module])
        if module is approval:
            parts.append((inspect.getdoc(standing) or "") + "\n")
        parts.append(
            "| measure | what it is | estimator | reads | unit | better |\n|---|---|---|---|---|---|\n"
            + _rows(measures)
        )
    return "\n".join(parts)


def _rows(measures: tuple[Measure, ...]) -> str:
    return "".join(
        f"| `{measure.name}` | {_cell(measure.doc)} | {_cell(_one_line(measure.estimator))} | "
        f"{_cell(_reads(measure))} | {measure.unit} | {measure.better or '–'} |\n"
        for measure in measures
    )


def _reads(measure: Measure) -> str:
    text = _one_line(measure.reads)
    return f"{text} Beside the twin." if measure.observe_pair is not None else text


def _one_line(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
