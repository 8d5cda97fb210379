"""The reference fix made slightly wrong: mutants of the lines that it changes, and of those alone.

Python is changed by the operators with which `repair` searches for fixes, any other language token by token. DeMillo,
Lipton & Sayward, "Hints on Test Data Selection", Computer 1978; tests that overfit to one patch: Wang et al.,
"UTBoost", ACL 2025.
"""

from __future__ import annotations

import difflib
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from runner.models.repair.mutants import applied, mutants, surroundings
from runner.quality.hunks import CODE, Changed, Hunk, changed_files, hunks, program, says_something, without
from sandboxes.archive import Tree

REVERSAL = "hunk taken back"
PUT_BACK = "removed lines put back"
"""A hunk that only removes, taken back: what stays dead, or was moved, may well do no harm."""
PYTHON = {
    "boundary": "boundary", "direction": "comparison", "equality": "comparison", "ordering": "comparison",
    "junction": "boolean", "boolean": "boolean", "half": "boolean", "negation": "negated condition",
    "fixed-condition": "negated condition", "arithmetic": "arithmetic", "operands": "arithmetic", "sign": "arithmetic",
    "ceiling": "arithmetic", "assignment": "arithmetic", "constant": "off by one", "magnitude": "off by one",
    "offset": "off by one", "end": "off by one", "return": "return value", "deletion": "deleted statement",
    "arguments": "swapped argument", "default": "default", "jump": "jump", "except": "exception",
}  # fmt: skip
"""The operators of `repair` that are used here → what they are called; its others make equivalents too often."""
TOKENS = {
    "<": ("boundary", "<="), "<=": ("boundary", "<"), ">": ("boundary", ">="), ">=": ("boundary", ">"),
    "==": ("comparison", "!="), "!=": ("comparison", "=="), "===": ("comparison", "!=="), "!==": ("comparison", "==="),
    "&&": ("boolean", "||"), "||": ("boolean", "&&"), "true": ("boolean", "false"), "false": ("boolean", "true"),
    "+": ("arithmetic", "-"), "-": ("arithmetic", "+"), "*": ("arithmetic", "/"), "/": ("arithmetic", "*"),
    "+=": ("arithmetic", "-="), "-=": ("arithmetic", "+="), "++": ("arithmetic", "--"), "--": ("arithmetic", "++"),
    "break": ("jump", "continue"), "continue": ("jump", "break"),
}  # fmt: skip
SPACED = frozenset(["<", "<=", ">", ">=", "+", "-", "*", "/"])
"""Operators that are something else without spaces around them: brackets of types, signs, pointers."""
TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`\n]*`)|(?P<comment>//.*|/\*.*?(?:\*/|$)|^\s*[*\#].*)"""
    r"""|(?P<number>(?<![\w.])\d+(?![\w.]))|(?P<word>\w+)|(?P<sign>[=!]==?|[<>]=|&&|\|\||\+\+|--|[+-]=|=>|->|[<>!+*/-])"""
)


@dataclass(frozen=True)
class Mutation:
    """The solved tree with one file changed."""

    path: str
    operator: str
    line: int
    """Of the solved file, from 1."""
    text: str | None = field(repr=False)
    """The whole file; None where it is not there."""
    diff: str
    """From the reference fix to the mutant."""

    @property
    def is_reversal(self) -> bool:
        return self.operator in (REVERSAL, PUT_BACK)


@dataclass(frozen=True)
class _Idea:
    """A mutation whose text is yet to be made."""

    file: Changed
    operator: str
    line: int
    make: Callable[[], str | None]

    def made(self) -> Mutation:
        text = self.make()
        before, after = ((each or "").splitlines() for each in (self.file.solved, text))
        names = (f"a/{self.file.path}", f"b/{self.file.path}")
        shown = difflib.unified_diff(before, after, *names, lineterm="", n=2)
        return Mutation(self.file.path, self.operator, self.line, text, "\n".join(shown))


