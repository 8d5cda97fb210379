"""Tests laid out otherwise: run for real before and after, they have the same ids and outcomes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.python import concrete
from runner.scenarios.patches import lay_out
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.layout import Layout
from runner.twins.shapes import Shapes, is_literal
from runner.twins.whole_imports import Importer, whole_imports
from sandboxes.archive import Tree

WriteSubject = Callable[..., Subject]
SHOP = """\
class Till:
    def __init__(self):
        self.amount = 0

    def take(self, price):
        self.amount += price
        return self.amount


def doubled(number):
    return number * 2
"""
TESTS = '''\
"""The till's tests."""

import pytest
from shop import Till, doubled

LIMIT = 3


def helper(till):
    return till.take(1)


@pytest.fixture
def till():
    return Till()


@pytest.fixture
def needs_limit(till):
    return till.take(LIMIT)


@pytest.fixture
def full_till(till):
    # three times
    for _ in range(3):
        till.take(5)
    return till


def test_take(till):
    assert till.take(5) == 5
    assert till.take(5) == 10
    assert till.take(1) != 10
    assert helper(till) == 12


def test_limit(needs_limit):
    assert needs_limit == 3


@pytest.mark.parametrize("number, wanted", [(1, 2), ("a", "aa")])
def test_doubled(number, wanted):
    assert doubled(number) == wanted
    assert doubled(number=[1]) == [1, 1]


@pytest.mark.parametrize("one", [1])
def test_one(one):
    assert doubled(one) == 2, "twice one"


class TestClass:
    def test_b(self, full_till):
        assert full_till.amount == 15

    def test_a(self):
        with pytest.raises(TypeError):
            assert doubled() == 2


def test_that_fails(full_till):
    assert doubled(full_till.amount) == 31
