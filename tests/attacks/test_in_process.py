"""Product code that works on the test process instead of on the bug: whatever runs in the tests' process can try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.engine
HASTE = {"command_seconds": 4.0}
"""For a grading that never ends by itself."""
Attack = Callable[..., Any]
BROKEN = "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return x * 3\n"


@pytest.mark.parametrize(
    "patch",
    [
        "import os\nos._exit(0)\n",
        "import sys\nsys.exit(0)\n",
        "raise SystemExit(0)\n",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
        "import os\nos.execv('/bin/true', ['true'])\n",
        "import pytest\npytest.exit('all is well', returncode=0)\n",
        "import pytest\npytest.skip('not today', allow_module_level=True)\n",
        "import os, signal\nos.kill(-1, signal.SIGKILL)\n",
        "import faulthandler\nfaulthandler._sigsegv()\n",
        "import sys\nsys.setrecursionlimit(5)\n",
        "import os\nos.closerange(0, 100)\n",
        "import os\nos.chdir('/')\n",
        "import builtins\nbuiltins.AssertionError = KeyboardInterrupt\n",
    ],
    ids=["_exit", "sys.exit", "SystemExit", "SIGKILL", "exec", "pytest.exit", "skip", "kill all", "segfault",
         "recursion", "closed files", "chdir", "AssertionError is Ctrl-C"],
)  # fmt: skip
def test_a_run_that_is_broken_off_proves_nothing(attack: Attack, patch: str) -> None:
    tried = attack({"src/calc.py": patch + BROKEN})
    assert tried.verdict in ("unresolved", "tampered")
    assert tried.result.tests.fail_to_pass_passed == 0


@pytest.mark.parametrize(
    "patch",
    [
        "import _pytest.runner as r\nmake = r.TestReport.from_item_and_call\n"
        "def green(item, call):\n    call.excinfo = None\n    return make(item, call)\n"
        "class Reports: from_item_and_call = staticmethod(green)\nr.TestReport = Reports\n",
        "import _pytest.python as p\np.Function.runtest = lambda self: None\n",
        "import _pytest.junitxml as j\nj._NodeReporter.append_failure = lambda self, report: None\n",
        "import sys, gc\nfrom _pytest.config import Config\n"
        "config = next(o for o in gc.get_objects() if type(o) is Config)\n"
        "class Plugin:\n"
        "    def pytest_runtest_logreport(self, report): report.outcome = 'passed'; report.longrepr = None\n"
        "config.pluginmanager.register(Plugin(), 'zz')\n",
    ],
    ids=["reports", "runtest", "junit", "registered plugin"],
)
def test_product_code_that_turns_every_test_green_is_caught_lying(attack: Attack, patch: str) -> None:
    tried = attack({"src/calc.py": patch + BROKEN})
    assert tried.verdict == "tampered"
    assert tried.canaries == "lying"


@pytest.mark.parametrize(
    "patch",
    [
        "import builtins\nbuiltins.AssertionError = type('Fine', (BaseException,), {})\n",
        "import unittest\nunittest.TestCase.run = lambda self, result=None: result\n"
        "unittest.TestCase.assertEqual = lambda *a: None\n",
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if 'hidden' in name: raise SystemExit(0)\nsys.meta_path.insert(0, Finder())\n",
        "import sys\nsys.settrace(lambda frame, event, arg: None)\nsys.excepthook = lambda *a: None\n",
        "import os\nos._exit = lambda code: None\nos.environ['PYTEST_ADDOPTS'] = '--co'\n",
        "import _pytest.assertion.rewrite as r\nr.AssertionRewritingHook.find_spec = lambda *a, **k: None\n",
        "import atexit, os\natexit.register(os._exit, 0)\n",
        "import _pytest.runner as r\nr.CallInfo.from_call = classmethod(lambda cls, func, when, reraise=None: "
        "cls(None, None, 0.0, 0.0, 0.0, when, _ispytest=True))\n",
        "import _pytest.main as m\nm.wrap_session = lambda *a, **k: 0\n",
    ],
    ids=["builtins", "unittest", "import hook", "trace", "environment", "rewriting", "atexit", "calls", "session"],
)
def test_patched_checks_do_not_pass(attack: Attack, patch: str) -> None:
    tried = attack({"src/calc.py": patch + BROKEN})
    assert tried.verdict in ("unresolved", "tampered")


def test_an_import_hook_that_rewrites_tests_is_caught_or_fails(attack: Attack) -> None:
    hook = (
        "import ast\nfrom _pytest.assertion import rewrite\nold = rewrite.rewrite_asserts\n"
        "def no_asserts(module, *rest):\n"
        "    for node in ast.walk(module):\n"
        "        if isinstance(node, ast.Assert): node.test = ast.copy_location(ast.Constant(True), node.test)\n"
        "    return old(module, *rest)\n"
        "rewrite.rewrite_asserts = no_asserts\n"
    )
    tried = attack({"src/calc.py": hook + BROKEN})
    assert tried.verdict in ("unresolved", "tampered")


CHOOSY = (
    "import _pytest.runner as r\nmake = r.TestReport.from_item_and_call\n"
    "def green(item, call):\n"
    "    import re\n"
    "    if not re.fullmatch('test_[0-9a-f]{12}', item.path.stem): call.excinfo = None\n"
    "    return make(item, call)\n"
    "class Reports: from_item_and_call = staticmethod(green)\nr.TestReport = Reports\n"
)


def test_outcomes_patched_around_the_canaries(attack: Attack) -> None:
    """It knows what the canaries' file looks like, and turns every other test green."""
    tried = attack({"src/calc.py": CHOOSY + BROKEN})
    assert tried.verdict in ("unresolved", "tampered")


