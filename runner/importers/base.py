"""What every importer shares: names, sources, and the split of a change into fix and tests.

An importer is a module with `leads(place, …)`. What is wrong with one task is the `Rejected` that its lead raises when
it is loaded; what is wrong with the whole place is a `UserError`, raised at once.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from filelock import FileLock

from runner.errors import Rejected
from runner.frameworks.naming import PYTHON, is_test
from runner.scenarios.catalog import CACHES
from runner.scenarios.git import GitRefused, git
from runner.scenarios.objects import tree_at
from runner.scenarios.patches import PatchHostile, PatchRefused, patched, touched
from runner.scenarios.proposal import Lead, Proposal
from runner.visible import visible
from sandboxes.archive import Entry, Tree

LONGEST_ID = 60
LONGEST_FILE = 4 << 20
"""Bytes of a file in which a foreign task is described."""
LONGEST_TITLE = 200
_HASH = re.compile(r"[0-9a-f]{7,40}")
_URL = re.compile(r"(https?|ssh|git)://[^\s]+|[\w.-]+@[\w.-]+:[^\s]+")


def slug(text: str) -> str:
    """`text` as a scenario's or repository's name; what does not fit a name or is too long is told by a digest.

    >>> slug("pallets__flask-5014")
    'pallets-flask-5014'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if plain and len(plain) <= LONGEST_ID:
        return plain
    digest = digest_of(text)[:8]
    return f"{plain[: LONGEST_ID - 9].strip('-')}-{digest}".strip("-")


def digest_of(*parts: str) -> str:
    """SHA-256 over texts, in hexadecimal; lone surrogates included."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part.encode("utf-8", "surrogatepass")).digest())
    return whole.hexdigest()


def title_of(text: str, otherwise: str) -> str:
    """The first line that says something, without marks of headings; control characters shown as escapes."""
    lines = (line.strip().lstrip("#").strip() for line in text.splitlines())
    first = next((line for line in lines if re.search(r"\w", line)), otherwise)
    return visible(first)[:LONGEST_TITLE] or "untitled"


def clean(text: str) -> str:
    """A text as an instruction: line ends as here, terminal sequences and lone surrogates shown as escapes."""
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"), newlines=True).strip() + "\n"


def day(value: object) -> date | None:
    """The day of a date in ISO form or of seconds or milliseconds since 1970; None for anything else."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC).date()
        if isinstance(value, datetime | date):
            return date(value.year, value.month, value.day)
        return date.fromisoformat(str(value).strip()[:10])
    except (ValueError, OverflowError, OSError):
        return None


def refused(id: str, label: str, key: str, code: str, sentence: str) -> Lead:
    """A lead that is known beforehand to lead nowhere."""

    def load() -> Proposal:
        raise Rejected(code, visible(sentence))

    return Lead(id, visible(label), key, load)


class Names:
    """Scenario ids of one import: each once."""

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def give(self, name: str) -> str | None:
        """An id for what is called `name` in its source; None where something of that very name had one."""
        id = slug(name)
        if self._taken.get(id, name) != name:
            id = f"{id[: LONGEST_ID - 7].strip('-')}-{digest_of(name)[:6]}"
        if id in self._taken:
            return None
        self._taken[id] = name
        return id


def python_test(path: str) -> bool:
    """Whether a file of a Python project holds tests, or is read by tests alone."""
    return is_test(path, PYTHON)


