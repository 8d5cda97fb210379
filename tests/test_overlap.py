"""How much of the reference a patch repeats, word for word and nearly so."""

from __future__ import annotations

import pytest

from runner.overlap import added, overlap


def patch(*lines: str) -> str:
    body = "\n".join(lines)
    return f"diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n{body}\n"


REFERENCE = patch(" def f(x):", "-    return x", "+    total = x * 2", "+    return total")


def test_the_reference_repeats_all_of_itself() -> None:
    found = overlap(REFERENCE, REFERENCE)
    assert found is not None
    assert (found.verbatim, found.tokens) == (1.0, 1.0)


def test_other_names_leave_tokens_and_no_line() -> None:
    found = overlap(patch("+    result = x * 2", "+    return result"), REFERENCE)
    assert found is not None
    assert found.verbatim == 0.0
    assert found.tokens == pytest.approx(5 / 7)


def test_a_patch_that_adds_much_more_has_less_in_common() -> None:
    padded = patch("+    total = x * 2", "+    return total", *(f"+    print('{at}', x)" for at in range(40)))
    found = overlap(padded, REFERENCE)
    assert found is not None
    assert found.verbatim == 1.0
    assert found.tokens < 0.1


def test_brackets_are_nobodys_words() -> None:
    assert overlap(patch("+    )", "+]"), REFERENCE) is None
    found = overlap(patch("+    raise Missing(", "+    )"), patch("+    warn(", "+        x", "+    )"))
    assert found is not None
    assert found.verbatim == 0.0


def test_a_fix_in_other_words_repeats_little() -> None:
    found = overlap(patch("+    raise NotImplementedError"), REFERENCE)
    assert found is not None
    assert (found.verbatim, found.tokens) == (0.0, 0.0)


def test_white_space_and_place_do_not_matter() -> None:
    found = overlap(patch("+return   total", "+", "+total = x  *  2"), REFERENCE)
    assert found is not None
    assert found.verbatim == 1.0


@pytest.mark.parametrize("text", ["", "no patch", patch("-gone"), "+++ b/x.py\n+added before any hunk\n"])
def test_a_patch_that_adds_nothing_has_no_overlap(text: str) -> None:
    assert overlap(text, REFERENCE) is None
    assert overlap(REFERENCE, text) is None


def test_a_line_that_looks_like_a_header_is_a_line() -> None:
    assert added(patch("+++ counter")) == ["++ counter"]


def test_long_patches_are_compared_in_bounded_time() -> None:
    text = patch(*(f"+a{at} = {at} * {at % 7}" for at in range(20_000)))
    found = overlap(text, text)
    assert found is not None
    assert found.verbatim == 1.0
