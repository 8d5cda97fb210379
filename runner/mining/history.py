"""Walks a repository's history, newest first: each commit that is looked at is a lead, or is left out with a code.

The first-parent line is walked, so that a plain commit, a squashed pull request and a merge are one candidate each. A
merge that joins several commits without a text of its own, or changes too much, is left out, and what it brought in is
looked at instead, commit by commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from runner.errors import Rejected, UserError
from runner.mining.commits import BATCH, SUBMODULE, Change, Commit, Graph, graph, read
from runner.mining.instruction import FEWEST_WORDS
from runner.mining.issues import Issue, Issues
from runner.mining.messages import UNSPOKEN, identifier, why_no_fix
from runner.mining.paths import kind
from runner.mining.proposing import Fault, propose
from runner.mining.source import History
from runner.scenarios.git import GitRefused
from runner.scenarios.objects import blobs
from runner.scenarios.proposal import Lead

MOST_FILES = 12
"""Files of code that one fix changes."""
MOST_LINES = 400
"""Lines of code that it adds and removes together."""

_MERGE = re.compile(r"Merge (?:branch|branches|tag|remote|commit|pull requests?|PRs?|in\b|\S+ into)\b.*", re.IGNORECASE)
_REFERENCE = re.compile(r"\W*(?:\w+:?\s+)?(?:[\w.-]{1,80}/[\w.-]{1,80})?(?:#\d+|https?://\S+|GH-\d+)\W*")
_REVERTS = re.compile(r"This reverts commit ([0-9a-f]{7,64})")


@dataclass(frozen=True)
class LeftOut:
    """A commit that is no lead."""

    label: str
    key: str
    why: Rejected


@dataclass(frozen=True)
class Search:
    """What is looked for."""

    revision: str | None = None
    """Where the walk begins; the repository's HEAD when left out."""
    since: date | None = None
    """Commits before this day are not looked at."""
    any_message: bool = False
    """Whether commits count that do not speak of a fault."""
    most_files: int = MOST_FILES
    most_lines: int = MOST_LINES
    fewest_words: int = FEWEST_WORDS
    comments: bool = False
    """Whether an issue's comments are part of the instruction."""


def leads(history: History, search: Search | None = None, issues: Issues | None = None) -> Iterator[Lead | LeftOut]:
    """What each commit is, newest first, read by the batch as it is asked for: take as many as are wanted.

    Raises UserError for a revision that is not there.
    """
    walk = _Walk(history, search or Search(), issues or Issues())
    for start in range(0, len(walk.graph.line), BATCH):
        line = walk.graph.line[start : start + BATCH]
        recent = walk.recent(list(read(history, line, walk.graph)))
        yield from walk.judged(recent)
        if not recent:
            return


def lead(
    history: History,
    revision: str,
    search: Search | None = None,
    issues: Issues | None = None,
    text: str | None = None,
) -> Lead:
    """One commit, named by whoever knows that it is a fix; `text` is an instruction written by hand.

    Its message is not judged, and its size is not limited. Raises UserError, Rejected.
    """
    walk = _Walk(history, search or Search(), issues or Issues(), revision)
    commit = next(iter(read(history, walk.graph.line[:1], walk.graph)))
    inner = list(read(history, walk.inner.get(commit.sha, ()), walk.graph))
    if found := walk.broken(commit) or walk.untested(commit) or walk.unfit(commit):
        raise found
    return walk.lead(commit, _message(commit, inner), text)


