"""Projects below the root: which one counts, and what is told of it from the root."""

from __future__ import annotations

import pytest

from runner.environments import infer
from runner.errors import Rejected
from sandboxes.archive import Entry

ONE = {
    "README.md": "",
    "libs/cart/pyproject.toml": "[build-system]\nrequires = ['setuptools']\n[project]\nname = 'cart'\n"
    "[tool.pytest.ini_options]\naddopts = '-q'\n",
    "libs/cart/src/cart/__init__.py": "",
    "libs/cart/tests/test_cart.py": "def test_a(): pass\n",
}
TWO = ONE | {"libs/shop/setup.py": "setup()", "libs/shop/test_shop.py": "def test_a(): pass\n"}


def of(files: dict[str, str]) -> dict[str, Entry]:
    return {path: Entry(text.encode()) for path, text in files.items()}


def test_the_one_project_is_installed_and_tested_from_the_root() -> None:
    found = infer(of(ONE), None)
    assert found.environment.install == ("pip install -q --no-build-isolation -e ./libs/cart",)
    assert found.environment.packages == ("setuptools", "wheel")
    assert found.environment.variables == {"PYTHONPATH": "/workspace/libs/cart"}
    assert found.suite.args == ("-c", "libs/cart/pyproject.toml", "--rootdir=.")
    assert found.suite.paths == ("libs/cart/tests",)
    assert any("libs/cart/ holds the project" in reason for reason in found.reasons)


def test_of_several_that_one_counts_which_has_the_tests_that_decide() -> None:
    assert infer(of(TWO), None, ["libs/shop/test_shop.py"]).suite.paths == ("libs/shop",)
    assert infer(of(TWO), None, ["libs/cart/tests/test_cart.py"]).suite.paths == ("libs/cart/tests",)


@pytest.mark.parametrize("about", [(), ("libs/shop/test_shop.py", "libs/cart/tests/test_cart.py")])
def test_where_nothing_tells_which_one_none_is_installed(about: tuple[str, ...]) -> None:
    found = infer(of(TWO), None, about)
    assert found.suite.framework == "pytest" and not found.environment.install


def test_other_runners_are_refused_with_what_to_do() -> None:
    files = {
        "app/setup.py": "setup()",
        "app/tests/test_a.py": "import unittest\nclass A(unittest.TestCase): pass\ndef load_tests(a, b, c): return b\n",
    }
    with pytest.raises(Rejected, match="app/") as refused:
        infer(of(files), None)
    assert refused.value.code == "unsupported"
