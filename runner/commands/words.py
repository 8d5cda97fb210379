"""One shell word: the text it stands for, or the fact that nobody can know it before the shell runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_SPECIAL = "*?[]{},~"
_QUOTE = {ord(mark): chr(0xE000 + ord(mark)) for mark in _SPECIAL}
_UNQUOTE = {0xE000 + ord(mark): mark for mark in _SPECIAL}
_MOST_WORDS = 64
"""A brace expansion into more words than these counts as unknown."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HOME_OR_PWD = re.compile(r"\$(?:(HOME|PWD)|\{(HOME|PWD)\})")
_ANSI = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))", re.DOTALL
)
_ANSI_LETTERS = dict(zip("abeEfnrtv", "\a\b\x1b\x1b\f\n\r\t\v", strict=True))
_LITERAL = frozenset(
    {"word", "number", "variable_name", "special_variable_name", "test_operator", "extglob_pattern", "regex"}
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word after quotes, escapes and braces; `~` at its start means the home, and a quoted one is `./~`."""

    text: str
    """What the program would get; where `known` is false, with the unknown parts as they were written."""
    known: bool = True
    glob: bool = False
    """The shell would replace it by the names of files."""


def words_of(nodes: Sequence[Node], *, movable: bool) -> list[Word]:
    """The words that adjacent nodes make up; `movable` says that HOME or PWD may have been assigned."""
    builder = _Builder(movable)
    builder.add_all(nodes)
    return builder.words()


def literal(text: str) -> Word:
    return Word(text)


class _Builder:
    """Collects encoded text, in which quoted special characters sit in the private use area."""

    def __init__(self, movable: bool) -> None:
        self._movable = movable
        self._text = ""
        self._known = True
        self._variable = False
        """The text so far ends in what $HOME or $PWD stands for."""
        self._dollar = False
        """The text so far ends in a bare dollar."""

    def add_all(self, nodes: Sequence[Node]) -> None:
        """`$"…"` is a string: its dollar says nothing. Where the grammar joins what a blank parts, nobody knows."""
        for index, node in enumerate(nodes):
            if index and nodes[index - 1].end_byte != node.start_byte:
                self._known = False
            if not (node.type == "$" and index + 1 < len(nodes) and nodes[index + 1].type == "string"):
                self.add(node)

    def add(self, node: Node) -> None:
        kind, source = node.type, source_of(node)
        if kind in ("concatenation", "command_name", "translated_string"):
            self.add_all(node.children)
        elif kind == "raw_string":
            self._quoted(source[1:-1])
        elif kind == "ansi_c_string":
            self._ansi(source[2:-1])
        elif kind == "string":
            self._string(node)
        elif kind in ("simple_expansion", "expansion"):
            self._expansion(source)
        elif kind == "brace_expression":
            self._append("*")
        elif kind in _LITERAL or not node.is_named:
            self._unquoted(source)
        else:
            self._opaque(source)

    def words(self) -> list[Word]:
        if not self._known:
            return [Word(self._text.translate(_UNQUOTE), known=False)]
        expanded = _expand(self._text)
        if expanded is None:
            return [Word(self._text.translate(_UNQUOTE), known=False)]
        return [_finish(text) for text in expanded]

    def _append(self, encoded: str) -> None:
        if encoded and (self._dollar or (self._variable and not encoded.startswith("/"))):
            self._known = False
        self._dollar = False
        self._variable = self._variable and not encoded
        self._text += encoded

    def _quoted(self, text: str) -> None:
        self._append(text.translate(_QUOTE))

    def _unquoted(self, source: str) -> None:
        bare = _ESCAPED.sub("", source)
        if "$" in bare[:-1]:
            self._known = False
        self._append(_ESCAPED.sub(lambda found: "" if found[1] == "\n" else found[1].translate(_QUOTE), source))
        self._dollar = bare.endswith("$")

    def _opaque(self, source: str) -> None:
        self._known = False
        self._append(source)

    def _expansion(self, source: str) -> None:
        found = _HOME_OR_PWD.fullmatch(source)
        if found is None or self._movable or (self._text and self._text[-1] not in "=:"):
            self._opaque(source)
            return
        self._append("~" if "HOME" in source else ".")
        self._variable = True

    def _string(self, node: Node) -> None:
        raw, start, position = node.text or b"", node.start_byte, 1
        for child in node.named_children:
            if child.type == "string_content":
                continue
            self._quoted(_unescape(raw[position : child.start_byte - start]))
            self.add(child)
            position = child.end_byte - start
        self._quoted(_unescape(raw[position:-1]))

    def _ansi(self, text: str) -> None:
        decoded = _ANSI.sub(_ansi_character, text)
        if "\0" in decoded:
            self._known = False
        self._quoted(decoded)


def source_of(node: Node) -> str:
    """The node's text; bytes that are no UTF-8 become replacement characters."""
    return (node.text or b"").decode("utf-8", "replace")


def _unescape(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return re.sub(r"\\([\\$`\"\n])", lambda found: "" if found[1] == "\n" else found[1], text)


def _ansi_character(found: re.Match[str]) -> str:
    for digits in (found[1], found[2], found[3]):
        if digits:
            code = int(digits, 16)
            return chr(code) if code <= 0x10FFFF else "�"
    if found[4]:
        return chr(int(found[4], 8) & 0xFF)
    if found[5]:
        return chr(ord(found[5]) & 0x1F)
    return _ANSI_LETTERS.get(found[6], found[6] if found[6] in "\\'\"?" else "\\" + found[6])


def _expand(encoded: str) -> list[str] | None:
    """The words that braces make; None when there are too many."""
    done: list[str] = []
    waiting = [encoded]
    while waiting:
        if len(done) + len(waiting) > _MOST_WORDS:
            return None
        text = waiting.pop()
        found = _BRACES.search(text)
        if found is None:
            done.append(text)
            continue
        before, inner, after = text[: found.start()], found[1], text[found.end() :]
        if "," in inner:
            waiting += [before + choice + after for choice in reversed(inner.split(","))]
        elif ".." in inner:
            waiting.append(before + "*" + after)
        else:
            waiting.append(before + f"{{{inner}}}".translate(_QUOTE) + after)
    return done


def _finish(encoded: str) -> Word:
    text = encoded.translate(_UNQUOTE)
    if text.startswith("~") and not encoded.startswith("~"):
        text = "./" + text
    return Word(text, glob=any(mark in encoded for mark in "*?["))
