"""What a setup.py says, read without running it."""

from __future__ import annotations

import ast
from typing import Any

from runner.environments.files import Files

WANTED = (
    *("name", "version", "install_requires", "tests_require", "extras_require", "setup_requires", "python_requires"),
    *("classifiers", "ext_modules", "use_scm_version", "pbr", "cmdclass", "test_suite", "cffi_modules", "test_loader"),
)
_UNKNOWN = object()
MAX_STEPS = 20_000


def setup_call(files: Files, path: str = "setup.py") -> dict[str, Any]:
    """Keyword → value of its `setup(…)`, where the value is written out or put together from what is.

    A keyword that is there but cannot be read has the value None.
    """
    module = files.python(path)
    if module is None:
        if path in files:
            files.note(f"{path} cannot be read by Python 3 and is not used")
        return {}
    try:
        return _keywords(module)
    except RecursionError:
        files.note(f"{path} is nested too deeply and is not used")
        return {}


def _keywords(module: ast.Module) -> dict[str, Any]:
    reader = _Reader()
    for statement in module.body:
        reader.assign(statement)
    for node in ast.walk(module):
        name = node.func if isinstance(node, ast.Call) else None
        called = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
        if isinstance(node, ast.Call) and called == "setup":
            return reader.keywords(node)
    return {}


class _Reader:
    """Evaluates literals, names assigned at the top, sums of lists and texts, and `list.append`."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}
        self._steps = 0

    def assign(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            value = self.value(statement.value)
            if isinstance(target, ast.Name) and value is not _UNKNOWN:
                self._names[target.id] = value
            elif isinstance(target, ast.Subscript) and value is not _UNKNOWN:
                holder, key = self.value(target.value), self.value(target.slice)
                if isinstance(holder, dict) and isinstance(key, str):
                    holder[key] = value
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            whole = self.value(ast.BinOp(ast.Name(statement.target.id), ast.Add(), statement.value))
            if whole is not _UNKNOWN:
                self._names[statement.target.id] = whole

    def keywords(self, call: ast.Call) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for keyword in call.keywords:
            value = self.value(keyword.value)
            if keyword.arg is None and isinstance(value, dict):
                found |= {name: each for name, each in value.items() if name in WANTED}
            elif keyword.arg in WANTED:
                found[str(keyword.arg)] = None if value is _UNKNOWN else value
        return found

    def value(self, node: ast.expr) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            return _UNKNOWN
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._names.get(name, _UNKNOWN)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [value for item in items if (value := self._item(item)) is not _UNKNOWN]
            case ast.Dict(keys=keys, values=values):
                pairs = [(self.value(key), self.value(value)) for key, value in zip(keys, values, strict=True) if key]
                return {key: value for key, value in pairs if isinstance(key, str) and value is not _UNKNOWN}
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                one, two = self.value(left), self.value(right)
                joined = isinstance(one, list | str) and isinstance(two, type(one)) and len(one) + len(two) < 100_000
                return one + two if joined else _UNKNOWN
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                named = {each.arg: self.value(each.value) for each in keywords if each.arg}
                return {key: value for key, value in named.items() if value is not _UNKNOWN}
            case ast.Subscript(value=holder, slice=key):
                inside, name = self.value(holder), self.value(key)
                return inside.get(name, _UNKNOWN) if isinstance(inside, dict) and isinstance(name, str) else _UNKNOWN
            case ast.Call(func=ast.Name(id="list" | "sorted" | "set"), args=[inner]):
                return self.value(inner)
        return _UNKNOWN

    def _item(self, node: ast.expr) -> Any:
        return self.value(node.value) if isinstance(node, ast.Starred) else self.value(node)
