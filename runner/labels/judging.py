"""What readers say together of a run's approvals: what counts as a human label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from runner.labels.mark import Mark
from runner.labels.steps import current

T = TypeVar("T")
Judgements = Mapping[str, Mapping[int, "Judgement"]]
"""Trial's folder → step → what readers say of it."""


class Judgement(NamedTuple):
    """The majority of readers; None where they said nothing, or as many one thing as the other."""

    answer: Literal["approve", "deny"] | None
    ask: bool | None
    readers: int


def judgements(run: Path, marks: Iterable[Mark]) -> Judgements:
    """Of the trials' last attempts, at the steps where the events are now."""
    judged = [mark for mark in marks if mark.answer is not None or mark.ask is not None]
    now = current(run, judged)
    by_step: defaultdict[tuple[str, int], list[Mark]] = defaultdict(list)
    for mark in judged:
        if mark.id in now and now[mark.id][0].parent.name == mark.trial:
            by_step[mark.trial, now[mark.id][1]].append(mark)
    found: defaultdict[str, dict[int, Judgement]] = defaultdict(dict)
    for (trial, step), said in by_step.items():
        answer = _majority(mark.answer for mark in said if mark.answer is not None)
        ask = _majority(mark.ask for mark in said if mark.ask is not None)
        if answer is not None or ask is not None:
            found[trial][step] = Judgement(answer, ask, len({mark.reader for mark in said}))
    return dict(found)


def _majority(said: Iterable[T]) -> T | None:
    first, *others = [*Counter(said).most_common(2), (None, 0)]
    return first[0] if not others or first[1] > others[0][1] else None
