"""How far two readers agree, over the steps that both have labelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations

from runner.labels.mark import Mark
from runner.messages import Frozen
from runner.statistics.agreement import kappa
from runner.statistics.estimate import Estimate

Step = tuple[str, int, str]
"""Trial, attempt and digest of the event."""
Said = Mapping[Step, Hashable]


class Agreement(Frozen):
    """Of two readers in one question."""

    readers: tuple[str, str]
    question: str
    """`labels`: which labels a step has; a label: whether it has that one; `answer`; `ask`."""
    steps: int
    same: int
    """Steps of which both say the same."""
    kappa: Estimate


def agreements(marks: Iterable[Mark]) -> list[Agreement]:
    """Every two readers, in every question that both have answered somewhere."""
    labels: defaultdict[str, defaultdict[Step, set[str]]] = defaultdict(lambda: defaultdict(set))
    answers: defaultdict[str, dict[Step, Hashable]] = defaultdict(dict)
    asks: defaultdict[str, dict[Step, Hashable]] = defaultdict(dict)
    for mark in marks:
        step = mark.trial, mark.attempt, mark.event
        if mark.label:
            labels[mark.reader][step].add(mark.label)
        if mark.answer is not None:
            answers[mark.reader][step] = mark.answer
        if mark.ask is not None:
            asks[mark.reader][step] = mark.ask
    found = []
    for pair in combinations(sorted({*labels, *answers, *asks}), 2):
        one, other = labels[pair[0]], labels[pair[1]]
        used = sorted({label for step in one.keys() & other.keys() for label in one[step] | other[step]})
        questions: dict[str, tuple[Said, Said]] = {"labels": (_sets(one), _sets(other))}
        questions |= {label: (_holding(label, one), _holding(label, other)) for label in used}
        questions |= {"answer": (answers[pair[0]], answers[pair[1]]), "ask": (asks[pair[0]], asks[pair[1]])}
        found += [each for name, said in questions.items() if (each := _agreement(pair, name, *said)) is not None]
    return found


def _sets(labels: Mapping[Step, set[str]]) -> Said:
    return {step: frozenset(said) for step, said in labels.items()}


def _holding(label: str, labels: Mapping[Step, set[str]]) -> Said:
    return {step: label in said for step, said in labels.items()}


def _agreement(pair: tuple[str, str], question: str, first: Said, second: Said) -> Agreement | None:
    both = sorted(first.keys() & second.keys())
    if not both:
        return None
    said = [(first[step], second[step]) for step in both]
    same = sum(one == other for one, other in said)
    return Agreement(readers=pair, question=question, steps=len(both), same=same, kappa=kappa(said))
