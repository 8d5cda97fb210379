"""Root cause: does the model know where the fault is? Ranked hypotheses at submission against `truth.locations`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from runner.measures.base import Measure, Seen, as_rate, control
from runner.measures.record import Record
from runner.results import Hypothesis

DIMENSION = "Root cause"
_LINE = re.compile(r"(:\d+){1,2}$|#L\d+(-L?\d+)?$")
_DEFINES = re.compile(r"^((async\s+)?(def|fn)|func|function|class)\s+")


def file_hit_1(trial: Record) -> Iterator[Seen]:
    """The first hypothesis names a file of the fault, of submissions."""
    yield from _hit(trial, 1, in_file)


def file_hit_3(trial: Record) -> Iterator[Seen]:
    """One of the first three hypotheses names a file of the fault, of submissions."""
    yield from _hit(trial, 3, in_file)


def symbol_hit_3(trial: Record) -> Iterator[Seen]:
    """One of the first three names file and symbol of the fault, or a symbol within it, of submissions.

    Nothing where the fault lies in no symbol.
    """
    if trial.facts is not None and any("::" in place for place in trial.facts.locations):
        yield from _hit(trial, 3, at_symbol)


def reciprocal_rank(trial: Record) -> Iterator[Seen]:
    """MRR: 1 ÷ rank of the first hypothesis that names a file of the fault, 0 where none does. Voorhees 1999."""
    for rank in _ranks(trial, in_file):
        yield Seen(1 / rank if rank else 0.0, steps=(trial.submitted_step,))


def in_file(guess: Hypothesis, location: str) -> bool:
    return plain_path(guess.file) == location.partition("::")[0]


def at_symbol(guess: Hypothesis, location: str) -> bool:
    """`Class.method` as well as `method` alone is right for `Class.method`; `Class` is not."""
    symbol = location.partition("::")[2]
    said = _DEFINES.sub("", guess.symbol.strip("\"'` \n")).partition("(")[0].strip().replace("::", ".")
    if not said or not symbol or not in_file(guess, location):
        return False
    return said == symbol or symbol.endswith(f".{said}") or said.endswith(f".{symbol}") or said.startswith(f"{symbol}.")


def _hit(trial: Record, first: int, right: Callable[[Hypothesis, str], bool]) -> Iterator[Seen]:
    for rank in _ranks(trial, right):
        yield Seen(float(0 < rank <= first), steps=(trial.submitted_step,))


def _ranks(trial: Record, right: Callable[[Hypothesis, str], bool]) -> Iterator[int]:
    """The rank of the first right hypothesis, 0 for none; nothing where there is no submission, or no truth."""
    if trial.submission is None or trial.facts is None or not trial.facts.locations:
        return
    ranked = enumerate(trial.submission.hypotheses, start=1)
    yield next((rank for rank, guess in ranked if any(right(guess, place) for place in trial.facts.locations)), 0)


def plain_path(said: str) -> str:
    r"""A path as the truth writes it: from the repository's root, without marks around it, a line, or a symbol.

    >>> plain_path("`.\\src\\cart.py:42`"), plain_path("/workspace/src/./cart.py::total")
    ('src/cart.py', 'src/cart.py')
    """
    text = said.strip("\"'` \n").replace("\\", "/").partition("::")[0]
    return posixpath.normpath(_LINE.sub("", text).removeprefix("/workspace/").lstrip("/"))


MEASURES = (
    Measure("file_hit_1", "right file first", "percent", as_rate, control, file_hit_1, better="more"),
    Measure("file_hit_3", "right file in three", "percent", as_rate, control, file_hit_3, better="more"),
    Measure("symbol_hit_3", "right symbol in three", "percent", as_rate, control, symbol_hit_3, better="more"),
    Measure("reciprocal_rank", "mean reciprocal rank", "number", as_rate, control, reciprocal_rank, better="more"),
)
