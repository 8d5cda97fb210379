"""What each kind makes of code: the same program for Python, another text for a reader."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from runner.scenarios.scenario import Scope
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.kinds import transformed
from runner.twins.move import Move
from runner.twins.rename import with_names
from runner.twins.reorder import Reorder
from runner.twins.reword import Reword
from sandboxes.archive import Entry

WriteSubject = Callable[..., Subject]
SEED = 0
"""By which the turns that are tried here are drawn."""


def text_of(subject: Subject, path: str) -> str:
    return subject.base[path].data.decode()


def renamed(write_subject: WriteSubject, code: str, **names: str) -> str:
    return text_of(with_names(write_subject({"a.py": code}), names), "a.py")


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        ("from a import old as o\nold(old=old).old\n", "from a import new as o\nnew(new=new).new\n"),
        ("from old import x\nimport old.y as old\n", "from old import x\nimport old.y as new\n"),
        ("f'{old!r:>{old}} old'\n", "f'{new!r:>{new}} old'\n"),
        ("'old'\nx = 'old'\n", "'old'\nx = 'old'\n"),
        ("__all__ = ['old', \"older\"]\n__all__ += ('old',)\n", "__all__ = ['new', \"older\"]\n__all__ += ('new',)\n"),
        (
            "def f():\n    global old\n    '''x'''\n    old = 1\n",
            "def f():\n    global new\n    '''x'''\n    new = 1\n",
        ),
        ("match x:\n    case A(old=old): ...\n", "match x:\n    case A(new=new): ...\n"),
        ('def f():\n    """Gives `old`, not old."""\n', 'def f():\n    """Gives `new`, not old."""\n'),
        ("old = 1  # `old` is old\r\n", "new = 1  # `new` is old\r\n"),
        ("lambda old, *, old2=1: old\n", "lambda new, *, old2=1: new\n"),
        ("try: ...\nexcept E as old: raise old\n", "try: ...\nexcept E as new: raise new\n"),
    ],
)
def test_a_name_changes_wherever_it_stands_as_code(write_subject: WriteSubject, code: str, becomes: str) -> None:
    assert renamed(write_subject, code, old="new") == becomes


def test_a_file_in_another_encoding_keeps_its_bytes() -> None:
    data = "# -*- coding: latin-1 -*-\nold = 'é'\n".encode("latin-1")
    from runner.twins.rewriting import renamed_module

    assert renamed_module(data, {"old": "new"}) == data.replace(b"old", b"new")


def test_links_and_files_that_are_no_python_stay(write_subject: WriteSubject) -> None:
    subject = write_subject({"a.txt": "old"})
    subject = replace(subject, base={**subject.base, "l.py": Entry(b"old", is_link=True), "b.py": Entry(b"old old")})
    changed = with_names(subject, {"old": "new"})
    assert changed.base == subject.base


REGISTERING = """\
from __future__ import annotations


def second(x=1):
    return third(x)


def third(x):
    return x


class Base:
    def one(self): ...

    def two(self): ...

    @property
    def size(self): ...

    @size.setter
    def size(self, value): ...


class Child(Base):
    made = 1


