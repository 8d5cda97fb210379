"""Keys out of the arguments of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from .errors import UnusableKey


class KeyMaker:
    """Makes the same key of all spellings of the same call."""

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self._signature = inspect.signature(function)
        self.name = name or f"{function.__module__}.{function.__qualname__}"

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Hashable:
        """The key of a call."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return (self.name, *((name, freeze(value)) for name, value in bound.arguments.items()))


def freeze(value: Any) -> Hashable:
    """A hashable stand-in that tells unequal values, and True from 1, apart."""
    if isinstance(value, Mapping):
        return ("map", frozenset((freeze(key), freeze(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return (kind, tuple(freeze(item) for item in value))
    if isinstance(value, (set, frozenset)):
        return ("set", frozenset(freeze(item) for item in value))
    try:
        hash(value)
    except TypeError:
        raise UnusableKey(f"an argument of type {type(value).__name__} cannot be part of a key") from None
    return (type(value), value)
