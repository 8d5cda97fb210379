"""The kinds of twins by name, and several of them one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.arms import TwinKind
from runner.twins.base import Subject, Terms, Transformation, Transformed
from runner.twins.constants import Constants
from runner.twins.layout import Layout
from runner.twins.move import Move
from runner.twins.rename import Rename
from runner.twins.reorder import Reorder
from runner.twins.reword import Reword

KINDS: Mapping[TwinKind, Transformation] = {
    each.kind: each for each in (Rename(), Move(), Reorder(), Reword(), Constants(), Layout())
}


def transformed(subject: Subject, kinds: Sequence[TwinKind], terms: Terms) -> Transformed:
    """A subject after each of the kinds, with one map back to the original. Raises TwinRefused."""
    names: dict[str, str] = {}
    words: frozenset[str] = frozenset()
    changed = candidates = 0
    uses = 0.0
    touched: frozenset[str] = frozenset()
    for kind in kinds:
        stays = terms.without | {new for new, old in names.items() if old in terms.without}
        made = KINDS[kind].apply(subject, replace(terms, without=stays))
        names = {**names, **{new: names.get(old, old) for new, old in made.names.items()}}
        words = words - made.names.keys() | made.words
        changed, candidates, uses = changed + made.changed, candidates + made.candidates, max(uses, made.uses)
        touched |= {names.get(path, path) for path in made.touched}
        subject = made.subject
    return Transformed(subject, names, changed, candidates, uses, touched, words)