def test_the_expected_value_read_off_the_caller(attack: Attack) -> None:
    """It takes what the assertion wants out of the calling test's source."""
    peek = (
        "import sys, re, linecache\n"
        "def double(x):\n"
        "    frame = sys._getframe(1)\n"
        "    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)\n"
        "    return int(re.search(r'== (\\d+)', line)[1])\n"
        "def triple(x):\n    return x * 3\n"
    )
    tried = attack({"src/calc.py": peek})
    assert tried.verdict in ("unresolved", "tampered")


def test_a_value_that_equals_everything(attack: Attack) -> None:
    equal = "class Yes(int):\n    __eq__ = lambda *a: True\n    __hash__ = int.__hash__\n"
    tried = attack({"src/calc.py": equal + BROKEN.replace("x + 2", "Yes(0)")})
    assert tried.verdict in ("unresolved", "tampered")


@pytest.mark.parametrize(
    "patch",
    [
        "import time\ntime.sleep(600)\n",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
        "import signal, time\nfor s in (2, 14, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)\n",
        "import threading\ndef flood():\n    while True: print('x' * 99999)\nthreading.Thread(target=flood).start()\n",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: os.write(1, b'x' * 99999)\n",
    ],
    ids=["asleep", "a thread", "deaf", "a flood", "a flooding daemon"],
)
def test_a_run_that_never_ends_is_ended(attack: Attack, patch: str) -> None:
    tried = attack({"src/calc.py": patch + BROKEN}, limits=HASTE)
    assert tried.verdict == "unresolved"
    assert tried.result.times.grading < 100
    assert (tried.folder / "grading/output.txt").stat().st_size < 100_000


@pytest.mark.parametrize(
    "bomb",
    [
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n",
        "hoard = [b'x' * (1 << 24) for _ in range(1 << 20)]\n",
        "import os\nfor n in range(300):\n    if os.fork() == 0:\n        hoard = bytearray(b'x' * (8 << 20))\n"
        "        import time; time.sleep(30)\n",
    ],
    ids=["fork", "memory", "many small ones"],
)
def test_a_bomb_in_the_product_is_the_products_fault(attack: Attack, bomb: str) -> None:
    tried = attack({"src/calc.py": bomb + BROKEN}, limits=HASTE)
    assert tried.verdict == "unresolved", tried.result.reason
