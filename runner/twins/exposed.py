"""Names of a repository that something else takes up: what outside code calls, decorates or makes, and what tests list.

A member of a class stays where a base, a decorator or the maker of a variable comes from outside, whatever file the
class is in; so classes and functions of all files are gathered first, and told apart afterwards.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from runner.twins.nodes import arguments, called, first_name, last_name, made_outside, names_in

Function = ast.FunctionDef | ast.AsyncFunctionDef

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
_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})


@dataclass(frozen=True)
class _Class:
    name: str
    bases: frozenset[str]
    outside: bool
    """Whether something outside may call its members, or make something of them."""
    members: frozenset[str]
    """And their parameters."""


@dataclass
class Exposed:
    """What all files read so far show of it."""

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

    def read(self, tree: ast.Module, nodes: list[ast.AST], outside: set[str]) -> None:
        """Take in one file: all its nodes, and the names in it that stand for something from outside."""
        self._handles |= made_outside(tree, outside)
        self._assigned(tree)
        for node in nodes:
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=index) if not isinstance(index, ast.Constant):
                    self._asked.add(name)
                case ast.Call() if last_name(node.func) == "parametrize":
                    self._listed |= names_in(node)
                case ast.ClassDef():
                    self._class(node, outside)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    names = frozenset({node.name, *(argument.arg for argument in arguments(node.args))})
                    self._decorated += [(decorator, names) for decorator in node.decorator_list]

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

    def _class(self, node: ast.ClassDef, outside: set[str]) -> None:
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
        derived = any(first_name(base) in outside and last_name(base) not in _HARMLESS_BASES for base in bases)
        made = any(is_maker(each, outside) for each in node.decorator_list)
        parameters = {
            argument.arg for part in node.body if isinstance(part, Function) for argument in arguments(part.args)
        }
        names = frozenset(last_name(base) for base in bases)
        self._classes.append(_Class(node.name, names, derived or made, frozenset(members_of(node) | parameters)))


def members_of(node: ast.ClassDef) -> set[str]:
    """Names that a class's body defines."""
    members: set[str] = set()
    for part in node.body:
        match part:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                members.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                members.add(name)
            case ast.Assign(targets=targets):
                members |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return members


def is_maker(decorator: ast.expr, outside: set[str]) -> bool:
    """Whether a decorator from outside may make something of the names of what it decorates."""
    made = called(decorator)
    return first_name(made) in outside and last_name(made) not in _HARMLESS_DECORATORS
