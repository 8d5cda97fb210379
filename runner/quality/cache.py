"""Small records kept beside the baselines, under the hash of what they are about; one that cannot be read is none."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from runner.caching import cache_folder

T = TypeVar("T", bound=BaseModel)


def kept(kind: str, key: Sequence[object], model: type[T]) -> T | None:
    """What was kept for this key; None where there is nothing, or nothing of this form."""
    try:
        return model.model_validate_json(_file(kind, key).read_bytes())
    except (OSError, ValidationError):
        return None


def keep(kind: str, key: Sequence[object], value: BaseModel) -> None:
    """Write a record whole, by rename. A cache that cannot be written to loses no result, so nothing is raised."""
    file = _file(kind, key)
    partial = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(value.model_dump_json(), encoding="utf-8")
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _file(kind: str, key: Sequence[object]) -> Path:
    name = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()[:32]
    return cache_folder() / kind / f"{name}.json"
