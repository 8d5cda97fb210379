"""What gives texts vectors whose cosine says how alike they are. Whatever gives them is on this machine already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from runner.duplicates.texts import WORD
from runner.errors import UserError

Vectors = NDArray[np.float32]
"""(texts, dimensions)."""
NGRAMS, NONE = "ngrams", "none"
VARIABLE = "TASKFIT_EMBEDDINGS"
"""Environment variable that names an embedder where no option does."""


class Embedder(Protocol):
    """One way to turn texts into vectors."""

    near: float
    """How far a text that says nearly the same stands out from its neighbours (`runner.duplicates.meaning`), 0 to 1."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of any length; zeros for a text of which nothing is known."""
        ...


def embedder_of(name: str | None = None) -> Embedder | None:
    """`ngrams`, `none`, or a static model: its folder, or its name in the local cache of models.

    Without a name the one that the environment names, else `ngrams`. Raises UserError for what is no model, or not on
    this disk, and where its library is missing: nothing is fetched.
    """
    name = name or os.environ.get(VARIABLE) or NGRAMS
    if name in (NGRAMS, NONE):
        return Ngrams() if name == NGRAMS else None
    from runner.duplicates.static import Static

    return Static.at(name)


class Ngrams:
    """Hashed runs of characters: needs no model, knows other endings and orders of words, and no synonyms.

    Weinberger et al. 2009, Feature hashing for large scale multitask learning.
    """

    near = 0.3
    SIZES = (3, 4, 5)
    BITS = 10
    """Of a row's dimensions: 1,024."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [self._counted(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, 1 << self.BITS), np.float32)

    def _counted(self, text: str) -> NDArray[np.float32]:
        plain = f" {' '.join(WORD.findall(text.lower()))} "
        codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32)
        found = np.concatenate([self._hashes(codes, size) for size in self.SIZES])
        signs = np.where(found & np.uint32(1), 1.0, -1.0)
        counts = np.bincount(found >> np.uint32(32 - self.BITS), signs, 1 << self.BITS)
        return (np.sign(counts) * np.log1p(np.abs(counts))).astype(np.float32)

    @staticmethod
    def _hashes(codes: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
        """A polynomial of each run of `size` characters, modulo 2³², its bits spread (MurmurHash3's finalizer)."""
        runs = max(0, len(codes) - size + 1)
        found = np.full(runs, size, np.uint32)
        for at in range(size):
            found = found * np.uint32(0x01000193) ^ codes[at : at + runs]
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            found = (found ^ (found >> np.uint32(shift))) * np.uint32(factor)
        return found ^ (found >> np.uint32(16))


def unit(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Rows of length 1, or 0. Raises UserError for vectors that are none."""
    found = np.asarray(embedder.embed(texts), np.float32)
    if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():
        raise UserError("the embeddings are no finite vectors, one a text; take another model")
    length = np.linalg.norm(found, axis=1, keepdims=True)
    length[length == 0] = 1.0
    divided: Vectors = found / length
    return divided
