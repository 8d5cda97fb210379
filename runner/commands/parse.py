"""Bash source to its simple commands, in the order in which a shell would come to them.

What the grammar and bash might read differently (syntax errors, here-documents that end elsewhere, unparsed
backquotes, control characters) makes the script `broken`: what was found counts, and so does the doubt.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.commands.reader import NOTHING, SUBSHELLS, Extra, Part, Place, Reader, parser
from runner.commands.script import Invocation, Redirect, Script
from runner.commands.words import Word, source_of, words_of

if TYPE_CHECKING:
    from tree_sitter import Node

LONGEST_SOURCE = 100_000
"""Characters; a longer text is not read at all."""
_MOST_COSTLY = 3000
"""Marks on which the grammar takes time or memory that grows with their square; text with more is not read."""
_DEEPEST = 60

_ASSIGNED_HOME_OR_PWD = re.compile(r"(?<!\$)(?<!\$\{)\b(?:HOME|PWD)\b")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|[\ud800-\udfff]")
_ESCAPED_BLANK_THEN_HASH = re.compile(r"\\[ \t\v\f][\s\\]*#")
_GLUED_LINES = re.compile(r"(?<=\S)(?:\\\n)+(?=\S)")
_ESCAPED_START = re.compile(r"\n[ \t]*\\(?=\w)")
_COSTLY = re.compile(r"[|(]|<<|=~")
_SEQUENCES = frozenset({"list", "pipeline", "redirected_statement", "negated_command"})
_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
_CONDITIONAL = frozenset({"if_statement", "while_statement", "case_statement", "c_style_for_statement"})
_BLOCKS = frozenset({"program", "compound_statement", "do_group", "elif_clause", "else_clause", "case_item"})
_TEST_LEAVES = frozenset(
    {"word", "string", "raw_string", "ansi_c_string", "concatenation", "simple_expansion", "expansion", "number"}
    | {"test_operator", "extglob_pattern", "regex"}
)


def parse(source: str) -> tuple[Script, ...]:
    """The script, read in each way that a backslash at a line's end or start allows; never raises."""
    if len(source) > LONGEST_SOURCE or len(_COSTLY.findall(source)) > _MOST_COSTLY:
        return (Script(broken=True),)
    glued, plain = _GLUED_LINES.sub("", source), _ESCAPED_START.sub("\n", source)
    return tuple(_read(text) for text in dict.fromkeys((source, glued, plain)))


def _read(source: str) -> Script:
    raw = source.replace("\0", "").encode("utf-8", "replace")
    root = parser().parse(raw).root_node
    reader = _Statements(raw, movable=bool(_ASSIGNED_HOME_OR_PWD.search(source)))
    reader.visit(root, Place())
    doubtful = _CONTROL.search(source) or _ESCAPED_BLANK_THEN_HASH.search(source)
    broken = reader.broken or root.has_error or doubtful is not None
    return Script(tuple(reader.found), frozenset(reader.functions), broken, reader.bomb)


