"""Commits as plain data, read by the hundred: no process of git a commit, nothing of a work tree."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from runner.mining.source import PLAIN, History
from runner.scenarios.git import GitRefused, git
from runner.scenarios.objects import blobs

BATCH = 400
"""Commits that are read at once."""
SUBMODULE, LINK = "160000", "120000"
RENAME_LIMIT = 400
"""Files on either side of a commit beyond which only exact renames are seen."""

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Change:
    """One file that a commit changes against its first parent."""

    path: str
    status: str
    """A added, D deleted, M modified, R renamed, C copied, T another type."""
    modes: tuple[str, str]
    """Octal, before and after; `000000` where there is no file."""
    blob: str
    """The new content's hash."""
    before: str
    """The path that it had, where it was renamed; else the same."""
    lines: int | None
    """Added and removed; None where git takes it for binary."""


@dataclass(frozen=True)
class Commit:
    """A commit and what it changes against its first parent."""

    sha: str
    parents: tuple[str, ...]
    """As the commit itself names them, whether they are here or not."""
    date: datetime
    """When it was committed."""
    message: str
    changes: tuple[Change, ...] = ()
    unread: str = ""
    """Why its changes cannot be read; empty where they were."""

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0].strip()

    @property
    def label(self) -> str:
        """Abbreviated hash and subject."""
        return f"{self.sha[:10]} {self.subject}".rstrip()


@dataclass(frozen=True)
class Graph:
    """What is reachable from a revision: each commit's parents that are here."""

    parents: dict[str, tuple[str, ...]]
    line: tuple[str, ...]
    """The first-parent line, newest first."""

    def inner(self) -> dict[str, tuple[str, ...]]:
        """Merge of the line → the commits that it brought in, newest first; merges within are left out."""
        seen = set(self.line)
        order = {sha: at for at, sha in enumerate(self.parents)}
        brought: dict[str, tuple[str, ...]] = {}
        for sha in reversed(self.line):
            found: list[str] = []
            todo = list(self.parents[sha][1:])
            while todo:
                each = todo.pop()
                if each not in seen:
                    seen.add(each)
                    found.append(each)
                    todo += self.parents.get(each, ())
            if found:
                brought[sha] = tuple(
                    sorted((each for each in found if len(self.parents[each]) < 2), key=order.__getitem__)
                )
        return brought


def graph(history: History, revision: str) -> Graph:
    """Raises GitRefused for a revision that is not there."""
    sha = history.git("rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    listed = history.git("rev-list", "--topo-order", "--parents", sha).decode().split("\n")
    parents = {words[0]: tuple(words[1:]) for line in listed if (words := line.split())}
    line, at = list[str](), sha
    while at:
        line.append(at)
        at = parents[at][0] if parents[at] else ""
    return Graph(parents, tuple(line))


def read(history: History, shas: Sequence[str], graph: Graph) -> Iterator[Commit]:
    """The commits with these hashes, in order, with what they change: nothing where no parent is here."""
    for start in range(0, len(shas), BATCH):
        part = shas[start : start + BATCH]
        raw = blobs(history.folder, part)
        changed = _changes(history, [(sha, graph.parents[sha][0]) for sha in part if graph.parents[sha]])
        for sha in part:
            changes = changed.get(sha, ())
            yield _commit(sha, raw[sha], changes)


def _changes(history: History, pairs: Sequence[tuple[str, str]]) -> dict[str, tuple[Change, ...] | str]:
    """Commit → what it changes against a parent, or why that cannot be read; one bad commit does not spoil the rest."""
    if not pairs:
        return {}
    how = ("--stdin", "-r", "-z", "-M", f"-l{RENAME_LIMIT}", "--raw", "--numstat", "--no-abbrev", "--root")
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{sha} {parent}\n" for sha, parent in pairs).encode())
        asked.seek(0)
        try:
            said = git(history.folder, *PLAIN, "diff-tree", *how, "--no-ext-diff", "--no-textconv", stdin=asked)
        except GitRefused as error:
            if len(pairs) == 1:
                return {pairs[0][0]: str(error)}
            half = len(pairs) // 2
            return _changes(history, pairs[:half]) | _changes(history, pairs[half:])
    return dict(_parsed(said))


def _parsed(said: bytes) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """What `diff-tree --stdin -z --raw --numstat` printed: a hash, then raw entries, then as many counts of lines."""
    words = iter(said.decode("utf-8", "surrogateescape").split("\0"))
    sha = ""
    raw: dict[str, Change] = {}
    for word in words:
        if _HASH.fullmatch(word) or not word:
            if sha:
                yield sha, tuple(raw.values())
            sha, raw = word, {}
        elif word.startswith(":"):
            old, new, _, blob, status = word[1:].split(" ")
            before = path = next(words)
            if status[0] in "RC":
                path = next(words)
            raw[path] = Change(path, status[0], (old, new), blob, before, 0)
        else:
            added, removed, path = word.split("\t", 2)
            if not path:
                next(words)
                path = next(words)
            raw[path] = replace(raw[path], lines=None if added == "-" else int(added) + int(removed))


def _commit(sha: str, raw: bytes, changes: tuple[Change, ...] | str) -> Commit:
    head, _, message = raw.partition(b"\n\n")
    fields = [line.partition(b" ") for line in head.split(b"\n")]
    parents = tuple(value.decode() for name, _, value in fields if name == b"parent")
    committed = next((value for name, _, value in fields if name == b"committer"), b"")
    encoding = next((value for name, _, value in fields if name == b"encoding"), b"")
    read = changes if isinstance(changes, tuple) else ()
    unread = changes if isinstance(changes, str) else ""
    return Commit(sha, parents, _date(committed), _decoded(message, encoding.decode("ascii", "replace")), read, unread)


def _decoded(message: bytes, encoding: str) -> str:
    """A message as text: in the encoding that its commit names, else UTF-8, else Latin-1, where all bytes are text."""
    for name in filter(None, (encoding, "utf-8")):
        try:
            text = message.decode(name)
            text.encode()  # some codecs make half characters, which no file holds
        except (LookupError, ValueError):
            continue
        return text.replace("\r\n", "\n").strip()
    return message.decode("latin-1").replace("\r\n", "\n").strip()


def _date(committed: bytes) -> datetime:
    """The time at the end of a `committer` line; 1970 where it is none that a calendar has."""
    found = re.search(rb"> (-?\d+) [+-]\d+$", committed)
    try:
        return datetime.fromtimestamp(int(found[1]) if found else 0, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)
