"""Files that commands write for people."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """A file whole or not at all. Raises FileProblem where it cannot be written."""
    from runner.errors import FileProblem

    if file.is_dir():
        raise FileProblem(file, "is a folder; name a file")
    beside = file.with_name(f".{file.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise FileProblem(file, f"cannot be written: {error.strerror}") from None