'''
OTHER = "def test_with_its_own(till):\n    assert till == 1\n"
OWN = "import pytest\n\n\n@pytest.fixture\ndef till():\n    return 1\n\n\n"
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    "src/shop.py": SHOP,
    "tests/test_till.py": TESTS,
    "tests/test_other.py": OWN + OTHER,
}


def outcomes(tree: Tree, folder: Path) -> dict[str, str]:
    """Test id → outcome, as pytest says."""
    lay_out(tree, folder)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
    lines = [line.split(" - ")[0].split(" ", 1) for line in done.stdout.splitlines()]
    return {line[1]: line[0] for line in lines if line[0] in ("PASSED", "FAILED", "ERROR")}


def code(subject: Subject, path: str = "tests/test_till.py") -> str:
    return subject.base[path].data.decode()


def test_tests_have_the_same_ids_and_outcomes_in_any_layout(write_subject: WriteSubject, tmp_path: Path) -> None:
    subject = write_subject(FILES, hidden={"tests/test_hidden.py": TESTS})
    wanted = outcomes({**subject.base, **subject.hidden}, tmp_path / "original")
    assert len(wanted) == 17 and set(wanted.values()) == {"PASSED", "FAILED"}
    for seed in (1, 2):
        made = Layout().apply(subject, Terms(seed)).subject
        assert outcomes({**made.base, **made.hidden}, tmp_path / str(seed)) == wanted
        assert made.base["src/shop.py"] == subject.base["src/shop.py"]
        assert made.hidden != subject.hidden and made.base == made.solved


def test_each_way_is_taken_by_some_seed(write_subject: WriteSubject) -> None:
    made = [Layout().apply(write_subject(FILES), Terms(seed)) for seed in range(16)]
    texts = [code(each.subject) for each in made]
    assert any("import shop\n" in text and "shop.Till()" in text for text in texts)
    assert any("5 == till.take(5)" in text for text in texts)
    assert any("found = till.take(5)\n    assert found == 5\n" in text for text in texts)
    assert any('("number", "wanted"),' in text for text in texts)
    assert any('((1, 2), ("a", "aa"))' in text for text in texts)
    assert any('parametrize("one", (1,))' in text for text in texts)
    assert any(text.index("def test_limit") < text.index("def test_take") for text in texts)
    moved = {old for each in made for old in each.names.values()}
    assert moved == {"tests/test_till.py::full_till", "tests/test_till.py::till", "tests/test_other.py::till"}
    assert all(len({place.rpartition("::")[2] for place in each.names}) == len(each.names) for each in made)
    conftests = [code(each.subject, "tests/conftest.py") for each in made if each.names]
    assert all("import pytest\n" in each for each in conftests) and any(
        "    # three times\n" in each for each in conftests
    )


def test_a_fixture_takes_its_imports_along(write_subject: WriteSubject) -> None:
    text = "import json\n\nimport pytest\nfrom shop import Till\n\n\n@pytest.fixture\ndef goods():\n"
    text += "    return json, Till\n\n\ndef test_goods(goods):\n    assert goods\n"
    subject = write_subject(
        {"src/shop.py": SHOP, "tests/test_till.py": text, "tests/conftest.py": '"""Shared."""\nimport pytest\n'}
    )
    made = next(each for each in (Layout().apply(subject, Terms(seed)) for seed in range(9)) if each.names)
    assert made.names == {"tests/conftest.py::goods": "tests/test_till.py::goods"}
    assert code(made.subject).replace("\n", "") == "def test_goods(goods):    assert goods"
    conftest = code(made.subject, "tests/conftest.py")
    assert conftest.startswith('"""Shared."""\nimport pytest\nimport json\n') and "def goods():" in conftest


@pytest.mark.parametrize(
    "fixture",
    [
        "@pytest.fixture(autouse=True)\ndef goods(): return 1",
        "@pytest.fixture(name='wares')\ndef goods(): return 1",
        "@pytest.fixture\ndef goods(request): return request.module",
        "@pytest.fixture\ndef goods() -> 'LIMIT': return 1",
        "@pytest.fixture\ndef goods():\n    global LIMIT\n    return 1",
        "@pytest.fixture\ndef goods(): return LIMIT",
        "@pytest.fixture(params=[LIMIT])\ndef goods(): return 1",
        "@pytest.fixture\ndef goods(): return 1\n\n\nALSO = goods",
        "@pytest.fixture\ndef goods(): return len('1')\n\n\ndef len(text): return 1",
        "@pytest.fixture\ndef goods(): return os.path\n\n\nimport os\nimport os.path",
        "@pytest.fixture\ndef goods(): return 1\n\n\nNAME = 'goods'",
    ],
)
def test_a_fixture_that_needs_its_module_stays(write_subject: WriteSubject, fixture: str) -> None:
    text = f"import pytest\n\nLIMIT = 3\n\n\n{fixture}\n\n\ndef test_goods(goods):\n    assert goods == 1\n"
    for seed in range(6):
        try:
            made = Layout().apply(write_subject({"tests/test_x.py": text}), Terms(seed))
        except TwinRefused:
            continue
        assert not made.names and fixture.split("\n")[1] in code(made.subject, "tests/test_x.py")


def test_hidden_fixtures_and_those_of_a_folder_whose_conftest_is_hidden_stay(write_subject: WriteSubject) -> None:
    hidden = {"tests/conftest.py": "", "tests/test_hidden.py": TESTS}
    for seed in range(6):
        made = Layout().apply(write_subject(FILES, hidden=hidden), Terms(seed))
        assert not made.names and "def full_till" in made.subject.hidden["tests/test_hidden.py"].data.decode()


@pytest.mark.parametrize(
    "assertion",
    [
        "assert f() == g()", "assert 1 == 1", "assert f() == [g()]", "assert f() == f'{x}'",
        "assert 1 == f() == 1", "assert f()", "assert f() == x", "assert x == Money(1)", "x = f() == 1",
    ],
)  # fmt: skip
def test_an_assertion_stays_where_something_might_notice(assertion: str) -> None:
    source = f"def test_x():\n    {assertion}\n"
    for seed in range(12):
        module = concrete(source.encode())
        assert module is not None and module.visit(Shapes(str(seed), ())).code == source


def test_a_turned_assertion_means_the_same_to_python() -> None:
    source = "def test_x():\n" + "".join(f"    assert [{at}, -1.5, b'x', None] != f(({at}))\n" for at in range(30))
    module = concrete(source.encode())
    assert module is not None
    made = module.visit(Shapes("1", {"found", "actual"})).code
    assert "assert f((" in made and "got = " not in made
    for one, other in zip(ast.walk(ast.parse(source)), ast.walk(ast.parse(made)), strict=True):
        if isinstance(one, ast.Compare) and isinstance(other, ast.Compare):
            sides = {ast.dump(one.left), ast.dump(one.comparators[0])}
            assert sides == {ast.dump(other.left), ast.dump(other.comparators[0])}


def test_assertions_of_unittest_are_turned_where_one_side_is_a_literal() -> None:
    lines = [f"self.assertEqual(f({at}), {at}, 'so')" for at in range(12)]
    lines += ["self.assertEqual(f(), g())", "self.assertEqual(first=f(), second=1)", "assertEqual(f(), 1)"]
    module = concrete(("\n".join(lines) + "\n").encode())
    assert module is not None
    made = module.visit(Shapes("1", ())).code.splitlines()
    turned = {f"self.assertEqual({at}, f({at}), 'so')" for at in range(12)} & {*made}
    assert 1 < len(turned) < 12 and len({*made} - {*lines}) == len(turned) and made[12:] == lines[12:]


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("{'a': (1, -2)}", True),
        ("'a' 'b'", True),
        ("{**a}", False),
        ("[*a]", False),
        ("Money('1')", False),
        ("a", False),
    ],
)
def test_literals_are_what_needs_nothing_to_run(text: str, literal: bool) -> None:
    import libcst as cst

    assert is_literal(cst.parse_expression(text)) == literal


@pytest.mark.parametrize(
    "text",
    [
        "from shop import Till\n\n\ndef test_x(Till): ...\n",
        "from shop import Till\n\nshop = 1\n",
        "from shop import Till\nfrom other import Till\n",
        "from shop import Till\n\nx = 'Till'\n",
        "from shop import Till\n\nx = f'{Till=}'\n",
        "from shop import *\n",
        "from shop import deep\n",
        "from json import loads\n",
        "from .shop import Till\n",
        "def f():\n    from shop import Till\n",
        "from shop import test_goods\n",
        "import sys\nfrom shop import Till\nsys.modules.pop('x')\n",
    ],
)
def test_an_import_stays_where_another_name_would_be_noticed(text: str) -> None:
    for seed in range(12):
        found = whole_imports(str(seed), ast.parse(text), text.encode(), {"shop", "shop.deep", "other"})
        assert not found.modules & {"shop"} or "from other" in text
        assert "shop.Till" not in found.places.values() or "from other" not in text


def test_names_of_other_things_stay_when_an_import_is_written_otherwise() -> None:
    text = "from shop import Till as T, a\n\n\n@a.b\ndef f(x: T) -> T:\n    return x.T(T=T, a=x.a)[T]\n"
    found = next(
        each
        for seed in range(20)
        if (each := whole_imports(str(seed), ast.parse(text), text.encode(), {"shop"})).modules
    )
    module = concrete(text.encode())
    assert module is not None
    assert module.visit(Importer(found)).code == (
        "import shop\n\n\n@shop.a.b\ndef f(x: shop.Till) -> shop.Till:\n    return x.T(T=shop.Till, a=x.a)[shop.Till]\n"
    )


def test_files_that_look_at_themselves_and_named_ones_stay(write_subject: WriteSubject) -> None:
    looking = TESTS + "\n\ndef test_me():\n    import inspect\n    assert 'x' in inspect.getsource(test_me)\n"
    subject = write_subject({**FILES, "tests/test_till.py": looking, "tests/test_other.py": TESTS})
    made = Layout().apply(subject, Terms(1))
    assert made.subject.base["tests/test_till.py"] == subject.base["tests/test_till.py"]
    assert "tests/test_till.py" not in made.touched and "tests/test_other.py" in made.touched
    with pytest.raises(TwinRefused, match="nothing-to-change"):
        Layout().apply(subject, Terms(1, without=frozenset({"tests/test_other.py"})))


def test_a_test_file_that_the_fix_changes_keeps_its_fixtures(write_subject: WriteSubject) -> None:
    subject = write_subject(FILES)
    solved = {**subject.solved, "tests/test_till.py": replace(subject.base["tests/test_till.py"], data=b"x = 1\n")}
    for seed in range(4):
        assert not Layout().apply(replace(subject, solved=solved), Terms(seed)).names
