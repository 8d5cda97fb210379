"""A twin's names are told back where the run is, with or without a cache, and from nobody else's files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.errors import FileProblem, UserError
from runner.events.base import Event
from runner.runs.folder import RunFolder
from runner.twins.back import FOLDER, LARGEST, LONGEST, MOST, NamesLost, keep_names, original_names
from runner.twins.cache import ABOUT, About
from runner.twins.serving import Twins
from written import answered, call, key, said, trial, write_run

TWIN, ORIGINAL = key("shop", arm="perturbation_rename-move"), key("shop")
NAMES = {"Store": "Cache", "src/a/river.py": "src/a/clock.py"}
ABOUT_SHOP = About(scenario="shop", original="0" * 64, kinds=("rename", "move"), seed=3, names=NAMES)
TWINS = Twins(abouts={"rename+move": {"shop": ABOUT_SHOP}})


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    def steps(file: str, name: str) -> list[Event]:
        return [said(f"I look at `{name}`."), call("run_command", command=f"cat {file}"), answered(f"class {name}:")]

    trials = {TWIN: trial(TWIN, *steps("src/a/river.py", "Store")), ORIGINAL: trial(ORIGINAL, *steps("c.py", "Cache"))}
    return write_run(tmp_path / "night", trials)


def in_the_cache(run: RunFolder, tmp_path: Path) -> Path:
    """The map beside a twin's folder, as runs from before they kept it themselves have it."""
    place = tmp_path / "cache" / "twins" / "k"
    place.mkdir(parents=True)
    (place / ABOUT).write_text(ABOUT_SHOP.model_dump_json())
    folders = {"rename+move": {"shop": str(place / "scenarios" / "shop")}}
    lock = run.lock() | {"folders": {}, "twins": {"folders": folders}}
    run.write_lock(lock | {"study": {**lock["study"], "seed": 3}})
    return place / ABOUT


def test_a_run_tells_its_twins_names_back_without_a_cache(run: RunFolder) -> None:
    keep_names(run.path, TWINS)
    assert original_names(run, TWIN) == NAMES
    assert original_names(run, TWIN.model_copy(update={"arm": "framing_messy+perturbation_rename-move"})) == NAMES
    assert original_names(run, ORIGINAL) == {}


def test_an_old_run_tells_them_by_the_cache_as_long_as_that_is_there(run: RunFolder, tmp_path: Path) -> None:
    file = in_the_cache(run, tmp_path)
    assert original_names(run, TWIN) == NAMES
    file.unlink()
    with pytest.raises(NamesLost, match=r"`taskfit scenarios twin shop --kind rename\+move --seed 3` makes"):
        original_names(run, TWIN)


def test_they_are_written_once_and_renewed_where_they_are_others(run: RunFolder) -> None:
    keep_names(run.path, TWINS)
    (file,) = (run.path / FOLDER).iterdir()
    assert file.name == "shop~rename+move.json"
    written = file.stat().st_mtime_ns
    keep_names(run.path, TWINS)
    assert file.stat().st_mtime_ns == written
    file.write_text("{")
    keep_names(run.path, TWINS)
    assert original_names(run, TWIN) == NAMES


MAPS = {
    "empty": "",
    "a list": "[]",
    "without names": "{}",
    "names that are none": '{"names": []}',
    "deep": "[" * 100_000,
    "no UTF-8": "\xff",
    "too many": json.dumps({"names": dict.fromkeys(map(str, range(MOST + 1)), "a")}),
    "too large": " " * LARGEST + '{"names": {"a": "b"}}',
}


@pytest.mark.parametrize("kind", MAPS)
def test_a_map_that_is_none_is_as_good_as_lost(run: RunFolder, kind: str) -> None:
    (run.path / FOLDER).mkdir()
    (run.path / FOLDER / "shop~rename+move.json").write_text(MAPS[kind], encoding="latin-1")
    with pytest.raises(NamesLost):
        original_names(run, TWIN)


def test_what_is_no_name_is_left_out(run: RunFolder) -> None:
    odd = {"": "a", "a b": "c", "<b>": "c", "d": "<img src=x>", "e": 3, "f": None, "g": "x" * (LONGEST + 1), "h": "i"}
    (run.path / FOLDER).mkdir()
    (run.path / FOLDER / "shop~rename+move.json").write_text(json.dumps({"names": odd, "words": ["h", 3, None]}))
    assert original_names(run, TWIN) == {"h": "i"}
    assert original_names(run, TWIN).words == {"h"}
    (run.path / FOLDER / "shop~rename+move.json").write_text(json.dumps({"names": odd, "words": {"h": 1}}))
    assert original_names(run, TWIN).words == frozenset()


def test_no_link_is_followed_and_no_pipe_waited_for(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    secret = tmp_path / "elsewhere" / "shop~rename+move.json"
    secret.write_text(json.dumps({"names": {"a": "zebra"}}))
    place = run.path / FOLDER
    place.symlink_to(secret.parent)
    with pytest.raises(NamesLost):
        original_names(run, TWIN)
    with pytest.raises(FileProblem, match="is a link"):
        keep_names(run.path, TWINS)
    place.unlink()
    place.mkdir()
    (place / secret.name).symlink_to(secret)
    with pytest.raises(NamesLost):
        original_names(run, TWIN)
    (place / secret.name).unlink()
    os.mkfifo(place / secret.name)
    with pytest.raises(NamesLost):
        original_names(run, TWIN)
    with pytest.raises(NamesLost):
        original_names(run, TWIN.model_copy(update={"scenario": "../../elsewhere/shop"}))
    assert "zebra" in secret.read_text()


def shown(of: str, *more: str) -> str:
    done = CliRunner().invoke(app, ["show", of, *more], env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_terminal_shows_each_name_with_the_originals_behind_it(run: RunFolder) -> None:
    keep_names(run.path, TWINS)
    twin, original = (str(run.trial(each)) for each in (TWIN, ORIGINAL))
    assert "‹" not in shown(twin)
    whole = shown(twin, "--names")
    for line in ("I look at `Store‹Cache›`.", "$ cat src/a/river.py‹src/a/clock.py›", "class Store‹Cache›:"):
        assert line in whole
    assert "class Store‹Cache›:" in shown(twin, "--names", "--grep", "cache")
    assert "I look at `Store‹Cache›`." in shown(twin, "--names", "--step", "2")
    beside = shown(twin, "--names", "--beside", original)
    assert "Store‹Cache›" in beside and "Cache‹" not in beside


def test_names_that_cannot_be_shown_are_a_users_mistake_that_says_why(run: RunFolder) -> None:
    twin, original = (str(run.trial(each)) for each in (TWIN, ORIGINAL))
    for of, more, words in (
        (original, (), "ran on no twin"),
        (twin, ("--json",), "leave --names out"),
        (twin, (), "makes the twin again"),
    ):
        with pytest.raises(UserError, match=words):
            shown(of, "--names", *more)