def needs(x=Child.made): ...
"""


def test_definitions_change_places_and_none_comes_before_what_it_needs(write_subject: WriteSubject) -> None:
    subject = write_subject({"a.py": REGISTERING})
    orders = set()
    for seed in range(12):
        made = text_of(Reorder().apply(subject, Terms(seed)).subject, "a.py")
        names = [part.name for part in ast.parse(made).body if isinstance(part, ast.FunctionDef | ast.ClassDef)]
        assert names.index("Base") < names.index("Child") < names.index("needs")
        exec(compile(made, "a.py", "exec"), {"__name__": "a"})
        assert sorted(made.split()) == sorted(REGISTERING.split())
        orders.add(tuple(names))
    assert len(orders) > 3


def test_a_heading_is_not_crossed_and_files_with_tests_stay(write_subject: WriteSubject) -> None:
    headed = "def a1(): ...\n\n\ndef a2(): ...\n\n\n# Part two\n\n\ndef b1(): ...\n\n\ndef b2(): ...\n"
    subject = write_subject({"a.py": headed, "tests/test_a.py": "def test_1(): ...\n\n\ndef test_2(): ...\n"})
    for seed in range(8):
        try:
            made = Reorder().apply(subject, Terms(seed)).subject
        except TwinRefused as error:
            assert error.code == "nothing-to-change"
            continue
        names = [part.name for part in ast.parse(text_of(made, "a.py")).body if isinstance(part, ast.FunctionDef)]
        assert {*names[:2]} == {"a1", "a2"}
        assert made.base["tests/test_a.py"] == subject.base["tests/test_a.py"]


def test_base_and_solved_tree_get_the_same_order(write_subject: WriteSubject) -> None:
    subject = write_subject({"a.py": REGISTERING})
    solved = {"a.py": Entry(REGISTERING.replace("return x\n", "return x + 1\n").encode())}
    made = Reorder().apply(replace(subject, solved=solved), Terms(3)).subject
    pairs = zip(text_of(made, "a.py").splitlines(), made.solved["a.py"].data.decode().splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [("    return x", "    return x + 1")]


PACKAGE = {
    "src/shop/__init__.py": "from .prices import reduced\nfrom shop.goods import Goods\n",
    "src/shop/prices.py": "from .goods import Goods\nfrom . import taxes\nfrom .deep.wares import Ware\n",
    "src/shop/goods.py": "from shop.prices import reduced as r\nfrom .prices import (\n    reduced,\n)\n",
    "src/shop/taxes.py": "# see prices.py\nPLACE = __file__\n",
    "src/shop/told.py": "x = 'told'\n",
    "src/shop/deep/__init__.py": "",
    "src/shop/deep/wares.py": "from ..goods import Goods\nfrom ...shop import prices\n",
    "tests/test_shop.py": "from shop.prices import reduced\nfrom shop.deep.wares import Ware\n",
}


def modules_named(subject: Subject) -> Iterator[str]:
    """The modules that `from` statements name, as paths; `from . import x` may name a package."""
    for path, entry in subject.base.items():
        for node in ast.walk(ast.parse(entry.data)):
            if isinstance(node, ast.ImportFrom):
                folder = path.rsplit("/", node.level)[0] if node.level else "src"
                yield "/".join([folder, *(node.module.split(".") if node.module else [])])


def test_imports_follow_modules_wherever_these_move(write_subject: WriteSubject) -> None:
    subject = write_subject(PACKAGE)
    depths = set()
    for seed in range(10):
        made = Move().apply(subject, Terms(seed))
        moved = {old: new for new, old in made.names.items()}
        assert moved.keys() == {"src/shop/goods.py", "src/shop/deep/wares.py"}, "others are named by more than `from`"
        files = made.subject.base
        for named in modules_named(made.subject):
            assert f"{named}.py" in files or f"{named}/__init__.py" in files or named.endswith("src"), named
        assert all(f"{path.rsplit('/', 1)[0]}/__init__.py" in files for path in moved.values())
        depths.add(moved["src/shop/goods.py"].count("/"))
    assert depths == {2, 3}


def test_a_module_stays_where_the_scope_would_take_it_otherwise(write_subject: WriteSubject) -> None:
    subject = write_subject(PACKAGE)
    scope = Scope(writable=("src/shop/goods.py",))
    made = Move().apply(replace(subject, scenario=subject.scenario.model_copy(update={"scope": scope})), Terms(1))
    assert set(made.names.values()) == {"src/shop/deep/wares.py"}


def test_comments_and_private_docstrings_go_and_what_is_obeyed_or_public_stays(write_subject: WriteSubject) -> None:
    code = (
        '#!/usr/bin/env python\n# why\nx = 1  # noqa: E1\ny = 2  # because\n\n\ndef public():\n    """Stays."""\n\n\n'
        'def _private():\n    """Goes."""\n    # so\n    return 1\n\n\ndef _alone():\n    """Stays."""\n'
    )
    made = text_of(Reword().apply(with_fix(write_subject({"a.py": code})), Terms(1)).subject, "a.py")
    assert made == (
        '#!/usr/bin/env python\nx = 1  # noqa: E1\ny = 2\n\n\ndef public():\n    """Stays."""\n\n\n'
        'def _private():\n    return 1\n\n\ndef _alone():\n    """Stays."""\n'
    )


def reworded(write_subject: WriteSubject, code: str) -> str:
    subject = with_fix(write_subject({"a.py": code, "b.py": "# one\n"}))
    return text_of(Reword().apply(subject, Terms(SEED)).subject, "a.py")


def test_comments_and_docstrings_say_the_same_in_other_words(write_subject: WriteSubject) -> None:
    code = (
        '"""It must be so."""\n# cannot be\n#: until 3\n# so\nx = 1  # it must be\n\n\n'
        'class A:\n    """`must` must be."""\n\n'
        '    def f(self):\n        r"""Take the next one; cannot fail."""\n        return 1\n'
    )
    assert reworded(write_subject, code) == (
        '"""It shall be so."""\n# can not be\n#: till 3\n# so\nx = 1  # it shall be\n\n\n'
        'class A:\n    """`must` shall be."""\n\n'
        '    def f(self):\n        r"""Takes the next one. Can not fail."""\n        return 1\n'
    )


@pytest.mark.parametrize(
    "code",
    [
        'def f():\n    """It must\\tbe."""\n',
        'def f():\n    """It must be."""\n\n\nx = f.__doc__\n',
        'def f():\n    b"""It must be."""\n',
        'def f():\n    f"""It must be."""\n',
        "def f():\n    'It is not so.'\n",
        'def f():\n    """>>> must()\n    1\n    """\n',
        "# it must be\nimport inspect\nx = inspect.getsource(inspect)\n",
        "x = 'it must be'\n",
    ],
)
def test_docstrings_stay_where_more_than_words_would_change(write_subject: WriteSubject, code: str) -> None:
    assert reworded(write_subject, code) == code


def with_fix(subject: Subject) -> Subject:
    return replace(subject, solved={**subject.solved, "fix.py": Entry(b"fixed = True\n")})


def test_a_fix_of_nothing_but_comments_is_refused(write_subject: WriteSubject) -> None:
    subject = write_subject({"a.py": "x = 1  # one\n"})
    with pytest.raises(TwinRefused, match="nothing but comments"):
        Reword().apply(replace(subject, solved={"a.py": Entry(b"x = 1  # two\n")}), Terms(1))


def test_kinds_after_one_another_give_one_map_back(write_subject: WriteSubject) -> None:
    subject = with_fix(write_subject({"a.py": "def longest(): ...\n\n\ndef shortest():\n    return longest()  # so\n"}))
    for kinds in itertools.permutations(["rename", "reword"]):
        made = transformed(subject, kinds, Terms(1))
        assert set(made.names.values()) == {"longest", "shortest", "fixed"}
        assert "def longest" not in text_of(made.subject, "a.py") and "#" not in text_of(made.subject, "a.py")
    with pytest.raises(TwinRefused, match="nothing-to-change"):
        transformed(write_subject({"a.txt": "no code"}), ["rename"], Terms(1))
