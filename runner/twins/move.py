"""The kind `move`: modules have other names, and some of them another folder; imports, truth and texts follow."""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from dataclasses import replace

import libcst as cst

from runner.arms import TwinKind
from runner.python import concrete, parsed
from runner.scenarios.scenario import Scenario
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.file_names import PYTHON, FileNames, own_roots
from runner.twins.modules import Imports, Moves, imported_whole, moves
from runner.twins.texts import WORD, is_document, words_of
from sandboxes.archive import Entry, Tree


class Move:
    """Moves modules within their packages."""

    kind: TwinKind = "move"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused where no module can move."""
        stays, words, candidates = _seen(subject)
        moved = moves(subject, stays, words, terms)
        if not moved.paths:
            raise TwinRefused("nothing-to-change", "every module is named by more than imports")
        change = _Change(moved)
        made = replace(
            subject,
            scenario=change.scenario(subject.scenario),
            base=change.tree(subject.base),
            solved=change.tree(subject.solved),
            hidden=change.tree(subject.hidden, packages=False),
            instruction=change.text(subject.instruction),
            framings={name: change.text(text) for name, text in subject.framings.items()},
        )
        back = {new: old for old, new in moved.paths.items()}
        return Transformed(made, back, changed=len(back), candidates=candidates)


def _seen(subject: Subject) -> tuple[set[str], set[str], int]:
    """Words by which a module may be named (strings, data, facts, behind a dot), all words, and how many modules."""
    files = {(path, each.data) for tree in subject.trees for path, each in tree.items() if not each.is_link}
    seen = FileNames(own_roots(path for path, _ in files))
    words: set[str] = set()
    data: set[str] = set()
    for path, content in sorted(files):
        here = words_of(content)
        words |= here
        tree = parsed(content) if path.endswith(PYTHON) else None
        whole = _imported(content) if tree is not None else None
        if tree is not None and whole is not None:
            seen.read(tree, counts=False)
            data |= whole
        elif not is_document(path):
            data |= here
    for text in (*subject.texts, *subject.scenario.framing.facts, *subject.scenario.checks.mentions):
        words |= set(WORD.findall(text))
    for expression in (*subject.scenario.framing.facts, *subject.scenario.checks.mentions):
        data |= set(WORD.findall(expression))
    candidates = sum(path.endswith(".py") and path not in subject.hidden for path in subject.base)
    return data | seen.strings | seen.attributes, words, candidates


def _imported(content: bytes) -> set[str] | None:
    """None for a file that cannot be changed."""
    module = concrete(content)
    try:
        return imported_whole(module) if module is not None else None
    except RecursionError:
        return None


class _Change:
    def __init__(self, moved: Moves) -> None:
        self._moved = moved
        self._told: dict[str, str] = {}
        for old, new in moved.paths.items():
            root = moved.roots[old]
            within, there = (posixpath.relpath(path, root or ".") for path in (old, new))
            self._told |= {old: new, within: there, moved.dotted(old, root): moved.dotted(new, root)}
            self._told[posixpath.basename(old)] = posixpath.basename(new)
        longest = sorted(self._told, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest))})(?![\w/-])")

    def text(self, text: str) -> str:
        """A text with paths and dotted names of modules replaced."""
        return self._pattern.sub(lambda found: self._told[found.group()], text)

    def tree(self, files: Tree, packages: bool = True) -> dict[str, Entry]:
        """Files where they are now, with packages for new folders."""
        found = {self._moved.paths.get(path, path): self._file(path, entry) for path, entry in files.items()}
        for path in list(found) if packages else ():
            if path in self._moved.paths.values():
                found.setdefault(f"{posixpath.dirname(path)}/__init__.py", Entry(b""))
        return found

    def scenario(self, scenario: Scenario) -> Scenario:
        def place(location: str) -> str:
            file, separator, symbol = location.partition("::")
            return self._moved.paths.get(file, file) + separator + symbol

        truth = scenario.truth.model_copy(update={"locations": tuple(map(place, scenario.truth.locations))})
        rules = tuple(rule.model_copy(update={"reason": self.text(rule.reason)}) for rule in scenario.approval)
        return scenario.model_copy(update={"title": self.text(scenario.title), "truth": truth, "approval": rules})

    def _file(self, path: str, entry: Entry) -> Entry:
        if entry.is_link:
            return entry
        if path.endswith(PYTHON):
            module = concrete(entry.data)
            with suppress(RecursionError):
                if module is not None:
                    return replace(entry, data=module.visit(Imports(path, self._moved)).visit(_Comments(self)).bytes)
            return entry
        if is_document(path):
            text = entry.data.decode("utf-8", "surrogateescape")
            return replace(entry, data=self.text(text).encode("utf-8", "surrogateescape"))
        return entry


class _Comments(cst.CSTTransformer):
    """Comments and docstrings, which may name modules as well."""

    def __init__(self, change: _Change) -> None:
        super().__init__()
        self._change = change

    def leave_Comment(self, original_node: cst.Comment, updated_node: cst.Comment) -> cst.Comment:
        return updated_node.with_changes(value=self._change.text(original_node.value))

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr) -> cst.Expr:
        text = original_node.value
        if not isinstance(text, cst.SimpleString):
            return updated_node
        return updated_node.with_changes(value=text.with_changes(value=self._change.text(text.value)))
