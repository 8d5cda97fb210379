"""Route patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from wayfinder.converters import Converter, converter
from wayfinder.errors import BuildError, PatternError

_PLACEHOLDER = re.compile(r"<(?:([a-z]+):)?([A-Za-z_][A-Za-z0-9_]*)>")

REST, PLAIN, MIXED, FIXED = range(4)


class Segment:
    """What stands between two slashes of a pattern."""

    def __init__(self, text: str) -> None:
        found = list(_PLACEHOLDER.finditer(text))
        if len(found) > 1:
            raise PatternError(f"more than one placeholder in {text!r}")
        self.name: str | None = None
        self.converter: Converter | None = None
        self.before, self.after = text, ""
        if found:
            self.before, self.after = text[: found[0].start()], text[found[0].end() :]
            self.name = found[0][2]
            self.converter = converter(found[0][1] or "str")
            self._regex = re.compile(
                f"{re.escape(self.before)}({self.converter.regex}){re.escape(self.after)}"
            )
        if any(mark in part for part in (self.before, self.after) for mark in "<>"):
            raise PatternError(f"stray bracket in {text!r}")

    @property
    def takes_rest(self) -> bool:
        """Whether the segment stands for the rest of the path."""
        return self.converter is not None and self.converter.whole_rest

    @property
    def specificity(self) -> int:
        """Greater for segments that match less."""
        if self.converter is None:
            return FIXED
        if self.takes_rest:
            return REST
        return MIXED if self.before or self.after else PLAIN

    def match(self, text: str, values: dict[str, Any]) -> bool:
        """Whether decoded text fits; adds the value of the placeholder."""
        if self.name is None or self.converter is None:
            return text == self.before
        found = self._regex.fullmatch(text)
        if found is None:
            return False
        values[self.name] = self.converter.to_value(found[1])
        return True

    def build(self, values: Mapping[str, Any]) -> str:
        """The segment as it stands in a URL."""
        if self.name is None or self.converter is None:
            return quote(self.before, safe="")
        if self.name not in values:
            raise BuildError(f"no value for {self.name!r}")
        text = self.converter.to_url(values[self.name])
        return quote(self.before, safe="") + text + quote(self.after, safe="")


class Pattern:
    """A path with placeholders, for matching and for building."""

    def __init__(self, text: str) -> None:
        if not text.startswith("/"):
            raise PatternError(f"{text!r} does not begin with a slash")
        self.text = text
        self.segments = [Segment(part) for part in text[1:].split("/")]
        if any(segment.takes_rest for segment in self.segments[:-1]):
            raise PatternError(f"{text!r} goes on after the rest of the path")
        self.names = [segment.name for segment in self.segments if segment.name is not None]
        if len(set(self.names)) < len(self.names):
            raise PatternError(f"a name occurs twice in {text!r}")

    @property
    def specificity(self) -> tuple[int, ...]:
        """Greater for patterns that go first."""
        return tuple(segment.specificity for segment in self.segments)

    def match(self, path: str) -> dict[str, Any] | None:
        """The values of the placeholders; None if the path (as it was sent) does not match."""
        parts = [unquote(part) for part in path.removeprefix("/").split("/")]
        count = len(self.segments)
        if self.segments[-1].takes_rest:
            parts[count - 1 :] = ["/".join(parts[count - 1 :])]
        values: dict[str, Any] = {}
        if len(parts) != count:
            return None
        if all(segment.match(part, values) for segment, part in zip(self.segments, parts, strict=True)):
            return values
        return None

    def build(self, values: Mapping[str, Any]) -> str:
        """The path for values of the placeholders; others are ignored."""
        return "/" + "/".join(segment.build(values) for segment in self.segments)
