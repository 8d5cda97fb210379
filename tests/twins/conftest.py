"""Subjects written by hand, and a scenario that is large enough to have twins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.scenarios.scenario import Framing, Scenario, TestSpec, Truth
from runner.twins.base import Subject
from sandboxes.archive import Entry

TILL = '''\
"""The till."""

from dataclasses import dataclass

__all__ = ["Basket", "Till"]


class Basket:
    """Goods on their way; `add_goods` takes more."""

    def __init__(self, opened_by):
        self.opened_by = opened_by
        self.goods_inside = []

    def add_goods(self, price, pieces=1):
        # each of the pieces costs the same
        for piece in range(pieces):
            self.goods_inside.append(price)

    def whole_price(self):
        return sum(self.goods_inside)


@dataclass
class Till:
    """Takes money."""

    drawer_amount: int = 0

    def settle_basket(self, basket, discount_percent=0):
        owed = _reduced(basket.whole_price(), discount_percent)
        self.drawer_amount += owed
        return owed


def _reduced(price, discount_percent):
    """What is left of a price."""
    return price - price * discount_percent // 10
'''
FIX = """\
--- a/src/shop/till.py
+++ b/src/shop/till.py
@@ -40,4 +40,4 @@
 
 def _reduced(price, discount_percent):
     \"\"\"What is left of a price.\"\"\"
-    return price - price * discount_percent // 10
+    return price - price * discount_percent // 100
"""
ACT = """\
class Act:
    def on_open_door(self):
        return 7


def play(step_name):
    return getattr(Act(), "_".join(["on", step_name, "door"]))()
"""
TESTS = """\
import pytest
from shop.act import play
from shop.till import Basket, Till


@pytest.fixture
def basket():
    found = Basket(opened_by="ada")
    found.add_goods(500, pieces=2)
    return found


def test_play():
    assert play("open") == 7


def test_sum(basket):
    assert basket.whole_price() == 1000


def test_no_discount(basket):
    assert Till().settle_basket(basket) == 1000
"""
HIDDEN = """\
from shop.till import Basket, Till


def test_a_tenth_off():
    basket = Basket("ada")
    basket.add_goods(price=200)
    assert Till(drawer_amount=5).settle_basket(basket, discount_percent=10) == 180
"""
SCENARIO = """\
schema = 1
title = "`settle_basket` gives too much away"
repo = "shop"
[tests]
fail_to_pass = ["tests/test_discount.py::test_a_tenth_off"]
[scope]
writable = ["src/**"]
protected = ["tests/**", "pyproject.toml"]
[truth]
locations = ["src/shop/till.py::_reduced"]
[framing]
facts = ['discount_percent=10', '200']
[limits]
command_seconds = 20
test_seconds = 5
"""
ISSUE = """\
# Discounts are too high

`Till().settle_basket(basket, discount_percent=10)` of goods for 200 gives 0, and the price should be 180.

    tests/test_till.py::test_sum
"""


def subject_of(files: dict[str, str], hidden: dict[str, str] | None = None, instruction: str = "It fails.") -> Subject:
    """A subject whose solved tree is its base."""
    tree = {path: Entry(text.encode()) for path, text in files.items()}
    scenario = Scenario(
        schema=1,
        title="Something is wrong",
        repo="shop",
        tests=TestSpec(fail_to_pass=("tests/test_x.py::test_x",)),
        truth=Truth(locations=()),
        framing=Framing(),
    )
    extra = {path: Entry(text.encode()) for path, text in (hidden or {}).items()}
    return Subject(scenario, tree, tree, extra, instruction, {})


def write_shop(root: Path, **files: str) -> Path:
    """The shop as a scenario and its repo; any file of the scenario can be replaced. Returns its folder."""
    source = root / "repos" / "shop" / "source"
    repo = {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
        "src/shop/__init__.py": "",
        "src/shop/act.py": ACT,
        "src/shop/till.py": TILL,
        "tests/test_till.py": TESTS,
        "README.md": "`Basket.add_goods` of `shop.till` (src/shop/till.py) takes `price` and pieces.\n",
        "../repo.toml": 'schema = 1\ntitle = "Shop"\n[source]\npath = "source"\n',
    }
    folder = root / "scenarios" / "discount"
    scenario = {
        "scenario.toml": SCENARIO,
        "instruction.md": ISSUE,
        "solution/solution.patch": FIX,
        "tests/tests/test_discount.py": HIDDEN,
    }
    written = {source / path: text for path, text in repo.items()}
    written |= {folder / path: text for path, text in (scenario | files).items()}
    for file, text in written.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def write_subject() -> Callable[..., Subject]:
    return subject_of


@pytest.fixture
def shop(tmp_path: Path) -> ScenarioFolder:
    return load_scenario(write_shop(tmp_path))


@pytest.fixture(scope="session")
def shop_writer() -> Callable[..., Path]:
    return write_shop