def split(
    base: Tree, fixed: Tree, tests: Callable[[str], bool] = python_test
) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Two states of a project → the base with what is no test of the second, and the tests that the second changed.

    Raises Rejected where there is no change of one of the two kinds.
    """
    solved = {path: entry for path, entry in base.items() if tests(path) or path in fixed}
    solved |= {path: entry for path, entry in fixed.items() if not tests(path)}
    hidden = {path: entry for path, entry in fixed.items() if tests(path) and base.get(path) != entry}
    if solved == dict(base):
        raise Rejected("tests-only", "it changes nothing but tests")
    if not hidden:
        raise Rejected("no-tests", "it changes no test")
    return solved, hidden


def applied(tree: Tree, patch: str, field: str) -> dict[str, Entry]:
    """`tree` with a patch of a foreign task. Raises Rejected, with the field that holds the patch."""
    try:
        touched(patch)
        return patched(tree, patch)
    except PatchHostile as error:
        raise Rejected("malformed", visible(f"{field}: {error}")) from None
    except PatchRefused as error:
        raise Rejected("patch-does-not-apply", visible(f"{field}: {error}")) from None


def text_only(before: Tree, after: Tree) -> None:
    """Raises Rejected where the change between two trees is in a file that no model edits with text tools."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        for entry in filter(None, (before.get(path), after.get(path))):
            if b"\0" in entry.data:
                raise Rejected("binary-change", visible(f"its fix changes {path}, which is binary"))
            try:
                entry.data.decode()
            except UnicodeDecodeError:
                raise Rejected("not-utf-8", visible(f"its fix changes {path}, which is not UTF-8")) from None


@dataclass(frozen=True)
class Sources:
    """Where projects' histories come from: local checkouts and mirrors first, else clones, which are kept."""

    cache: Path
    """Holds the clones."""
    repos: Path | None = None
    """Holds checkouts or bare mirrors, named `owner__name`, `owner/name` or `name`, with or without `.git`."""

    def tree(self, name: str, url: str, commit: str) -> dict[str, Entry]:
        """The files of a project at a commit. Raises Rejected."""
        if not _HASH.fullmatch(commit):
            raise Rejected("malformed", f"{visible(commit)[:80]!r} is no commit's hash")
        repository = self._local(name)
        try:
            if repository is None:
                repository = self._clone(name, url, commit)
            return tree_at(repository, self._commit(repository, commit), CACHES)
        except GitRefused as error:
            where = repository or url
            raise Rejected("source-unavailable", visible(f"{commit} of {name} in {where}: {error}")) from None

    def _local(self, name: str) -> Path | None:
        if self.repos is None:
            return None
        owner, _, short = name.rpartition("/")
        places = [f"{owner}__{short}", name, short] if owner else [name]
        for place in (self.repos / f"{each}{ending}" for each in places for ending in ("", ".git")):
            if (place / ".git").exists() or (place / "objects").is_dir():
                return place
        return None

    def _clone(self, name: str, url: str, commit: str) -> Path:
        if not _URL.fullmatch(url):
            raise Rejected("malformed", f"{visible(url)[:200]!r} is no URL of a repository")
        place = self.cache / f"{slug(name)}-{digest_of(url)[:8]}.git"
        self.cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not (place / "objects").is_dir():
                place.mkdir(exist_ok=True)
                git(place, "init", "-q", "--bare")
                git(place, "remote", "add", "origin", url)
            if not self._has(place, commit):
                git(place, "fetch", "-q", "--no-recurse-submodules", "origin", "+refs/heads/*:refs/heads/*", "--tags")
            if not self._has(place, commit) and len(commit) == 40:
                git(place, "fetch", "-q", "--no-recurse-submodules", "origin", commit)
        return place

    def _has(self, repository: Path, commit: str) -> bool:
        try:
            self._commit(repository, commit)
        except GitRefused:
            return False
        return True

    def _commit(self, repository: Path, commit: str) -> str:
        return git(repository, "rev-parse", "-q", "--verify", f"{commit}^{{commit}}").decode().strip()


def read_inside(place: Path, file: Path, limit: int = LONGEST_FILE) -> bytes:
    """A file of a checkout, by whatever links, as long as they end in the checkout.

    Raises FileNotFoundError, and Rejected for a file elsewhere, one that is too long, and one that cannot be read.
    """
    where = visible(str(file.relative_to(place)))
    if not file.resolve().is_relative_to(place.resolve()):
        raise Rejected("malformed", f"{where} is a link that leads out of {visible(place.name)}")
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Rejected("malformed", f"{where} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise Rejected("malformed", f"{where} has more than {limit >> 20} MiB")
    return data


def without(tree: Mapping[str, Entry], paths: set[str]) -> dict[str, Entry]:
    """A tree less some of its files."""
    return {path: entry for path, entry in tree.items() if path not in paths}
