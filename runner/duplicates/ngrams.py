"""Vectors of hashed runs of characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runner.duplicates.base import Vectors
from runner.duplicates.texts import WORD


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
