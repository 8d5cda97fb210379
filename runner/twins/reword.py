"""The kind `reword`: comments, and docstrings of what is private, are left out.

What a program says of itself in passing goes; docstrings of public names stay, for they may be all that says what is
right. So do docstrings with doctests, those of files whose code reads `__doc__`, and comments that tools obey.
"""

from __future__ import annotations

import re

import libcst as cst

from runner.mining.python import concrete
from runner.studies.arms import TwinKind
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.trees import with_python

_OBEYED = re.compile(
    r"#!|#.*(coding[:=]|\btype:|\bnoqa\b|\bpragma\b|\bpylint\b|\bfmt:|\bisort:|\bmypy:|\bruff:|\bpyright:|\bnosec\b|\byapf:)",
    re.IGNORECASE,
)
"""Comments that some tool reads."""


class Reword:
    """Leaves out comments and private docstrings."""

    kind: TwinKind = "reword"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where there is nothing to leave out, or the fix is nothing else."""
        left_out = 0

        def change(path: str, data: bytes) -> bytes:
            nonlocal left_out
            if (module := concrete(data)) is None:
                return data
            remover = _Remover(reads_docs=b"__doc__" in data)
            changed = module.visit(remover).bytes
            left_out += remover.left_out
            return changed

        made = with_python(subject, change)
        if not left_out or made.base == made.solved:
            what = "the fix changes nothing but comments" if left_out else "it has no comments that could go"
            raise TwinRefused("nothing-to-change", what)
        return Transformed(made, changed=left_out, candidates=left_out)


class _Remover(cst.CSTTransformer):
    def __init__(self, reads_docs: bool) -> None:
        super().__init__()
        self.left_out = 0
        self._reads_docs = reads_docs

    def leave_EmptyLine(
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine | cst.RemovalSentinel:
        if not self._goes(original_node.comment):
            return updated_node
        return cst.RemovalSentinel.REMOVE

    def leave_TrailingWhitespace(
        self, original_node: cst.TrailingWhitespace, updated_node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        if not self._goes(original_node.comment):
            return updated_node
        return updated_node.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        return updated_node.with_changes(body=self._without(updated_node.name.value, updated_node.body))

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef | cst.RemovalSentinel:
        return updated_node.with_changes(body=self._without(updated_node.name.value, updated_node.body))

    def _goes(self, comment: cst.Comment | None) -> bool:
        goes = comment is not None and _OBEYED.match(comment.value) is None
        self.left_out += goes
        return goes

    def _without(self, name: str, body: cst.BaseSuite) -> cst.BaseSuite:
        """A body without the docstring of something private."""
        private = name.startswith("_") and not name.endswith("__")
        if self._reads_docs or not private or not isinstance(body, cst.IndentedBlock) or len(body.body) < 2:
            return body
        first = body.body[0]
        text = first.body[0] if isinstance(first, cst.SimpleStatementLine) and len(first.body) == 1 else None
        if not isinstance(text, cst.Expr) or not isinstance(text.value, cst.SimpleString) or ">>>" in text.value.value:
            return body
        self.left_out += 1
        second = body.body[1].with_changes(leading_lines=())
        return body.with_changes(body=[second, *body.body[2:]])
