"""The variations a delimited table may come in."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import DsvError

ESCAPE = "\\"
NULL = "\\N"

_TAKEN = frozenset("\\nrtN\r\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are separated, and whether the first line names the columns."""

    delimiter: str = "|"
    header: bool = True

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in _TAKEN:
            raise DsvError(f"{self.delimiter!r} cannot be the delimiter")


PIPES = Dialect()
TABS = Dialect(delimiter="\t")
