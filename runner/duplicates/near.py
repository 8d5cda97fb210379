"""Pairs that say nearly the same: candidates by MinHash and locality-sensitive hashing, then their exact resemblance.

Broder 1997 (MinHash, and sketches of the smallest); Indyk and Motwani 1998 (LSH). The cost grows with the number of
scenarios, not of pairs. Where there are embeddings (`meaning`), every pair's issues are compared by them, too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from datasketch import MinHash, MinHashLSH

from runner.duplicates.base import Embedder
from runner.duplicates.meaning import Meaning
from runner.duplicates.texts import VIEWS, Described, Shingles, View
from runner.messages import Frozen

PERMUTATIONS = 64
CANDIDATE = 0.3
"""Resemblance from which on a pair is likely to become a candidate."""
LEAST = 0.5
"""Score from which on a pair is told of."""
Measure = View | Literal["meaning"]
WEIGHTS: dict[Measure, float] = {"instruction": 1.0, "meaning": 1.0, "patch": 1.0, "code": 0.9, "shape": 0.8}
"""Much code looks alike without being the same task; without its names, even more."""
SEED = 1
WINDOWS = 512
"""Of a corpus, whose meaning is compared at a time."""


class Neighbours(Frozen):
    """Two that say nearly the same."""

    first: str
    """A scenario."""
    second: str
    """Another one, or a file of a corpus with its line."""
    first_source: str
    second_source: str
    scores: dict[Measure, float]
    """Shared shingles ÷ all shingles of both; of a corpus, ÷ those of the scenario. Of `meaning`, see there. 0 to 1."""

    @property
    def score(self) -> float:
        """The highest of the views, each weighted."""
        return max(WEIGHTS[view] * score for view, score in self.scores.items())


def within(found: Sequence[Described], least: float = LEAST, embedder: Embedder | None = None) -> list[Neighbours]:
    """Every pair of these from the score `least` on, the nearest first. Raises UserError for vectors that are none."""
    meaning = Meaning(embedder, found) if embedder is not None and found else None
    return _ranked(_pairs(found, meaning, least), least)


def against(
    found: Sequence[Described], others: Iterable[Described], least: float = LEAST, embedder: Embedder | None = None
) -> list[Neighbours]:
    """Each of these with each of the others that is near, the nearest first; for windows of a corpus.

    A scenario is met once in each file, where it is nearest. Raises UserError for vectors that are none.
    """
    sketches = {view: _Sketch(view, found) for view in VIEWS}
    meaning = Meaning(embedder, found) if embedder is not None and found else None
    remaining = iter(others)
    best: dict[tuple[int, str], Neighbours] = {}
    while windows := list(islice(remaining, WINDOWS)):
        meant = meaning.with_texts(windows) if meaning is not None else None
        for place, other in enumerate(windows):
            near = {at for view in VIEWS for at in sketches[view].held_by(other.shingles.get(view, frozenset()))}
            if meant is not None:
                near.update((meant[:, place] >= least).nonzero()[0].tolist())
            for at in sorted(near):
                pair = _scored(found[at], other, meant[at, place] if meant is not None else None, contained=True)
                key = (at, other.source)
                if pair is not None and (key not in best or pair.score > best[key].score):
                    best[key] = pair
    return _ranked(best.values(), least)


def of_pair(found: Sequence[Described], first: int, second: int, embedder: Embedder | None = None) -> Neighbours | None:
    """Two of these by their places, however far apart; None where either says too little to be compared."""
    meaning = Meaning(embedder, found) if embedder is not None else None
    return _scored(found[first], found[second], meaning.score(first, second) if meaning is not None else None)


def _pairs(found: Sequence[Described], meaning: Meaning | None, least: float) -> Iterator[Neighbours]:
    met: set[tuple[int, int]] = set()
    for view in VIEWS:
        index = MinHashLSH(threshold=CANDIDATE, num_perm=PERMUTATIONS)
        for at, each in enumerate(found):
            hashed = _hashed(each.shingles.get(view))
            if hashed is None:
                continue
            met.update((int(other), at) for other in index.query(hashed))
            index.insert(str(at), hashed)
    if meaning is not None:
        met.update(meaning.near(least))
    for first, second in sorted(met):
        meant = meaning.score(first, second) if meaning is not None else None
        if (pair := _scored(found[first], found[second], meant)) is not None:
            yield pair


class _Sketch:
    """The smallest shingles of each scenario, by shingle: what part of them a window holds is known at once."""

    def __init__(self, view: View, found: Sequence[Described]) -> None:
        self._sizes: dict[int, int] = {}
        self._holders: defaultdict[int, list[int]] = defaultdict(list)
        for at, each in enumerate(found):
            smallest = sorted(each.shingles.get(view, ()))[:PERMUTATIONS]
            self._sizes[at] = len(smallest)
            for shingle in smallest:
                self._holders[shingle].append(at)

    def held_by(self, window: Shingles) -> list[int]:
        """The scenarios of whose sketch a window holds enough to look closer."""
        counts = Counter(at for shingle in window for at in self._holders.get(shingle, ()))
        return [at for at, count in counts.items() if count >= CANDIDATE * self._sizes[at]]


def _hashed(of: Shingles | None) -> MinHash | None:
    if not of:
        return None
    hashed = MinHash(num_perm=PERMUTATIONS, seed=SEED, hashfunc=int)
    hashed.update_batch(list(of))
    return hashed


def _scored(first: Described, second: Described, meant: float | None, contained: bool = False) -> Neighbours | None:
    scores: dict[Measure, float] = {}
    for view in VIEWS:
        ours, theirs = first.shingles.get(view), second.shingles.get(view)
        if ours and theirs:
            both = len(ours & theirs)
            scores[view] = round(both / (len(ours) if contained else len(ours) + len(theirs) - both), 4)
    if meant is not None:
        scores["meaning"] = round(float(meant), 4)
    if not scores:
        return None
    return Neighbours(
        first=first.id, second=second.id, first_source=first.source, second_source=second.source, scores=scores
    )


def _ranked(pairs: Iterable[Neighbours], least: float) -> list[Neighbours]:
    kept = [pair for pair in pairs if pair.score >= least]
    return sorted(kept, key=lambda pair: (-pair.score, pair.first, pair.second))
