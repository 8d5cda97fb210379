"""Names in texts and new names: code is told from prose, quotes and test ids stay, styles are kept."""

from __future__ import annotations

import random

import pytest

from runner.twins.texts import parts, renamed_comment, renamed_expression, renamed_prose
from runner.twins.words import Namer

NAMES = {"lease": "rental", "JobStore": "WorkDepot", "max_attempts": "top_tries", "store": "depot"}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("The lease of `lease` ends.", "The lease of `rental` ends."),
        ("JobStore and max_attempts are clear anywhere.", "WorkDepot and top_tries are clear anywhere."),
        ("```python\nstore.lease('lease')\n```\nlease", "```python\ndepot.rental('lease')\n```\nlease"),
        ("So:\n\n    store.lease\n\nlease", "So:\n\n    depot.rental\n\nlease"),
        (
            "`tests/test_store.py::test_lease` and `src/store.py`",
            "`tests/test_store.py::test_lease` and `src/store.py`",
        ),
        ("released", "released"),
        ("~~~\nlease\n```\nlease\n~~~\nlease", "~~~\nrental\n```\nrental\n~~~\nlease"),
        ("an `open span\nand lease", "an `open span\nand lease"),
    ],
)
def test_words_change_in_code_and_telling_ones_in_prose(text: str, becomes: str) -> None:
    assert renamed_prose(text, NAMES) == becomes


def test_comments_change_where_a_word_is_told_as_a_name() -> None:
    assert renamed_comment("# the lease, `lease`, max_attempts", NAMES) == "# the lease, `rental`, top_tries"


def test_a_regular_expression_changes_in_its_telling_names_and_not_in_its_escapes() -> None:
    assert renamed_expression(r"\bmax_attempts=1|lease\w", NAMES) == r"\btop_tries=1|lease\w"


def test_the_parts_of_any_text_are_that_text() -> None:
    draw = random.Random(1)
    for _ in range(500):
        text = "".join(draw.choice(["`", "```", "\n", "    ", "a", " ", "~~~", "\r\n", "é", "\t"]) for _ in range(40))
        assert "".join(part for part, _ in parts(text)) == text
        assert renamed_prose(text, {}) == text


@pytest.mark.parametrize(
    "name", ["max_attempts", "_private_thing", "JobStore", "DEFAULT_QUEUE", "qux", "camelCase", "x2y_"]
)
def test_a_new_name_has_the_old_ones_style_and_is_an_identifier(name: str) -> None:
    for seed in range(20):
        new = Namer(str(seed), {"qux"}).other(name)
        assert new.isidentifier() and new != name
        assert new.startswith("_") == name.startswith("_") and new.endswith("_") == name.endswith("_")
        assert new.isupper() == name.isupper() and new.strip("_")[0].isupper() == name.strip("_")[0].isupper()


def test_no_two_names_become_one_and_no_name_becomes_one_that_is_taken() -> None:
    old = [f"{word}_{other}" for word in ("job", "task", "work") for other in ("queue", "backlog", "error", "fault")]
    namer = Namer("1", old)
    new = [namer.other(name) for name in old]
    assert len(set(new)) == len(new) and not set(new) & set(old)


def test_the_same_seed_gives_the_same_names_and_another_one_others() -> None:
    def drawn(seed: str) -> list[str]:
        namer = Namer(seed, ())
        return [namer.other(name) for name in ("job_queue", "RetryPolicy", "last_error", "qux")]

    assert drawn("1") == drawn("1") != drawn("2")
