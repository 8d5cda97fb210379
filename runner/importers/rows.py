"""Rows of a data set: JSONL, JSON and Parquet, read without trusting them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import FileProblem, UserError

MAX_LINE = 64 << 20
"""Bytes of one row."""
MAX_JSON = 256 << 20
"""Bytes of a JSON file, which has to be read at once."""
BATCH = 64
"""Rows of a Parquet file in memory."""


@dataclass(frozen=True)
class Row:
    """One row, or why there is none."""

    number: int
    """From 1, over the whole place."""
    where: str
    """File and line or index, for people."""
    data: dict[str, Any] | None
    problem: str = ""


def rows(place: Path, max_line: int = MAX_LINE) -> Iterator[Row]:
    """Every row of a file, or of each data file in a folder. Raises FileProblem, UserError for what is none."""
    files = [place]
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.suffix in _READERS)
        if not files:
            raise FileProblem(place, f"no {', '.join(_READERS)} file is in it")
    number = 0
    for file in files:
        reader = _READERS.get(file.suffix)
        if reader is None:
            raise FileProblem(file, f"is no {', '.join(_READERS)} file")
        try:
            for where, found in reader(file, max_line):
                number += 1
                problem = found if isinstance(found, str) else ""
                yield Row(number, f"{file.name}, {where}", found if isinstance(found, dict) else None, problem)
        except OSError as error:
            raise FileProblem(file, f"cannot be read: {error}") from None


def _lines(file: Path, max_line: int) -> Iterator[tuple[str, dict[str, Any] | str]]:
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(max_line + 1):
            number += 1
            if len(line) > max_line:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(max_line)
                yield f"line {number}", f"is longer than {max_line:,} bytes"
            elif line.strip():
                yield f"line {number}", _parsed(line)


def _parsed(line: bytes) -> dict[str, Any] | str:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {error}"
    return found if isinstance(found, dict) else "is no JSON object"


def _whole(file: Path, _: int) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """A list of rows, `{"rows": [{"row": …}]}` as data-set viewers write it, id → row, or a single row."""
    size = file.stat().st_size
    if size > MAX_JSON:
        raise FileProblem(file, f"has {size >> 20} MiB and would be read at once; write one row a line, as .jsonl")
    try:
        found = json.loads(file.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileProblem(file, f"is not UTF-8: {error}") from None
    except (ValueError, RecursionError) as error:
        raise FileProblem(file, f"is no JSON: {error}") from None
    if isinstance(found, dict):
        if isinstance(found.get("rows"), list):
            found = [each.get("row", each) if isinstance(each, dict) else each for each in found["rows"]]
        else:
            found = [found] if "instance_id" in found else list(found.values())
    if not isinstance(found, list):
        raise FileProblem(file, "holds no rows: a list of objects is needed")
    for index, row in enumerate(found):
        yield f"row {index}", row if isinstance(row, dict) else "is no JSON object"


def _parquet(file: Path, _: int) -> Iterator[tuple[str, dict[str, Any] | str]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UserError(f"{file}: Parquet needs pyarrow: pip install 'taskfit[parquet]'") from None
    index = 0
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=BATCH):
                for row in batch.to_pylist():
                    yield f"row {index}", row
                    index += 1
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as Parquet, after {index} rows: {error}") from None


_READERS = {".jsonl": _lines, ".json": _whole, ".parquet": _parquet}
