"""The repository that is mined: one on this machine, only read, or a copy of one from elsewhere."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runner.errors import UserError
from runner.mining.messages import slug
from runner.scenarios.git import GitRefused, git

SCHEMES = ("https", "http", "ssh", "git", "file")
HEAD = "refs/mined/head"
"""Where a copy keeps what HEAD is in the repository that it was made of."""
PLAIN = ("-c", "protocol.allow=never", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""Before every command that reads: nothing of the repository's own configuration runs, nothing is fetched."""

_SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!//)(?P<path>[^:\s]\S*)")
_SAFE = re.compile(r"[\w.~@:/%+\[\]?=&,;-]+")


@dataclass(frozen=True)
class History:
    """A repository whose history can be read."""

    folder: Path
    """Where git is run."""
    name: str
    """What people call it."""
    origin: str
    """Its path or address, without a password."""
    head: str
    """The revision to begin with where none is named."""

    def git(self, *words: str) -> bytes:
        """What git says, with `PLAIN` before it. Raises GitRefused."""
        return git(self.folder, *PLAIN, *words)


def opened(place: Path | str, copies: Path) -> History:
    """The repository at a path, or a bare copy of the one at a URL, kept in the folder `copies` and brought up to date.

    Raises UserError: no repository there, one of another user's, a scheme that is not allowed, a copy that fails.
    """
    text = str(place)
    if isinstance(place, Path) or Path(text).exists():
        return _local(Path(text))
    if "://" in text or "::" in text or _SCP.fullmatch(text):
        return _copied(text, copies)
    raise UserError(f"{text}: no such folder; name a repository's folder, or a URL ({', '.join(SCHEMES)})")


def _local(folder: Path) -> History:
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    try:
        inside = git(folder, *PLAIN, "rev-parse", "--absolute-git-dir").decode("utf-8", "surrogateescape").strip()
        top = git(folder, *PLAIN, "rev-parse", "--show-cdup").decode().strip()
    except GitRefused as error:
        raise UserError(f"{folder}: {_why(folder, str(error))}") from None
    if top:
        above = (folder / top).resolve()
        raise UserError(f"{folder} is a folder of the repository {above}; name that")
    here = folder.resolve()
    if here != Path(inside) and here not in Path(inside).parents and not (here / ".git").exists():
        raise UserError(f"{folder} is no repository of its own but in {inside}; name that")
    name = here.name.removesuffix(".git") or here.parent.name
    return History(folder, slug(name) or "repo", str(folder), "HEAD")


def _why(folder: Path, said: str) -> str:
    if "dubious ownership" in said:
        return (
            "it belongs to another user, whose git configuration would have a say; "
            f"make a copy of your own (cp -r {folder} COPY) and name that"
        )
    if "not a git repository" in said:
        return "no git repository; name the folder that holds .git, or a bare one"
    return said


def _copied(url: str, copies: Path) -> History:
    name, origin = _checked(url)
    key = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    folder = copies / f"{name}-{key}.git"
    allowed = [word for scheme in SCHEMES for word in ("-c", f"protocol.{scheme}.allow=always")]
    refs = (f"+HEAD:{HEAD}", "+refs/heads/*:refs/heads/*")
    try:
        if not (folder / "HEAD").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            git(folder, "init", "-q", "--bare", "--template=")
        fetch = ("fetch", "-q", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        git(folder, *PLAIN, *allowed, *fetch, "--", url, *refs)
    except GitRefused as error:
        said = re.sub(r"//[^/@\s]+@", "//", str(error))
        raise UserError(f"{origin} cannot be copied: {said}; or clone it yourself and name the folder") from None
    return History(folder, name, origin, HEAD)


def _checked(url: str) -> tuple[str, str]:
    """A name for what is at a URL, and the URL without a password. Raises UserError."""
    scp = None if "://" in url else _SCP.fullmatch(url)
    if "::" in url or url.startswith("-") or not _SAFE.fullmatch(url):
        raise UserError(f"{url!r} is no address to copy a repository from; use {', '.join(f'{s}://' for s in SCHEMES)}")
    if scp is not None:
        path, origin = scp["path"], url
    else:
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise UserError(f"{url!r} is no URL: {error}") from None
        if parts.scheme.lower() not in SCHEMES:
            raise UserError(f"{parts.scheme}:// is not copied from; use {', '.join(f'{s}://' for s in SCHEMES)}")
        path, host = parts.path, parts.netloc.rpartition("@")[2]
        origin = parts._replace(netloc=host, query="", fragment="").geturl()
    name = slug(path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"))
    return name or "repo", origin