def mutations(base: Tree, solved: Tree, most: int, seed: int) -> list[Mutation]:
    """At most `most` different mutants: each hunk taken back alone, then the operators in turn, drawn with `seed`.

    A fix of one hunk is not taken back: that is the base, which is known to fail. Of a fix of many hunks, the operators
    get half of the mutants.
    """
    files = changed_files(base, solved)
    runs = [hunk for file in files for hunk in hunks(file) if says_something(hunk)]
    reversals = [_taken_back(hunk) for hunk in runs]
    draw = random.Random(f"{seed} mutants")
    by_operator: defaultdict[str, list[_Idea]] = defaultdict(list)
    for file in files:
        lines = {line for hunk in runs if hunk.file is file for line in hunk.after}
        for idea in _ideas(file, lines):
            by_operator[idea.operator].append(idea)
    for group in by_operator.values():
        draw.shuffle(group)
    draw.shuffle(reversals)
    changed = list(_in_turn(by_operator))
    taken_back = reversals[: max(most - len(changed), (most + 1) // 2)] if len(runs) > 1 else []
    return list(islice(_distinct([*taken_back, *changed], files), most))


def _taken_back(hunk: Hunk) -> _Idea:
    is_removal = hunk.file.solved is not None and not hunk.after
    return _Idea(hunk.file, PUT_BACK if is_removal else REVERSAL, hunk.after.start + 1, partial(without, hunk))


def _in_turn(groups: Mapping[str, list[_Idea]]) -> Iterator[_Idea]:
    """One of each operator, then another of each."""
    for turn in range(max(map(len, groups.values()), default=0)):
        for _, group in sorted(groups.items()):
            if turn < len(group):
                yield group[turn]


def _distinct(ideas: Iterable[_Idea], files: Iterable[Changed]) -> Iterator[Mutation]:
    """Without those that are the fix, the base or one another in other words, and those that are no Python."""
    texts = {file.path: {_meaning(file.path, text) for text in (file.base, file.solved)} for file in files}
    alone = len(texts) == 1
    seen = {(path, text) for path, each in texts.items() for text in (each if alone else ())}
    seen |= {(file.path, _meaning(file.path, file.solved)) for file in files}
    for idea in ideas:
        mutation = idea.made()
        key = (mutation.path, _meaning(mutation.path, mutation.text))
        broken = mutation.path.endswith(".py") and mutation.text is not None and program(mutation.text) is None
        if key not in seen and not broken:
            seen.add(key)
            yield mutation


def _meaning(path: str, text: str | None) -> str | None:
    if text is None:
        return None
    key = (program(text) if path.endswith(".py") else None) or text
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _ideas(file: Changed, lines: set[int]) -> Iterator[_Idea]:
    """What may be changed on `lines`, from 0, of a solved file."""
    solved = file.solved
    if solved is None or not lines:
        return
    if file.ending == ".py":
        for each in mutants(file.path, solved, surroundings([solved])):
            if each.operator in PYTHON and lines.issuperset(line - 1 for line in each.lines):
                yield _Idea(file, PYTHON[each.operator], each.lines.start, partial(applied, solved, each.splices))
    elif file.ending in CODE:
        texts = solved.split("\n")
        for number in sorted(line for line in lines if line < len(texts)):
            for operator, changed in _tokens(texts[number]):
                yield _Idea(file, operator, number + 1, partial(_with_line, texts, number, changed))


def _with_line(lines: list[str], number: int, changed: str) -> str:
    return "\n".join([*lines[:number], changed, *lines[number + 1 :]])


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    """Operator and line, for each token that may be another; strings and comments stay."""
    for token in TOKEN.finditer(line):
        for operator, other in _others(token, line):
            yield operator, line[: token.start()] + other + line[token.end() :]


def _others(token: re.Match[str], line: str) -> Iterator[tuple[str, str]]:
    text = token[0]
    if token["number"]:
        yield "off by one", str(int(text) + 1)
        if int(text):
            yield "off by one", str(int(text) - 1)
    elif text == "!":
        if re.match(r"[\w(]", line[token.end() :]):
            yield "negated condition", ""
    elif text in TOKENS and (token["sign"] or token["word"]):
        around = line[: token.start()][-1:] + line[token.end() :][:1]
        if text not in SPACED or around == "  ":
            yield TOKENS[text]
