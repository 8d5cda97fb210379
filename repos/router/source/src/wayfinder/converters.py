"""Between the text of a URL and the values of handlers."""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar
from urllib.parse import quote

from wayfinder.errors import BuildError, PatternError


class Converter:
    """Text of one segment; base of all converters."""

    regex: ClassVar[str] = r"(?s:.+)"
    whole_rest: ClassVar[bool] = False
    """Whether it takes the rest of the path rather than one segment."""

    def to_value(self, text: str) -> Any:
        """The value for decoded text that the regex matches."""
        return text

    def to_text(self, value: Any) -> str:
        """The text of a value, not encoded."""
        return str(value)

    def to_url(self, value: Any) -> str:
        """The text of a value as it stands in a URL."""
        text = self.to_text(value)
        if not re.fullmatch(self.regex, text):
            raise BuildError(f"{value!r} does not fit {type(self).__name__}")
        return quote(text, safe="/" if self.whole_rest else "")


class IntConverter(Converter):
    """Whole numbers, not negative."""

    regex = r"[0-9]+"

    def to_value(self, text: str) -> int:
        return int(text)


class SlugConverter(Converter):
    """Lower-case words joined by hyphens."""

    regex = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class UUIDConverter(Converter):
    """UUIDs in their usual form."""

    regex = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

    def to_value(self, text: str) -> uuid.UUID:
        return uuid.UUID(text)


class PathConverter(Converter):
    """The rest of the path, slashes included."""

    whole_rest = True


CONVERTERS: dict[str, type[Converter]] = {
    "str": Converter,
    "int": IntConverter,
    "slug": SlugConverter,
    "uuid": UUIDConverter,
    "path": PathConverter,
}


def converter(name: str) -> Converter:
    """The converter of a name."""
    try:
        return CONVERTERS[name]()
    except KeyError:
        raise PatternError(f"unknown converter {name!r}") from None
