"""What a commit's message says: whether it speaks of a fault, and what to call a scenario that is made of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from runner.mining.issues import Issue

LONGEST_ID = 60
LONGEST_TITLE = 200
LONGEST = 20_000
"""Characters of a message that are read."""

_CONVENTIONAL = re.compile(r"(?:(?P<type>[A-Za-z]+)(?:\([^)]*\))?!?:|\[(?P<tag>[A-Za-z ]{2,12})\]:?)\s+(?P<rest>\S.*)")
_FIX_TYPES = frozenset({"fix", "bugfix", "hotfix", "bug", "security", "sec", "regression"})
_OTHERS = """
feat feature docs doc style refactor refact test tests chore build ci revert release deps dep perf lint typo merge bump
meta infra new readme actions tooling release cleanup
"""
_OTHER_TYPES = frozenset([*_OTHERS.split(), "dev deps", "code style"])
_EMOJI = re.compile(r":[a-z0-9_+-]+:\s*|[\U0001F300-\U0001FAFF\u2600-\u27BF]\uFE0F?\s*")
_REFERENCE = r"(?:[\w.-]{1,80}/[\w.-]{1,80})?[#!]\d+|GH-\d+|[A-Z][A-Z0-9]+-\d+|https?://\S+"
_VERB = r"fix(?:e[sd])?|close[sd]?|resolve[sd]?"
_CLOSES = re.compile(rf"\b(?:{_VERB})\b:?\s+(?:issue\s+|bug\s+|ticket\s+)?(?:{_REFERENCE})", re.IGNORECASE)
_WIP = re.compile(r"\[?(?:wip|draft)\]?\s*[:-]?\s+(?=\S)", re.IGNORECASE)
_ABOUT = rf"(?:{_VERB}|issue|bug|ticket)"
_OPENING = re.compile(
    rf"(?:{_ABOUT}\s+)?{_ABOUT}\b:?\s+(?:{_REFERENCE})(?:\s*(?:,|and|&)\s*(?:{_REFERENCE})){{0,9}}\s*[:,.-]+\s+(?=\S)",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    rf"[\s,;(\[-]*(?:\b(?:{_VERB}|refs?|see|re|via|in|for|issue|bug|ticket|gh|pr)\b:?\s*)?(?:{_REFERENCE})[)\]]*\s*\.?$",
    re.I,
)
_TICKET = re.compile(rf"(?:\[(?:{_REFERENCE})\]|{_REFERENCE})\s*[:-]?\s+(?=\S)")
_LEADING = re.compile(rf"(?:\[(?:{_REFERENCE}|[\w\s/.-]{{1,24}})\]|(?:{_REFERENCE}))\s*[:-]?\s+(?=\S)")

_TAKES_BACK = re.compile(r"reverts?\b", re.IGNORECASE)
_NEVER = (
    (
        re.compile(r"(?:release|prepare (?:for )?(?:the )?\w* ?release|version|v)\b[\s:v]*\d|bump version", re.I),
        "a release",
    ),
    (
        re.compile(r"(?:bump|upgrade|pin|unpin)\b|update (?:dependenc|deps|requirements|lock)", re.I),
        "it moves dependencies",
    ),
    (re.compile(r"fix\w*\s+(?:[\w-]+\s+){0,2}lint\w*\b", re.I), "it fixes texts, tests or tools only"),
    (re.compile(r"back to development|start (?:on )?\d|post-release", re.I), "a release"),
    (
        re.compile(
            r"fix\w*\s+(?:(?:some|a|an|the|up|more|broken|minor|failing|flaky|remaining|last|few|various|small|new|"
            r"unit|sphinx|doc|code|pep8?|all|of|in|style|import|type)\s+)*(?:typos?|lint\w*|flake8|mypy|pylint|pyflakes|"
            r"ruff|black|isort|ci|travis|appveyor|github actions?|coverage|docs?|documentation|docstrings?|changelog|"
            r"readme|formatting|format|indent\w*|whitespaces?|spelling|grammar|comments?|tests?|test suite|test cases?|"
            r"imports?|links?|hints?|annotations?|rendering of docs|pep8|nits?|wording|build)\W*"
            r"(?:errors?|warnings?|issues?|problems?|failures?|violations?)?\W*(?:$|(?:in|for|of|on|at|after|and|from|due)\b)",
            re.I,
        ),
        "it fixes texts, tests or tools only",
    ),
    (
        re.compile(r"\W*\b(?:typos?|spelling|whitespaces?|wording|lint(?:ing)?|docs?|documentation)\b", re.I),
        "texts only",
    ),
)
_PLACE = re.compile(r"[\w./-]{2,30}:\s+(?=\w)")
"""Before a subject: where the change is, as in `parser: add …`."""
_OTHER = re.compile(
    r"(?:add|implement|introduce|support|allow|enable|refactor|rename|move|remove|drop|deprecate|clean|clean ?up|"
    r"format|document|reorgani[sz]e|replace|switch|migrate|rewrite|extract|split|merge|update|improve|optimi[sz]e|speed|make|use|"
    r"convert|moderni[sz]e|extend|expose|provide|create|start|begin|prepare|tweak|polish|reword|bring|let|simplify|set|"
    r"tests?(?= (?:for|of|that|cases?|coverage)\b)|tests|initial|new|simplified|simplifies|setup)"
    r"(?:s|es|d|ed|p?ped|p?ping|ing)?(?![\w.(])",
    re.I,
)
_FAULT = re.compile(
    r"\b(?:(?:hot|bug)?fix(?:e[sd]|ing)?|bugs?|regressions?|regress(?:es|ed)|crash(?:e[sd]|ing)?|segfault\w*|broken|"
    r"incorrect(?:ly)?|wrong(?:ly)?|defects?|faults?|faulty|tracebacks?|deadlock\w*|race conditions?|memory leaks?|"
    r"infinite (?:loop|recursion)|off.by.one|corrupt\w*|hangs?|work ?around|"
    r"behebt|behoben|fehler|korrigier\w*|corrig\w*|corrección|arregl\w*|исправ\w*)\b|修复|修正|バグ",
    re.I,
)
_SYMPTOM = re.compile(
    r"\b(?:(?i:errors?|fail(?:s|ed|ing|ures?)?|exceptions?|prevent\w*|avoid\w*|ensure\w*|correct(?:ly|s|ed)?|properly|"
    r"handle\w*|no longer|(?:do|does|did|is|are|was|were|should|could|can|must)(?:n['’]t| not)|cannot|don['’]t|never|"
    r"instead of|missing|invalid|unexpected(?:ly)?|ignor\w*|lost|loses?|forgotten|forgot|respect\w*|honou?r\w*|"
    r"preserve\w*|problems?|issues?|escape\w*)|[A-Z]\w*(?:Error|Exception|Warning))\b"
)
_FAULT_LABEL = re.compile(r"\b(?:bugs?|defects?|regressions?|crash(?:es)?|faults?|incidents?)\b", re.I)
_OTHER_LABEL = re.compile(
    r"\b(?:enhancements?|features?(?: requests?)?|documentation|docs|stor(?:y|ies)|epic|questions?|improvements?|"
    r"tasks?|proposals?|refactor(?:ing)?|dependencies)\b",
    re.I,
)


UNSPOKEN = "no word of its message speaks of a fault"
"""A change of behaviour may be meant: its tests tell."""


def why_no_fix(message: str, issue: Issue | None = None) -> str | None:
    """Why a commit is none that fixes a fault; None where its message or its issue speaks of one.

    `UNSPOKEN` where nothing speaks for it nor against it. An issue's label decides, then what a conventional commit
    calls itself, then words: of a fault in the subject or of closing an issue; openings of other work ("Add",
    "Rename"); words of a symptom; of a fault in the body.
    """
    subject, _, body = message[:LONGEST].partition("\n")
    subject = subject[: 2 * LONGEST_TITLE]
    plain = _WIP.sub("", _EMOJI.sub("", subject).strip())
    if _TAKES_BACK.match(plain) or "\nThis reverts commit " in message:
        return "it takes another commit back"
    labels = " ".join((*issue.labels, issue.kind)) if issue is not None else ""
    if _FAULT_LABEL.search(labels):
        return None
    named, after = _typed(plain)
    if named in _OTHER_TYPES:
        return f"it calls itself {named!r}"
    rest = _without_references(after if named in _FIX_TYPES else plain)
    for pattern, why in _NEVER:
        if pattern.match(rest):
            return why
    if _OTHER_LABEL.search(labels):
        return f"its issue {issue.key if issue else ''} is none of a fault ({labels.strip()})"
    if named in _FIX_TYPES or _FAULT.search(subject) or _CLOSES.search(subject):
        return None
    if opening := _OTHER.match(_PLACE.sub("", rest, count=1)):
        closes = _CLOSES.search(body) is not None and _FAULT.search(_CLOSES.sub("", body)) is not None
        return None if closes else f"its subject begins with {opening[0]!r}"
    if _SYMPTOM.search(subject) or _FAULT.search(body) or _CLOSES.search(body):
        return None
    return UNSPOKEN


def title(subject: str) -> str:
    """A subject without the type, ticket numbers, emoji and references that people put around it; 200 characters."""
    plain = _WIP.sub("", _EMOJI.sub("", subject[: 2 * LONGEST_TITLE]).strip())
    named, after = _typed(plain)
    plain = _without_references(after if named in _FIX_TYPES | _OTHER_TYPES else plain).rstrip(" .")
    plain = capitalised(plain)
    return plain if len(plain) <= LONGEST_TITLE else plain[: LONGEST_TITLE - 1].rstrip() + "…"


def _typed(subject: str) -> tuple[str, str]:
    """What a subject calls itself, as in `fix(cart): …` and `[Fix] …`, and the rest; empty where it has no type."""
    plain = _TICKET.sub("", subject, count=1) if _TICKET.match(subject) else subject
    found = _CONVENTIONAL.fullmatch(plain)
    return ((found["type"] or found["tag"]).lower(), found["rest"]) if found else ("", subject)


def capitalised(text: str) -> str:
    """With a capital where a word begins it; a name of code keeps its own."""
    return text[:1].upper() + text[1:] if re.match(r"[a-zà-ÿ]+(?:[\s,:'’-]|$)", text) else text


def uncapitalised(text: str) -> str:
    """Without the capital of a word that began a sentence; a name keeps its own."""
    return text[:1].lower() + text[1:] if re.match(r"[A-ZÀ-Ý][a-zà-ÿ]+(?:[\s,:'’-]|$)", text) else text


def speaks_of_fault(subject: str) -> bool:
    return _FAULT.search(subject) is not None


def identifier(repo: str, subject: str, commit: str, taken: Collection[str] = ()) -> str:
    """A scenario's id: the repo's name and the title's words, 60 characters at most, cut between words.

    Where it is taken, or the subject has no Latin letters, the commit's first digits make it unique.
    """
    front = slug(repo)[:24].strip("-") or "repo"
    room = LONGEST_ID - len(front) - 1
    name = _cut(slug(title(subject)), room)
    wanted = f"{front}-{name}" if name else f"{front}-{commit[:8]}"
    length = 7
    while wanted in taken:
        name = _cut(slug(title(subject)), room - length - 1)
        wanted = "-".join(filter(None, (front, name, commit[:length])))
        length += 1
    return wanted


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens; accents are taken off, other scripts are lost."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def _cut(name: str, room: int) -> str:
    if len(name) <= room:
        return name
    cut = name[: room + 1].rpartition("-")[0]
    return cut or name[:room]


def _without_references(subject: str) -> str:
    """A subject without ticket numbers before and references after it."""
    plain = _WIP.sub("", subject, count=1) if _WIP.match(subject) else subject
    for opening in (_LEADING, _OPENING):
        plain = opening.sub("", plain, count=1) if opening.match(plain) else plain
    while (shorter := _TRAILING.sub("", plain)) != plain and shorter.strip():
        plain = shorter
    return plain.strip()
