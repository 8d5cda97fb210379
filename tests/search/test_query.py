"""The query language: what it means, and that whatever else is typed is a message."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from runner.effects import MEANS, RISK, Effect
from runner.errors import UserError
from runner.search.finding import find
from runner.search.index import Index
from runner.search.query import ERROR_MEANINGS, ERRORS, Condition, Phrase, parse


def test_every_value_that_a_field_takes_is_explained() -> None:
    assert tuple(ERROR_MEANINGS) == ERRORS
    assert set(MEANS) == set(RISK) == set(Effect)


def test_words_phrases_fields_and_refusals() -> None:
    found = parse('overflow "off by one" -skipped tool:run_command error:exit,timeout -arm:control edit*')
    assert found.phrases == (
        Phrase("overflow"),
        Phrase("off by one"),
        Phrase("skipped", refused=True),
        Phrase("edit", prefix=True),
    )
    assert found.conditions == (
        Condition("tool", ("run_command",)),
        Condition("error", ("exit", "timeout")),
        Condition("arm", ("control",), refused=True),
    )


def test_a_risk_stands_for_its_effects_and_names_are_taken_as_people_write_them() -> None:
    assert set(parse("effect:R4").conditions[0].values) == {"secrets", "wide_deletion"}
    assert parse("effect:r4").conditions == parse("effect:R4").conditions
    assert parse("effect:out-of-scope").conditions[0].values == ("out_of_scope",)
    assert parse("verdict:agent-limit").conditions[0].values == ("agent_limit",)
    assert parse("type:decided").conditions[0].values == ("decided",)


def test_values_may_be_quoted_and_colons_in_words_are_words() -> None:
    assert parse('model:"a b"').conditions[0].values == ("a b",)
    for text in ("tests/test_a.py::test_x", "https://example.org/x", "std::vector", "C:\\temp", "12:30"):
        assert parse(text).phrases == (Phrase(text),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   \n\t ", "empty"),
        ('"open', "does not end"),
        ('model:"open', "does not end"),
        ("-", "stands alone"),
        ("a - b", "stands alone"),
        ("==", "no letter and no digit"),
        ('""', "no letter and no digit"),
        ("*", "no letter and no digit"),
        ("tool:", "no value"),
        ("tool:,", "no value"),
        ("efect:R3", "did you mean effect"),
        ("effect:R9", "no effect named"),
        ("error:scema", "did you mean schema"),
        ("verdict:passed", "no verdict named"),
        ("type:nothing", "no type of step"),
        ("a " * 40, "terms"),
        ("a" * 2000, "characters long"),
    ],
)
def test_what_means_nothing_is_a_message_that_says_what_would(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse(text)


HOSTILE = [
    'x" OR "y',
    "x' OR 1=1 --",
    "text : x",
    "NEAR(a b)",
    "a AND",
    "NOT a",
    "^a",
    "a + b",
    "{text} : a",
    "a\0b",
    "\ud800",
    "words MATCH",
    "tool:'; DROP TABLE steps; --",
    "model:[a-z]*",
    "run:*[",
    "label:%",
    "(((",
    "a*b*",
    '"a*"',
    "\u202eabc",
    "😀 a",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_syntax_of_the_database_is_text_like_any_other(text: str, tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    index.refresh([tmp_path])
    try:
        query = parse(text)
    except UserError:
        return
    assert find(index, query, [tmp_path]).steps == 0


def test_no_text_at_all_breaks_the_search(tmp_path: Path) -> None:
    draw = random.Random(7)
    index = Index(tmp_path / "index.sqlite")
    index.refresh([tmp_path])
    letters = string.ascii_letters + string.punctuation * 3 + " \"'*-:,\t\n\0é漢\ud83d\u202e" * 3
    pieces = [*'-:"*,', "tool:", "error:", "effect:", "R3", "label:", "any", "a", " "]
    asked = 0
    for turn in range(300):
        source = pieces if turn % 2 else list(letters)
        text = "".join(draw.choice(source) for _ in range(draw.randrange(1, 24)))
        try:
            query = parse(text)
        except UserError:
            continue
        find(index, query, [tmp_path])
        asked += 1
    assert asked > 50
