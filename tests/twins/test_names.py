"""Which names stay: whatever somebody else may rely on, and never more of a name than all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

import pytest

from runner.scenarios.scenario import Framing
from runner.twins import names
from runner.twins.base import Subject, TwinRefused
from runner.twins.inside_names import main
from runner.twins.names import survey

WriteSubject = Callable[..., Subject]


@cache
def asked(modules: frozenset[str]) -> frozenset[str]:
    return frozenset(main(sorted(modules)))


def outside(modules: Collection[str]) -> frozenset[str]:
    return asked(frozenset(modules))


def free(subject: Subject) -> list[str]:
    return survey(subject, outside).free


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        ("def __repr_of__(): ...\n", "__repr_of__"),
        ("def is_prime(n, length):\n    return len(n)\n\nprint(is_prime(1, length=2), max=3)\n", "max"),
        ("import threading\nclass Runner(threading.Thread):\n    def fetch_pages(self): ...\n", "fetch_pages"),
        ("class Stack:\n    def append(self, one): ...\n", "append"),
        ("import json\ndef dump_all(indent):\n    json.dumps(1, indent=2)\n", "indent"),
        (
            "class Row:\n    def __init__(self):\n        self.order_id = 1\n\nprint(getattr(Row(), 'order_id'))\n",
            "order_id",
        ),
        ("import click\n@click.command()\ndef serve_pages(port_number): ...\n", "port_number"),
        ("def first_page():\n    '''\n    >>> first_page()\n    '''\n", "first_page"),
        ("def shown():\n    a_total = 1\n    return '{a_total}'.format(**locals())\n", "a_total"),
        ("def opened(file_name): ...\n\nopened(**{'file_name': 1})\n", "file_name"),
        (
            "class Page:\n    '''Of a book.'''\n    kind_of_page = 1\n\nprint(Page.__doc__, 'kind_of_page')\n",
            "kind_of_page",
        ),
        ("def visit_page(): ...\ndef find(kind):\n    return getattr(1, f'visit_{kind}')\n", "visit_page"),
        ("def page_handler(): ...\ndef find(kind):\n    return getattr(1, kind + '_handler')\n", "page_handler"),
        ("def shown(page_count):\n    return f'{page_count=}'\n", "page_count"),
        ("def shown(page_count):\n    return f'so many: {page_count!r:>4} {page_count + 1 = :d}'\n", "page_count"),
        ("import typer\napp = typer.Typer()\n@app.command()\ndef add_page(page_count: int = 3): ...\n", "page_count"),
        ("from sa import base_of\nBase = base_of()\nclass Page(Base):\n    page_title = 1\n", "page_title"),
        (
            "from enum import Enum\nclass Colour(Enum):\n    PALE_RED = 1\ndef of(text):\n    return Colour[text]\n",
            "PALE_RED",
        ),
    ],
)
def test_a_name_that_something_else_relies_on_stays(write_subject: WriteSubject, code: str, stays: str) -> None:
    assert stays not in free(write_subject({"src/shop/page.py": code}))


def test_what_hangs_on_a_handle_stays_in_whatever_file(write_subject: WriteSubject) -> None:
    files = {
        "src/shop/web.py": "from shop.main import app, Base\n@app.get('/')\ndef show(page_count: int): ...\n"
        "class Page(Base):\n    page_title = 1\n",
        "src/shop/main.py": "import flask, sa\napp = flask.Flask()\nBase = sa.base_of()\nother_page = 1\n",
        "src/shop/__init__.py": "",
    }
    found = free(write_subject(files))
    assert "other_page" in found
    assert not {"page_count", "page_title"} & set(found)


def test_a_plain_value_shown_beside_its_name_is_no_name_that_is_shown(write_subject: WriteSubject) -> None:
    code = "def shown(page_count):\n    return f'total={page_count} {page_count}'\n"
    assert "page_count" in free(write_subject({"src/shop/page.py": code}))


def test_tests_fixtures_and_their_files_keep_their_names(write_subject: WriteSubject) -> None:
    text = (
        "import pytest\nfrom enum import Enum\nclass Colour(Enum):\n    BRIGHT_RED = 1\nROWS = [as_text]\n"
        "@pytest.fixture\ndef full_basket(): ...\n"
        "@pytest.mark.parametrize('kind', ROWS)\n@pytest.mark.parametrize('colour', list(Colour))\n"
        "def test_it(full_basket, kind): ...\nclass TestAll:\n    def test_more(self): ...\ndef as_text(): ...\n"
    )
    assert free(write_subject({"tests/test_it.py": text})) == []


def test_a_variable_of_a_function_may_change_though_a_string_or_a_data_file_has_the_word(
    write_subject: WriteSubject,
) -> None:
    files = {"a.py": "def longest():\n    widest = 'widest'\n    return widest\n", "data.json": '{"widest": 1}'}
    assert free(write_subject(files)) == ["longest", "widest"]


def test_an_attribute_or_a_function_stays_where_a_data_file_has_the_word(write_subject: WriteSubject) -> None:
    code = "class Row:\n    def widest(self): ...\ndef longest(): ...\n"
    assert free(write_subject({"a.py": code, "data.json": '{"widest": 1, "longest": 2}'})) == ["Row"]


def test_documents_are_no_data_and_tables_of_names_no_strings(write_subject: WriteSubject) -> None:
    files = {"a.py": "__all__ = ['longest']\ndef longest(): ...\n", "README.md": "Use `longest`.\n"}
    assert free(write_subject(files)) == ["longest"]


def test_all_names_of_a_file_that_cannot_be_parsed_stay(write_subject: WriteSubject) -> None:
    files = {"a.py": "def longest(): ...\ndef shortest(): ...\n", "tests/data/bad.py": "print longest\n"}
    assert free(write_subject(files)) == ["shortest"]


def test_a_deeply_nested_or_binary_file_is_no_reason_to_fail(write_subject: WriteSubject) -> None:
    files = {"deep.py": "x = " + "(" * 50_000, "nul.py": "a\0b", "a.py": "def longest(): ...\n"}
    assert free(write_subject(files)) == ["longest"]


def test_plain_words_that_a_framing_must_tell_stay(write_subject: WriteSubject) -> None:
    subject = write_subject({"a.py": "class Row:\n    def lease(self): ...\n    def lease_of(self): ...\n"})
    facts = Framing(facts=("lease", r"\blease_of"))
    told = subject.scenario.model_copy(update={"framing": facts})
    found = survey(Subject(told, *subject.trees, subject.instruction, {}), outside)
    assert found.free == ["Row", "lease_of"]


def test_more_python_than_is_transformed_is_refused(write_subject: WriteSubject) -> None:
    with pytest.raises(TwinRefused, match="too-large: it has more than 8 MiB of Python"):
        free(write_subject({"a.py": "x = 1\n" * (names.MOST_BYTES // 6 + 1)}))
