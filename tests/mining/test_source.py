"""Which repositories are read, and how a copy of one is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from histories import FIX, Mine, Repository
from runner.errors import UserError
from runner.mining.source import opened
from runner.scenarios.git import git


def test_a_folder_without_a_repository_is_told_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"name the folder that holds \.git"):
        opened(tmp_path / "empty", tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        opened(str(tmp_path / "nothing"), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="no such folder"):
        opened(tmp_path / "file", tmp_path)


def test_a_folder_of_a_repository_is_told_which(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"is a folder of the repository {repository.folder}; name that"):
        opened(repository.folder / "src", tmp_path)
    with pytest.raises(UserError, match="name that"):
        opened(repository.folder / ".git" / "objects", tmp_path)


def test_bare_ones_worktrees_and_git_folders_are_repositories(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "second")
    git(tmp_path, "clone", "-q", "--bare", str(repository.folder), "bare.git")
    assert opened(repository.folder, tmp_path).name == "shop"
    assert opened(tmp_path / "second", tmp_path).name == "second"
    assert opened(tmp_path / "bare.git", tmp_path).name == "bare"
    assert opened(repository.folder / ".git", tmp_path).name == "shop"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_somebody_elses_repository_is_refused_with_a_way_out(repository: Repository, tmp_path: Path) -> None:
    for path in [repository.folder, *repository.folder.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    with pytest.raises(UserError, match=r"belongs to another user.*cp -r"):
        opened(repository.folder, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch sprung'",
        "ext::sh",
        "fd::17",
        "ftp://example.org/a.git",
        "javascript://a",
        "--upload-pack=touch://x",
        "ssh://-oProxyCommand=touch/x",
        "https://exa mple.org/a",
        "https://[::1/a",
        "data://x\ny",
        "transport::https://example.org/a",
    ],
)
def test_addresses_that_run_something_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        opened(url, tmp_path / "copies")
    assert not list(Path().glob("sprung*"))


def test_a_copy_is_bare_and_brought_up_to_date(repository: Repository, mine: Mine, tmp_path: Path) -> None:
    url = repository.folder.as_uri()
    assert len(mine(url)) == 1
    repository.commit(FIX)
    assert len(mine(url)) == 2
    [copy] = (tmp_path / "copies").iterdir()
    assert copy.name.startswith("shop-")
    assert not (copy / "hooks").exists()
    repository.git("checkout", "-q", "-B", "elsewhere", "HEAD~1")
    assert len(mine(url)) == 1, "HEAD is what it is there"


def test_a_password_is_neither_shown_nor_kept(repository: Repository, tmp_path: Path) -> None:
    url = f"file://somebody:s3cret@{repository.folder}"
    try:
        assert "s3cret" not in opened(url, tmp_path / "copies").origin
    except UserError as error:
        assert "s3cret" not in str(error)
    for path in (tmp_path / "copies").rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), path


def test_a_copy_that_fails_says_so_without_a_password(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:1/a cannot be copied.*clone it yourself") as caught:
        opened("http://me:s3cret@127.0.0.1:1/a", tmp_path)
    assert "s3cret" not in str(caught.value)


def test_an_empty_repository_has_no_commit(tmp_path: Path, mine: Mine) -> None:
    Repository(tmp_path / "new")
    with pytest.raises(UserError, match="no commit is named 'HEAD'"):
        mine(tmp_path / "new")
