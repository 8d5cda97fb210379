"""Server-sent events out of bytes that may come in any pieces (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from runner.models.formats.base import ServerEvent

_LINE_END = re.compile(r"\r\n|\n|\r")


class Events:
    """Takes bytes, gives whole events. Invalid UTF-8 is replaced, unknown fields are skipped; nothing raises."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []
        """Of the line that has not ended yet."""
        self._held = ""
        """A carriage return that may be the first half of a line end."""
        self._event = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        text = self._held + self._decoder.decode(data)
        self._held = "\r" if text.endswith("\r") else ""
        begun, *lines = _LINE_END.split(text.removesuffix("\r"))
        self._parts.append(begun)
        for line in lines:
            yield from self._line("".join(self._parts))
            self._parts = [line]

    def end(self) -> Iterator[ServerEvent]:
        """The event that a stream which ends without an empty line leaves behind."""
        yield from self._line("".join(self._parts))
        yield from self._line("")

    def _line(self, line: str) -> Iterator[ServerEvent]:
        if not line:
            if self._data:
                yield ServerEvent(self._event, "\n".join(self._data))
            self._event, self._data = "", []
            return
        field, _, value = line.removeprefix("\ufeff").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._event = value
