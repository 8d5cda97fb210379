"""Header fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Headers:
    """Header fields in order; names are compared without regard to case."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: list[tuple[str, str]] = []
        for name, value in fields:
            self.add(name, value)

    @classmethod
    def parse(cls, text: str) -> Headers:
        """Lines of `Name: value`; a line that begins with a blank continues the one before."""
        fields: list[tuple[str, str]] = []
        for line in text.splitlines():
            if not line.strip():
                continue
            if line[0] in " \t" and fields:
                name, value = fields.pop()
                fields.append((name, f"{value} {line.strip()}"))
                continue
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise ValueError(f"not a header field: {line!r}")
            fields.append((name, value.strip()))
        return cls(fields)

    def add(self, name: str, value: str) -> None:
        """Append a field, whether or not there is one of that name."""
        if any(mark in part for part in (name, value) for mark in "\r\n\0"):
            raise ValueError(f"line break in header {name!r}")
        self._fields.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Replace all fields of that name by one."""
        self.remove(name)
        self.add(name, value)

    def remove(self, name: str) -> None:
        """Remove all fields of that name, if any."""
        self._fields = [field for field in self._fields if field[0].lower() != name.lower()]

    def get_all(self, name: str) -> list[str]:
        """The values of all fields of that name."""
        return [value for key, value in self._fields if key.lower() == name.lower()]

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the first field of that name."""
        return next(iter(self.get_all(name)), default)

    def joined(self, name: str) -> str | None:
        """The values of all fields of that name as one list; None if there are none."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"
