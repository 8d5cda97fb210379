"""The config document: sections of typed settings, looked up caselessly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TypeVar

from .errors import ConfigError
from .scalars import Scalar

Value = Scalar | list[Scalar]
T = TypeVar("T")


def fold(name: str) -> str:
    """The form under which names are compared: without case, canonically composed."""
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", folded)


class Section:
    """The settings under one heading, in the order they were written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._names: dict[str, str] = {}
        self._values: dict[str, Value] = {}

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._values

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        for key, name in self._names.items():
            yield name, self._values[key]

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> Value:
        try:
            return self._values[fold(name)]
        except KeyError:
            raise ConfigError(f"[{self.name}] has no setting {name!r}") from None

    def __setitem__(self, name: str, value: Value) -> None:
        key = fold(name)
        self._names.setdefault(key, name)
        self._values[key] = value

    def get_text(self, name: str, default: str | None = None) -> str:
        """The setting as text."""
        return self._typed(name, str, default)

    def get_int(self, name: str, default: int | None = None) -> int:
        """The setting as a whole number; yes and no are not numbers."""
        return self._typed(name, int, default)

    def get_bool(self, name: str, default: bool | None = None) -> bool:
        """The setting as yes or no."""
        return self._typed(name, bool, default)

    def get_float(self, name: str, default: float | None = None) -> float:
        """The setting as a number; a whole number will do."""
        if name in self and type(self[name]) is int:
            return float(self.get_int(name))
        return self._typed(name, float, default)

    def get_list(self, name: str, default: list[Scalar] | None = None) -> list[Scalar]:
        """The setting as a list of its own; a single value is a list of one."""
        if name not in self and default is not None:
            return list(default)
        value = self[name]
        return list(value) if isinstance(value, list) else [value]

    def _typed(self, name: str, kind: type[T], default: T | None) -> T:
        if name not in self and default is not None:
            return default
        value = self[name]
        if type(value) is not kind:
            raise ConfigError(f"[{self.name}] {name} is {type(value).__name__}, expected {kind.__name__}")
        return value


class Config:
    """A whole config document."""

    def __init__(self) -> None:
        self._sections: dict[str, Section] = {}

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._sections

    def __iter__(self) -> Iterator[Section]:
        return iter(self._sections.values())

    def __len__(self) -> int:
        return len(self._sections)

    def __getitem__(self, name: str) -> Section:
        try:
            return self._sections[fold(name)]
        except KeyError:
            raise ConfigError(f"there is no section [{name}]") from None

    def add(self, name: str) -> Section:
        """Add an empty section; a second one of the same name is an error."""
        key = fold(name)
        if key in self._sections:
            raise ConfigError(f"section [{name}] occurs twice")
        section = self._sections[key] = Section(name)
        return section
