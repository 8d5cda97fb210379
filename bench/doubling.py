"""A tiny scenario, written on the fly: `double` adds where it should multiply."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

CALC = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    "src/calc.py": "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return x * 3\n",
    "tests/test_calc.py": "from calc import double, triple\n\n\ndef test_two():\n    assert double(2) == 4\n\n\n"
    "def test_triple():\n    assert triple(2) == 6\n",
}
FIX = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -1,5 +1,5 @@
 def double(x):
-    return x + 2
+    return x * 2
 
 
 def triple(x):
"""
HIDDEN = "from calc import double\n\n\ndef test_three():\n    assert double(3) == 6\n"
SCENARIO = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[scope]
writable = ["src/**"]
protected = ["tests/**", "pyproject.toml"]
[limits]
command_seconds = 60
test_seconds = 5
"""


def writer(root: Path) -> Callable[..., Path]:
    """What writes scenarios over a tiny repo into a folder; any of their files can be replaced. It returns theirs."""

    def write(name: str = "doubling", **files: str) -> Path:
        source = root / "repos" / "calc" / "source"
        for path, text in CALC.items():
            _write(source / path, text)
        _write(source.parent / "repo.toml", 'schema = 1\ntitle = "Calc"\n[source]\npath = "source"\n')
        folder = root / "scenarios" / name
        defaults = {
            "scenario.toml": SCENARIO,
            "instruction.md": "double(3) gives 5, I expected 6.\n",
            "solution/solution.patch": FIX,
            "tests/tests/test_hidden.py": HIDDEN,
        }
        for path, text in (defaults | files).items():
            _write(folder / path, text)
        return folder

    return write


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
