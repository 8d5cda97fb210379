"""What the package hands out, in interpreters that have not loaded any of it yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import textforms

SOURCE = Path(textforms.__file__).resolve().parents[1]


def fresh(program):
    """What a program prints in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=20
    )
    return (done.stdout + done.stderr[-300:]).strip()


def test_after_a_template():
    program = "from textforms import render, slugify; print(slugify('Hello, World!'))"
    assert fresh(program) == "hello-world"


def test_after_a_numbered_slug():
    program = """
import textforms
print(textforms.unique_slug("Hello", {"hello"}))
print(textforms.slugify("Hello"))
"""
    assert fresh(program) == "hello-2\nhello"


def test_before_a_template():
    program = """
from textforms import slugify, render
print(slugify("Hello, World!"), render("{{ a | slug }}", {"a": "B C"}))
"""
    assert fresh(program) == "hello-world b-c"


def test_star_import():
    program = """
from textforms import *
print(slugify("A b"), wrap("a b", 9), pad("a", 2) + ".", render("{{ a | slug }}", {"a": "B C"}))
"""
    assert fresh(program) == "a-b a b a . b-c"


def test_every_name_after_every_other():
    program = """
import sys
import textforms
wrong = []
for first in textforms.__all__:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "textforms"]:
        del sys.modules[loaded]
    import textforms
    getattr(textforms, first)
    wrong += [
        (first, name)
        for name in textforms.__all__
        if not callable(getattr(textforms, name)) or getattr(textforms, name).__name__ != name
    ]
print(wrong)
"""
    assert fresh(program) == "[]"


def test_names_are_listed_from_the_start():
    program = "import textforms; print([name for name in textforms.__all__ if name not in dir(textforms)])"
    assert fresh(program) == "[]"


def test_import_alone_loads_no_module():
    program = """
import sys
import textforms
dir(textforms)
print([name for name in sys.modules if name.startswith("textforms.")])
"""
    assert fresh(program) == "[]"


def test_only_what_is_used_is_loaded():
    program = """
import sys
from textforms import render, slugify
names = ["grid", "wrapping", "config_reader", "config_writer", "dsv_reader", "dsv_writer"]
print([name for name in names if f"textforms.{name}" in sys.modules])
"""
    assert fresh(program) == "[]"


def test_unknown_names():
    program = """
import textforms
print(hasattr(textforms, "slugs_of_all_kinds"))
try:
    from textforms import nothing
except ImportError as error:
    print("nothing" in str(error))
"""
    assert fresh(program) == "False\nTrue"


def test_public_names_are_as_before():
    assert len(textforms.__all__) == 22
    assert {"Grid", "render", "slugify", "unique_slug", "wrap", "write_dsv"} <= set(textforms.__all__)
