"""A tiny scenario, written on the fly: `double` adds where it should multiply."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Literal

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

PATH = (
    "import sys\nimport unittest\nfrom pathlib import Path\n\n"
    "sys.path.insert(0, str(Path(__file__).parents[1] / 'src'))\n"
)
CALC_OF_UNITTEST = {
    "tests/test_calc.py": f"{PATH}from calc import double, triple\n\n\nclass CalcTest(unittest.TestCase):\n"
    "    def test_two(self):\n        self.assertEqual(double(2), 4)\n\n"
    "    def test_triple(self):\n        self.assertEqual(triple(2), 6)\n",
}
OF_UNITTEST = {
    "scenario.toml": SCENARIO.replace("::test_three", "::ThreeTest::test_three") + '[suite]\nframework = "unittest"\n',
    "tests/tests/test_hidden.py": f"{PATH}from calc import double\n\n\nclass ThreeTest(unittest.TestCase):\n"
    "    def test_three(self):\n        self.assertEqual(double(3), 6)\n",
}
"""The same for unittest. A grading takes a third of pytest's processor time, of which most is pytest's own start."""


Suite = Literal["pytest", "unittest"]


def writer(root: Path, suite: Suite = "pytest") -> Callable[..., Path]:
    """What writes scenarios over a tiny repo into a folder; any of their files can be replaced. It returns theirs."""
    quick = suite == "unittest"

    def write(name: str = "doubling", **files: str) -> Path:
        source = root / "repos" / "calc" / "source"
        for path, text in {**CALC, **(CALC_OF_UNITTEST if quick else {})}.items():
            _write(source / path, text)
        _write(source.parent / "repo.toml", 'schema = 1\ntitle = "Calc"\n[source]\npath = "source"\n')
        folder = root / "scenarios" / name
        defaults = {
            "scenario.toml": SCENARIO,
            "instruction.md": "double(3) gives 5, I expected 6.\n",
            "solution/solution.patch": FIX,
            "tests/tests/test_hidden.py": HIDDEN,
            **(OF_UNITTEST if quick else {}),
        }
        for path, text in (defaults | files).items():
            _write(folder / path, text)
        return folder

    return write


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
