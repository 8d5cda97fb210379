"""The names in Python files: where each is defined, and where else its spelling stands."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from sys import stdlib_module_names

from runner.twins.exposed import Exposed, Function, is_maker, members_of
from runner.twins.nodes import arguments, called, first_name, identifier, last_name, plain_strings, shown_names
from runner.twins.texts import WORD

PYTHON = (".py", ".pyi")
TABLES = frozenset({"__all__", "__slots__", "__match_args__"})
"""Tables of names: their strings are renamed with what they name."""

_REFLECTION = frozenset({"locals", "vars", "globals", "eval", "exec", "f_locals", "signature", "getfullargspec"})
"""What can look a variable up by a string."""
_DASHED = re.compile(r"[^\W\d][\w-]*-[\w-]*\w")


@dataclass
class FileNames:
    """Names of all files read so far."""

    own: set[str]
    """The repository's modules and folders."""
    defined: set[str] = field(default_factory=set)
    fixed: dict[str, str] = field(default_factory=dict)
    """Name → why it stays, whatever it is the name of."""
    strings: set[str] = field(default_factory=set)
    """Words in strings, but for docstrings."""
    attributes: set[str] = field(default_factory=set)
    """Names that stand behind a dot somewhere, and those of classes' members."""
    keywords: dict[str, set[str]] = field(default_factory=dict)
    """Last name of a callee → keywords that it is called with."""
    modules: set[str] = field(default_factory=set)
    """Outside modules that are imported."""
    uses: Counter[str] = field(default_factory=Counter)
    """How often each identifier stands in the files that count."""
    exposed: Exposed = field(default_factory=Exposed)
    _outer: set[str] = field(default_factory=set)
    """Names of modules and classes, and of functions wherever they are."""
    _parameters: set[str] = field(default_factory=set)
    _reflects: bool = False
    _spreads: bool = False
    """Whether any call takes its keywords from a mapping."""

    def read(self, tree: ast.Module, counts: bool) -> None:
        """Take in one file; `counts` for one of the base."""
        nodes = list(ast.walk(tree))
        outside = self._imports(nodes)
        self.exposed.read(tree, nodes, outside)
        apart = self._apart(nodes)
        self._scopes(tree)
        for node in nodes:
            if counts:
                self.uses.update(name for name in (identifier(node),) if name)
            match node:
                case ast.Constant(value=str() | bytes() as value) if id(node) not in apart:
                    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
                    self.strings.update(WORD.findall(text))
                    self.strings.update(word.replace("-", "_") for word in _DASHED.findall(text))
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    self.defined.add(name)
                case ast.MatchMapping(rest=str(name)):
                    self.defined.add(name)
                case ast.JoinedStr(values=parts):
                    self._fix(shown_names(parts), "is shown by its own name")
                case ast.MatchClass(kwd_attrs=names):
                    self.attributes.update(names)
                case ast.Attribute():
                    self._attribute(node, outside)
                case ast.Call():
                    self._call(node)
                case ast.ClassDef():
                    self._class(node)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._function(node, outside)
                case ast.Lambda():
                    self._parameters.update(argument.arg for argument in arguments(node.args))
        self.defined |= self._parameters

    @property
    def local(self) -> frozenset[str]:
        """Names of variables within functions and nothing else: no string, attribute or module can mean them."""
        keywords = {word for words in self.keywords.values() for word in words}
        found = self.defined - self._outer - self.attributes - keywords
        if self._reflects:
            found -= self.strings
        if self._spreads:
            found -= self._parameters & self.strings
        return frozenset(found)

    def _fix(self, names: Iterable[str], why: str) -> None:
        for name in names:
            self.fixed.setdefault(name, why)

    def _imports(self, nodes: list[ast.AST]) -> set[str]:
        """What stands in this file for something from outside."""
        outside: set[str] = set()
        for node in nodes:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            relative = isinstance(node, ast.ImportFrom) and node.level > 0
            for alias in node.names:
                module = (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
                root = module.partition(".")[0]
                here = alias.asname or alias.name.partition(".")[0]
                if relative or (root in self.own and root not in stdlib_module_names):
                    self._outer.add(here)
                    self.defined.update({alias.asname} if alias.asname else ())
                    self._fix(self.own & {alias.name, root if isinstance(node, ast.Import) else ""}, "is a module")
                    continue
                self._fix({*module.split("."), *alias.name.split("."), here}, f"comes from {module}")
                self.modules.add(module)
                outside.add(here)
        return outside

    def _apart(self, nodes: list[ast.AST]) -> set[int]:
        """Strings that keep no name: docstrings that no code reads, and what stands in a table of names."""
        read = any(isinstance(node, ast.Attribute | ast.Name) and last_name(node) == "__doc__" for node in nodes)
        found: set[int] = set()
        for node in nodes:
            if isinstance(node, ast.Module | ast.ClassDef | Function):
                text = node.body[0].value if node.body and isinstance(node.body[0], ast.Expr) else None
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and not read:
                    found.add(id(text))
                    if ">>>" in text.value:
                        self._fix(WORD.findall(text.value), "stands in a doctest")
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                table = any(isinstance(target, ast.Name) and target.id in TABLES for target in targets)
                found |= {id(each) for each in plain_strings(node.value)} if table else set()
        return found

    def _scopes(self, tree: ast.Module) -> None:
        """Tell variables of functions from those of modules and classes."""
        todo: list[tuple[ast.AST, bool]] = [(tree, False)]
        while todo:
            node, within = todo.pop()
            if isinstance(node, ast.Name):
                self._reflects = self._reflects or node.id in _REFLECTION
                if isinstance(node.ctx, ast.Store):
                    self.defined.add(node.id)
                    if not within:
                        self._outer.add(node.id)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                self._outer.update(node.names if isinstance(node, ast.Global) else ())
            elif isinstance(node, ast.ClassDef):
                within = False
            elif isinstance(node, Function | ast.Lambda):
                within = True
            todo += [(child, within) for child in ast.iter_child_nodes(node)]

    def _attribute(self, node: ast.Attribute, outside: set[str]) -> None:
        root = first_name(node)
        self.attributes.add(node.attr)
        self._reflects = self._reflects or node.attr in _REFLECTION
        if root in outside:
            self._fix([node.attr], f"is an attribute of {root}")
        elif isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and root in ("self", "cls"):
            self.defined.add(node.attr)

    def _call(self, node: ast.Call) -> None:
        callee = last_name(node.func)
        known = callee if not callee.startswith("__") else ""
        self.keywords.setdefault(known, set()).update(word.arg for word in node.keywords if word.arg)
        self._spreads = self._spreads or any(word.arg is None for word in node.keywords)

    def _class(self, node: ast.ClassDef) -> None:
        self._outer.add(node.name)
        self.defined.add(node.name)
        self._fix((word.arg for word in node.keywords if word.arg), "is a keyword of a class")
        members = members_of(node)
        self.attributes |= members
        if node.name.startswith("Test") or any(name.startswith("test") for name in members):
            self._fix([node.name], "is part of a test's id")

    def _function(self, node: Function, outside: set[str]) -> None:
        taken = {argument.arg for argument in arguments(node.args)}
        self._outer.add(node.name)
        self.defined.add(node.name)
        self._parameters |= taken
        if node.name.startswith(("test", "pytest_")):
            self._fix({node.name, *taken}, "is a test's, or one of its fixtures'")
        for decorator in node.decorator_list:
            if is_maker(decorator, outside):
                self._fix({node.name, *taken}, f"is decorated with {last_name(called(decorator))}")


def own_roots(paths: Iterable[str]) -> set[str]:
    """The names of a repository's modules and of the folders that they are in."""
    return {part for path in paths if path.endswith(PYTHON) for part in path.rsplit(".", 1)[0].split("/")}
