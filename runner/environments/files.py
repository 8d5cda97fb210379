"""A tree's files as text and as parsed settings; whatever is malformed is None and noted, never raised."""

from __future__ import annotations

import ast
import configparser
import posixpath
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from runner.frameworks.naming import PYTHON, is_test
from sandboxes.archive import Tree

MAX_TEXT = 1 << 20
"""Bytes; settings and tests are smaller, and nothing larger is parsed."""
MAX_YAML = 64 * 1024
"""Characters; reading YAML is slow."""
MAX_TESTS = 400
"""Test files that are looked into."""
_MAY_HOLD_TESTS = (*PYTHON, "testing/")
"""Looked into, and no more: a folder `testing` is often part of what a package offers."""


@dataclass
class Files:
    """A tree, read."""

    tree: Tree
    reasons: list[str] = field(default_factory=list)
    """What was found where, for people; the inference appends to it."""

    def __contains__(self, path: str) -> bool:
        return path in self.tree and not self.tree[path].is_link

    def text(self, path: str) -> str | None:
        """A file's text, whatever its encoding; None for a link, for what is not there, and for what is too large."""
        entry = self.tree.get(path)
        if entry is None or entry.is_link or len(entry.data) > MAX_TEXT:
            return None
        return entry.data.decode("utf-8", "replace").removeprefix("\ufeff")

    def toml(self, path: str) -> dict[str, Any]:
        text = self.text(path)
        try:
            return tomllib.loads(text) if text is not None else {}
        except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
            self.note(f"{path} is no valid TOML and is not used: {error!s:.120}")
            return {}

    def ini(self, path: str) -> configparser.RawConfigParser:
        """Sections of an INI file; a broken one has those before its fault."""
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read_string(self.text(path) or "")
        except configparser.Error as error:
            self.note(f"{path} is broken and is read in part: {error!s:.120}")
        return parser

    def yaml(self, path: str) -> dict[str, Any]:
        """A YAML mapping without aliases, which make small files large."""
        text = self.text(path) or ""
        if len(text) > MAX_YAML:
            self.note(f"{path} is too long to be read")
            return {}
        try:
            if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
                return {}
            loaded = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            self.note(f"{path} is no valid YAML and is not used: {str(error).splitlines()[0]:.120}")
            return {}
        return loaded if isinstance(loaded, dict) else {}

    def python(self, path: str) -> ast.Module | None:
        """A Python file's syntax tree; None when today's Python cannot read it."""
        text = self.text(path)
        if text is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def note(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    def tests(self) -> Iterator[str]:
        """Python files that look like tests, in order, at most MAX_TESTS."""
        found = 0
        for path in sorted(self.tree):
            if found == MAX_TESTS:
                return
            if path.endswith(".py") and path in self and is_test(path, _MAY_HOLD_TESTS):
                found += 1
                yield path


def table(data: object, *keys: str) -> dict[str, Any]:
    """The mapping at `keys`, or an empty one where something else is."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return dict(data) if isinstance(data, Mapping) else {}


def strings(data: object) -> list[str]:
    """The texts of a list, or none where something else is."""
    return [each for each in data if isinstance(each, str)] if isinstance(data, list | tuple) else []


def beside(path: str, name: str) -> str:
    """`name`, relative to the folder of `path`, as a path of the tree."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
