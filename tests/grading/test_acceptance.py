"""Which changes grading takes over, decided on names and data alone."""

from __future__ import annotations

import pytest

from runner.frameworks.python import PythonFramework
from runner.grading.acceptance import acceptable
from runner.scenarios.scenario import Scope
from sandboxes.archive import Entry

SCOPE = Scope(writable=("src/**",), protected=("tests/**", "pyproject.toml"))
HARNESS = PythonFramework.harness_files


@pytest.mark.parametrize(
    ("path", "entry", "why"),
    [
        ("tests/test_calc.py", Entry(b"x"), "protected"),
        ("tests/new.py", None, "protected"),
        ("deep/conftest.py", Entry(b"x"), "steers"),
        ("src/evil.pth", Entry(b"x"), "steers"),
        (".git/hooks/post-checkout", Entry(b"x"), "protected"),
        ("src/link", Entry(b"/etc/passwd", is_link=True), "outside"),
        ("src/link", Entry(b"../../etc", is_link=True), "outside"),
    ],
)
def test_changes_that_grading_leaves_out(path: str, entry: Entry | None, why: str) -> None:
    kept, dropped = acceptable({path: entry, "src/ok.py": Entry(b"")}, SCOPE, {}, {}, HARNESS)
    assert set(kept) == {"src/ok.py"}
    assert why in dropped[path]


def test_a_harness_file_that_the_reference_changes_may_be_changed() -> None:
    change = {"setup.cfg": Entry(b"x"), "pyproject.toml": Entry(b"x")}
    kept, dropped = acceptable(change, SCOPE, {"setup.cfg": Entry(b"y"), "pyproject.toml": Entry(b"y")}, {}, HARNESS)
    assert (set(kept), dropped) == ({"setup.cfg", "pyproject.toml"}, {})


def test_what_tools_leave_behind_is_no_change() -> None:
    litter = {"src/__pycache__/a.pyc": Entry(b""), ".coverage": Entry(b""), ".pytest_cache/v/x": Entry(b"")}
    assert acceptable(litter, SCOPE, {}, {}, HARNESS) == ({}, {})


FILES = ("src/app/__init__.py", "src/app/core.py", "json.py", "tests/test_a.py", "lib", "checks/test_b.py")
PRISTINE = {path: Entry(b"") for path in FILES}


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("pytest.py", "pytest"),
        ("src/random.py", "random"),
        ("src/_pytest/runner.py", "_pytest"),
        ("src/pluggy.so", "pluggy"),
        ("src/app/random.py", ""),
        ("src/app/json/__init__.py", ""),
        ("src/calendars.py", ""),
        ("docs/json/example.txt", ""),
        ("tools/queue.py", ""),
        ("checks/queue.py", "queue"),
        ("json.py", ""),
    ],
)
def test_only_a_new_module_that_is_importable_by_its_bare_name_shadows(path: str, named: str) -> None:
    kept, dropped = acceptable({path: Entry(b"x")}, SCOPE, {}, PRISTINE, HARNESS)
    assert (path in kept) is not bool(named)
    assert path in kept or f"shadows {named}" in dropped[path]


def test_a_new_package_shadows_with_all_its_files() -> None:
    new = {"xml/__init__.py": Entry(b""), "xml/dom.py": Entry(b""), "email/notes.md": Entry(b"")}
    kept, dropped = acceptable(new, SCOPE, {}, PRISTINE, HARNESS)
    assert (set(kept), set(dropped)) == ({"email/notes.md"}, {"xml/__init__.py", "xml/dom.py"})


def test_what_stands_in_the_place_of_files_that_stay_is_left_out() -> None:
    change = {"tests/test_a.py": None, "tests": Entry(b"src", is_link=True), "lib/new.py": Entry(b"")}
    kept, dropped = acceptable(change, SCOPE, {}, PRISTINE, HARNESS)
    assert kept == {}
    assert set(dropped) == {"tests/test_a.py", "tests", "lib/new.py"}


def test_a_folder_may_move_and_leave_a_link() -> None:
    change = {"src/app/__init__.py": None, "src/app/core.py": None, "src": Entry(b"lib2", is_link=True)}
    change |= {"lib2/app/__init__.py": Entry(b""), "lib2/app/core.py": Entry(b"")}
    kept, dropped = acceptable(change, SCOPE, {}, PRISTINE, HARNESS)
    assert (kept, dropped) == (change, {})
