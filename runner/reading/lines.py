"""A transcript's lines by their place in the file, which may grow meanwhile; no more is read than is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from runner.errors import FileProblem
from runner.events import EVENTS, AnyEvent
from runner.regular import opened


class Lines:
    """The byte offsets of a file's whole lines; a torn last line is not there until its end is. Not thread-safe."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._starts = [0]
        self._inode = 0

    def __len__(self) -> int:
        return len(self._starts) - 1

    def replaced(self) -> bool:
        """Whether another file stands there, as when a trial is begun anew. Raises FileProblem where none does."""
        try:
            now = self.file.stat()
        except OSError as error:
            raise FileProblem(self.file, f"cannot be read: {error.strerror or error}") from None
        return (bool(self._inode) and now.st_ino != self._inode) or now.st_size < self._starts[-1]

    def grown(self) -> Iterator[tuple[int, bytes]]:
        """Number, from 0, and bytes of each line that came since; raises FileProblem."""
        try:
            with opened(self.file) as handle:
                self._inode = self._inode or self.file.stat().st_ino
                handle.seek(self._starts[-1])
                for line in handle:
                    if not line.endswith(b"\n"):
                        return
                    self._starts.append(self._starts[-1] + len(line))
                    yield len(self) - 1, line
        except OSError as error:
            raise FileProblem(self.file, f"cannot be read: {error.strerror or error}") from None

    def line(self, number: int) -> bytes:
        """Raises FileProblem, and IndexError for a line that is not there."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        try:
            with opened(self.file) as handle:
                handle.seek(self._starts[number])
                return handle.read(self._starts[number + 1] - self._starts[number])
        except OSError as error:
            raise FileProblem(self.file, f"cannot be read: {error.strerror or error}") from None

    def event(self, number: int) -> AnyEvent:
        """Raises FileProblem for a line that is no event of this version, and IndexError."""
        return parsed(self.file, number, self.line(number))


def parsed(file: Path, number: int, line: bytes) -> AnyEvent:
    """A line's event, its step the line's number. Raises FileProblem."""
    try:
        event = EVENTS.validate_json(line)
    except ValidationError as error:
        problem = f"line {number + 1} is no event of this version: {error.errors(include_url=False)[0]['msg']}"
        raise FileProblem(file, problem) from None
    return event if event.step == number else event.model_copy(update={"step": number})
