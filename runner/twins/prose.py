"""Comments and docstrings in other words, with every fact as it was.

Facts are what a reader could look up: numbers, identifiers, code between backticks, quoted texts, types, field names
(`:param name:`, `name : type`, `Args:`), directives, links, doctests and literal blocks. They stay word for word, in
their order; only plain words between them are replaced (`runner.twins.phrases`), and sentences turned by a few rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from runner.twins.phrases import Phrasing

FACT = re.compile(
    r"``.+?``|`[^`]+`"
    r'|"[^"\n]*"|“[^”\n]*”|(?<!\w)\'[^\'\n]*\'(?!\w)'
    r"|^[ \t]*(?:\.\. |[:@])[a-z][^:\n]*:{1,2}(?=\s|$)"
    r"|^[ \t]*\*{0,2}\w+(?: ?\([^()\n]*\))? ?:(?=\s)"
    r"|\b\w+\([^()\n]*\)"
    r"|(?<![^\s,;])[^\s,;]*[\d_{}<>=%\\$@#|/*~^+&\[\]][^\s,;]*"
    r"|\b\w+(?:\.\w+)+|\b[a-z]+[A-Z]\w*|\b[A-Z]+[a-z]*[A-Z]\w*|(?<!\w)--?\w[\w-]*",
    re.MULTILINE,
)
"""What stays as it is. A word with a digit or a sign of code in it is one, up to the next space."""

_FACT_OF_LINES = re.compile(FACT.pattern.replace(r'"[^"\n]*"', '"[^"]*"'), re.MULTILINE)
"""Where every quote is closed, one may go on over the end of a line."""

_LEAD = re.compile(
    r"(\s*)([A-Z][a-z]+)"
    r"(?= (?:an?|the|all|any|every|each|some|its?|one|what|which|whether|how|this|that|True|False|None"
    r"|into|from|by|over|back|forward)\b| `)"
)
"""A verb, as what follows shows."""
_JOINS = re.compile(r"\b(?:and|or|then) (\w+)")
"""What may be a second verb, which the first must agree with."""
_IS_NOUN = re.compile(r"\s*The (?:[a-z]+ )?[a-z]+ (?:of|that|which|as|in|for|from|with|without|within|between|to be)\b")
_RELATIVE = re.compile(
    r"\b(?:that|which) (?:is|are|was|were|has|have|had|would|will|can)\b|\bas (?:is|it is|they are)\b|\bto be\b"
)
"""Verbs that are a part of what a noun is."""
_IS_QUESTION = re.compile(r"(\s*)(Whether|How|What|When|Where|Which) (?=[a-z])")
_SAYS_MORE = re.compile(
    r"\b(is|are|was|were|be|has|have|had|do|does|did|must|shall|can|cannot|may|might|will|would|should|needs?|and|or)\b"
)
"""Words by which a sentence that begins like a noun may have a verb of its own."""
_CONDITION = re.compile(r"(If|When) ([a-z][^,.;:`\"'()]*), (?!(?:then|and|or|but|not)\b)([a-z][^,.;:()]*)\.")
_JOINED = re.compile(r"; ([a-z])(?=[a-z]+ )")


def reworded(text: str, phrasing: Phrasing, of_function: bool = False) -> str:
    """A text in other words; the same where no rule applies to it. `of_function`: it says what a function does."""
    lines = text.split("\n")
    kept = set(kept_lines(lines))
    lines = [line if at in kept else _turned(line) for at, line in enumerate(lines)]
    if of_function and 0 not in kept:
        lines[0] = _led(lines[0])
    blocks = groupby(enumerate(lines), key=lambda pair: pair[0] in kept)
    texts = [(is_kept, "\n".join(line for _, line in pairs)) for is_kept, pairs in blocks]
    return "\n".join(block if is_kept else _said(block, phrasing) for is_kept, block in texts)


def kept_lines(lines: list[str]) -> Iterator[int]:
    """Doctests with what they print, literal blocks, tables and underlined headings."""
    doctest = False
    literal: int | None = None
    for at, line in enumerate(lines):
        bare = line.strip()
        depth = len(line) - len(line.lstrip())
        doctest = bool(bare) and (doctest or bare.startswith(">>>"))
        if literal is not None and bare and depth <= literal:
            literal = None
        underlined = at + 1 < len(lines) and re.fullmatch(r"\s*([-=~^\"*#])\1{2,}\s*", lines[at + 1])
        if doctest or literal is not None or underlined or not re.search(r"[^\W\d_]", bare) or " : " in line:
            yield at
        if literal is None and (bare.endswith("::") or bare.startswith("```")):
            literal = depth


def _turned(line: str) -> str:
    """A line that is one sentence with a condition first has it last: `If a, b.` becomes `B if a.`"""
    found = _CONDITION.fullmatch(line.strip())
    if found is None or FACT.search(found[2]) is not None:
        return line
    start, end = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :]
    return f"{start}{found[3][0].upper()}{found[3][1:]} {found[1].lower()} {found[2]}.{end}"


def _said(text: str, phrasing: Phrasing) -> str:
    text = "".join(part if fact else _divided(part) for part, fact in parts(text))
    return phrasing.said(text, [found.span() for found in _facts(text)])


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """(part, whether it is a fact); joined they are the text."""
    at = 0
    for fact in _facts(text):
        yield text[at : fact.start()], False
        yield fact.group(), True
        at = fact.end()
    yield text[at:], False


def _facts(text: str) -> Iterator[re.Match[str]]:
    return (FACT if text.count('"') % 2 else _FACT_OF_LINES).finditer(text)


def _divided(text: str) -> str:
    """Two sentences of what a semicolon joins; not within parentheses."""
    return text if "(" in text or ")" in text else _JOINED.sub(lambda found: f". {found[1].upper()}", text)


def _led(line: str) -> str:
    """The first line of what a function is said to do: in the third person, or in the imperative where it was that."""
    sentence = re.split(r"[.;:]\s|[.;:]\Z", line, maxsplit=1)[0]
    question = _IS_QUESTION.match(line)
    is_clause = question is not None and question[2] in ("When", "Where") and "," in sentence
    if question is not None and not is_clause and "?" not in line:
        return f"{question[1]}Tells {question[2].lower()} {line[question.end() :]}"
    if _IS_NOUN.match(line) and not _SAYS_MORE.search(_RELATIVE.sub("", sentence)):
        return line.replace("The ", "Gives the ", 1)
    lead = _LEAD.match(line)
    if lead is None or any(_is_verb(word) for word in _JOINS.findall(sentence)):
        return line
    word = lead[2].lower()
    other = _third(word) if word in _verbs() else _imperatives().get(word)
    if other is None:
        return line
    return f"{lead[1]}{other.capitalize()}{line[lead.end() :]}"


def _is_verb(word: str) -> bool:
    return word in _verbs() or word in _imperatives()


@cache
def _verbs() -> frozenset[str]:
    text = Path(__file__).with_name("verbs.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _imperatives() -> dict[str, str]:
    """`takes` → `take`."""
    return {_third(verb): verb for verb in _verbs()}


def _third(verb: str) -> str:
    """`takes` of `take`."""
    if verb.endswith("y") and verb[-2] not in "aeo":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
