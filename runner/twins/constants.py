"""The kind `constants`: messages say the same in other words, and the tests' examples are other ones.

Three things change, everywhere alike: turns of messages (`runner.twins.messages`), also where tests, the instruction
and its framings quote them; names of people and things in the strings of tests (`runner.twins.examples`), also in the
code parts of these texts; and numbers that a test hands in and gets back (`runner.twins.numbers`). Left alone is what
could be more: other numbers, whose expected values would have to be worked out anew; constants of the code itself, on
which its behaviour depends; messages of one word, which are keys as often as not; and whatever else a string is for.
The proof by running has the last word: what it points at stays as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import libcst as cst

from runner.arms import TwinKind
from runner.python import concrete
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.examples import LETTERS, examples, in_style, known, letters, with_examples
from runner.twins.file_names import PYTHON
from runner.twins.messages import Seen, quotes, told_parts, wording
from runner.twins.numbers import NumberChanger, digits, numbers
from runner.twins.phrases import Phrasing, styled
from runner.twins.strings import Piece, Replacer, String, source_of, strings
from runner.twins.texts import WORD, is_document, parts, words_of
from runner.twins.trees import LOOKS_AT_ITSELF, is_test, with_python

DATA_BYTES = 4 << 20
"""Of each file that is no Python, beyond which it is not read."""
_QUOTED = re.compile(r"([\"“])([^\"”\n]+)([\"”])")


class Constants:
    """Changes messages and examples."""

    kind: TwinKind = "constants"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where no message and no example can change."""
        read = _read(subject)
        seed = f"constants {terms.seed}"
        phrasing = wording(seed, read.seen, terms.without)
        kept = read.fixed_words | {word.lower() for word in terms.without}
        chosen = examples(seed, [*read.seen.expected, *read.seen.told], kept)
        change = _Change(seed, phrasing, chosen, read, terms.without)
        made = replace(
            with_python(subject, change.file),
            instruction=change.text(subject.instruction),
            framings={name: change.text(text) for name, text in subject.framings.items()},
        )
        if not change.changed:
            raise TwinRefused("nothing-to-change", "no message and no example in it can safely be another one")
        changed = len(change.changed)
        touched = frozenset(change.touched)
        words = frozenset(change.names)
        return Transformed(made, change.names, changed, max(changed, read.candidates), touched=touched, words=words)


@dataclass
class _Read:
    """What was found in a subject."""

    seen: Seen = field(default_factory=Seen)
    fixed_words: set[str] = field(default_factory=set)
    """Words, in lower case, that are no examples."""
    fixed_numbers: set[str] = field(default_factory=set)
    speaking: set[str] = field(default_factory=set)
    """Paths of files that have messages, or tests."""
    candidates: int = 0
    """Messages of the base, and words of tests that could be examples."""


def _read(subject: Subject) -> _Read:
    found = _Read()
    solved: set[str] = set()
    for path, data in sorted({(path, each.data) for tree in subject.trees for path, each in tree.items()}):
        found.fixed_words |= letters(path)
        module = concrete(data) if path.endswith(PYTHON) else None
        if module is None or LOOKS_AT_ITSELF.search(data):
            text = data[:DATA_BYTES].decode("utf-8", "replace")
            if not is_document(path):
                found.seen.data.append(text)
                found.fixed_words |= letters(text)
            continue
        in_base = path in subject.base and subject.base[path].data == data
        messages = found.seen.messages if in_base else solved
        try:
            has_messages = _read_module(found, module, data, is_test(path), messages)
            found.speaking |= {path} if has_messages or is_test(path) else set()
        except RecursionError:
            found.seen.data.append(data.decode("utf-8", "replace"))
            found.fixed_words |= letters(data.decode("utf-8", "replace"))
    found.seen.reference = solved - found.seen.messages
    for text in subject.texts:
        found.seen.told |= {*told_parts(text)}
        found.fixed_words |= {word for part, code in parts(text) if not code for word in letters(part)}
    scenario = subject.scenario
    facts = [*scenario.framing.facts, *scenario.checks.mentions, *scenario.tests.fail_to_pass, scenario.title]
    found.seen.fixed += facts
    found.fixed_words |= {word for fact in facts for word in letters(fact)}
    found.fixed_numbers = {each for text in (*subject.texts, *facts) for each in digits(text)}
    found.candidates = len(found.seen.messages) + len(known(found.seen.expected))
    return found


