"""Prose in other words: every fact stays word for word, whatever stands around it."""

from __future__ import annotations

import random
import re

import pytest

from runner.twins.phrases import Phrasing, turns
from runner.twins.prose import FACT, parts, reworded

PHRASING = Phrasing("1", share=1.0)
FACTS = [
    "`must`", "``is not``", '"at least one"', "“the rest”", "'cannot'", "3.5", "17", "-2", "must_be", "isNot",
    "HTTPError", "EUR", "never()", "each.other", "--until", "a/whole/path.py", "P1Y2M", "$HOME", "key=value", "<must>",
    "https://example.org/must", "%s", "{until}", "x86",
]  # fmt: skip
PLAIN = [
    *turns(),
    "a",
    "an",
    "the",
    "key",
    "value",
    "if",
    "None",
    "one",
    "two",
    ",",
    ";",
    ".",
    "(",
    ")",
    "\n",
    "\n    ",
]
NUMBERS = re.compile(r"\d+")


def facts_of(text: str) -> list[str]:
    return [fact.group() for fact in FACT.finditer(text)]


@pytest.mark.parametrize("seed", range(8))
def test_no_text_loses_a_fact_or_its_order(seed: int) -> None:
    draw = random.Random(seed)
    changed = 0
    for _ in range(250):
        wanted = [draw.choice(FACTS) for _ in range(4)]
        words = [draw.choice(PLAIN) for _ in range(12)]
        for fact in wanted:
            words.insert(draw.randrange(len(words)), fact)
        wanted = [word for word in words if word in FACTS]
        text = " ".join(words)
        new = reworded(text, Phrasing(str(seed)), of_function=draw.random() < 0.5)
        at = -1
        for fact in wanted:
            at = new.find(fact, at + 1)
            assert at >= 0, (text, new, fact)
        assert NUMBERS.findall(new) == NUMBERS.findall(text)
        changed += new != text
    assert changed > 150


@pytest.mark.parametrize("seed", range(4))
def test_any_text_is_rewritten_without_an_error_and_its_parts_are_it(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(300):
        text = "".join(
            draw.choice(["`", '"', "'", ":", "\n", "\r\n", "  ", "is not ", "é", "\0", "must", "(", ">>>", "::"])
            for _ in range(30)
        )
        assert "".join(part for part, _ in parts(text)) == text
        new = reworded(text, PHRASING)
        assert new.count("\n") == text.count("\n") and new.count("`") == text.count("`")


@pytest.mark.parametrize(
    "text",
    [
        ">>> must(1)\nuntil 3\n",
        "Usage::\n\n    it is not code that must change\n",
        ":param must: a key\n",
        "until : int\n",
        "cannot (bool): x",
        "until it\n--------",
        "a-must-have",
        "MUST",
        "He said 'it must be'.",
    ],
)
def test_doctests_blocks_fields_headings_and_quotes_stay(text: str) -> None:
    assert reworded(text, PHRASING, of_function=True) == text


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("It must be 3.", "It shall be 3."),
        ("Must be at least 3.", "Shall be no less than 3."),
        ("It is not `must`.", "It isn't `must`."),
        ("If it is empty, nothing is done.", "Nothing is done if it is empty."),
        ("Take the next job; wait for it.", "Takes the next job. Wait for it."),
        ("Takes the next job.", "Take the next job."),
        ("Whether it is there.", "Tells whether it is there."),
        ("The number of entries.", "Gives the count of entries."),
        ("The keys that are stored.", "Gives the keys that are stored."),
        ("The number of keys is odd.", "The count of keys is odd."),
        ("How many there are; None if unknown.", "Tells how many there are; None if unknown."),
        ("When it rains, or snows, it is wet.", "When it rains, or snows, it is wet."),
        ("Take the key and lock it.", "Take the key and lock it."),
        ("Take the key and the lock.", "Takes the key and the lock."),
        ("List of the keys.", "List of the keys."),
        ("Split `a` into parts.", "Splits `a` into parts."),
        ("On the whole it works.", "On the whole it works."),
        ("an unknown key", "an unrecognized key"),
        ("never again", "never again"),
        ("at least once", "at least once"),
    ],
)
def test_turns_change_where_what_is_around_allows_it(text: str, becomes: str) -> None:
    assert reworded(text, PHRASING, of_function=True) in (becomes, becomes.replace("Tells", "Says"))


def test_no_turn_holds_a_number_or_changes_how_often_is_denied() -> None:
    denials = re.compile(
        r"\bno\b(?! (?:less|more) than)|\bnot\b|n't\b|\bcannot\b|\bnobody\b|\bnever\b|\bat no time\b|\bno one\b"
    )
    for old, turn in turns().items():
        for other in turn.others:
            assert not NUMBERS.search(old + other)
            assert len(denials.findall(old)) == len(denials.findall(other)), (old, other)


def test_one_seed_says_a_turn_in_one_way_and_another_seed_in_another() -> None:
    texts = ["it must be", "they MUST", "Must they"]
    assert [PHRASING.said(text) for text in texts] == ["it shall be", "they MUST", "Shall they"]
    drawn = {Phrasing(str(seed)).said("has to be chosen instead of the rest, for example") for seed in range(12)}
    assert len({*drawn, *(Phrasing(str(seed)).said("tells whether") for seed in range(3))}) > 1
