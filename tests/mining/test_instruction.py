"""Instructions: the symptom stays, the fix goes."""

from __future__ import annotations

import time

import pytest

from runner.errors import Rejected
from runner.mining.changelog import entry, is_changelog
from runner.mining.cleaning import Fix, cleaned
from runner.mining.instruction import instruction, symptom
from runner.mining.issues import Issue
from runner.mining.rewriting import prompt_for_rewriting, template, written
from runner.scenarios.proposal import Proposal
from runner.scenarios.scenario import Provenance
from sandboxes.archive import Entry

BASE = {"src/cart.py": Entry(b"def total(items):\n    return sum(items[1:])\n")}
SOLVED = {
    "src/cart.py": Entry(
        b"def total(items):\n    priced = drop_voids(items)\n    return sum(each.net for each in priced)\n"
    )
}
FIX = Fix.between(BASE, SOLVED)

KEPT = {
    "a symptom": "`total([1, 2])` gives 2. I expected 3.",
    "an example": "Run this:\n\n```python\nfrom cart import total\n\ntotal([1, 2])\n```",
    "a traceback": '```\nTraceback:\n  File "src/cart.py", line 2, in total\nTypeError: no\n```',
    "a decorator": "It happens with @property as well.",
    "an address of a standard": "See https://www.rfc-editor.org/rfc/rfc8785 for the numbers.",
    "a version": "Seen with Python 3.12 and version 2.0.1 on Windows 10.",
    "a mail address": "It sends to me@example.org twice.",
    "a list of what was done": "- open the cart\n- add two items\n- look at the total",
    "a number sign in code": "`#12` is shown in the first column.",
    "arithmetic": "1 - 1 + 2 gives 1, which is off by one.",
    "a table": "| items | total |\n| --- | --- |\n| 2 | 1 |",
}
TAKEN = {
    "a fenced line of the fix": ("```python\nreturn sum(each.net   for each in priced)\n```", ""),
    "an indented line of the fix": ("Wrong.\n\n    return sum(each.net for each in priced)\n", "Wrong."),
    "a fenced diff": ("Off.\n\n```diff\n- a\n+ b\n```\n\nReally.", "Off.\n\nReally."),
    "a diff by its look": ("```\n-a = 1\n+a = 2\n```", ""),
    "a bare diff": ("Off.\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\nReally.", "Off.\n\nReally."),
    "an unclosed fence": ("Off.\n\n```diff\n- a\n+ b", "Off."),
    "a suggestion": ("It is off. We should use a filter there. It is bad.", "It is off. It is bad."),
    "the fix": ("It is off. The fix is to skip voids. It is bad.", "It is off. It is bad."),
    "how it was fixed": ("The total is off. This was fixed by skipping voids.", "The total is off."),
    "a diagnosis with a name of the fix": ("It is off because drop_voids is not called.", ""),
    "a diagnosis with a file": ("Off. The problem is in cart.py somewhere.", "Off."),
    "a pointer": ("Something in src/cart.py:2 is off by one.", "Something in the code is off by one."),
    "trailers": ("It is off.\n\nSigned-off-by: A B <a@b>\nCo-Authored-By: C\nChange-Id: I1", "It is off."),
    "people": ("It is off, says @somebody-else here.\n\ncc @a @b\nThanks @c!", "It is off, says somebody here."),
    "an image": ("It is off.\n\n![screen](https://x/y.png)\n<img src='a'>", "It is off."),
    "a link to a tracker": ("As in [this report](https://github.com/a/b/issues/1).", "As in this report."),
    "a bare link": ("It is off: https://github.com/a/b/pull/3/files", "It is off:"),
    "numbers": ("It is off for carts (#12, a/b#13). Fixes #14.", "It is off for carts."),
    "a hash": ("Since commit 0123abc4 the total is off.", "Since an earlier commit the total is off."),
    "a template's comment": ("<!-- Describe the bug -->It is off.<!-- no end", "It is off."),
    "a template's ticks": ("It is off.\n\n- [x] I searched\n- [ ] I did not", "It is off."),
    "empty sections": (
        "## Steps\n\n_No response_\n\n## Seen\n\nIt is off.\n\n### More\n\nN/A\n\n## Expected\n",
        "## Seen\n\nIt is off.",
    ),
    "a section with the solution": (
        "## Seen\n\nIt is off.\n\n## Possible solution\n\nSkip voids.\n\n### Code\n\nx\n\n## Version\n\n2.0",
        "## Seen\n\nIt is off.\n\n## Version\n\n2.0",
    ),
    "a checklist": ("**Describe the bug**\nIt is off.\n\n**Checklist**\nDone.", "**Describe the bug**\nIt is off."),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_what_tells_the_symptom_stays(name: str) -> None:
    assert cleaned(KEPT[name], FIX) == KEPT[name]


@pytest.mark.parametrize("name", TAKEN)
def test_what_gives_the_fix_away_goes(name: str) -> None:
    text, left = TAKEN[name]
    assert cleaned(text, FIX) == left
    assert cleaned(text.replace("\n", "\r\n"), FIX) == left


@pytest.mark.parametrize("name", TAKEN)
def test_cleaning_again_takes_nothing_more(name: str) -> None:
    once = cleaned(TAKEN[name][0], FIX)
    assert cleaned(once, FIX) == once


def test_a_change_s_imperatives_are_its_fix() -> None:
    text = "Carts lost their first item. Use all of them now.\n\n- Replace the slice\n- It was off"
    assert cleaned(text, FIX, describes_change=True) == "Carts lost their first item.\n\n- It was off"
    assert cleaned(text, FIX) == text


@pytest.mark.parametrize(
    "piece", ["[", "![", "`", "~", "@a ", "a/b", "https://", "<!--", "#1 ", "**", "a.b:1 ", "- ", "(#1"]
)
def test_cleaning_takes_little_time(piece: str) -> None:
    started = time.process_time()
    cleaned(piece * 100_000, FIX, True)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("Fix crash on empty input by checking the length", "Crash on empty input"),
        ("fix(cart): total is off (#12)", "Total is off"),
        ("Fixed a bug where totals are off", "Totals are off"),
        ("Fix bug in totals", "Bug in totals"),
        ("Use a lock to avoid a race in the pool", "A race in the pool"),
        ("Wrong totals for empty carts", "Wrong totals for empty carts"),
        ("Pager doesn't close streams", "Expected: pager doesn't close streams"),
        ("Don't crash on empty input", "Expected: don't crash on empty input"),
        ("get_total() handles None", "Expected: get_total() handles None"),
        ("Fix and tidy totals", "Fix and tidy totals"),
        ("Fix", "Fix"),
    ],
)
def test_a_subject_is_told_as_a_symptom_or_a_wish(subject: str, told: str) -> None:
    assert symptom(subject) == told


