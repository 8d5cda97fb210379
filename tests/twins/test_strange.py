"""Files that nobody would write: no kind fails on them, and what each makes is still Python, and the same program."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from runner.arms import TwinKind
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.kinds import KINDS
from sandboxes.archive import Entry

WriteSubject = Callable[..., Subject]
CALM = b"""\
import pytest


def test_bob():
    # it must be so
    assert len('bob') == 3


def test_other():
    assert 'bob'.upper() == 'BOB'


def must():
    raise ValueError('it must be at least 1')
"""
PRICES = b"""\
def longest_price():
    # it must be so
    raise ValueError('it must be at least 1')


def shortest_price():
    return longest_price()
"""
FILES = {
    "no Python": b"def test_x(:\n",
    "bytes": bytes(range(256)),
    "nothing": b"",
    "null": b"x = 1\0\n",
    "latin-1": "# -*- coding: latin-1 -*-\nx = 'é bob must be'  # é must be\n".encode("latin-1"),
    "wrong encoding": b"# -*- coding: no-such -*-\nx = 1\n",
    "byte order mark": b"\xef\xbb\xbf" + CALM,
    "carriage returns": CALM.replace(b"\n", b"\r\n"),
    "old carriage returns": CALM.replace(b"\n", b"\r"),
    "no newline at the end": CALM.rstrip(),
    "form feed": b"x = 1\n\x0c\n# it must be so\ndef test_a():\n\tassert f() == 1\n",
    "nested": b"def test_a():\n    assert f() == " + b"(" * 150 + b"1" + b")" * 150 + b"\n",
    "too nested": b"x = " + b"(" * 5_000 + b")" * 5_000,
    "long sum": b"def test_a():\n    assert f() == " + b" + ".join([b"1"] * 3_000) + b"\n",
    "long chain": b"x = a" + b".b()" * 2_000 + b"\n",
    "huge text": b"def test_a():\n    assert f() == '" + b"bob must be " * 40_000 + b"'\n",
    "huge number": b"def test_a():\n    assert f() == " + b"9" * 50_000 + b"\n",
    "many words": b"x = '" + b" ".join(b"w%d" % at for at in range(20_000)) + b" bob'\n",
    "strings of all kinds": b"def test_a():\n"
    + b"    assert f(b'bob' rb'\\d bob', r'\\bbob', 'bob' f'{x!r:>{n}} bob {{bob}}') == 'bob'\n",
    "nested f-strings": b"def test_a():\n    raise E(f\"it must {f'{bob} must'} be {x['must']}\")\n",
    "many lines": b"# it must be so\ndef test_a(): assert f() == 1; assert g() == 2\n\ndef test_b(): assert f() == 1\n",
    "its own source": CALM + b"\n\ndef test_me():\n    import inspect\n    assert 'must' in inspect.getsource(must)\n",
    "one name twice": CALM + CALM,
    "docstrings": b"def f():\n    '''It must be\\n so.\\'''' ; x = 1\n\n\nclass _A: 'it must'\n",
}
STRANGE = sorted(FILES)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", STRANGE)
def test_no_kind_fails_on_a_strange_file(write_subject: WriteSubject, kind: TwinKind, name: str) -> None:
    calm = CALM.replace(b"import pytest\n", b"import pytest\nfrom shop.prices import longest_price\n")
    base = {
        "tests/test_calm.py": Entry(calm), "src/shop/__init__.py": Entry(b""), "src/shop/prices.py": Entry(PRICES),
        "tests/test_strange.py": Entry(FILES[name]), "src/strange.py": Entry(FILES[name]),
    }  # fmt: skip
    solved, hidden = {**base, "fix.py": Entry(b"x = 1\n")}, {"tests/test_h.py": Entry(calm)}
    subject = replace(write_subject({}), base=base, solved=solved, hidden=hidden)
    began = time.process_time()
    try:
        made = KINDS[kind].apply(subject, Terms(1)).subject
    except TwinRefused as error:
        assert (error.code, name) == ("nothing-to-change", "its own source"), "its words may be looked for anywhere"
        return
    assert time.process_time() - began < 20
    assert made.base != base
    for path, entry in made.base.items():
        assert is_python(entry.data) == is_python(base[path].data if path in base else entry.data)
    for path in ("tests/test_strange.py", "src/strange.py"):
        if not is_python(FILES[name]) or name == "its own source":
            assert made.base[path] == base[path]


def is_python(data: bytes) -> bool:
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@pytest.mark.parametrize("kind", ["reword", "constants", "layout"])
def test_links_and_other_files_stay(write_subject: WriteSubject, kind: TwinKind) -> None:
    base = {
        "tests/test_calm.py": Entry(CALM), "src/calm.py": Entry(CALM),
        "tests/test_link.py": Entry(b"../src/calm.py", is_link=True), "tests/data.txt": Entry(b"it must be bob"),
    }  # fmt: skip
    subject = replace(write_subject({}), base=base, solved={**base, "fix.py": Entry(b"x = 1\n")})
    made = KINDS[kind].apply(subject, Terms(1)).subject
    assert made.base["tests/test_link.py"] == base["tests/test_link.py"]
    assert made.base["tests/data.txt"] == base["tests/data.txt"]
    assert made.base != subject.base


@pytest.mark.parametrize("kind", ["reword", "constants", "layout"])
def test_one_seed_makes_one_twin_and_another_seed_another(write_subject: WriteSubject, kind: TwinKind) -> None:
    texts = [b"# it has to be chosen\n# for instance, instead of the rest\n", b"x = 'pen pot peg lamp bob ann'\n"]
    data = texts[0] + texts[1] + CALM + CALM.replace(b"def test_", b"def test_more_")
    base = {
        "tests/test_calm.py": Entry(data),
        "src/calm.py": Entry(CALM.replace(b"'bob'", b"'x'").replace(b"_bob", b"_x")),
    }
    subject = replace(write_subject({}), base=base, solved={**base, "fix.py": Entry(b"x = 1\n")})
    made = [KINDS[kind].apply(subject, Terms(seed)).subject for seed in (*range(9), 3)]
    assert made[3] == made[9]
    assert len({each.base["tests/test_calm.py"].data for each in made}) > 1


def test_a_subject_of_no_files_is_refused(write_subject: WriteSubject) -> None:
    for kind in ("reword", "constants", "layout"):
        with pytest.raises(TwinRefused, match="nothing-to-change"):
            KINDS[kind].apply(write_subject({}), Terms(1))
