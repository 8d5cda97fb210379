"""What a commit's own change to the changelog says: to users, and so nearer to the fault than to the fix."""

from __future__ import annotations

import re
from collections.abc import Iterable

from runner.scenarios.leaks import added
from sandboxes.archive import Entry, Tree

MOST_LINES = 30
"""Added lines beyond which a changelog is moved or released, and says nothing of one commit."""

_FILE = re.compile(
    r"(?:^|/)(?:changes?|change-?log|history|news|releases?|whats-?new|release[-_]notes?)(?:[-_.][\w.-]*)?$"
    r"|(?:^|/)(?:changelog\.d|newsfragments|news|changes|\.changeset|changelogs?/unreleased|releasenotes/notes)/[^/]+$",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"\W*|#+ .*|\W{0,3}v?\d[\w.]*\W.{0,40}|(?:unreleased|version|released|---)\b.*|:\w+:.*|\.\. .*", re.IGNORECASE
)
_BULLET = re.compile(r"\s*[-*+]\s+")


def is_changelog(path: str) -> bool:
    return _FILE.search(path) is not None


def entry(base: Tree, changed: Iterable[tuple[str, Entry]]) -> str:
    """The entries that a commit adds to changelogs, a paragraph each; empty where there is none."""
    found: list[str] = []
    for path, after in changed:
        lines = (
            [line for line in added(base.get(path), after) if not _FRAME.fullmatch(line)] if is_changelog(path) else []
        )
        if len(lines) > MOST_LINES:
            continue
        for line in lines:
            if _BULLET.match(line) or not found or not line[:1].isspace():
                found.append(_BULLET.sub("", line).strip())
            else:
                found[-1] += f" {line.strip()}"
    return "\n\n".join(found)
