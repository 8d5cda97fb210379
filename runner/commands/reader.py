"""What stands inside one command: words, redirects, here-documents and the substitutions in them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from runner.commands.script import Invocation, Redirect
from runner.commands.words import Word, source_of, words_of

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

_HIDDEN_SUBSTITUTION = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\()")
_BARE_BLANK = re.compile(r"(?<!\\)(?:\\\\)*\s")
"""In one word of the grammar: bash sees two words, or even two commands."""
_ESCAPED_BLANK = re.compile(rb"(?<!\\)(?:\\\\)*\\[ \t\v\f][\s\\]*\Z")
SUBSHELLS = frozenset({"subshell", "command_substitution", "process_substitution"})
_OPAQUE_LEAVES = frozenset({"raw_string", "ansi_c_string", "comment"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands; the fields are Invocation's."""

    shell: tuple[int, ...] = ()
    certain: bool = True
    concurrent: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Extra:
    """What stands behind a statement but belongs to its last command."""

    redirects: tuple[Redirect, ...] = ()
    words: tuple[Word, ...] = ()


NOTHING = Extra()
Part: TypeAlias = "str | tuple[Node, Extra]"
"""An operator, or a statement with what belongs to it."""

_local = threading.local()


@lru_cache(maxsize=1)
def _language() -> Language:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Language(tree_sitter_bash.language())


def parser() -> Parser:
    """This thread's own parser."""
    import tree_sitter

    if not hasattr(_local, "parser"):
        _local.parser = tree_sitter.Parser(_language())
    own: Parser = _local.parser
    return own


class Reader:
    """Walks a tree once; what it found is in its attributes."""

    def __init__(self, source: bytes, movable: bool) -> None:
        self.found: list[Invocation] = []
        self.functions: set[str] = set()
        self.broken = False
        self.bomb = False
        self._source = source
        self.movable = movable
        self.shells = 0

    def visit(self, node: Node, place: Place, extra: Extra = NOTHING) -> None:
        """Reads a statement."""
        raise NotImplementedError

    def add(self, invocation: Invocation, place: Place) -> None:
        self.found.append(replace(invocation, shell=place.shell, certain=place.certain, concurrent=place.concurrent))

    def words_in(self, nodes: Iterable[Node], place: Place) -> list[Word]:
        """Nodes that touch each other in the source are one word."""
        runs: list[list[Node]] = []
        for node in nodes:
            self.substitutions(node, place)
            self.broken = self.broken or self._after_escaped_blank(node.start_byte)
            if runs and runs[-1][-1].end_byte == node.start_byte:
                runs[-1].append(node)
            else:
                runs.append([node])
        return [word for run in runs for word in words_of(run, movable=self.movable)]

    def _after_escaped_blank(self, start: int) -> bool:
        """To bash that blank is a word or begins one; the grammar skips it."""
        return _ESCAPED_BLANK.search(self._source[max(start - 40, 0) : start]) is not None

    def redirect(self, node: Node, place: Place) -> tuple[list[Redirect], list[Word]]:
        """The redirect, and the words behind its file, which are arguments of the command."""
        operator = next((child.type for child in node.children if not child.is_named), ">")
        nodes = [child for child in node.named_children if child.type not in ("file_descriptor", "ERROR")]
        words = self.words_in(nodes, place)
        if not words or nodes[0].type == "process_substitution":
            return [], words[1:]
        return [Redirect(operator, words[0])], words[1:]

    def herestring(self, node: Node, place: Place) -> list[Redirect]:
        return [Redirect("<<<", word) for word in self.words_in(node.named_children, place)]

    def heredoc(self, node: Node, place: Place) -> tuple[list[Redirect], list[Word], list[Part]]:
        """Its text and redirects, then the arguments and the statements that follow on the same line."""
        redirects: list[Redirect] = []
        words: list[Word] = []
        after: list[Part] = []
        for child in node.children:
            if child.type in ("heredoc_start", "heredoc_body", "heredoc_end", "<<", "<<-"):
                continue
            if child.type == "file_redirect":
                target, behind = self.redirect(child, place)
                redirects, words = redirects + target, words + behind
            elif child.type == "pipeline":
                after += ["|", *((each, NOTHING) for each in child.named_children)]
            elif child.type in ("&&", "||"):
                after.append(child.type)
            elif after:
                after.append((child, NOTHING))
            else:
                words += self.words_in([child], place)
        return [Redirect("<<", self._text(node, place)), *redirects], words, after

    def _text(self, node: Node, place: Place) -> Word:
        """A here-document's text; broken unless it ends where bash ends it: at the first line that says so."""
        children = {child.type: child for child in node.children}
        start, body, end = (children.get(f"heredoc_{part}") for part in ("start", "body", "end"))
        if start is None or end is None:
            self.broken = True
            return Word("", known=False)
        opening = source_of(start)
        delimiter = opening.translate({ord(mark): None for mark in "'\"\\"})
        line = self._source[: end.end_byte].rsplit(b"\n", 1)[-1] + self._source[end.end_byte :].split(b"\n", 1)[0]
        text = source_of(body) if body else ""
        if line.strip(b"\t").decode("utf-8", "replace") != delimiter or delimiter in text.split("\n"):
            self.broken = True
        if opening != delimiter or body is None:
            return Word(text)
        if _HIDDEN_SUBSTITUTION.search(_without(body)):
            self.broken = True
        for child in body.named_children:
            self.substitutions(child, place)
        return Word(text, known="$" not in text and "`" not in text and "\\" not in text)

    def substitutions(self, node: Node, place: Place) -> None:
        """Visits the commands inside a word or an expression."""
        waiting = [node]
        while waiting:
            inner = waiting.pop()
            if inner.type in SUBSHELLS or inner.type == "ERROR":
                self.visit(inner, place)
            elif inner.children:
                waiting += reversed(inner.children)
            elif inner.is_named and inner.type not in _OPAQUE_LEAVES:
                text = source_of(inner)
                swallows = inner.type == "word" and _BARE_BLANK.search(text) is not None
                self.broken = self.broken or swallows or _HIDDEN_SUBSTITUTION.search(text) is not None


def _without(node: Node) -> str:
    """The node's text without its children's."""
    raw, start, position, kept = node.text or b"", node.start_byte, 0, b""
    for child in node.children:
        kept += raw[position : child.start_byte - start]
        if child.type == "heredoc_content":
            kept += child.text or b""
        position = child.end_byte - start
    return (kept + raw[position:]).decode("utf-8", "replace")