@dataclass
class _Walk:
    history: History
    search: Search
    issues: Issues
    revision: str | None = None
    graph: Graph = field(init=False)
    inner: dict[str, tuple[str, ...]] = field(init=False)
    taken: set[str] = field(default_factory=set)
    reverted: dict[str, str] = field(default_factory=dict)
    """What a later commit takes back → that commit's label."""

    def __post_init__(self) -> None:
        wanted = self.revision or self.search.revision or self.history.head
        try:
            self.graph = graph(self.history, wanted)
        except GitRefused as error:
            said = f" ({error})" if str(error) else ""
            problem = f"{self.history.origin}: no commit is named {wanted!r}{said}; name a branch, tag or hash"
            raise UserError(problem) from None
        self.inner = self.graph.inner()

    def recent(self, commits: Sequence[Commit]) -> list[Commit]:
        since = self.search.since
        return [commit for commit in commits if since is None or commit.date.date() >= since]

    def judged(self, line: Sequence[Commit]) -> Iterator[Lead | LeftOut]:
        """Commits of the first-parent line, and what merges among them brought in."""
        wanted = [sha for commit in line for sha in self.inner.get(commit.sha, ())]
        brought = {commit.sha: commit for commit in read(self.history, wanted, self.graph)}
        for commit in line:
            inner = [brought[sha] for sha in self.inner.get(commit.sha, ())]
            found = self.one(commit, inner)
            yield found
            if isinstance(found, LeftOut) and found.why.code == "too-large":
                for each in self.recent(inner):
                    yield self.one(each, [])

    def one(self, commit: Commit, inner: Sequence[Commit]) -> Lead | LeftOut:
        message = _message(commit, inner)
        later = self.reverted.get(commit.sha)
        if later is None:
            self.reverted |= dict.fromkeys(self._named(_REVERTS.findall(commit.message)), commit.label)
        issue = self.issues.linked(f"{commit.message}\n{message}")
        why = (
            self.broken(commit)
            or _joined(commit, inner)
            or self.untested(commit)
            or (Rejected("not-a-fix", f"a later commit takes it back: {later}") if later else None)
            or self._other(message, issue)
            or self._large(commit)
            or self.unfit(commit)
        )
        return LeftOut(commit.label, commit.sha, why) if why else self.lead(commit, message)

    def lead(self, commit: Commit, message: str, text: str | None = None) -> Lead:
        issue = self.issues.linked(f"{commit.message}\n{message}")
        subject = issue.title if issue is not None and not issue.is_change else message.partition("\n")[0]
        name = identifier(self.history.name, subject, commit.sha, self.taken)
        self.taken.add(name)
        unspoken = text is None and not self.search.any_message and why_no_fix(message, issue) == UNSPOKEN
        fault = Fault(name, commit, message, issue, self.search.fewest_words, self.search.comments, text, unspoken)
        return Lead(name, commit.label, commit.sha, partial(propose, self.history, fault))

    def broken(self, commit: Commit) -> Rejected | None:
        """Why a commit's change is not to be had."""
        if not commit.parents:
            return Rejected("root-commit", "it has no parent: there is nothing before it")
        if not self.graph.parents[commit.sha] or self.graph.parents[commit.sha][0] != commit.parents[0]:
            return Rejected(
                "shallow", "its parent is not in this clone; fetch the whole history (git fetch --unshallow)"
            )
        if commit.unread:
            return Rejected("source-unavailable", f"its files are not all in this repository: {commit.unread}")
        return None

    def untested(self, commit: Commit) -> Rejected | None:
        """Why a change is not code with tests."""
        kinds = {each.path: kind(each.path) for each in commit.changes}
        tests = [each for each in commit.changes if kinds[each.path] == "test"]
        others = {name for name in kinds.values() if name != "test"}
        if not commit.changes:
            return Rejected("no-tests", "it changes no file at all")
        if not others:
            return Rejected("tests-only", "it changes nothing but tests")
        modules = [each.path for each in commit.changes if SUBMODULE in each.modes]
        if modules and "code" in others:
            return Rejected("submodule-change", f"it changes the submodule {modules[0]!r}, whose files are not here")
        if not tests:
            inside = [path for path in kinds if path.endswith(".rs") and kinds[path] == "code"]
            if inside:
                problem = f"it changes no file of tests; tests inside {inside[0]!r} cannot be told from the fix"
                return Rejected("no-tests", problem)
            return Rejected("no-tests", "it changes no test")
        if all(each.status == "D" for each in tests):
            return Rejected("no-tests", "it only removes tests")
        if "code" not in others:
            names = ", ".join(sorted(name for name in kinds if kinds[name] != "test")[:3])
            return Rejected("no-code", f"beside tests it changes only {' and '.join(sorted(others))} files ({names})")
        return None

    def unfit(self, commit: Commit) -> Rejected | None:
        """Why a change is none that a model could make with text tools."""
        doubtful = [each for each in _code(commit) if each.lines is None]
        for each in doubtful:
            if each.status == "D" or b"\0" in blobs(self.history.folder, [each.blob])[each.blob]:
                problem = f"its fix changes the binary file {each.path!r}, which no model edits with text tools"
                return Rejected("binary-change", problem)
        return None

    def _other(self, message: str, issue: Issue | None) -> Rejected | None:
        why = None if self.search.any_message else why_no_fix(message, issue)
        return Rejected("not-a-fix", f"it fixes no fault: {why}") if why and why != UNSPOKEN else None

    def _large(self, commit: Commit) -> Rejected | None:
        code = _code(commit)
        lines = sum(each.lines or 0 for each in code)
        if len(code) > self.search.most_files:
            return Rejected("too-large", f"it changes {len(code)} files of code (at most {self.search.most_files})")
        if lines > self.search.most_lines:
            return Rejected("too-large", f"it changes {lines} lines of code (at most {self.search.most_lines})")
        return None

    def _named(self, prefixes: Sequence[str]) -> Iterator[str]:
        for prefix in prefixes:
            if prefix in self.graph.parents:
                yield prefix
            elif len(prefix) < 40:
                yield from (sha for sha in self.graph.parents if sha.startswith(prefix))


def _code(commit: Commit) -> list[Change]:
    return [each for each in commit.changes if kind(each.path) == "code"]


def _joined(commit: Commit, inner: Sequence[Commit]) -> Rejected | None:
    """Whether a merge joins several commits without a word of its own."""
    if len(inner) < 2 or _own_words(commit.message):
        return None
    return Rejected("too-large", f"it joins {len(inner)} commits, each of which is looked at by itself")


def _message(commit: Commit, inner: Sequence[Commit]) -> str:
    """What a commit says, or for a merge without words of its own what it brought in says, oldest first."""
    if not _MERGE.match(commit.subject):
        return commit.message
    brought = "\n\n".join(each.message for each in reversed(inner))
    return _own_words(commit.message) or brought or commit.message


def _own_words(message: str) -> str:
    """A merge's message below git's or the platform's line, where it is more than a reference; another's as it is."""
    subject, _, body = message.partition("\n")
    if not _MERGE.match(subject):
        return message
    lines = (line for line in body.strip().split("\n") if not line.startswith(("Conflicts:", "#\t", "\t")))
    said = [line for line in lines if not _REFERENCE.fullmatch(line)]
    return "\n".join(said).strip()
