"""Files that mean harm to whoever reads them as Python: twins are made beside them, and they stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runner.python import LONGEST, concrete
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.kinds import KINDS
from sandboxes.archive import Entry

WriteSubject = Callable[..., Subject]
HARM = {
    "parentheses": b"x = " + b"(" * 50_000 + b"1" + b")" * 50_000,
    "brackets": b"x = " + b"[" * 5_000 + b"]" * 5_000,
    "deep lists": b"x = " + b"[" * 180 + b"]" * 180,
    "minuses": b"x = " + b"-" * 50_000 + b"1",
    "a long sum": b"x = 1" + b" + other_amount" * 900,
    "many strings": b"x = " + b"'a' " * 900,
    "a long chain": b"x = a" + b".other_amount()" * 900,
    "a long line": b"x = [" + b"1, " * 500_000 + b"]",
    "a null": b"other_amount = 1\0",
    "no UTF-8": b"\xff\xfe",
    "an unknown encoding": b"# coding: wonderland\nother_amount = 1",
    "no text encoding": b"# coding: rot13\nother_amount = 1",
    "a refusing encoding": b"# coding: undefined\nother_amount = 1",
    "no Python": b"def (:",
}
CODE = """\
def other_amount(first_number):
    # a comment
    return last_amount(first_number)


def last_amount(first_number):
    return first_number
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("harm", HARM)
def test_no_file_ends_the_process_or_the_twin(write_subject: WriteSubject, kind: str, harm: str) -> None:
    subject = write_subject({"src/shop/__init__.py": "", "src/shop/till.py": CODE, "src/shop/use.py": "import os\n"})
    hostile = Entry(HARM[harm] + b"\n")
    trees = {"base": {**subject.base, "src/harm.py": hostile}, "solved": {**subject.solved, "src/harm.py": hostile}}
    transformation = next(each for name, each in KINDS.items() if name == kind)
    try:
        made = transformation.apply(replace(subject, **trees), Terms(1))
    except TwinRefused as refused:
        assert refused.code in ("nothing-to-change", "too-large")
    else:
        assert made.subject.base["src/harm.py"] == hostile


def test_what_is_too_long_or_too_deep_is_not_read_with_its_layout() -> None:
    assert concrete(b"x = 1\n") is not None
    assert concrete(b"#" * LONGEST + b"\n") is None
    assert concrete(b"x = " + b"[" * 120 + b"]" * 120 + b"\n") is None
