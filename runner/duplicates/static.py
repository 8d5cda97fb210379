"""Static embedding models (a vector a token, averaged) out of a folder, by model2vec; never out of the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from runner.duplicates.base import NGRAMS, Vectors
from runner.errors import UserError

if TYPE_CHECKING:
    from model2vec import StaticModel

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""Read by the libraries when they are imported: they then ask no server for anything."""
MISSING = (
    f"a model's embeddings need model2vec: pip install 'taskfit[embeddings]'; or take {NGRAMS}, which needs no model"
)


class Static:
    """A model in model2vec's format, as its `save_pretrained` and sentence-transformers' StaticEmbedding write it."""

    near = 0.5

    def __init__(self, model: StaticModel) -> None:
        self._model = model

    @classmethod
    def at(cls, name: str) -> Self:
        """By its folder, or by its name in the cache of the Hugging Face hub on this disk. Raises UserError."""
        os.environ.update(OFFLINE)
        try:
            from model2vec import StaticModel
        except ImportError:
            raise UserError(MISSING) from None
        folder = Path(name) if Path(name).is_dir() else _cached(name)
        try:
            return cls(StaticModel.from_pretrained(folder))
        except Exception as error:  # whatever a damaged or foreign file leads to
            problem = f"{type(error).__name__}: {error}"
            raise UserError(f"{folder} holds no static embedding model that model2vec reads: {problem:.300}") from None

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._model.encode(list(texts), max_length=None).astype("float32")


def _cached(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # the hub's own, and ValueErrors of several kinds for what is no name
        raise UserError(
            f"{name:.200} is neither an embedding model's folder nor one in the local cache ({type(error).__name__}), "
            f"and none is fetched: `hf download minishlab/potion-base-8M` brings a small one; {NGRAMS} needs none"
        ) from None
