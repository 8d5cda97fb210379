"""Files that commands write for people."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def check(file: Path) -> None:
    """Before the work that fills it. Raises FileProblem for a folder, and for a file in a folder that there is not."""
    from runner.errors import FileProblem

    if file.is_dir():
        raise FileProblem(file, "is a folder; name a file")
    if not file.parent.is_dir():
        raise FileProblem(file, f"cannot be written: there is no folder {file.parent}")


def write_whole(file: Path, content: str | bytes) -> None:
    """A file whole or not at all; a pipe, a terminal or a device is written to as it is. Raises FileProblem."""
    from runner.errors import FileProblem

    check(file)
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = file.with_name(f".{file.name[:100]}.part")
    try:
        if file.exists() and not file.is_file():
            file.write_bytes(data)
            return
        beside.write_bytes(data)
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise FileProblem(file, f"cannot be written: {error.strerror}") from None
