"""The kind `reword`: comments and docstrings say the same in other words, or are left out.

What is rewritten keeps every fact word for word (`runner.twins.prose`). A comment to which no rule applies goes, and so
does such a docstring of what is private; docstrings of public names stay then, for they may be all that says what is
right. Left alone are docstrings with escapes, those of files whose code reads `__doc__`, files that look at their own
source, and comments that tools obey.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import libcst as cst

from runner.arms import TwinKind
from runner.python import concrete
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.phrases import Phrasing
from runner.twins.prose import reworded
from runner.twins.trees import LOOKS_AT_ITSELF, with_python

_OBEYED = re.compile(
    r"#!|#.*(coding[:=]|\btype:|\bnoqa\b|\bpragma\b|\bpylint\b|\bfmt:|\bisort:|\bmypy:|\bruff:|\bpyright:|\bnosec\b|\byapf:)",
    re.IGNORECASE,
)
"""Comments that some tool reads."""
_COMMENT = re.compile(r"(#+:? ?)(.*)")
_WITHIN_LINE = (cst.SimpleWhitespace, cst.Comment, cst.Newline)


class Reword:
    """Says comments and docstrings otherwise."""

    kind: TwinKind = "reword"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where there is nothing to rewrite or to leave out, or the fix is nothing else."""
        phrasing = Phrasing(f"reword {terms.seed}")
        changed = candidates = 0
        touched: set[str] = set()

        def change(path: str, data: bytes) -> bytes:
            nonlocal changed, candidates
            module = concrete(data) if path not in terms.without and not LOOKS_AT_ITSELF.search(data) else None
            if module is None:
                return data
            try:
                comments = _Comments(phrasing)
                module.visit(comments)
                rewriter = _Rewriter(comments.others, phrasing, reads_docs=b"__doc__" in data)
                made = module.visit(rewriter).bytes
            except (UnicodeError, RecursionError):
                return data
            if rewriter.changed:
                touched.add(path)
            changed += rewriter.changed
            candidates += rewriter.seen
            return made

        made = with_python(subject, change)
        if not changed or made.base == made.solved:
            what = "the fix changes nothing but comments" if changed else "it has no comments that could be others"
            raise TwinRefused("nothing-to-change", what)
        return Transformed(made, changed=changed, candidates=candidates, touched=frozenset(touched))


class _Comments(cst.CSTVisitor):
    """What becomes of comments: of those on lines of their own block by block, as one sentence may go over several."""

    def __init__(self, phrasing: Phrasing) -> None:
        super().__init__()
        self.others: dict[cst.Comment, str | None] = {}
        """Comment → its new text; None where it goes. Those that tools obey are not among them."""
        self._phrasing = phrasing
        self._block: list[cst.Comment] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.EmptyLine) and node.comment is not None and not _OBEYED.match(node.comment.value):
            self._block.append(node.comment)
        elif not isinstance(node, _WITHIN_LINE):
            self._end()
        trailing = node.comment if isinstance(node, cst.TrailingWhitespace) else None
        if trailing is not None and not _OBEYED.match(trailing.value):
            self._decide([trailing])
        return True

    def leave_Module(self, original_node: cst.Module) -> None:
        self._end()

    def _end(self) -> None:
        if self._block:
            self._decide(self._block)
            self._block = []

    def _decide(self, comments: Sequence[cst.Comment]) -> None:
        found = [_COMMENT.fullmatch(comment.value) for comment in comments]
        signs = [match[1] if match else "" for match in found]
        text = "\n".join(match[2] if match else comment.value for match, comment in zip(found, comments, strict=True))
        new = reworded(text, self._phrasing)
        lines = new.split("\n") if new != text else [None] * len(comments)
        for comment, sign, line in zip(comments, signs, lines, strict=True):
            self.others[comment] = sign + line if line is not None else None


class _Rewriter(cst.CSTTransformer):
    def __init__(self, comments: dict[cst.Comment, str | None], phrasing: Phrasing, reads_docs: bool) -> None:
        super().__init__()
        self.changed = 0
        self.seen = 0
        self._comments, self._phrasing, self._reads_docs = comments, phrasing, reads_docs

    def leave_EmptyLine(
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine | cst.RemovalSentinel:
        if original_node.comment not in self._comments:
            return updated_node
        new = self._other(original_node.comment)
        return updated_node.with_changes(comment=cst.Comment(new)) if new is not None else cst.RemovalSentinel.REMOVE

    def leave_TrailingWhitespace(
        self, original_node: cst.TrailingWhitespace, updated_node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        if original_node.comment not in self._comments:
            return updated_node
        new = self._other(original_node.comment)
        if new is None:
            return updated_node.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return updated_node.with_changes(comment=cst.Comment(new))

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        name = updated_node.name.value
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock):
            return updated_node
        return updated_node.with_changes(body=body.with_changes(body=self._told(body.body, _is_private(name), True)))

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock):
            return updated_node
        private = _is_private(updated_node.name.value)
        return updated_node.with_changes(body=body.with_changes(body=self._told(body.body, private, False)))

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._told(updated_node.body, False, False))

    def _other(self, comment: cst.Comment | None) -> str | None:
        self.changed += 1
        self.seen += 1
        return self._comments[comment] if comment is not None else None

    def _told(self, body: Sequence[cst.BaseStatement], private: bool, of_function: bool) -> Sequence[cst.BaseStatement]:
        """A body with its docstring in other words, or without it."""
        text = _docstring(body)
        if text is None or self._reads_docs:
            return body
        self.seen += 1
        new = _in_other_words(text, self._phrasing, of_function)
        if new is not None:
            self.changed += 1
            statement = body[0].deep_replace(text, text.with_changes(value=new))
            return [statement, *body[1:]] if isinstance(statement, cst.BaseStatement) else body
        if not private or len(body) < 2 or ">>>" in text.value:
            return body
        self.changed += 1
        return [body[1].with_changes(leading_lines=()), *body[2:]]


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _docstring(body: Sequence[cst.BaseStatement]) -> cst.SimpleString | None:
    first = body[0] if body else None
    part = first.body[0] if isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1 else None
    text = part.value if isinstance(part, cst.Expr) else None
    return text if isinstance(text, cst.SimpleString) and "b" not in text.prefix.lower() else None


def _in_other_words(text: cst.SimpleString, phrasing: Phrasing, of_function: bool) -> str | None:
    """The source of a docstring in other words; None where it stays, or escapes make it more than what is written."""
    quote = text.quote
    inner = text.value[len(text.prefix) + len(quote) : -len(quote)]
    new = reworded(inner, phrasing, of_function)
    if "\\" in inner or new == inner or quote in new or new.endswith(quote[0]):
        return None
    source = f"{text.prefix}{quote}{new}{quote}"
    return source if ast.literal_eval(source) == new.replace("\r\n", "\n").replace("\r", "\n") else None
