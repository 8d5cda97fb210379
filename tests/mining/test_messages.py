"""What messages say of a commit, and what scenarios are called after them."""

from __future__ import annotations

import random
import re

import pytest

from runner.mining.issues import Issue
from runner.mining.messages import LONGEST_ID, identifier, title, why_no_fix

FIXES = """
Fix crash on empty input
fix(core): wrong sum
fix!: totals
BUGFIX: totals
hotfix: totals
[Fix] totals
SHOP-1 fix(cart): totals
:bug: Fix totals
🐛 Fix totals
[SHOP-12] Fixed totals
SHOP-12: totals are wrong
Don't fail on empty lists
Avoid a ZeroDivisionError for empty lists
Prevent deadlock in the pool
Handle None in totals
Ensure totals are not negative
Correct rounding of totals
totals: off-by-one
Closes #12: totals
Add missing check, fixes #12
WIP: Fix totals
Regression in totals since 2.0
Behebt falsche Summen
修复 totals
Incorrect docs path crashes the server
"""
OTHERS = """
feat: fix button
docs: fix example
[New] fix button
[Dev Deps] fix versions
SHOP-1 feat: totals that are wrong
chore(deps): bump a from 1 to 2
refactor: totals
Revert "Fix crash on empty input"
Bump a from 1.0 to 1.1 to fix CVE-2024-1
Release 1.2.3
v1.2.3
Version 2.0
Fix typo
Fix typos in README
Fix flake8 errors
Fix staticcheck linting
Fix failing tests
Fix CI
Fix tests on Windows
fix lint
Fix documentation of totals
Typo
Add totals
Adds totals
Implemented totals
Rename totals
Remove old totals
Update dependencies
Tests for totals
Test that totals work
Merge branch 'dev'
Update translations
Initial commit
Totals
"""


@pytest.mark.parametrize("message", FIXES.strip().splitlines())
def test_a_fix_is_known_by_its_words(message: str) -> None:
    assert why_no_fix(message) is None


@pytest.mark.parametrize("message", OTHERS.strip().splitlines())
def test_other_work_is_known_by_its_words(message: str) -> None:
    assert why_no_fix(message)


def test_the_body_counts_where_the_subject_says_nothing() -> None:
    assert why_no_fix("Totals of carts\n\nThey were wrong for empty ones.") is None
    assert why_no_fix("Totals of carts\n\nFixes #12") is None
    assert why_no_fix("Add totals of carts\n\nFixes #12") == "its subject begins with 'Add'"
    assert why_no_fix("carts: add totals, by word") == "its subject begins with 'add'"
    assert why_no_fix("Tidy\n\nThis reverts commit 1234567.") == "it takes another commit back"


def test_an_issues_label_decides() -> None:
    bug, wish = Issue("1", "a", "", ("type: bug",)), Issue("1", "a", "", ("enhancement",))
    assert why_no_fix("Add totals", bug) is None
    assert why_no_fix("Totals", Issue("1", "a", "", (), "Bug")) is None
    assert why_no_fix("Fix totals", wish) == "its issue 1 is none of a fault (enhancement)"
    assert why_no_fix("Revert totals", bug)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("fix(core): totals of empty carts (#12)", "Totals of empty carts"),
        ("[SHOP-1] Fix totals.", "Fix totals"),
        ("SHOP-1: Fix totals, fixes #3", "Fix totals"),
        ("Fix #12: totals", "Totals"),
        ("Issue #12: totals", "Totals"),
        ("Fix totals (fixes a/b#1, closes #2)", "Fix totals"),
        (":bug: fix totals", "Fix totals"),
        ("get_total() is wrong", "get_total() is wrong"),
        ("note: this stays", "Note: this stays"),
        ("#12", "#12"),
        ("", ""),
        pytest.param("X" * 300, "X" * 199 + "…", id="long"),
    ],
)
def test_a_title_has_no_numbers_and_types_around_it(subject: str, expected: str) -> None:
    assert title(subject) == expected


@pytest.mark.parametrize(
    ("repo", "subject", "expected"),
    [
        ("shop", "Fix Größe & café's total", "shop-fix-grosse-cafes-total"),
        ("shop", "修复", "shop-0123abcd"),
        ("shop", "", "shop-0123abcd"),
        ("", "Fix totals", "repo-fix-totals"),
        (
            "a-very-long-name-of-a-repository",
            "Fix " + "totals " * 20,
            "a-very-long-name-of-a-re-fix-totals-totals-totals-totals",
        ),
        ("shop", "x" * 100, "shop-" + "x" * 55),
    ],
)
def test_an_id_is_made_of_repository_and_title(repo: str, subject: str, expected: str) -> None:
    assert identifier(repo, subject, "0123abcdef" * 4) == expected


def test_ids_are_valid_and_never_the_same() -> None:
    draw = random.Random(7)
    taken: set[str] = set()
    for number in range(2000):
        subject = "".join(draw.choices("ab -ß#é/", k=draw.randint(0, 90)))
        name = identifier("shop" * draw.randint(0, 9), subject, f"{number:040x}"[::-1], taken)
        assert name not in taken
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)
        assert len(name) <= LONGEST_ID + 40
        taken.add(name)
