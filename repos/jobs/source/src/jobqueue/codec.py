"""Payloads and results as JSON text."""

from __future__ import annotations

import json
from typing import Any

from jobqueue.errors import EncodingError


def encode(value: Any) -> str:
    """The canonical JSON text of a value."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodingError(f"cannot store {type(value).__name__} as JSON: {error}") from error


def decode(text: str | None) -> Any:
    """The value of a stored text; None where nothing was stored."""
    return None if text is None else json.loads(text)
