"""Which Node is chosen: what a project says, else what was maintained for long at its time."""

from __future__ import annotations

import json
from datetime import date

import pytest

from runner.environments.files import Files
from runner.environments.nodes import NEWEST, allows, choose_node
from runner.errors import Rejected
from sandboxes.archive import Entry

ALL = [18, 20, 22, 24]


def chosen(told: dict[str, object], on: date | None = date(2025, 1, 31), **more: str) -> str:
    tree = {path.replace("__", "."): Entry(text.encode()) for path, text in more.items()}
    return choose_node(Files(tree), told, on)


@pytest.mark.parametrize(
    ("text", "majors"),
    [
        ("", ALL),
        ("*", ALL),
        ("lts/*", ALL),
        (">=18", ALL),
        (">= 0.4", ALL),
        ("^20.19.0 || >=22.12.0", [22, 24]),
        ("18 || 20 || >=22", ALL),
        ("^18.18.0 || ^20.9.0 || >=21.1.0", ALL),
        (">=14 <19", [18]),
        (">=16.0.0 <=20.x", [18, 20]),
        ("18 - 20", [18, 20]),
        ("~> 22.3", []),
        ("22.x", [22]),
        ("v24.1.0-rc.1 - 30", [24]),
        ("<17", []),
        (">24", []),
        ("||" * 100_000, ALL),
        ("9" * 40, []),
    ],
)
def test_a_range_is_read_as_npm_reads_it(text: str, majors: list[int]) -> None:
    assert [major for major, newest in NEWEST.items() if allows(text, newest)] == majors


@pytest.mark.parametrize(
    ("on", "version"), [(date(2017, 5, 31), "20"), (date(2024, 10, 31), "22"), (date(2025, 11, 30), "24")]
)
def test_the_day_decides_where_nobody_says(on: date, version: str) -> None:
    assert chosen({}, on) == version


def test_engines_decide_before_the_day() -> None:
    assert chosen({"engines": {"node": "^18 || ^24"}}) == "24"
    assert chosen({"engines": {"node": ">=14 <19"}}) == "18"


def test_engines_that_no_image_meets_get_the_nearest() -> None:
    assert chosen({"engines": {"node": "22.3.0"}}) == "22"
    assert chosen({"engines": {"node": "<=12"}}) == "18"


def test_engines_of_tomorrow_are_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected, match="dockerfile") as refused:
        chosen({"engines": {"node": ">=99"}})
    assert refused.value.code == "unsupported"


@pytest.mark.parametrize("path", ["__nvmrc", "__node-version"])
def test_what_developers_use_is_used(path: str) -> None:
    assert chosen({}, **{path: "v24.1.0\n"}) == "24"
    assert chosen({}, **{path: "lts/iron\n"}) == "22"
    assert chosen({}, **{path: "v8\n"}) == "22"


def test_a_lock_file_whose_packages_need_a_newer_one_gets_it() -> None:
    packages = {"node_modules/a": {"engines": {"node": ">=24"}}, "node_modules/b": {"engines": ["node >= 0.2"]}}
    assert chosen({}, **{"package-lock__json": json.dumps({"packages": packages})}) == "24"
    packages["node_modules/a"]["optional"] = True  # type: ignore[assignment]
    assert chosen({}, **{"package-lock__json": json.dumps({"packages": packages})}) == "22"


@pytest.mark.parametrize("told", [{"engines": 3}, {"engines": {"node": {}}}, {"volta": []}])
def test_what_is_malformed_says_nothing(told: dict[str, object]) -> None:
    assert chosen(told, **{"package-lock__json": "[" * 50_000}) == "22"
