"""What readers say together of a run's approvals: what counts as a human label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from runner.labels.mark import Mark
from runner.labels.steps import current

T = TypeVar("T")


class Said(NamedTuple):
    """What one reader says of a step, at which it was said last."""

    order: int
    """Of what is said of the run: later words of a reader stand in place of earlier ones."""
    reader: str
    answer: Literal["approve", "deny"] | None
    ask: bool | None


Judgements = Mapping[str, Mapping[int, Sequence[Said]]]
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
    found: defaultdict[str, defaultdict[int, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for order, mark in enumerate(judged):
        if mark.id in now and now[mark.id][0].parent.name == mark.trial:
            found[mark.trial][now[mark.id][1]].append(Said(order, mark.reader, mark.answer, mark.ask))
    return found


def majority(said: Iterable[Said]) -> Judgement | None:
    """Of readers, each of whom counts once, with what they said last; None where nothing is left of it."""
    answers: dict[str, Literal["approve", "deny"]] = {}
    asks: dict[str, bool] = {}
    for each in sorted(said):
        if each.answer is not None:
            answers[each.reader] = each.answer
        if each.ask is not None:
            asks[each.reader] = each.ask
    answer, ask = _most(answers.values()), _most(asks.values())
    return Judgement(answer, ask, len(answers | asks)) if answer is not None or ask is not None else None


def _most(said: Iterable[T]) -> T | None:
    first, *others = [*Counter(said).most_common(2), (None, 0)]
    return first[0] if not others or first[1] > others[0][1] else None
