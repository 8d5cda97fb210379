"""Values written as the TOML that people would write."""

from __future__ import annotations

from typing import Any

import tomlkit
from pydantic import BaseModel


def to_toml(value: BaseModel) -> str:
    """A value as a file: nothing that is so anyway, simple values before tables."""
    return tomlkit.dumps(_written(value.model_dump(mode="json", by_alias=True, exclude_defaults=True)))


def _written(value: Any) -> Any:
    """Without None, which TOML does not have; simple values before tables, and a line for each of several items."""
    if isinstance(value, dict):
        pairs = {key: _written(each) for key, each in value.items() if each is not None}
        return dict(sorted(pairs.items(), key=lambda pair: isinstance(pair[1], dict)))
    if not isinstance(value, list | tuple):
        return value
    array = tomlkit.array()
    array.extend(value)
    return array.multiline(len(value) > 1)
