"""The instruction of a proposal, from an issue or else from a commit's message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runner.errors import Rejected
from runner.mining.cleaning import Fix, cleaned
from runner.mining.issues import Issue
from runner.mining.messages import title

FEWEST_WORDS = 12
"""Different words of two letters or more that an instruction needs, title included: what was done, seen, expected."""

_REPAIRS = re.compile(
    r"(?:hot|bug)?fix(?:e[sd]|ing)?\b:?\s+(?:(?:for|up)\s+)?(?:(?:a|an|the)\s+)?(?:(?:bug|issue|problem|regression|case|edge case)s?"
    r"\s+(?=where|when|with|in|that|causing|of|on|due)(?:(?:where|in which|that)\s+)?)?",
    re.IGNORECASE,
)
_MEANS = re.compile(r"(?:,? (?:by|via|through) (?:\w+ly )?\w+ing\b|\s+-+>?\s+(?:use|replace|now)\b).*$", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """An instruction, and whose words it is made of."""

    text: str
    source: Literal["commit", "issue"]


def instruction(
    message: str, fix: Fix, issue: Issue | None = None, fewest_words: int = FEWEST_WORDS, comments: bool = False
) -> Told:
    """What a model is asked to fix: an issue's text, or else the message's, without the fix in it.

    Raises Rejected: `instruction-thin` where neither ever had `fewest_words` different words, `instruction-leaks` where
    one had them before the fix was taken out of it.
    """
    had = 0
    for told, before in _candidates(message, fix, issue, comments):
        if count(told.text) >= fewest_words and not fix.is_in(told.text):
            return told
        had = max(had, before)
    most = max((count(told.text) for told, _ in _candidates(message, fix, issue, comments)), default=0)
    if had >= fewest_words:
        what = f"{most} different words are left of {had} once the fix is out of the text; at least {fewest_words} are needed"
        raise Rejected("instruction-leaks", f"{what}; write an instruction by hand")
    where = "its message" if issue is None else f"issue {issue.key}"
    problem = f"{where} has {had} different words, and at least {fewest_words} are needed"
    raise Rejected("instruction-thin", f"{problem}; name exported issues, or write an instruction by hand")


def count(text: str) -> int:
    """How many different words of two letters or more a text has; case does not matter."""
    return len({word.casefold() for word in re.findall(r"[^\W\d_]{2,}", text)})


def symptom(subject: str) -> str:
    """A subject as the fault that it speaks of: "Fix crash on empty input by …" → "Crash on empty input"."""
    plain = _MEANS.sub("", title(subject))
    rest = _REPAIRS.match(plain)
    if rest and plain[rest.end() :].strip():
        plain = plain[rest.end() :]
    return plain[:1].upper() + plain[1:]


def _candidates(message: str, fix: Fix, issue: Issue | None, comments: bool) -> Sequence[tuple[Told, int]]:
    """(instruction, words before it was cleaned), the best first."""
    found: list[tuple[Told, int]] = []
    if issue is not None:
        said = "\n\n".join([issue.body, *(issue.comments if comments else ())])
        name = symptom(issue.title) if issue.is_change else title(issue.title)
        text = _composed(name, said, fix, issue.is_change)
        found.append((Told(text, "issue"), count(f"{issue.title}\n{issue.body}")))
    subject, _, body = message.partition("\n")
    found.append((Told(_composed(symptom(subject), body, fix, True), "commit"), count(message)))
    return found


def _composed(name: str, body: str, fix: Fix, describes_change: bool) -> str:
    """A heading and the text below it; the first line of a text that repeats the heading is left out."""
    heading = cleaned(name, fix, False).replace("\n", " ")
    text = cleaned(body, fix, describes_change)
    first, _, rest = text.partition("\n")
    if first.strip("# *.").casefold() == heading.strip(" .").casefold():
        text = rest.strip()
    return f"# {heading}\n\n{text}\n" if heading and text else f"{heading or text}\n"
