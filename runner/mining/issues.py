"""Issues that a tracker exported, and which of them a commit's message means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST = 40_000
"""Characters of a text that are searched for references."""

_URL = re.compile(r"https?://[^\s<>()\[\]]+")
_OWN = (
    r"(?:(?P<slug>[\w.-]{1,80}/[\w.-]{1,80}))?(?P<mark>[#!])(?P<number>\d+)\b"
    r"|GH-(?P<gh>\d+)\b|(?P<jira>[A-Z][A-Z0-9_]{1,30}-\d{1,12})\b"
)
_REFERENCE = re.compile(rf"(?<![\w/&])(?:{_OWN})")
_IN_URL = re.compile(
    r"https?://[^/\s]{1,200}/(?P<slug>[^\s?#]{1,200}?)/(?:-/)?"
    r"(?P<what>issues|pull|pulls|merge_requests|pull-requests)/(?P<number>\d+)"
    r"|https?://[^\s]{1,200}?/browse/(?P<jira>[A-Z][A-Z0-9_]{1,30}-\d{1,12})"
)
_CLOSING = re.compile(r"\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\b:?\s+(?:(?:issue|bug|ticket)\s+)?$", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|and|&)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Issue:
    """What somebody reported."""

    key: str
    """`12` of GitHub, GitLab and Bitbucket, `PROJ-77` of Jira, `!12` of GitLab's merge requests."""
    title: str
    body: str
    labels: tuple[str, ...] = ()
    kind: str = ""
    """A tracker's own word, as in `Bug`; empty where it has none."""
    comments: tuple[str, ...] = ()
    """Empty unless asked for: they tend to discuss the fix."""
    url: str = ""
    is_change: bool = False
    """A pull or merge request, not an issue."""


class Issues:
    """Issues by key."""

    def __init__(self, issues: Iterable[Issue] = ()) -> None:
        self._known: Mapping[str, Issue] = {issue.key: issue for issue in issues}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._known.values())

    def linked(self, message: str) -> Issue | None:
        """The issue that a message means: one that it closes before one that it only names.

        A pull request stands for the issue that its own text closes or names, and for itself where there is none.
        """
        if not self._known:
            return None
        named = self._named(message)
        for issue in named:
            if not issue.is_change:
                return issue
        for change in named:
            for issue in self._named(f"{change.title}\n{change.body}"):
                if not issue.is_change:
                    return issue
        return named[0] if named else None

    def _named(self, text: str) -> list[Issue]:
        """The known issues that a text names, those that it closes first, else in its own order."""
        text = text[:LONGEST]
        found: dict[str, Issue] = {}
        later: dict[str, Issue] = {}
        closing, end = False, 0
        for match in sorted(
            [*_REFERENCE.finditer(_blank_urls(text)), *_IN_URL.finditer(text)], key=lambda m: m.start()
        ):
            between = text[end : match.start()]
            closing = _CLOSING.search(between) is not None or (closing and _AND.fullmatch(between) is not None)
            end = match.end()
            issue = self._known.get(_key(match))
            if issue is not None and _is_here(match, issue):
                (found if closing else later).setdefault(issue.key, issue)
        return list((found | {key: issue for key, issue in later.items() if key not in found}).values())


def _key(match: re.Match[str]) -> str:
    groups = match.groupdict()
    if groups.get("jira"):
        return str(groups["jira"])
    if groups.get("gh"):
        return str(groups["gh"])
    merge = groups.get("mark") == "!" or groups.get("what") == "merge_requests"
    return f"!{groups['number']}" if merge else str(groups["number"])


def _is_here(match: re.Match[str], issue: Issue) -> bool:
    """Whether a reference that names a repository names the issue's own, as far as the issue's address tells."""
    slug = match.groupdict().get("slug")
    return not slug or not issue.url or f"/{slug}/" in issue.url


def _blank_urls(text: str) -> str:
    """Text of the same length without addresses, in which `#12` is a place in a page."""
    return _URL.sub(lambda match: " " * len(match[0]), text)
