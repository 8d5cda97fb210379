"""The instruction of a proposal, from an issue or else from a commit's message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runner.errors import Rejected
from runner.mining.cleaning import Fix, cleaned
from runner.mining.issues import Issue
from runner.mining.messages import capitalised, speaks_of_fault, title, uncapitalised

FEWEST_WORDS = 8
"""Different words of two letters or more that an instruction needs, title included: "Fix a crash" says too little."""
MOST_TAKEN = 0.3
"""Of a text's words, the share that cleaning may take before a thin rest is blamed on it."""

_REPAIRS = re.compile(
    r"(?:hot|bug)?fix(?:e[sd]|ing)?\b:?\s+(?!and\b)(?:(?:for|up)\s+)?(?:(?:(?:a|an|the)\s+)?(?:bug|issue|problem|case)s?\s+"
    r"(?:where|in which)\s+|(?:an?|the)\s+)?",
    re.IGNORECASE,
)
_MEANS = re.compile(
    r"(?:,? (?:by|via|through) (?:\w+ly )?\w+ing\b|\s+-+>?\s+(?:use|replace|now)\b|\bto (?:also )?use \S*[_(.`]).*$",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"(?:no|not|never|do(?:es)?(?:n['’]t| not)|avoid|prevent|stop|ensure|handle|make sure)\b", re.IGNORECASE
)
_PURPOSE = re.compile(r".*\b(?:to|and) (?:fix|resolve|prevent|avoid)(?:es)?\s+(?=(?:\S+\s+){2})", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """An instruction, and whose words it is made of."""

    text: str
    source: Literal["commit", "issue"]


def instruction(
    message: str,
    fix: Fix,
    issue: Issue | None = None,
    noted: str = "",
    fewest_words: int = FEWEST_WORDS,
    comments: bool = False,
) -> Told:
    """What a model is asked to fix: an issue's text, or else the message's, without the fix in it.

    `noted` is what the commit adds to the changelog; it helps a message that says too little.

    Raises Rejected: `instruction-thin` where neither ever had `fewest_words` different words, `instruction-leaks` where
    one had them before the fix was taken out of it.
    """
    candidates = _candidates(message, fix, issue, noted, comments)
    for told, _ in candidates:
        if count(told.text) >= fewest_words and not fix.is_in(told.text):
            return told
    left, had = max((count(told.text), before) for told, before in candidates)
    if had >= fewest_words and left <= (1 - MOST_TAKEN) * had:
        what = f"{left} of {had} different words are left once the fix is out of the text"
        raise Rejected("instruction-leaks", f"{what}, and at least {fewest_words} are needed; write one by hand")
    where = "its message" if issue is None else f"issue {issue.key}"
    problem = f"{where} has {left} different words for the fault, and at least {fewest_words} are needed"
    raise Rejected("instruction-thin", f"{problem}; name exported issues, or write one by hand")


def count(text: str) -> int:
    """How many different words of two letters or more a text has; case does not matter."""
    return len({word.casefold() for word in re.findall(r"[^\W\d_]{2,}", text)})


def symptom(subject: str) -> str:
    """A subject as the fault or the wish that it speaks of.

    "Fix crash on empty input by …" → "Crash on empty input"; what is no fault is what somebody wants to see, and could
    be read the wrong way round: "Pager doesn't close streams" → "Expected: pager doesn't close streams".
    """
    plain = title(subject)
    purpose = _PURPOSE.match(plain)
    plain = plain[purpose.end() :] if purpose else _MEANS.sub("", plain).strip() or plain
    rest = _REPAIRS.match(plain)
    if rest and plain[rest.end() :].strip():
        return capitalised(plain[rest.end() :])
    if purpose or (speaks_of_fault(subject) and not _WISH.match(plain)):
        return capitalised(plain)
    return f"Expected: {uncapitalised(plain)}"


def _candidates(message: str, fix: Fix, issue: Issue | None, noted: str, comments: bool) -> Sequence[tuple[Told, int]]:
    """(instruction, words before it was cleaned), the best first."""
    found: list[tuple[Told, int]] = []
    if issue is not None:
        said = "\n\n".join([issue.body, *(issue.comments if comments else ())])
        name = symptom(issue.title) if issue.is_change else title(issue.title)
        text = _composed(name, said, fix, issue.is_change)
        found.append((Told(text, "issue"), count(f"{issue.title}\n{issue.body}")))
    subject, _, body = message.partition("\n")
    plain = _composed(symptom(subject), body, fix, True)
    own = [(Told(plain, "commit"), count(message))]
    if entry := cleaned(noted, fix, True):
        quoted = "\n".join(f"> {line}".rstrip() for line in entry.split("\n"))
        more = f"{plain}\nOnce it is fixed, the changelog will say:\n\n{quoted}\n"
        own.insert(0 if plain.count("\n") == 1 else 1, (Told(more, "commit"), count(f"{message}\n{noted}")))
    return [*found, *own]


def _composed(name: str, body: str, fix: Fix, describes_change: bool) -> str:
    """A heading and the text below it; the first line of a text that repeats the heading is left out."""
    heading = cleaned(name, fix).replace("\n", " ").strip(" .:;,-")
    text = cleaned(body, fix, describes_change)
    first, _, rest = text.partition("\n")
    if first.strip("# *.").casefold() == heading.strip(" .").casefold():
        text = rest.strip()
    return "\n\n".join(filter(None, (f"# {heading}" if heading else "", text))) + "\n"
