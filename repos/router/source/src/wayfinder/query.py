"""Query strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote_plus, unquote_plus


class QueryParams:
    """Parameters in order; names may occur several times."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self._items = list(items)

    @classmethod
    def parse(cls, text: str) -> QueryParams:
        """A query string without its question mark; empty parts are skipped."""
        items = []
        for part in text.split("&"):
            if part:
                name, _, value = part.partition("=")
                items.append((unquote_plus(name), unquote_plus(value)))
        return cls(items)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of a parameter."""
        return next((value for key, value in self._items if key == name), default)

    def get_all(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [value for key, value in self._items if key == name]

    def get_int(self, name: str, default: int) -> int:
        """The first value as a number; the default also if it is none."""
        try:
            return int(self.get(name, ""))  # type: ignore[arg-type]
        except ValueError:
            return default

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self._items)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


def encode_query(values: Mapping[str, object]) -> str:
    """A query string; lists and tuples become repeated parameters, None is left out."""
    parts = []
    for name, value in values.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is not None:
                parts.append(f"{quote_plus(name)}={quote_plus(str(item))}")
    return "&".join(parts)
