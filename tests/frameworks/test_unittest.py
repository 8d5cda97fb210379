"""unittest's and Django's own runners in a sandbox: ids, outcomes, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runner.frameworks import framework
from runner.frameworks.base import Canary
from runner.grading.junit import TestOutcome, failures, outcomes
from runner.scenarios.repo import FrameworkName, RepoTests
from sandboxes.archive import Entry
from sandboxes.base import Command
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore
from sandboxes.recipe import Recipe

REPORT = "/home/agent/report/one.xml"
CASES = """
import time, unittest

class MoneyTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(1 + 1, 2)

    def test_wrong(self):
        self.assertEqual(1 + 1, 3)

    def test_raises(self):
        raise KeyError("x")

    @unittest.skip("not here")
    def test_left_out(self):
        pass

    @unittest.expectedFailure
    def test_known(self):
        self.fail("known")

    def test_parts(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)

    def test_hangs(self):
        time.sleep(600)

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no database")

    def test_never(self):
        pass
"""
LOADED = """
import unittest

def make(n):
    class Case(unittest.TestCase):
        def runTest(self):
            self.assertLess(n, 2)
    Case.__qualname__ = f"Case{n}"
    return Case()

def load_tests(loader, tests, pattern):
    return unittest.TestSuite(make(n) for n in range(3))
"""


def run(
    engine: Engine,
    image: str,
    files: Mapping[str, str],
    *,
    name: FrameworkName = "unittest",
    suite: RepoTests | None = None,
    more: tuple[str, ...] = (),
) -> tuple[dict[str, TestOutcome], dict[str, str], str]:
    with DockerSandbox(engine, image, kind="grading") as sandbox:
        sandbox.place({path: Entry(text.encode()) for path, text in files.items()})
        argv = framework(name).graded(suite or RepoTests(framework=name), more, REPORT, 1.0)
        ran = sandbox.exec(Command(argv, timeout=400))
        xml = sandbox.export("/home/agent/report")["one.xml"].data
    return outcomes(xml), failures(xml), ran.text


@pytest.mark.engine
@pytest.mark.parametrize("folder", ["tests", "src/money/tests", ""])
def test_every_outcome_is_told_under_the_id_that_pytest_gives_it(engine: Engine, base_image: str, folder: str) -> None:
    file = f"{folder}/test_money.py".lstrip("/")
    found, said, text = run(engine, base_image, {file: CASES})
    assert found == {
        f"{file}::MoneyTest::test_adds": "passed",
        f"{file}::MoneyTest::test_wrong": "failed",
        f"{file}::MoneyTest::test_raises": "error",
        f"{file}::MoneyTest::test_left_out": "skipped",
        f"{file}::MoneyTest::test_known": "skipped",
        f"{file}::MoneyTest::test_parts": "failed",
        f"{file}::MoneyTest::test_hangs": "error",
        f"{file}::setUpClass": "error",
    }, text
    assert "2 != 3" in said[f"{file}::MoneyTest::test_wrong"]
    assert "longer than it may" in said[f"{file}::MoneyTest::test_hangs"]


@pytest.mark.engine
def test_packages_load_tests_and_files_that_do_not_import(engine: Engine, base_image: str) -> None:
    found, said, _ = run(
        engine,
        base_image,
        {
            "pkg/__init__.py": "",
            "pkg/tests/__init__.py": "",
            "pkg/tests/test_loaded.py": LOADED,
            "pkg/tests/test_broken.py": "import nothing_of_this_name\n",
            "pkg/tests/test_ok.py": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n",
        },
    )
    assert found == {
        "pkg/tests/test_loaded.py::Case0::runTest": "passed",
        "pkg/tests/test_loaded.py::Case1::runTest": "passed",
        "pkg/tests/test_loaded.py::Case2::runTest": "failed",
        "pkg/tests/test_broken.py::test_broken": "error",
        "pkg/tests/test_ok.py::T::test_a": "passed",
    }
    assert "nothing_of_this_name" in said["pkg/tests/test_broken.py::test_broken"]


@pytest.mark.engine
def test_named_paths_bound_a_run_and_a_model_may_name_one_test(engine: Engine, base_image: str) -> None:
    one = (
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_a(self): pass\n    def test_b(self): self.fail('b')\n"
    )
    files = {"one/test_x.py": one, "two/test_y.py": one, "three/test_z.py": one}
    suite = RepoTests(framework="unittest", paths=("one",))
    found, _, _ = run(engine, base_image, files, suite=suite, more=("three/test_z.py",))
    assert {node.split("::")[0] for node in found} == {"one/test_x.py", "three/test_z.py"}
    with DockerSandbox(engine, base_image) as sandbox:
        sandbox.place({path: Entry(text.encode()) for path, text in files.items()})
        shown = framework("unittest")
        single = sandbox.exec(Command(shown.shown(suite, ["two/test_y.py::T::test_a"])))
        assert (single.exit_code, "Ran 1 test" in single.text) == (0, True)
        assert "AssertionError: b" in sandbox.exec(Command(shown.shown(suite, []))).text
    assert shown.steady("Ran 3 tests in 0.012s\n\nOK") == "Ran 3 tests\n\nOK"


@pytest.mark.parametrize("name", ["pytest", "unittest", "node", "jest", "go"])
def test_all_tests_are_those_of_the_named_paths_for_a_model_too(name: FrameworkName) -> None:
    suite = RepoTests(framework=name, paths=("checks",))
    assert any(word.endswith("checks") for word in framework(name).shown(suite, []))
    assert not any(word.endswith("checks") for word in framework(name).shown(suite, ["other/test_x.py"]))


@pytest.mark.engine
def test_canaries_are_found_beside_a_test_and_come_out_as_they_are_meant(engine: Engine, base_image: str) -> None:
    unittest = framework("unittest")
    path = unittest.beside("tests/test_x.py", ["late", "fee"], early=False)
    meant = enumerate((False, True, True, True))
    canaries = [Canary(("half", "a", "cent", "abcd"[n]), 3, 8, n, fails) for n, fails in meant]
    source, ids = unittest.canaries(path, canaries, "")
    found, _, _ = run(engine, base_image, {path: source.decode()})
    assert [found[node] for node in ids] == ["passed", "failed", "failed", "failed"]


DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site_of.settings')\n",
    "site_of/__init__.py": "",
    "site_of/settings.py": "SECRET_KEY='x'\nINSTALLED_APPS=['django.contrib.contenttypes','shop']\n"
    "DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\nUSE_TZ=True\n",
    "shop/__init__.py": "",
    "shop/models.py": "from django.db import models\n"
    "class Item(models.Model):\n    name = models.CharField(max_length=9)\n",
    "shop/tests.py": "from django.test import TestCase\nfrom shop.models import Item\n"
    "class ItemTest(TestCase):\n    def test_kept(self):\n        Item.objects.create(name='a')\n"
    "        self.assertEqual(Item.objects.count(), 1)\n    def test_gone(self):\n"
    "        self.assertEqual(Item.objects.count(), 1)\n",
}


@pytest.mark.engine
def test_djangos_runner_makes_its_database_and_reports_alike(engine: Engine, base_image: str) -> None:
    image = ImageStore(engine, print).environment(Recipe(packages=("django>=4.2,<6",)))
    found, _, text = run(engine, image, DJANGO, name="django")
    assert found == {"shop/tests.py::ItemTest::test_kept": "passed", "shop/tests.py::ItemTest::test_gone": "failed"}, (
        text
    )
