"""What gives texts vectors whose cosine says how alike they are. Whatever gives them is on this machine already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from runner.errors import UserError

Vectors = NDArray[np.float32]
"""(texts, dimensions)."""
NGRAMS, NONE = "ngrams", "none"


class Embedder(Protocol):
    """One way to turn texts into vectors."""

    near: float
    """How far a text that says nearly the same stands out from its neighbours (`runner.duplicates.meaning`), 0 to 1."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, of any length; zeros for a text of which nothing is known."""
        ...


def unit(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Rows of length 1, or 0. Raises UserError for vectors that are none."""
    found = np.asarray(embedder.embed(texts), np.float32)
    if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():
        raise UserError("the embeddings are no finite vectors, one a text; take another model")
    length = np.linalg.norm(found, axis=1, keepdims=True)
    length[length == 0] = 1.0
    divided: Vectors = found / length
    return divided
