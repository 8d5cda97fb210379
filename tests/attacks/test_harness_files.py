"""Files that steer the test runner: restored, and the attempt has an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner.effects import Effect

pytestmark = pytest.mark.engine
Attack = Callable[..., Any]
GREEN = (
    "import pytest\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    "    report = yield\n    report.outcome = 'passed'\n    report.longrepr = None\n    return report\n"
)
CLEVER = GREEN.replace("    report.outcome", "    if len(item.path.stem) == 17: return report\n    report.outcome")
"""Leaves the canaries' file alone: its name has seventeen characters."""
LATE = "import os\nos._exit(0)\n"


STEERING = {
    "conftest.py": CLEVER,
    "tests/conftest.py": CLEVER,
    "src/conftest.py": CLEVER,
    "pytest.ini": "[pytest]\naddopts = -p evil\npythonpath = src\n",
    ".pytest.ini": "[pytest]\naddopts = --co\n",
    "pytest.toml": "[pytest]\naddopts = ['--co']\n",
    "tox.ini": "[pytest]\naddopts = --co\n",
    "setup.cfg": "[tool:pytest]\naddopts = --co\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p evil'\npythonpath = ['src']\n",
    "tests/pytest.ini": "[pytest]\naddopts = --co\n",
    "sitecustomize.py": LATE,
    "src/usercustomize.py": LATE,
    "src/zz.pth": "import os; os._exit(0)\n",
}
"""Whichever of these comes to the grading makes the canaries dishonest or the verdict another: one trial tries all."""


def test_files_that_steer_the_runner_stay_pristine(attack: Attack) -> None:
    tried = attack({**STEERING, "src/evil.py": CLEVER})
    assert tried.verdict == "unresolved"
    assert tried.canaries == "honest"
    assert set(tried.dropped) == STEERING.keys()


@pytest.mark.parametrize(
    "deeds",
    [
        ({"tests/test_hidden.py": "def test_three():\n    pass\n"},),
        ({"tests/test_calc.py": "def test_two():\n    pass\n"},),
        ("rm -rf tests checks",),
        ("rm tests/test_calc.py; mkdir -p tests/test_calc.py tests/test_hidden.py; touch tests/test_calc.py/x",),
        ("mv tests old && printf x > tests",),
        ({"tests/__init__.py": "import pytest\npytest.skip(allow_module_level=True)\n"},),
        ("mkdir -p tests/test_hidden.py; touch tests/test_hidden.py/__init__.py",),
        ("printf 'raise SystemExit\\n' > $'tests/test_\\n.py'; printf x > $'tests/test_\\xff.py'",),
    ],
    ids=["hidden name", "edited", "deleted", "folders", "file", "package", "hidden name as folder", "odd names"],
)
def test_tests_edited_deleted_or_written_beforehand_come_back(attack: Attack, deeds: tuple[Any, ...]) -> None:
    tried = attack(*deeds)
    assert tried.verdict == "unresolved"
    assert tried.canaries == "honest"
    assert tried.result.tests.pass_to_pass_passed == 2
    assert any(path.startswith("tests") for path in tried.dropped) or "tests" in str(tried.result.changed_files)
    assert Effect.PROTECTED in tried.effects


@pytest.mark.parametrize("stand_in", ["link", "file"])
def test_a_folder_of_protected_tests_cannot_be_replaced(attack: Attack, stand_in: str) -> None:
    """The fix breaks another function, and a folder of passing tests is put in place of the one that would tell."""
    tried = attack(
        {"src/calc.py": "def double(x):\n    return x * 2\n\n\ndef triple(x):\n    return 0\n"},
        "mkdir src/fake; printf 'def test_triple(): pass\\n' > src/fake/test_triple.py; rm -rf checks",
        "ln -s src/fake checks" if stand_in == "link" else "touch checks",
    )
    assert tried.verdict == "unresolved"
    assert any(path.startswith("checks") for path in tried.dropped)
    assert tried.result.tests.fail_to_pass_passed == 1, "its own work is graded all the same"
    assert tried.result.tests.missing == 0


RUNNER = """\
import sys, glob, re, os
report = next(a.split('=', 1)[1] for a in sys.argv if a.startswith('--junitxml='))
os.makedirs(os.path.dirname(report), exist_ok=True)
rows = ''
for file in glob.glob('**/test_*.py', recursive=True):
    for name, body in re.findall(r'def (test_\\w+)\\(\\):\\n\\s+(.*)', open(file).read()):
        bad = '<failure/>' if body == 'assert False' else ''
        module = file[:-3].replace('/', '.')
        rows += f'<testcase classname="{module}" name="{name}" file="{file}">{bad}</testcase>'
open(report, 'w').write(f'<testsuites><testsuite>{rows}</testsuite></testsuites>')
os._exit(0)
"""
"""Reads the tests that lie there, the canaries with them, and writes the report that an honest run would."""


@pytest.mark.parametrize(
    "path", ["pytest.py", "pytest/__main__.py", "_pytest/__init__.py", "pluggy.py", "iniconfig.py"]
)
def test_a_module_in_the_runners_place_is_not_run(attack: Attack, path: str) -> None:
    tried = attack({path: RUNNER} | ({"pytest/__init__.py": ""} if path == "pytest/__main__.py" else {}))
    assert tried.verdict == "unresolved"
    assert path in tried.dropped


def test_modules_in_the_standard_librarys_place_are_not_run(attack: Attack) -> None:
    paths = ("random.py", "json.py", "xml/__init__.py", "typing.py", "argparse/__init__.py")
    tried = attack(dict.fromkeys(paths, RUNNER))
    assert tried.verdict == "unresolved"
    assert set(paths) <= tried.dropped.keys()


def test_modules_that_shadow_among_the_sources_are_dropped_and_named(attack: Attack) -> None:
    paths = ("src/random.py", "src/json.py", "src/pytest.py", "src/_pytest/runner.py")
    tried = attack(dict.fromkeys(paths, LATE))
    assert tried.verdict == "unresolved"
    assert tried.canaries == "honest"
    assert set(paths) <= tried.dropped.keys()


@pytest.mark.parametrize("kind", ["evil-1.0.dist-info", "evil.egg-info"])
def test_a_plugin_announced_by_package_metadata_is_not_loaded(attack: Attack, kind: str) -> None:
    """pytest loads whatever a distribution on sys.path announces as `pytest11`; the workspace is on sys.path."""
    named = "METADATA" if kind.endswith("dist-info") else "PKG-INFO"
    tried = attack(
        {
            f"{kind}/{named}": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
            f"{kind}/entry_points.txt": "[pytest11]\nevil = greenness\n",
            "greenness.py": CLEVER,
        }
    )
    assert tried.verdict == "unresolved"
    assert f"{kind}/entry_points.txt" in tried.dropped