def _read_module(found: _Read, module: cst.Module, data: bytes, tests: bool, messages: set[str]) -> bool:
    """Take in one file; whether it has messages."""
    seen = found.seen
    has_messages = False
    for each in strings(module):
        if each.role == "docstring":
            continue
        if len(each.pieces) > 1:
            seen.fixed += _divided(each)
        if tests:
            seen.expected.add(each.written)
            if each.role == "id":
                seen.fixed.append(each.written)
                found.fixed_words |= letters(each.written)
        elif each.role == "message" and " " in each.written and not each.is_bytes:
            messages.add(each.written)
            has_messages = True
        else:
            seen.code.add(each.written)
    if tests:
        names = _Names()
        module.visit(names)
        found.fixed_words |= names.found
    else:
        found.fixed_words |= {part for word in words_of(data) for part in letters(word)}
    return has_messages


@cache
def _every_turn() -> Phrasing:
    return Phrasing("", share=1.0)


def _divided(string: String) -> Iterator[str]:
    """Turns that stand in two pieces of a string at once."""
    for start, end, old in _every_turn().found(string.written):
        if not any(_holds(piece, first, start, end) for piece, first in string.pieces):
            yield old


def _holds(piece: Piece, first: int, start: int, end: int) -> bool:
    return first <= start and end <= first + len(source_of(piece))


class _Names(cst.CSTVisitor):
    """The words of identifiers, in lower case."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found |= letters(node.value)


class _Change:
    """Makes the changes, and keeps what they were."""

    def __init__(
        self, seed: str, phrasing: Phrasing, chosen: Mapping[str, str], read: _Read, without: Collection[str]
    ) -> None:
        self.changed: set[str] = set()
        """Messages, example words, and numbers with their files."""
        self.names: dict[str, str] = {}
        self.touched: set[str] = set()
        """Files in which numbers are others."""
        self._seed, self._phrasing, self._chosen = seed, phrasing, chosen
        self._seen, self._read, self._without = read.seen, read, without
        self._keys = {word for text in (*read.seen.code, *read.seen.messages) for word in WORD.findall(text)}

    def file(self, path: str, data: bytes) -> bytes:
        silent = path not in self._read.speaking or LOOKS_AT_ITSELF.search(data)
        module = None if silent else concrete(data)
        if module is None:
            return data
        try:
            sources: dict[Piece, str] = {}
            for each in strings(module):
                sources |= self._sources(each, is_test(path))
            changed = module.visit(Replacer(sources)) if sources else module
            chosen = self._numbers(path, changed)
            return (changed.visit(NumberChanger(chosen)) if chosen else changed).bytes
        except (UnicodeError, RecursionError):
            return data

    def _numbers(self, path: str, module: cst.Module) -> dict[int, int]:
        is_shared = path.endswith("conftest.py")
        if not is_test(path) or is_shared or path in self._without:
            return {}
        chosen = numbers(f"{self._seed} {path}", module, self._keys, self._read.fixed_numbers)
        self.changed |= {f"{path} {old}" for old in chosen}
        self.touched |= {path} if chosen else set()
        return chosen

    def text(self, text: str) -> str:
        """An instruction with its quotes of messages, and the examples in its code, changed."""
        return "".join(self._told(part) if code else _QUOTED.sub(self._quoted, part) for part, code in parts(text))

    def _quoted(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self._told(found[2])}{found[3]}"

    def _told(self, part: str) -> str:
        bare = part.strip("`\n")
        said = self._phrasing.said(part) if quotes(bare, self._seen.messages) else part
        return LETTERS.sub(lambda word: in_style(word.group(), self._chosen), said)

    def _sources(self, string: String, tests: bool) -> dict[Piece, str]:
        """Pieces of a string that change → their new sources."""
        if string.role in ("docstring", "id"):
            return {}
        is_message = not tests and string.role == "message" and string.written in self._seen.messages
        says = is_message or (tests and quotes(string.written, self._seen.messages))
        spans = self._phrasing.found(string.written) if says else []
        found: dict[Piece, str] = {}
        for piece, first in string.pieces:
            source = new = source_of(piece)
            for start, end, old in reversed(spans):
                if _holds(piece, first, start, end):
                    turned = self._phrasing.chosen[old]
                    new = f"{new[: start - first]}{styled(turned, source[start - first :])}{new[end - first :]}"
                    self.names[turned] = old
                    self.changed.add(string.written)
            if tests:
                new = self._with_examples(new)
            if new != source:
                found[piece] = new
        return found

    def _with_examples(self, source: str) -> str:
        new = with_examples(source, self._chosen)
        if new != source:
            for old in LETTERS.findall(source):
                if old.lower() in self._chosen:
                    self.names[in_style(old, self._chosen)] = old
                    self.changed.add(old.lower())
        return new
