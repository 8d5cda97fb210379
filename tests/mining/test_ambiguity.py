"""Hints of what an instruction leaves open."""

from __future__ import annotations

import pytest

from runner.mining.ambiguity import hints
from sandboxes.archive import Entry

BASE = {
    "src/cart.py": Entry(b"def total(items):\n    return sum(items)\n"),
    "tests/test_cart.py": Entry(b"def test_old():\n    assert old_name() == 77\n"),
}
SOLVED = BASE | {
    "src/cart.py": Entry(
        b"def total(items, void_rate=37):\n    if not items:\n"
        b'        raise ValueError(f"an empty cart "\n                         "has no total")\n'
        b"    return sum_of_net(items)\n"
    )
}
TOLD = "`total([])` should raise ValueError instead of giving 0. Somebody asked for it in a hurry."


def test(text: str) -> dict[str, Entry]:
    return {
        "tests/test_cart.py": Entry(BASE["tests/test_cart.py"].data + f"\n\ndef test_new():\n    {text}\n".encode())
    }


test.__test__ = False  # type: ignore[attr-defined]


def test_what_the_instruction_tells_is_no_riddle() -> None:
    assert hints(TOLD, BASE, SOLVED, test("assert total([1, 2]) == 3")) == ()


@pytest.mark.parametrize("text", ["total([1], void_rate=1)", "cart.sum_of_net([])", "from cart import sum_of_net"])
def test_an_interface_that_nobody_named_is_a_hint(text: str) -> None:
    [hint] = hints(TOLD, BASE, SOLVED, test(text))
    assert hint.startswith("Tests use names that only the fix has")
    named = hint.rpartition(": ")[2].rstrip(".")
    assert hints(f"{TOLD} See `{named}`.", BASE, SOLVED, test(text)) == ()


def test_a_message_that_only_the_fix_has_is_a_hint() -> None:
    expecting = test('with raises(ValueError, match="empty cart has no total"):\n        total([])')
    [hint] = hints(TOLD, BASE, SOLVED, expecting)
    assert hint == "Tests expect words that only the fix has: 'empty cart has no total'."
    assert hints(f"{TOLD} Say: an empty cart has no total.", BASE, SOLVED, expecting) == ()
    base = BASE | {"README": Entry(b"an empty cart has no total")}
    assert hints(TOLD, base, SOLVED | {"README": base["README"]}, expecting) == ()


def test_a_number_that_only_the_fix_has_is_a_hint_and_a_result_is_none() -> None:
    [hint] = hints(TOLD, BASE, SOLVED, test("assert total([]) == 37"))
    assert hint == "Tests expect numbers that only the fix has: 37."
    assert hints(TOLD, BASE, SOLVED, test("assert total([30, 8]) == 38")) == ()
    assert hints(f"{TOLD} 37 is right.", BASE, SOLVED, test("assert total([]) == 37")) == ()


def test_old_tests_and_other_languages_count_as_they_should() -> None:
    solved = SOLVED | {"src/cart.py": Entry(b"old_name = 77\n")}
    assert hints(TOLD, BASE, solved, {"tests/test_cart.py": BASE["tests/test_cart.py"]}) == ()
    base = {"cart.js": Entry(b"exports.total = 1\n")}
    fixed = {"cart.js": Entry(b"exports.total = 1\nexports.netTotal = () => { throw new Error('cart is empty') }\n")}
    tests = {"cart.test.js": Entry(b"expect(() => netTotal()).toThrow('cart is empty')\n")}
    assert [hint.rpartition(": ")[2] for hint in hints(TOLD, base, fixed, tests)] == ["netTotal.", "'cart is empty'."]


def test_few_words_without_a_fact_are_a_hint() -> None:
    assert hints("Totals are wrong sometimes.", BASE, SOLVED, {}) == (
        "The instruction names no value, message or code, and has few words.",
    )


def test_what_is_no_python_does_no_harm() -> None:
    hidden = {"tests/test_x.py": Entry(b"def \xff(:\n  assert 'x y z w' == 37"), "link": Entry(b"a", is_link=True)}
    assert len(hints(TOLD, BASE, SOLVED, hidden)) == 1
