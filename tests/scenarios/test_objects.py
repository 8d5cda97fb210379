"""Git's objects as plain data."""

from pathlib import Path

import pytest

from runner.scenarios.git import GitRefused, git
from runner.scenarios.objects import store, tree_at
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


@pytest.mark.parametrize("at", [Entry(b"/tmp", is_link=True), Entry(b"a file")])
def test_a_tree_in_which_something_lies_below_a_link_or_a_file_is_refused(at: Entry, tmp_path: Path) -> None:
    commit = store({"out": at, "out/deep/evil": Entry(b"x", is_link=True)}, tmp_path / "g")
    with pytest.raises(GitRefused, match="out/deep/evil"):
        tree_at(tmp_path / "g", commit)


def test_what_is_in_a_folder_named_git_is_left_out_however_it_is_written(tmp_path: Path) -> None:
    tree = {"sub/.git/config": Entry(b"[core]"), ".GIT/hooks/x": Entry(b"x"), "a.git/x": Entry(b"x")}
    assert tree_at(tmp_path / "g", store(tree, tmp_path / "g")).keys() == {"a.git/x"}


def test_hooks_and_watchers_of_a_repository_are_not_run(tmp_path: Path) -> None:
    store(TREE, tmp_path / "g")
    hook = tmp_path / "g" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(tmp_path / "g", "config", "core.fsmonitor", str(hook))
    store({"a": Entry(b"a")}, tmp_path / "g")
    assert not (tmp_path / "ran").exists()