class _Statements(Reader):
    """Reads statements: lists, pipelines, loops, functions, commands."""

    def visit(self, node: Node, place: Place, extra: Extra = NOTHING) -> None:
        if place.depth > _DEEPEST:
            self.broken = True
            return
        place = replace(place, depth=place.depth + 1)
        kind = node.type
        if kind in _COMMANDS:
            self._command(node, place, extra)
            return
        if kind in _SEQUENCES:
            self._sequence(node, place, extra)
            return
        if extra.redirects or extra.words:
            self.add(Invocation(extra.words, extra.redirects), place)
        if kind == "test_command":
            self._test(node, place)
        elif kind in ("variable_assignment", "variable_assignments"):
            self._assignments(node, place)
        elif kind == "function_definition":
            self._function(node, replace(place, certain=False))
        elif kind == "for_statement":
            self._for(node, replace(place, certain=False))
        elif kind in SUBSHELLS:
            self._block(node, self._fork(place))
        elif kind in _CONDITIONAL:
            self._block(node, replace(place, certain=False))
        elif kind in _BLOCKS or kind == "ERROR":
            self.broken = self.broken or kind == "ERROR"
            self._block(node, place)
        else:
            self.substitutions(node, place)

    def _fork(self, place: Place) -> Place:
        self.shells += 1
        return replace(place, shell=(*place.shell, self.shells))

    def _block(self, node: Node, place: Place) -> None:
        children = node.children
        for index, child in enumerate(children):
            if not child.is_named or child.type == "comment":
                continue
            if child.type == "file_redirect":
                redirect, words = self.redirect(child, place)
                self.add(Invocation(tuple(words), tuple(redirect)), place)
            elif index + 1 < len(children) and children[index + 1].type == "&":
                self.visit(child, replace(self._fork(place), concurrent=True))
            else:
                self.visit(child, place)

    def _function(self, node: Node, place: Place) -> None:
        name = node.child_by_field_name("name")
        label = source_of(name) if name else ""
        self.functions.add(label)
        start = len(self.found)
        self._block(node, place)
        self.bomb = self.bomb or any(
            call.concurrent and call.words and call.words[0].text == label for call in self.found[start:]
        )

    def _for(self, node: Node, place: Place) -> None:
        name = node.child_by_field_name("variable")
        values = self.words_in((child for child in node.children_by_field_name("value")), place)
        label = source_of(name) if name else ""
        self.add(Invocation(assignments=tuple((label, value) for value in values)), place)
        for child in node.named_children:
            if child.type in ("do_group", "compound_statement", "ERROR"):
                self.visit(child, place)

    def _assignments(self, node: Node, place: Place) -> None:
        nodes = node.named_children if node.type == "variable_assignments" else [node]
        self.add(Invocation(assignments=tuple(pair for each in nodes for pair in self._pairs(each, place))), place)

    def _pairs(self, node: Node, place: Place) -> list[tuple[str, Word]]:
        self.substitutions(node, place)
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        words = words_of([value], movable=self.movable) if value else [Word("")]
        return [(source_of(name) if name else "", word) for word in words]

    def _test(self, node: Node, place: Place) -> None:
        leaves: list[Node] = []
        waiting = list(reversed(node.children))
        while waiting:
            child = waiting.pop()
            if child.type in _TEST_LEAVES or child.type in SUBSHELLS or not child.is_named:
                leaves.append(child)
            else:
                waiting += reversed(child.children)
        words = self.words_in((leaf for leaf in leaves if leaf.type not in ("(", ")")), place)
        self.add(Invocation(tuple(words)), place)

    def _sequence(self, node: Node, place: Place, extra: Extra) -> None:
        """Lists and pipelines are flattened without recursion: they nest as deep as they are long."""
        parts: list[Part] = []
        waiting: list[Part] = [(node, extra)]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str) or part[0].type not in _SEQUENCES:
                parts.append(part)
            else:
                waiting += reversed(self._split(*part, place))
        certain = place.certain
        for index, part in enumerate(parts):
            if isinstance(part, str):
                certain = certain and part != "||"
                continue
            around = parts[max(index - 1, 0) : index + 2]
            here = replace(place, certain=certain)
            if "|" in around or "|&" in around:
                here = replace(self._fork(here), concurrent=True)
            self.visit(part[0], here, part[1])

    def _split(self, node: Node, extra: Extra, place: Place) -> list[Part]:
        """A sequence's own parts: statements with what belongs to them, and the operators between."""
        redirects, words, followers = list(extra.redirects), list(extra.words), list[Part]()
        statements: list[Part] = []
        for child in node.children:
            if child.type == "file_redirect":
                target, behind = self.redirect(child, place)
                redirects, words = redirects + target, words + behind
            elif child.type == "herestring_redirect":
                redirects += self.herestring(child, place)
            elif child.type == "heredoc_redirect":
                own, behind, after = self.heredoc(child, place)
                redirects, words, followers = redirects + own, words + behind, followers + after
            elif child.is_named and child.type != "comment":
                statements.append((child, NOTHING))
            elif child.type in ("&&", "||", "|", "|&"):
                statements.append(child.type)
        belongs = Extra(tuple(redirects), tuple(words))
        if statements and not isinstance(statements[-1], str):
            statements[-1] = (statements[-1][0], belongs)
        else:
            self.add(Invocation(belongs.words, belongs.redirects), place)
        return statements + followers

    def _command(self, node: Node, place: Place, extra: Extra) -> None:
        assignments: list[tuple[str, Word]] = []
        redirects: list[Redirect] = []
        plain: list[Node] = []
        late: list[Word] = []
        for child in node.children:
            if child.type == "variable_assignment":
                assignments += self._pairs(child, place)
                if node.type == "declaration_command":
                    late.append(Word(source_of(child), known=False))
            elif child.type == "file_redirect":
                target, behind = self.redirect(child, place)
                redirects, late = redirects + target, late + behind
            elif child.type == "herestring_redirect":
                redirects += self.herestring(child, place)
            elif child.type == "subshell":
                self.visit(child, place)
            else:
                plain.append(child)
        words = [*self.words_in(plain, place), *late, *extra.words]
        self.add(Invocation(tuple(words), (*redirects, *extra.redirects), assignments=tuple(assignments)), place)
