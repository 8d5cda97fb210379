"""Scenarios made by hand, from a repository or a plain folder, with tests as a folder or as a patch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.errors import FileProblem, Rejected, UserError
from runner.importers.patch import proposal_from
from runner.scenarios.patches import lay_out
from sandboxes.archive import Entry

ISSUE = "Doubling is off\n\ndouble(3) gives 5; 6 was expected."
FIX_IN_PLACE = "--- a/code.txt\n+++ b/code.txt\n@@ -1 +1 @@\n-one\n+two\n"


@pytest.fixture
def files(upstream: Any, tmp_path: Path) -> Path:
    (tmp_path / "fix.diff").write_text(upstream.row["patch"])
    (tmp_path / "tests.diff").write_text(upstream.row["test_patch"])
    lay_out({"tests/test_new.py": Entry(b"def test_new():\n    pass\n")}, tmp_path / "more")
    return tmp_path


@pytest.mark.parametrize(("tests", "hidden"), [("tests.diff", "tests/test_calc.py"), ("more", "tests/test_new.py")])
def test_a_repository_a_patch_and_tests_make_a_proposal(upstream: Any, files: Path, tests: str, hidden: str) -> None:
    place = upstream.repos / "acme__calc.git"
    found = proposal_from(place, upstream.old, files / "fix.diff", files / tests, ISSUE)
    assert (found.id, found.title) == ("doubling-is-off", "Doubling is off")
    assert found.solved["src/calc.py"].data == b"def double(x):\n    return x * 2\n"
    assert list(found.hidden) == [hidden]
    assert found.provenance.origin == "patch"


def test_the_fix_and_its_tests_are_not_in_the_base_when_they_lie_in_the_folder(files: Path, tmp_path: Path) -> None:
    place = tmp_path / "plain"
    lay_out(
        {"code.txt": Entry(b"one\n"), "fix.diff": Entry(FIX_IN_PLACE.encode()), "hidden/test_a.py": Entry(b"x = 1\n")},
        place,
    )
    found = proposal_from(place, "", place / "fix.diff", place / "hidden", "One is wrong.")
    assert found.base.keys() == {"code.txt"}
    assert found.solved["code.txt"].data == b"two\n"


def test_a_plain_folder_is_taken_as_it_is_and_not_changed(files: Path) -> None:
    lay_out({"src/calc.py": Entry(b"def double(x):\n    return x + 2\n")}, files / "plain")
    found = proposal_from(files / "plain", "", files / "fix.diff", files / "more", ISSUE, id="my own")
    assert found.id == "my-own"
    assert (files / "plain/src/calc.py").read_text() == "def double(x):\n    return x + 2\n"


@pytest.mark.parametrize(
    ("place", "commit", "patch", "tests", "issue", "error"),
    [
        ("acme__calc.git", "", "fix.diff", "more", ISSUE, UserError),
        ("acme__calc.git", "--exec=x", "fix.diff", "more", ISSUE, UserError),
        ("absent", "", "fix.diff", "more", ISSUE, FileProblem),
        ("acme__calc.git", "old", "absent.diff", "more", ISSUE, FileProblem),
        ("acme__calc.git", "old", "tests.diff", "more", " ", Rejected),
        ("acme__calc.git", "new", "fix.diff", "more", ISSUE, Rejected),
        ("acme__calc.git", "old", "empty.diff", "more", ISSUE, Rejected),
        ("acme__calc.git", "old", "fix.diff", "nothing", ISSUE, Rejected),
    ],
)
def test_what_does_not_fit_is_said(
    upstream: Any, files: Path, place: str, commit: str, patch: str, tests: str, issue: str, error: type[Exception]
) -> None:
    (files / "nothing").mkdir()
    (files / "empty.diff").write_text("")
    named = {"old": upstream.old, "new": upstream.new}.get(commit, commit)
    with pytest.raises(error):
        proposal_from(upstream.repos / place, named, files / patch, files / tests, issue)
