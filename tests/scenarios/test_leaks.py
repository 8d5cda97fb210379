"""What a text gives away of a fix, between nothing and everything."""

from __future__ import annotations

import random
import re
import string

import pytest

from runner.scenarios.leaks import Leak, leak
from sandboxes.archive import Entry

BASE = {"src/vat.py": Entry(b"def tax(net, rate):\n    return round(net * rate, 2)\n"), "README": Entry(b"quantize\n")}
FIX = b"""\
from decimal import ROUND_HALF_UP, Decimal

def tax(net, rate):
    # the tiebreak of merchants
    return (net * rate).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
"""
SOLVED = BASE | {"src/vat.py": Entry(FIX)}


def test_a_symptom_gives_nothing_away() -> None:
    assert leak("tax(0.285) is a cent short at ties", BASE, SOLVED) == Leak(0.0)


def test_the_score_follows_its_formula() -> None:
    """New are decimal, Decimal and ROUND_HALF_UP (rounding is an English word), and two telling lines."""
    told = "Use ROUND_HALF_UP of Decimal:\n\n    from decimal import ROUND_HALF_UP,\n      Decimal\n\nin vat.py."
    found = leak(told, BASE, SOLVED)
    assert found.shared == ("Decimal", "ROUND_HALF_UP", "decimal")
    assert found.lines == ("from decimal import ROUND_HALF_UP, Decimal",)
    assert found.files == ("src/vat.py",)
    assert found.score == pytest.approx(1 - (1 - 3 / 4) * (1 - 1 / 2) * 0.75, abs=1e-4)


def test_the_whole_fix_as_text_is_all_of_it() -> None:
    assert leak(FIX.decode(), BASE, SOLVED).score == 1.0


def test_names_that_the_base_has_anywhere_comments_and_common_words_are_no_leak() -> None:
    assert leak("quantize the tiebreak of merchants by rate", BASE, SOLVED).shared == ()


def test_a_message_that_the_fix_adds_is_shared_as_a_whole_only() -> None:
    solved = {"a.js": Entry(b"// says why\nthrow new TypeError('port must be a number')\n")}
    assert leak("It should say: port must be a number.", {}, solved).shared == ("port must be a number",)
    assert leak("The port should be a number.", {}, solved).shared == ()
    assert leak("It says why", {}, solved).lines == ()


def test_a_deleted_file_is_a_changed_one() -> None:
    assert leak("src/vat.py is stale", BASE, {"README": BASE["README"]}).files == ("src/vat.py",)


def test_what_is_no_text_is_not_read() -> None:
    solved = {
        "a.bin": Entry(b"\0needle_in_it"),
        "l": Entry(b"needle_in_it", is_link=True),
        "b.py": Entry(b"def \xff(:\n"),
    }
    assert leak("needle_in_it", {}, solved).score == 0.0


def test_the_score_stays_in_its_range_and_never_falls_when_the_text_says_more() -> None:
    draw = random.Random(7)
    for _ in range(100):
        lines = ["".join(draw.choices(string.ascii_lowercase + " =(){}\"'#", k=30)) for _ in range(8)]
        base = {"a.py": Entry("\n".join(lines[:4]).encode())}
        solved = {"a.py": Entry("\n".join(lines).encode())}
        text, last = "", 0.0
        for line in [*lines, "a.py"]:
            text += f"\n\n{line}"
            score = leak(text, base, solved).score
            assert 0 <= score <= 1
            assert score >= last
            last = score
        assert re.search("a.py", text)
        assert last >= 0.25
