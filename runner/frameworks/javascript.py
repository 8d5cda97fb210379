"""What the frameworks of JavaScript have in common."""

from __future__ import annotations

import base64
import json
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

from runner.frameworks import naming
from runner.frameworks.base import Canary

INSIDE = Path(__file__).with_name("inside")
IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)["'](\.{1,2}/[^"'\n]+)["']""")
"""Finds what a source takes from the repository itself; group 1 is the path."""
ES_MODULE = re.compile(r"^(?:import|export)\b(?!\s*\()", re.MULTILINE)
SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")


class JavaScriptFramework:
    """Tests are calls of `test` or `it`; their groups, calls of `describe`, are part of their names."""

    language = "JavaScript"
    test_files: tuple[str, ...] = naming.JAVASCRIPT
    harness_files: tuple[str, ...] = (
        *(
            "package.json",
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "pnpm-workspace.yaml",
        ),
        *(".npmrc", ".yarnrc*", ".pnp.*", ".env", ".env.*", "tsconfig*.json", "jsconfig.json", "node.config.json"),
        *(
            ".babelrc*",
            "babel.config.*",
            ".swcrc",
            "jest.config.*",
            "vitest.config.*",
            "vitest.workspace.*",
            "vite.config.*",
        ),
    )
    declares = re.compile(rb"\b(?:test|it)(?:\.\w+)*\(\s*[\"'`]([^\"'`\n]+)")
    copies_tests = False
    built_together = False

    def named(self, words: Sequence[str]) -> str:
        return " ".join(words)

    def beside(self, file: str, words: Sequence[str], early: bool) -> str:
        folder, name = posixpath.split(file)
        new = "-".join(words)
        if prefix := re.match(r"test[-_](?=[^.])", name):
            stem, _, ending = name[prefix.end() :].partition(".")
            return posixpath.join(folder, f"{prefix[0]}{new if early else f'{stem}-{new}'}.{ending}")
        parts = re.fullmatch(r"(.*?)((?:[._-](?:test|spec))?\.[^.]*)", name)
        stem, ending = (parts[1], parts[2]) if parts else (name, "")
        if stem == "test":  # `test.js`, found by its name alone
            return posixpath.join(folder, f"test-{new}{ending}")
        return posixpath.join(folder, f"{new if early or not stem else f'{stem}-{new}'}{ending}")


def split(node: str) -> tuple[str, list[str]]:
    """A node id's file, and the names of its test's groups and of the test."""
    file, _, names = node.partition("::")
    return file, names.split(" > ") if names else []


def exactly(name: str) -> str:
    """A regular expression of JavaScript for a name and nothing else."""
    return f"^{SPECIAL.sub(lambda found: chr(92) + found[0], name)}$"


def name_of(canary: Canary) -> str:
    """What a canary is called."""
    return " ".join(canary.words)


def comparison(canary: Canary) -> tuple[str, str]:
    """What is computed, and what is expected of it, as JavaScript."""
    left, right, word, fails = canary.left, canary.right, canary.words[0], canary.fails
    forms = (
        (f"[{right}, {left}].sort((a, b) => a - b)", f"[{left}, {right + fails}]"),
        (f"[{left}, {right}].map((each) => each * 2)", f"[{2 * left}, {2 * right + fails}]"),
        (f"[...'{word}'].reverse()", json.dumps([*reversed(word), *(["s"] if fails else [])])),
        (f"{{ {word}: {left} + {right} }}", f"{{ {word}: {left + right + fails} }}"),
    )
    return forms[canary.form % len(forms)]


def own_imports(neighbour: str) -> list[str]:
    """What a test file takes from the repository, in order; loaded by a canary, it does there what it does here."""
    return list(dict.fromkeys(IMPORTS.findall(neighbour)))


def as_url(module: Path) -> str:
    """A module of JavaScript as a URL that holds it."""
    return f"data:text/javascript;base64,{base64.b64encode(module.read_bytes()).decode()}"


def launcher(name: str) -> list[str]:
    """The beginning of a command that runs a launcher of `inside/` in the sandbox."""
    return [
        "python",
        "-c",
        "\n".join((INSIDE / f"{each}.py").read_text(encoding="utf-8") for each in ("process", name)),
    ]
