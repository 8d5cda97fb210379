"""Where a fix changes something, in several languages."""

from __future__ import annotations

import random

import pytest

from runner.mining.locations import locations
from sandboxes.archive import Entry

PYTHON = """\
import os

LIMIT = 3


class Cart:
    size = 1

    @property
    def total(self):
        def inner():
            return 1

        return inner()


async def load():
    pass
"""
GO = """\
package cart

type Cart struct{}

func (c *Cart) Total() int {
\treturn 1
}

func load() int {
\tif true {
\t\treturn 2
\t}
\treturn 3
}

var limit = 4
"""
JAVASCRIPT = """\
export function total (items) {
  return 1
}

const load = async (items) => {
  return 2
}

class Cart {
  size () {
    return 3
  }
}

const limit = 4
"""
RUST = """\
pub(crate) fn total() -> i32 {
    1
}

impl Cart {
    pub async fn load(&self) -> i32 {
        2
    }
}
"""


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "expected"),
    [
        ("a.py", PYTHON, "return 1", "return 2", "a.py::Cart.total.inner"),
        ("a.py", PYTHON, "return inner()", "return 7", "a.py::Cart.total"),
        ("a.py", PYTHON, "@property", "@cached", "a.py::Cart.total"),
        ("a.py", PYTHON, "size = 1", "size = 2", "a.py::Cart"),
        ("a.py", PYTHON, "LIMIT = 3", "LIMIT = 4", "a.py"),
        ("a.py", PYTHON, "import os", "import sys", "a.py"),
        ("a.py", PYTHON, "    pass", "    await x", "a.py::load"),
        ("a.py", PYTHON, "        return inner()", "        check()\n        return inner()", "a.py::Cart.total"),
        ("a.py", PYTHON, "    size = 1\n", "    size = 1\n\n    def new(self):\n        pass\n", "a.py::Cart"),
        ("a.py", PYTHON, "async def load", "def new():\n    pass\n\n\nasync def load", "a.py"),
        ("a.py", "def broken(:\n    x = 1\n", "x = 1", "x = 2", "a.py::broken"),
        ("a.go", GO, "return 1", "return 9", "a.go::Cart.Total"),
        ("a.go", GO, "return 2", "return 9", "a.go::load"),
        ("a.go", GO, "limit = 4", "limit = 5", "a.go"),
        ("a.js", JAVASCRIPT, "return 1", "return 9", "a.js::total"),
        ("a.js", JAVASCRIPT, "return 2", "return 9", "a.js::load"),
        ("a.js", JAVASCRIPT, "return 3", "return 9", "a.js::Cart"),
        ("a.js", JAVASCRIPT, "limit = 4", "limit = 5", "a.js"),
        ("a.rs", RUST, "    1\n", "    9\n", "a.rs::total"),
        ("a.rs", RUST, "        2\n", "        9\n", "a.rs::load"),
        ("a.toml", "[a]\nb = 1\n", "b = 1", "b = 2", "a.toml"),
    ],
)
def test_a_change_lies_in_the_innermost_symbol(path: str, text: str, old: str, new: str, expected: str) -> None:
    assert old in text
    base, solved = {path: Entry(text.encode())}, {path: Entry(text.replace(old, new).encode())}
    assert locations(base, solved, [path]) == (expected,)


def test_several_places_are_named_once_each_and_new_files_only_when_there_is_nothing_else() -> None:
    base = {"a.py": Entry(PYTHON.encode())}
    changed = PYTHON.replace("return 1", "return 2").replace("pass", "await x").replace("LIMIT = 3", "LIMIT = 4")
    solved = {"a.py": Entry(changed.encode()), "b.py": Entry(b"A = 1\n")}
    assert locations(base, solved, ["b.py", "a.py"]) == ("a.py::Cart.total.inner", "a.py::load")
    assert locations(base, solved, ["b.py"]) == ("b.py",)
    assert locations(base, {}, ["a.py"]) == ("a.py",)


def test_an_enormous_file_is_named_as_a_whole() -> None:
    text = b"x = 1\n" * 30_000
    assert locations({"a.py": Entry(text)}, {"a.py": Entry(text + b"y = 2\n")}, ["a.py"]) == ("a.py",)


def test_any_two_texts_have_places_in_the_file() -> None:
    draw = random.Random(7)
    pieces = [
        "def f():\n",
        "    x\n",
        "class A:\n",
        "\n",
        "func g() {\n",
        "\t1\n",
        "}\n",
        "    def h(self):\n",
        "\f\r",
        "   ",
    ]
    for number in range(2000):
        path = ("a.py", "a.go")[number % 2]
        old, new = ("".join(draw.choices(pieces, k=draw.randint(0, 12))) for _ in range(2))
        found = locations({path: Entry(old.encode())}, {path: Entry(new.encode())}, [path])
        assert found
        assert all(place.split("::")[0] == path for place in found)
