"""Runs inside a sandbox, on its Python: prints a JSON list of the names that modules and the language itself define.

    python -c TEXT MODULE...

Any version from 3.6 on. A module that cannot be imported is passed over.
"""

import ast
import builtins
import importlib
import json
import sys
import types

MOST_FILES = 300
ALWAYS = ("io", "types", "enum", "dataclasses", "collections", "abc", "typing", "contextlib", "logging", "unittest")
NO_NEED = ("antigravity", "this", "__main__")


def main(modules: "list[str]") -> "list[str]":
    names = set()  # type: set[str]
    files = set()  # type: set[str]
    seen = set()  # type: set[int]
    for module in [builtins, *filter(None, map(imported, [*ALWAYS, *modules]))]:
        members(module, names, files, seen)
    kinds = (type(None), type(len), type(lambda: 0), types.MethodType, types.ModuleType, types.TracebackType)
    more = [types.GeneratorType, types.CoroutineType, types.CodeType, types.FrameType, type({}.keys()), type(iter([]))]
    for kind in [*kinds, *more]:
        names.update(dir(kind))
    for file in sorted(files)[:MOST_FILES]:
        source(file, names)
    return sorted(names)


def imported(name: str) -> "types.ModuleType | None":
    if name.partition(".")[0] in NO_NEED:
        return None
    try:
        return importlib.import_module(name)
    except BaseException:
        return None


def members(module: types.ModuleType, names: "set[str]", files: "set[str]", seen: "set[int]") -> None:
    """The names in a module and those of its classes; `files` gets where these are written."""
    names.update(dir(module))
    files.add(getattr(module, "__file__", None) or "")
    for value in list(vars(module).values()):
        try:
            if not callable(value) or id(value) in seen:
                continue
            seen.add(id(value))
            home = sys.modules.get(getattr(value, "__module__", None) or "")
            files.add(getattr(home, "__file__", None) or "")
            if isinstance(value, type):
                for kind in value.__mro__:
                    names.update(vars(kind))
        except Exception:
            continue


def source(file: str, names: "set[str]") -> None:
    """What a module's own text defines: functions, classes, and attributes that are set on anything."""
    if not file.endswith(".py"):
        return
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            tree = ast.parse(opened.read(2000000))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)


if __name__ == "__main__":
    found = main(sys.argv[1:])
    print()
    print(json.dumps(found))
