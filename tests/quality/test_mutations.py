"""Mutants of a reference fix: of the changed lines alone, different from one another, the same for the same seed."""

from __future__ import annotations

import ast

import pytest

from runner.quality.mutations import REVERSAL, mutations
from sandboxes.archive import Entry, Tree

BASE = "def clamp(x, low, high):\n    return x\n\n\ndef total(items):\n    return sum(items)\n"
SOLVED = """\
def clamp(x, low, high):
    if x < low:
        return low
    return min(x, high)


def total(items):
    return sum(items) + 1
"""


def tree(**files: str) -> Tree:
    return {path.replace("__", "/").replace("_dot_", "."): Entry(text.encode()) for path, text in files.items()}


def of(base: str, solved: str, path: str = "a.py", most: int = 1000, seed: int = 7) -> list[tuple[str, int, str]]:
    found = mutations({path: Entry(base.encode())}, {path: Entry(solved.encode())}, most, seed)
    return [(each.operator, each.line, each.text or "") for each in found]


def test_only_changed_lines_are_mutated() -> None:
    found = of("def f(x):\n    y = x + 1\n    return y\n", "def f(x):\n    y = x + 1\n    return y * 2\n")
    assert found
    assert {line for _, line, _ in found} == {3}
    assert all("y = x + 1" in text for _, _, text in found)


def test_each_hunk_is_taken_back_alone_and_first() -> None:
    found = of(BASE, SOLVED)
    reversals = [text for operator, _, text in found if operator == REVERSAL]
    assert [operator for operator, _, _ in found[: len(reversals)]] == [REVERSAL] * len(reversals)
    assert set(reversals) >= {SOLVED.replace(" + 1", "")}
    assert BASE not in reversals


def test_a_fix_of_many_hunks_leaves_half_of_the_mutants_to_the_operators() -> None:
    base = "".join(f"a{at} = {at}\nkept{at} = 0\n" for at in range(40))
    solved = "".join(f"a{at} = {at} + 1\nkept{at} = 0\n" for at in range(40))
    found = of(base, solved, most=12)
    assert len(found) == 12
    assert sum(operator == REVERSAL for operator, _, _ in found) == 6
    data = of(base, solved, "data.toml", most=12)
    assert [operator for operator, _, _ in data] == [REVERSAL] * 12


def test_removed_lines_put_back_have_a_name_of_their_own() -> None:
    found = of("a = 1\nb = 2\nc = 3\n", "a = 2\nb = 2\n")
    assert ("removed lines put back", 3, "a = 2\nb = 2\nc = 3\n") in found
    assert (REVERSAL, 1, "a = 1\nb = 2\n") in found


def test_the_only_hunk_is_not_taken_back_because_that_is_the_base() -> None:
    found = of("def f(x):\n    return x\n", "def f(x):\n    return x + 1\n")
    assert REVERSAL not in {operator for operator, _, _ in found}
    assert all("return x\n" not in text for _, _, text in found)


def test_python_mutants_compile_and_none_means_what_another_does() -> None:
    texts = [text for _, _, text in of(BASE, SOLVED)]
    keys = [ast.dump(ast.parse(text)) for text in texts]
    assert len(keys) == len(set(keys)) > 5
    assert ast.dump(ast.parse(SOLVED)) not in keys


def test_the_operators_of_the_classical_set_are_there() -> None:
    base = "def f(a, b):\n    pass\n"
    solved = (
        "def f(a, b):\n    if a < 10 and g(a, b):\n        a = a + 1\n        log(a)\n    return True if not b else a\n"
    )
    operators = {operator for operator, _, _ in of(base, solved)}
    assert operators >= {
        "boundary", "comparison", "boolean", "negated condition", "arithmetic", "off by one", "return value",
        "deleted statement", "swapped argument",
    }  # fmt: skip


def test_the_same_seed_draws_the_same_and_another_one_others() -> None:
    assert of(BASE, SOLVED, most=6) == of(BASE, SOLVED, most=6)
    assert of(BASE, SOLVED, most=6) != of(BASE, SOLVED, most=6, seed=8)
    assert len(of(BASE, SOLVED, most=6)) == 6


def test_few_mutants_are_of_many_operators() -> None:
    operators = [operator for operator, _, _ in of(BASE, SOLVED, most=8)]
    assert len(set(operators)) >= 5


@pytest.mark.parametrize("path", ["a.js", "a.ts", "a.go", "a.rs"])
def test_other_languages_are_mutated_token_by_token(path: str) -> None:
    base = "f(a) {\n  return a;\n}\n"
    solved = 'f(a) {\n  if (a <= 3 && !b) { return "a < 3"; } // a < 3\n  return a - 1;\n}\n'
    texts = [text for _, _, text in of(base, solved, path)]
    for changed in ("a < 3 &&", "a <= 4", "a <= 2", "|| !b", "&& b)", "a + 1", "a - 2"):
        assert any(changed in text for text in texts), changed
    assert all('"a < 3"; } // a < 3' in text for text in texts)


def test_brackets_of_types_signs_and_pointers_are_no_operators() -> None:
    assert of("", "let x: Vec<u8> = f(*p, -q);\n", "a.rs") == []


@pytest.mark.parametrize(
    ("path", "base", "solved"),
    [
        ("README.md", "one\n", "two\n"),
        ("a.py", "x = 1\n", "# why\nx = 1\n"),
        ("a.py", "def f():\n    return 1\n", 'def f():\n    """Why."""\n    return 1\n'),
        ("a.py", "import os\nx = 1\n", "import os\nimport re\nx = 1\n"),
        ("a.js", "x = 1;\n", "// why\n\nx = 1;\n"),
        ("a.bin", "a", "b\0"),
    ],
)
def test_prose_comments_docstrings_imports_and_binaries_have_no_mutants(path: str, base: str, solved: str) -> None:
    other = {"b.py": (b"x = 1\n", b"x = 2\n")}
    before = {path: Entry(base.encode()), "b.py": Entry(other["b.py"][0])}
    after = {path: Entry(solved.encode()), "b.py": Entry(other["b.py"][1])}
    assert {each.path for each in mutations(before, after, 100, 7)} == {"b.py"}


def test_files_that_come_and_go_are_taken_back_whole() -> None:
    before = {"old.py": Entry(b"x = 1\n"), "a.py": Entry(b"y = 1\n")}
    after = {"new.py": Entry(b"z = 1\n"), "a.py": Entry(b"y = 2\n")}
    reversals = {each.path: each.text for each in mutations(before, after, 100, 7) if each.is_reversal}
    assert reversals == {"old.py": "x = 1\n", "new.py": None, "a.py": "y = 1\n"}


@pytest.mark.parametrize(
    "hostile", [b"\xff\xfe", b"def f(:\n", b"(" * 5000, b"\r\rx\x0cy\n", "x = '\u2028'\n".encode(), b"", b"x"]
)
def test_odd_files_raise_nothing_and_other_line_ends_stay(hostile: bytes) -> None:
    for one, two in ((hostile, b"x = 1\n"), (b"x = 1\n", hostile), (b"a\n" + hostile, b"b\n" + hostile)):
        for path in ("a.py", "a.go", "a.toml"):
            for each in mutations({path: Entry(one)}, {path: Entry(two), "b": Entry(b"")}, 100, 7):
                if each.path == path and each.text is not None and two.count(b"\r") and not each.is_reversal:
                    assert each.text.count("\r") == two.count(b"\r")
