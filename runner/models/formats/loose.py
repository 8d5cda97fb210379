"""Reading JSON of which nothing is certain: wrong types become empty values, and nothing raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def parsed(data: str | bytes) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


MOST_TOKENS = 10**12
"""Of one call; whoever tells of more tells nothing."""


def count(value: Any) -> int:
    """A number of tokens; 0 for what is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_TOKENS else 0


def dollars(value: Any) -> float | None:
    """What a call took, where a provider says so; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_TOKENS:
        return None
    return float(value)


def replayable(arguments: str) -> str:
    """Arguments as a server takes them back: malformed ones are wrapped, since some servers answer 400 or 500 to them
    and a model's failure would look like an outage. The transcript keeps the model's own text."""
    try:
        whole = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        whole = False
    return arguments if whole else json.dumps({"malformed_arguments": arguments[:4000]})