LONG = "With two items in a cart the total shows only the second one, whatever they cost."


def test_an_issue_is_told_rather_than_a_message() -> None:
    issue = Issue("12", "Total is off", LONG, comments=("The culprit is the slice.",))
    told = instruction("Fix total\n\nmore", FIX, issue)
    assert (told.text, told.source) == (f"# Total is off\n\n{LONG}\n", "issue")
    assert "The culprit" in instruction("Fix total", FIX, issue, comments=True).text


def test_a_message_helps_where_an_issue_says_too_little() -> None:
    told = instruction(f"Fix total\n\n{LONG}", FIX, Issue("12", "Total?", "See above."))
    assert (told.text, told.source) == (f"# Total\n\n{LONG}\n", "commit")


def test_a_changelog_helps_a_message_of_one_line() -> None:
    told = instruction("Fix totals of carts", FIX, noted="Carts with two items no longer lose the first of them. #12")
    assert told.text == (
        "# Totals of carts\n\nOnce it is fixed, the changelog will say:\n\n"
        "> Carts with two items no longer lose the first of them.\n"
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Fix it", "instruction-thin"),
        ("", "instruction-thin"),
        ("Fix totals\n\nSigned-off-by: A B", "instruction-thin"),
        ("Fix totals\n\nThis commit skips the voids of all carts, so that sums are right again.", "instruction-leaks"),
        (
            "Fix totals\n\nreturn sum(each.net for each in priced) # for all of the carts that there are",
            "instruction-leaks",
        ),
    ],
)
def test_too_little_has_a_code_that_says_why(message: str, code: str) -> None:
    with pytest.raises(Rejected, match="at least 8 are needed") as caught:
        instruction(message, FIX)
    assert caught.value.code == code


def test_a_changelog_is_known_by_its_name_and_its_new_entries_by_their_lines() -> None:
    names = "CHANGES.rst docs/changelog.md NEWS HISTORY.txt newsfragments/1.bugfix changelog.d/a.md docs/releases.rst"
    assert [path for path in names.split() if not is_changelog(path)] == []
    assert [path for path in ("src/changes.py.txt/x", "src/news_feed/a.py", "a.py") if is_changelog(path)] == []
    old = b"2.0\n---\n\n-   Old entry.\n"
    new = b"2.1\n---\n\n-   New entry that\n    goes on. :issue:`1`\n-   Another.\n\n" + old
    assert entry({"CHANGES": Entry(old)}, [("CHANGES", Entry(new))]) == "New entry that goes on. :issue:`1`\n\nAnother."
    assert entry({}, [("CHANGES", Entry(b"- line\n" * 50))]) == "", "a whole release"


PROPOSAL = Proposal(
    id="shop-total",
    title="Total is off",
    instruction=f"# Total is off\n\n{LONG} Is it drop_voids --> ?\n~~~\nx\n~~~\n",
    repo="shop",
    base=BASE,
    solved=SOLVED,
    hidden={"tests/test_cart.py": Entry(b"def test_two():\n    assert total([1, 2]) == 3\n")},
    provenance=Provenance(origin="mined", fix="0" * 40),
    fail_to_pass=("tests/test_cart.py::test_two",),
    locations=("src/cart.py::total",),
)


def test_a_template_holds_what_is_known_and_tests_only_where_asked() -> None:
    text = template(PROPOSAL)
    assert "fault in: src/cart.py::total" in text
    assert "names of the fix: drop_voids" in text
    assert "test_two" not in text
    assert written(text) == PROPOSAL.instruction, "comments are taken off, all else stays"
    asked = template(PROPOSAL, tests=True)
    assert "tests/test_cart.py::test_two" in asked
    assert "assert total([1, 2]) == 3" in asked
    assert written(asked) == PROPOSAL.instruction


def test_a_model_is_told_the_text_and_what_to_leave_out_but_no_code_and_no_test() -> None:
    system, user = prompt_for_rewriting(PROPOSAL)
    assert "Add none" in system.text
    assert "- drop_voids" in user.text
    assert user.text.endswith(f"~~~~\n{PROPOSAL.instruction.strip()}\n~~~~\n"), "a mark that the text does not have"
    assert "each.net" not in user.text
    assert "test_two" not in user.text
