"""Patches on trees: what they touch is told before anything is applied, and nothing outside is reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.scenarios.checkout import difference
from runner.scenarios.patches import MAX_PATCH, PatchHostile, PatchRefused, Touched, lay_out, patched, touched
from sandboxes.archive import Entry

TREE = {"a.txt": Entry(b"one\n"), "bin/run": Entry(b"#!/bin/sh\n", executable=True), "image": Entry(b"\0\1\2")}


def test_what_a_patch_touches_is_told_with_renames_binaries_and_deletions() -> None:
    after = {"b.txt": Entry(b"one\n"), "image": Entry(b"\0\3"), "new": Entry(b"x\n")}
    found = touched(difference(TREE, after))
    assert {(each.path, each.binary) for each in found} == {
        ("b.txt", False),
        ("bin/run", False),
        ("image", True),
        ("new", False),
    }


def test_a_patch_turns_one_tree_into_the_other() -> None:
    after = {
        "b.txt": Entry(b"one\r\n"),
        "image": Entry(b"\0\3"),
        "caf\udce9": Entry(b"caf\xe9\n"),
        "run": Entry(b"", True),
    }
    assert patched(TREE, difference(TREE, after)) == after


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/config", "a/.git/hooks/x", ".GIT/config", "a/../../x"])
def test_a_path_that_no_patch_needs_is_hostile_and_is_not_written(path: str, tmp_path: Path) -> None:
    patch = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
    with pytest.raises(PatchRefused) as caught:
        touched(patch)
    assert isinstance(caught.value, PatchHostile) or "invalid path" in str(caught.value)
    with pytest.raises(PatchRefused):
        patched(TREE, patch)


def test_nothing_is_written_through_a_link_of_the_tree(tmp_path: Path) -> None:
    tree = {"out": Entry(os.fsencode(tmp_path), is_link=True)}
    with pytest.raises(PatchRefused):
        patched(tree, "--- /dev/null\n+++ b/out/evil\n@@ -0,0 +1 @@\n+x\n")
    assert not list(tmp_path.iterdir())


def test_no_link_is_made_through_another_link_of_a_tree(tmp_path: Path) -> None:
    away, folder = tmp_path / "away", tmp_path / "folder"
    away.mkdir()
    tree = {"out": Entry(os.fsencode(away), is_link=True), "out/evil": Entry(b"/etc/passwd", is_link=True)}
    with pytest.raises(PatchRefused, match="below a file or a link"):
        lay_out(tree, folder)
    assert not list(away.iterdir())


@pytest.mark.parametrize(
    "patch", ["", "no patch", "--- a\n+++ b\n", "diff --git a/x b/x\n", "\ud800", "+" * (MAX_PATCH + 1)]
)
def test_what_is_no_patch_is_refused(patch: str) -> None:
    with pytest.raises(PatchRefused):
        touched(patch)


def test_lines_in_a_hunk_that_look_like_headers_are_content() -> None:
    before = {"notes": Entry(b"-- a/../../etc/passwd\n")}
    assert touched(difference(before, {"notes": Entry(b"++ b/.git/config\n")})) == [Touched("notes", False)]
