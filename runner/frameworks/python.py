"""What Python's test frameworks have in common."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from runner.frameworks import naming
from runner.frameworks.base import Canary


class PythonFramework:
    """Tests are functions or methods whose names begin with `test`, in files whose names say so."""

    language = "Python"
    test_files: tuple[str, ...] = naming.PYTHON
    harness_files: tuple[str, ...] = (
        "conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "pytest.toml",
        ".pytest.toml",
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "sitecustomize.py",
        "usercustomize.py",
        "*.pth",
    )
    declares = re.compile(rb"\bdef (test\w+)")
    copies_tests = True
    built_together = False

    def named(self, words: Sequence[str]) -> str:
        return "_".join(["test", *words])

    def beside(self, file: str, words: Sequence[str], early: bool) -> str:
        folder, name = posixpath.split(file)
        stem, new = name.removesuffix(".py"), "_".join(words)
        if stem.endswith("_test"):
            named = f"{new if early else stem.removesuffix('_test') + '_' + new}_test.py"
        else:
            named = f"{'test_' if early else stem + '_'}{new}.py"
        return posixpath.join(folder, named)


def function_name(canary: Canary) -> str:
    """What a canary's function or method is called."""
    return "_".join(["test", *canary.words])


def comparison(canary: Canary) -> tuple[str, str]:
    """What is computed, and what is expected of it, as Python."""
    left, right, word, fails = canary.left, canary.right, canary.words[0], canary.fails
    forms = (
        (f"sorted([{right}, {left}])", f"[{left}, {right + fails}]"),
        (f"sum([{left}, {right}])", f"{left + right + fails}"),
        (f'"{word}".upper()', f'"{word.upper()}{"S" * fails}"'),
        (f'len("{word}")', f"{len(word) + fails}"),
    )
    return forms[canary.form % len(forms)]
