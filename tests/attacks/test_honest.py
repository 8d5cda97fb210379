"""Repositories that look suspicious and are honest: the reference fix must be `resolved` in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.engine
Oracle = Callable[..., Any]
BROKEN = "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return x * 3\n"
PLAIN = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    "src/calc.py": BROKEN,
    "tests/test_calc.py": "from calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n",
}
PATCH = """\
--- a/{path}
+++ b/{path}
@@ -1,5 +1,5 @@
 def double(x):
-    return x + 2
+    return x * 2
 
 
 def triple(x):
"""
HIDDEN = "scenarios/doubling/tests/tests/test_hidden.py"
SOLUTION = "scenarios/doubling/solution/solution.patch"
MANIFEST = "scenarios/doubling/scenario.toml"
REPO = "repos/calc/repo.toml"


def manifest(*wanted: str) -> str:
    return (
        f'schema = 1\ntitle = "Doubling is off"\nrepo = "calc"\n[tests]\nfail_to_pass = {list(wanted)!r}\n'
        '[scope]\nwritable = ["src/**"]\nprotected = ["tests/**", "pyproject.toml"]\n'
        "[limits]\ncommand_seconds = 120\ntest_seconds = 4\n"
    )


@pytest.mark.parametrize("name", ["packaging", "pluggy", "iniconfig"])
def test_the_project_is_a_library_that_the_runner_itself_imports(oracle: Oracle, name: str) -> None:
    """The runner's copy is installed apart; the workspace's own, with the bug, is on its tests' path."""
    project = PLAIN | {f"src/{name}/double.py": BROKEN, f"src/{name}/__init__.py": '"""The workspace\'s own."""\n'}
    project |= {"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src"]\n'}
    hidden = f"from {name}.double import double\n\n\ndef test_three():\n    assert double(3) == 6\n"
    tried = oracle(project, **{SOLUTION: PATCH.format(path=f"src/{name}/double.py"), HIDDEN: hidden})
    assert tried.verdict == "resolved", tried.result.reason


def test_a_suite_with_a_test_that_hangs(oracle: Oracle) -> None:
    hanging = "import time\n\n\ndef test_for_ever():\n    time.sleep(1000)\n\n\ndef test_after():\n    pass\n"
    tried = oracle(
        PLAIN | {"tests/test_hang.py": hanging},
        **{MANIFEST: manifest("tests/test_hidden.py::test_three").replace("= 120", "= 15")},
    )
    assert tried.verdict == "resolved", tried.result.reason
    assert tried.result.tests.pass_to_pass == 2


def test_an_exit_code_of_one_with_every_expected_test_passed(oracle: Oracle) -> None:
    failing = "def test_old_failure():\n    assert False\n\n\ndef test_broken():\n    import nothing_of_that_name\n"
    unimportable = "import nothing_of_that_name\n"
    tried = oracle(PLAIN | {"tests/test_old.py": failing, "tests/test_gone.py": unimportable})
    assert tried.verdict == "resolved", tried.result.reason
    assert tried.result.tests.pass_to_pass == 1


def test_a_project_that_needs_its_own_conftest_and_settings(oracle: Oracle) -> None:
    project = PLAIN | {
        "conftest.py": "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent / 'src'))\n",
        "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef three():\n    return 3\n",
        "pytest.ini": "[pytest]\naddopts = -ra --strict-markers\nmarkers =\n    slow: slow\n",
        "tox.ini": "[tox]\n",
        "setup.cfg": "[metadata]\nname = calc\n",
    }
    del project["pyproject.toml"]
    hidden = "import pytest\nfrom calc import double\n\n\n@pytest.mark.slow\ndef test_three(three):\n"
    tried = oracle(project, **{HIDDEN: hidden + "    assert double(three) == 6\n"})
    assert tried.verdict == "resolved", tried.result.reason


