"""Git's objects as plain data."""

from pathlib import Path

import pytest

from runner.git import GitRefused, git
from runner.objects import store, tree_at
from sandboxes.archive import Entry

TREE = {
    "a.py": Entry(b"print(1)\r\n"),
    "run": Entry(b"#!/bin/sh\n", executable=True),
    "src/link": Entry(b"../a.py", is_link=True),
    "src/caf\udce9.bin": Entry(bytes(range(256))),
    ".gitattributes": Entry(b"* text eol=crlf export-ignore\n*.py ident filter=lfs\n"),
    "src/__pycache__/x.pyc": Entry(b"old"),
}


def test_a_stored_tree_comes_back_byte_for_byte_whatever_its_attributes_say(tmp_path: Path) -> None:
    commit = store(TREE, tmp_path / "source.git")
    assert tree_at(tmp_path / "source.git", commit) == TREE


def test_the_same_tree_is_the_same_commit_and_another_one_is_not(tmp_path: Path) -> None:
    one = store(TREE, tmp_path / "one.git")
    assert store(TREE, tmp_path / "two.git") == one == store(TREE, tmp_path / "one.git")
    assert store({**TREE, "a.py": Entry(b"")}, tmp_path / "one.git") != one


def test_folders_that_are_skipped_are_left_out_wherever_they_are(tmp_path: Path) -> None:
    commit = store(TREE, tmp_path / "source.git")
    assert "src/__pycache__/x.pyc" not in tree_at(tmp_path / "source.git", commit, ["__pycache__"])


def test_stored_commits_have_no_history_and_outlive_a_clean_up(tmp_path: Path) -> None:
    commit = store(TREE, tmp_path / "source.git")
    git(tmp_path / "source.git", "gc", "-q", "--prune=now")
    assert git(tmp_path / "source.git", "log", "--format=%H %P", commit).split() == [commit.encode()]
    assert tree_at(tmp_path / "source.git", commit) == TREE


def test_a_submodule_is_left_out(tmp_path: Path) -> None:
    commit = store({"a": Entry(b"a")}, tmp_path / "g")
    git(tmp_path / "g", "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    git(tmp_path / "g", "update-index", "--add", "--cacheinfo", f"100644,{_blob(tmp_path / 'g', commit)},a")
    tree = git(tmp_path / "g", "write-tree").decode().strip()
    assert tree_at(tmp_path / "g", tree) == {"a": Entry(b"a")}


def test_a_commit_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store(TREE, tmp_path / "g")
    with pytest.raises(GitRefused):
        tree_at(tmp_path / "g", "0" * 40)


def _blob(repository: Path, commit: str) -> str:
    return git(repository, "rev-parse", f"{commit}:a").decode().strip()
