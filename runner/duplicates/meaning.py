"""How nearly two texts mean the same by their embeddings, against how near each is to others.

A cosine alone says little: issues of one project are near to each other in any model. So a pair is held against the
tenth nearest neighbour of either text, which a few copies do not move (after Conneau et al. 2018, CSLS, and Artetxe and
Schwenk 2019, Margin-based parallel corpus mining). The built-in scenarios' issues are among the neighbours, so that a
small pack has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from runner.duplicates.base import Embedder, Vectors, unit
from runner.duplicates.texts import Described
from runner.errors import UserError
from runner.scenarios.catalog import load_scenario, scenario_folders

NEIGHBOUR = 10
"""The neighbour that a pair is held against."""
ROWS = 256
"""Texts whose cosines with all others are in memory at a time."""
MOST = 1_000_000
"""Pairs; a model that finds more alike tells nothing apart."""
SAME = 1.0 - 1e-5
"""The cosine of what is the same: it also is where many copies are each other's neighbours."""
Scores = NDArray[np.float64]


class Meaning:
    """The issues of scenarios, by their places in `found`. A score of 0.5 is what the embedder calls near."""

    def __init__(self, embedder: Embedder, found: Sequence[Described]) -> None:
        """Raises UserError for embeddings that are none."""
        self._embedder = embedder
        self._told = np.array([_says_enough(each) for each in found], bool)
        texts = [each.texts["instruction"] for each in found]
        others = sorted({load_scenario(folder).instruction for folder in scenario_folders().values()} - set(texts))
        self._vectors = unit(embedder, texts)
        self._every = np.concatenate([self._vectors, unit(embedder, others)]) if others else self._vectors
        self._local = np.concatenate([np.zeros(0), *(self._tenth(start) for start in self._starts())])

    def near(self, least: float) -> Iterator[tuple[int, int]]:
        """The pairs from a score on, the first before the second. Raises UserError where that is nearly all."""
        seen = 0
        for start in self._starts():
            rows = slice(start, start + ROWS)
            scores = self._scores(self._vectors[rows] @ self._vectors.T, self._local[rows, None], self._local[None, :])
            scores[~self._told[rows]] = scores[:, ~self._told] = 0.0
            first, second = np.nonzero(scores >= least)
            is_new = first + start < second
            seen += int(is_new.sum())
            if seen > MOST:
                raise UserError(
                    f"these embeddings find over {MOST:,} pairs alike; take another model, or a higher --least"
                )
            yield from zip((first[is_new] + start).tolist(), second[is_new].tolist(), strict=True)

    def score(self, first: int, second: int) -> float | None:
        """Of a pair; None where one of them says too little."""
        if not (self._told[first] and self._told[second]):
            return None
        cosine = np.array([self._vectors[first] @ self._vectors[second]])
        return float(self._scores(cosine, self._local[[first]], self._local[[second]])[0])

    def with_texts(self, others: Sequence[Described]) -> Scores:
        """(scenario, other): each scenario with windows of a corpus; 0 where one of the two says too little."""
        theirs = unit(self._embedder, [each.texts["instruction"] for each in others])
        local = _tenth_of(theirs @ self._every.T)
        scores = self._scores(self._vectors @ theirs.T, self._local[:, None], local[None, :])
        scores[~self._told] = scores[:, [not _says_enough(each) for each in others]] = 0.0
        return scores

    def _starts(self) -> range:
        return range(0, len(self._vectors), ROWS)

    def _tenth(self, start: int) -> Scores:
        cosines = self._vectors[start : start + ROWS] @ self._every.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -1.0
        return _tenth_of(cosines)

    def _scores(self, cosines: Vectors, first: Scores, second: Scores) -> Scores:
        """From how far a pair stands out (0: not, 1: the same) to a score in which `near` is a half."""
        local = np.maximum(first, second)
        room = np.maximum(1.0 - local, 1e-6)
        out = np.where(cosines > SAME, 1.0, np.clip((cosines - local) / room, 0.0, 1.0))
        near = self._embedder.near
        return np.where(out < near, 0.5 * out / near, 0.5 + 0.5 * (out - near) / (1.0 - near))


def _tenth_of(cosines: Vectors) -> Scores:
    """Each row's tenth highest, or its lowest where there are fewer."""
    at = max(0, cosines.shape[1] - NEIGHBOUR)
    return np.partition(cosines, at, axis=1)[:, at].astype(np.float64)


def _says_enough(each: Described) -> bool:
    return "instruction" in each.shingles