def test_a_project_that_prints_a_lot(oracle: Oracle) -> None:
    loud = "import os, sys\nprint('1 failed, FAILED tests/test_hidden.py::test_three')\nprint('x' * 2_000_000)\n"
    loud += "os.write(1, b'<testcase/>' * 100_000)\nsys.stderr.write('E   assert False\\n' * 10_000)\n"
    noisy = "def test_noise():\n    for _ in range(1000): print('\\x1b[31m' + 'y' * 1000)\n"
    noisy += "\n\ndef test_loud():\n    exec(open(__file__.replace('test_loud.py', 'loud.txt')).read())\n"
    tried = oracle(PLAIN | {"tests/test_loud.py": noisy, "tests/loud.txt": loud})
    assert tried.verdict == "resolved", tried.result.reason
    assert tried.result.tests.pass_to_pass == 3


def test_parametrised_tests_with_odd_ids(oracle: Oracle) -> None:
    odd = [
        "a b",
        "x::y",
        "[]",
        "/workspace/x",
        "ü",
        "a\\nb",
        "..",
        "",
        "<tag>&amp;",
        "1.5-x.py",
        "tests/test_hidden.py::q",
    ]
    hidden = (
        f"import pytest\nfrom calc import double\n\n\n@pytest.mark.parametrize('name', {odd!r})\n"
        "def test_three(name):\n    assert double(3) == 6\n\n\n"
        "class TestThree:\n    class TestInner:\n        def test_deep(self):\n            assert double(3) == 6\n"
    )
    wanted = ["tests/test_hidden.py::test_three[a b]", "tests/test_hidden.py::test_three[x::y]"]
    wanted += ["tests/test_hidden.py::test_three[/workspace/x]", "tests/test_hidden.py::test_three[<tag>&amp;]"]
    wanted += ["tests/test_hidden.py::TestThree::TestInner::test_deep"]
    tried = oracle(None, **{HIDDEN: hidden, MANIFEST: manifest(*wanted)})
    assert tried.verdict == "resolved", tried.result.reason
    assert tried.result.tests.fail_to_pass_passed == len(wanted)


def test_a_version_that_comes_from_tags(oracle: Oracle) -> None:
    """A one-commit repository has no tags: the version is pretended in the environment, as in repo.toml."""
    version = (
        "import os, subprocess\n"
        "said = os.environ.get('SETUPTOOLS_SCM_PRETEND_VERSION') or subprocess.run(\n"
        "    ['git', 'describe', '--tags'], capture_output=True, text=True, check=True).stdout\n"
        "assert said.strip() == '1.2.3', said\n"
    )
    project = PLAIN | {"src/version.py": version, "tests/test_version.py": "def test_it():\n    import version\n"}
    repo = 'schema = 1\ntitle = "Calc"\n[source]\npath = "source"\n[environment.variables]\n'
    repo += 'SETUPTOOLS_SCM_PRETEND_VERSION = "1.2.3"\n'
    hidden = "import version\nfrom calc import double\n\n\ndef test_three():\n    assert double(3) == 6\n"
    tried = oracle(project, **{REPO: repo, HIDDEN: hidden})
    assert tried.verdict == "resolved", tried.result.reason


def test_a_project_with_unittest_tests_skips_and_subtests(oracle: Oracle) -> None:
    hidden = (
        "import unittest\nfrom calc import double\n\n\nclass TestDouble(unittest.TestCase):\n"
        "    def test_three(self):\n        for x in range(3, 6):\n            with self.subTest(x=x):\n"
        "                self.assertEqual(double(x), 2 * x)\n\n"
        "    @unittest.skip('not here')\n    def test_skipped(self):\n        self.fail()\n\n"
        "    @unittest.expectedFailure\n    def test_expected(self):\n        self.assertEqual(1, 2)\n"
    )
    tried = oracle(None, **{HIDDEN: hidden, MANIFEST: manifest("tests/test_hidden.py::TestDouble::test_three")})
    assert tried.verdict == "resolved", tried.result.reason


def test_a_project_that_starts_servers_and_leaves_with_atexit(oracle: Oracle) -> None:
    serving = (
        "import atexit, http.server, subprocess, sys, threading\n\n\ndef test_server():\n"
        "    server = http.server.HTTPServer(('127.0.0.1', 0), http.server.BaseHTTPRequestHandler)\n"
        "    threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])\n"
        "    atexit.register(print, 'bye')\n"
    )
    tried = oracle(PLAIN | {"tests/test_server.py": serving})
    assert tried.verdict == "resolved", tried.result.reason
