"""A twin's names in a text are found whole, by their longest form, and nowhere in other words."""

from __future__ import annotations

import time

import pytest

from runner.events.calls import ToolReturned
from runner.events.conversation import Replied, Told
from runner.messages import AssistantMessage, Reply
from runner.reading.originals import Originals, is_prose

NAMES = {"src/memo/core/river.py": "src/memo/clock.py", "Store": "Cache", "opened_with": "opened_by", "sum": "total"}


def test_a_word_that_code_says_is_read_back_in_what_it_says_alone() -> None:
    found = Originals({"lacking": "missing", "Store": "Cache", "walrus": "pelican"}, words=("lacking", "walrus"))
    assert found.beside('lacking = Store("a lacking key", lacking)  # lacking') == (
        'lacking = Store‹Cache›("a lacking‹missing› key", lacking)  # lacking'
    )
    assert found.beside("walrus = 'walrus'\nKeyError: a walrus is lacking\nwalrus") == (
        "walrus = 'walrus‹pelican›'\nKeyError: a walrus‹pelican› is lacking‹missing›\nwalrus"
    )
    assert found.beside('"""One.\n\nIt is lacking.\n"""\nlacking') == '"""One.\n\nIt is lacking‹missing›.\n"""\nlacking'
    told = 'It says “the key is lacking”, and `lacking` is lacking; the Walrus walks past `Store("walrus")`.'
    assert found.beside(told, prose=True) == (
        "It says “the key is lacking‹missing›”, and `lacking` is lacking; the Walrus walks past "
        '`Store‹Cache›("walrus‹pelican›")`.'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Store.opened_with(sum)", "Store‹Cache›.opened_with‹opened_by›(sum‹total›)"),
        ("Stores _Store Store2 résum sum_ sums", "Stores _Store Store2 résum sum_ sums"),
        ("from memo.core.river import Store", "from memo.core.river‹memo.clock› import Store‹Cache›"),
        ("src/memo/core/river.py:3: in sum", "src/memo/core/river.py‹src/memo/clock.py›:3: in sum‹total›"),
        ("/workspace/src/memo/core/river.py", "/workspace/src/memo/core/river.py‹src/memo/clock.py›"),
        ("core/river.py river.pyc", "core/river.py‹clock.py› river‹clock›.pyc"),
        ("memo.core.rivers memo..core river. py", "memo.core.rivers memo..core river‹clock›. py"),
        ("", ""),
        ("\u202esum\x1b[31msum", "\u202esum‹total›\x1b[31msum"),
    ],
)
def test_whole_names_alone_are_found_and_the_longest_that_there_is(text: str, shown: str) -> None:
    assert Originals(NAMES).beside(text) == shown


def test_the_pieces_of_a_text_are_the_text() -> None:
    for text in ("", "sum", " sum `sum` \n```\nsum\n", "memo/core/river.py", "\n\nnothing here"):
        for prose in (False, True):
            assert "".join(piece for piece, _ in Originals(NAMES).pieces(text, prose)) == text
            assert list(Originals().pieces(text, prose)) == [(text, "")]


def test_in_prose_a_plain_word_is_a_name_in_code_alone() -> None:
    text = "The sum of `sum` by opened_with is in core/river.py:\n\n    sum = 1\n"
    shown = "The sum of `sum‹total›` by opened_with‹opened_by› is in core/river.py‹clock.py›:\n\n    sum‹total› = 1\n"
    assert Originals(NAMES).beside(text, prose=True) == shown


def test_in_prose_a_capital_within_a_sentence_makes_a_name() -> None:
    shown = Originals(NAMES).beside("Store it. Store the Store, Store; (Store) A\nStore. STORE", prose=True)
    assert shown == "Store it. Store the Store‹Cache›, Store‹Cache›; (Store) A\nStore. STORE"


def test_what_a_short_form_could_mean_twice_is_told_by_the_long_one_alone() -> None:
    found = Originals({"a/river.py": "a/clock.py", "b/river.py": "b/watch.py"})
    assert found.beside("a/river.py b.river river.py river") == "a/river.py‹a/clock.py› b.river‹b.watch› river.py river"


def test_what_people_read_is_told_from_code() -> None:
    spoken = Replied(turn=1, reply=Reply(message=AssistantMessage(text="x")))
    assert is_prose(spoken) and is_prose(Told(role="user", text="x"))
    assert not is_prose(ToolReturned(call_id="a", tool="run_command", text="x"))


@pytest.mark.parametrize("unit", ["`", "`a``b", "river.py/", "a.b-c/", "~~~\n```\n"])
def test_texts_made_to_take_long_do_not(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    for prose in (False, True):
        list(Originals(NAMES).pieces(text, prose))
    assert time.process_time() - began < 3
