"""`labels.jsonl` in a run's folder: lines are added and never changed, by any number of processes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from runner.errors import FileProblem, UnknownName, UserError
from runner.labels.mark import LINES, Mark, RightAnswer, Withdrawal, label_name
from runner.labels.steps import Place
from runner.messages import to_json
from runner.regular import opened
from runner.transcript import repair
from runner.visible import visible

FILE = "labels.jsonl"
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read."""


class LabelFile:
    """The labels of one run."""

    def __init__(self, run: Path) -> None:
        self.file = run / FILE

    def marks(self, problem: Callable[[str], None] = lambda text: None) -> list[Mark]:
        """Those that stand, in the order in which they were made; `problem` is told of lines that are none.

        Raises FileProblem for a file that cannot be read.
        """
        found: dict[tuple[str, str, int, int, str], Mark] = {}
        for number, line in enumerate(self._lines(), start=1):
            try:
                said = LINES.validate_json(line)
            except ValidationError as error:
                problem(f"{self.file}: line {number} is no label: {error.errors(include_url=False)[0]['msg']}")
                continue
            if isinstance(said, Mark):
                found.pop(said.subject, None)
                found[said.subject] = said
            else:
                found = {about: mark for about, mark in found.items() if mark.id != said.mark}
        return list(found.values())

    def add(
        self,
        place: Place,
        reader: str,
        *,
        label: str = "",
        note: str = "",
        answer: RightAnswer | None = None,
        ask: bool | None = None,
    ) -> Mark:
        """Write a mark. Raises UserError where it says nothing, or what it says cannot be kept."""
        if not (label or note.strip() or answer is not None or ask is not None):
            raise UserError("a mark needs a label, a note, an answer, or whether the call should have been asked for")
        said = {
            "id": secrets.token_hex(6),
            "at": datetime.now(UTC),
            "reader": reader_name(reader),
            "trial": place.trial,
            "attempt": place.attempt,
            "step": place.step,
            "event": place.event,
            "label": label_name(label) if label else "",
            "note": note.encode("utf-8", "replace").decode("utf-8").strip(),
            "answer": answer,
            "ask": ask,
        }
        try:
            mark = Mark.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise UserError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        self._append(to_json(mark))
        return mark

    def withdraw(self, mark_id: str, reader: str) -> Mark:
        """Take back a mark of one's own. Raises UnknownName, or UserError for somebody else's."""
        standing = {mark.id: mark for mark in self.marks()}
        if mark_id not in standing:
            raise UnknownName("label", mark_id, standing)
        mark = standing[mark_id]
        if mark.reader != (name := reader_name(reader)):
            raise UserError(f"label {mark_id} is {mark.reader}'s; {name} cannot take it back")
        self._append(to_json(Withdrawal(at=datetime.now(UTC), reader=name, mark=mark_id)))
        return mark

    def _lines(self) -> list[bytes]:
        try:
            with opened(self.file) as handle:
                if os.fstat(handle.fileno()).st_size > LARGEST:
                    raise FileProblem(self.file, f"is larger than {LARGEST // 2**20} MiB")
                return [line for line in handle if line.endswith(b"\n")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileProblem(self.file, f"cannot be read: {error.strerror or error}") from None

    def _append(self, line: bytes) -> None:
        """The whole line, on the disk, or nothing; what a crash tore before is cut off."""
        try:
            with FileLock(self.file.with_name(f".{FILE}.lock"), timeout=10):
                if self.file.is_symlink():
                    raise FileProblem(self.file, "is a link, and labels live beside their run; put the file there")
                repair(self.file)
                with self.file.open("ab", buffering=0) as handle:
                    end = handle.seek(0, os.SEEK_END)
                    try:
                        if handle.write(line + b"\n") != len(line) + 1:
                            raise OSError(28, "No space left on device")
                        os.fsync(handle.fileno())
                    except OSError:
                        handle.truncate(end)
                        raise
        except Timeout:
            raise FileProblem(self.file, "is being written by another process; try again") from None
        except OSError as error:
            raise FileProblem(self.file, f"cannot be written: {error.strerror}") from None


def reader_name(name: str) -> str:
    """Raises UserError for what nobody could read as a name."""
    plain = " ".join(name.split())
    if not plain or len(plain) > 80 or visible(plain) != plain:
        raise UserError(f"{name!r} is no reader's name: 1 to 80 visible characters")
    return plain
