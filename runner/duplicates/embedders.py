"""Embedders by name."""

from __future__ import annotations

import os

from runner.duplicates.base import NGRAMS, NONE, Embedder
from runner.duplicates.ngrams import Ngrams

VARIABLE = "TASKFIT_EMBEDDINGS"
"""Environment variable that names an embedder where no option does."""


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
