"""The names in Python files: those they define, and those that something else may rely on."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from sys import stdlib_module_names

from runner.twins.nodes import (
    arguments,
    called,
    first_name,
    identifier,
    last_name,
    made_outside,
    names_in,
    plain_strings,
    shown_names,
)
from runner.twins.texts import WORD

PYTHON = (".py", ".pyi")
TABLES = frozenset({"__all__", "__slots__", "__match_args__"})
"""Tables of names: their strings are renamed with what they name."""

_HARMLESS_BASES = frozenset(
    {"object", "ABC", "Protocol", "Generic", "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "NamedTuple"}
)
"""Outside classes that call nothing of a subclass by a name that they do not have themselves."""
_HARMLESS_DECORATORS = frozenset(
    {
        "property", "staticmethod", "classmethod", "dataclass", "contextmanager", "asynccontextmanager", "overload",
        "abstractmethod", "cached_property", "cache", "lru_cache", "wraps", "total_ordering", "final", "override",
        "runtime_checkable", "unique", "setter", "getter", "deleter", "singledispatch",
    }
)  # fmt: skip
"""Outside decorators that make nothing of a name."""
_REFLECTION = frozenset({"locals", "vars", "globals", "eval", "exec", "f_locals", "signature", "getfullargspec"})
"""What can look a variable up by a string."""
_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})
_DASHED = re.compile(r"[^\W\d][\w-]*-[\w-]*\w")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Class:
    name: str
    bases: frozenset[str]
    outside: bool
    """Whether something outside may call its members, or make something of them."""
    members: frozenset[str]
    """And their parameters."""


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
    _outer: set[str] = field(default_factory=set)
    """Names of modules and classes, and of functions wherever they are."""
    _parameters: set[str] = field(default_factory=set)
    _classes: list[_Class] = field(default_factory=list)
    _listed: set[str] = field(default_factory=set)
    """Names in calls of `parametrize`."""
    _tables: dict[str, set[str]] = field(default_factory=dict)
    """Name of a module's variable → names in its value."""
    _handles: set[str] = field(default_factory=set)
    """Names of modules' variables that something from outside made, as `app` of `app = typer.Typer()`."""
    _decorated: list[tuple[ast.expr, frozenset[str]]] = field(default_factory=list)
    """Decorators of functions, and the names of the function and of what it takes."""
    _asked: set[str] = field(default_factory=set)
    """What is asked for something by a name that only shows when it runs, as in `Colour[text]`."""
    _reflects: bool = False
    _spreads: bool = False
    """Whether any call takes its keywords from a mapping."""

    def read(self, tree: ast.Module, counts: bool) -> None:
        """Take in one file; `counts` for one of the base."""
        nodes = list(ast.walk(tree))
        outside = self._imports(nodes)
        self._handles |= made_outside(tree, outside)
        apart = self._apart(nodes)
        self._scopes(tree)
        self._assigned(tree)
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
                case ast.Subscript(value=ast.Name(id=name), slice=index) if not isinstance(index, ast.Constant):
                    self._asked.add(name)
                case ast.MatchClass(kwd_attrs=names):
                    self.attributes.update(names)
                case ast.Attribute():
                    self._attribute(node, outside)
                case ast.Call():
                    self._call(node)
                case ast.ClassDef():
                    self._class(node, outside)
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

    @property
    def listed(self) -> frozenset[str]:
        """Names of what tests are parametrized with, which may become part of their ids."""
        found = set(self._listed)
        for name in self._listed:
            found |= self._tables.get(name, set())
        enums = [each for each in self._classes if each.name in found and each.bases & _ENUMS]
        return frozenset(found.union(*(each.members for each in enums)))

    @property
    def called(self) -> dict[str, str]:
        """Members of classes, and functions, that outside code calls or makes something of → why they stay."""
        called = {each.name for each in self._classes if each.outside} | self._handles
        while more := {each.name for each in self._classes if each.bases & called} - called:
            called |= more
        members = {
            member: f"is a member of {each.name}, which outside code calls"
            for each in self._classes
            if each.name in called
            for member in each.members
        }
        handled = {
            name: f"is decorated by {first_name(decorator)}, which comes from outside"
            for decorator, names in self._decorated
            if first_name(decorator) in self._handles
            for name in names
        }
        asked = {
            member: f"is a member of {each.name}, which is asked by name"
            for each in self._classes
            if each.name in self._asked and each.bases & _ENUMS
            for member in each.members
        }
        return {**members, **handled, **asked}

    def _assigned(self, tree: ast.Module) -> None:
        for part in tree.body:
            if isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
                for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
                    self._tables.setdefault(last_name(target), set()).update(names_in(part.value))

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
            if isinstance(node, ast.Module | ast.ClassDef | _Function):
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
            elif isinstance(node, _Function | ast.Lambda):
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
        if callee == "parametrize":
            self._listed |= names_in(node)

    def _class(self, node: ast.ClassDef, outside: set[str]) -> None:
        self._outer.add(node.name)
        self.defined.add(node.name)
        self._fix((word.arg for word in node.keywords if word.arg), "is a keyword of a class")
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
        derived = any(first_name(base) in outside and last_name(base) not in _HARMLESS_BASES for base in bases)
        made = any(_is_maker(each, outside) for each in node.decorator_list)
        members: set[str] = set()
        parameters: set[str] = set()
        for part in node.body:
            match part:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    members.add(part.name)
                    parameters.update(argument.arg for argument in arguments(part.args))
                case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                    members.add(name)
                case ast.Assign(targets=targets):
                    members |= {
                        each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
                    }
        self.attributes |= members
        if node.name.startswith("Test") or any(name.startswith("test") for name in members):
            self._fix([node.name], "is part of a test's id")
        names = frozenset(last_name(base) for base in bases)
        self._classes.append(_Class(node.name, names, derived or made, frozenset(members | parameters)))

    def _function(self, node: _Function, outside: set[str]) -> None:
        taken = {argument.arg for argument in arguments(node.args)}
        self._outer.add(node.name)
        self.defined.add(node.name)
        self._parameters |= taken
        if node.name.startswith(("test", "pytest_")):
            self._fix({node.name, *taken}, "is a test's, or one of its fixtures'")
        for decorator in node.decorator_list:
            self._decorated.append((decorator, frozenset({node.name, *taken})))
            if _is_maker(decorator, outside):
                self._fix({node.name, *taken}, f"is decorated with {last_name(called(decorator))}")


def own_roots(paths: Iterable[str]) -> set[str]:
    """The names of a repository's modules and of the folders that they are in."""
    return {part for path in paths if path.endswith(PYTHON) for part in path.rsplit(".", 1)[0].split("/")}


def _is_maker(decorator: ast.expr, outside: set[str]) -> bool:
    """Whether a decorator from outside may make something of the names of what it decorates."""
    made = called(decorator)
    return first_name(made) in outside and last_name(made) not in _HARMLESS_DECORATORS
