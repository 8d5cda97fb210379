"""Hashes of values by their canonical JSON (RFC 8785), the same on every machine."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def digest(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form. Raises ValueError for what no JSON can hold exactly."""
    try:
        return hashlib.sha256(rfc8785.dumps(value)).hexdigest()
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"cannot be written as canonical JSON: {error}") from None
