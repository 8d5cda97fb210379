"""A workspace kept beside its transcript: the same again after a round trip, and damage that is named."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import pytest

from runner.errors import FileProblem
from runner.grading.acceptance import Changes
from runner.trials.snapshot import DELETED, FILE, MOST, load, save
from sandboxes.archive import Entry, write_tar

ODD = (
    "src/with space.py",
    " leading and trailing ",
    "-rf",
    "new\nline\ttab",
    "quote'\"`$(x)",
    "back\\slash",
    "日本/é/e\u0301.py",
    "*",
    "?[a]",
    "~",
    "..three",
    "...",
    ".hidden/.x",
    "a" * 255,
    "/".join(["deep" * 20] * 12),
    "not-utf8-\udcff\udc80",
    "bell\x07\x1b[31m",
    "\u202eright",
    "c:drive",
    "null\u2400",
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"src/a.py": Entry(b"x = 1\n")},
        {"src/a.py": None},
        {"empty": Entry(b""), "bytes": Entry(bytes(range(256)) * 100)},
        {"run.sh": Entry(b"#!/bin/sh\n", executable=True), "plain.sh": Entry(b"#!/bin/sh\n")},
        {"l": Entry(b"src/a.py", is_link=True), "up": Entry(b"../../etc/passwd", is_link=True)},
        {"loop": Entry(b"loop", is_link=True), "abs": Entry(b"/etc", is_link=True)},
        {"odd": Entry("nicht-utf8-\udcff".encode("utf-8", "surrogateescape"), is_link=True)},
        {"long": Entry(b"x/" * 2000, is_link=True)},
        {"pkg": Entry(b"now a file"), "pkg/a.py": None, "pkg/b/c.py": None},
        {"mod.py": None, "mod.py/__init__.py": Entry(b"now a folder")},
        {path: Entry(path.encode("utf-8", "surrogateescape")) for path in ODD},
        dict.fromkeys(ODD),
        {"two": Entry(b"same"), "times": Entry(b"same")},
    ],
    ids=lambda changes: ",".join(changes)[:40].encode("ascii", "replace").decode() or "nothing",
)
def test_what_was_saved_comes_back(tmp_path: Path, changes: Changes) -> None:
    assert save(tmp_path, changes)
    assert load(tmp_path) == changes


def test_the_same_changes_make_the_same_file(tmp_path: Path) -> None:
    for name, changes in (("one", {"a": Entry(b"1"), "b": None}), ("two", {"b": None, "a": Entry(b"1")})):
        (tmp_path / name).mkdir()
        save(tmp_path / name, changes)
    one = (tmp_path / "one" / FILE).read_bytes()
    assert one == (tmp_path / "two" / FILE).read_bytes()
    assert one[4:8] == bytes(4), "no time is in it"


def test_a_later_snapshot_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    save(tmp_path, {"a": Entry(b"1"), "b": None})
    save(tmp_path, {"c": Entry(b"3")})
    assert load(tmp_path) == {"c": Entry(b"3")}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_too_much_is_not_kept_and_what_is_just_not_too_much_is(tmp_path: Path) -> None:
    half = bytes(MOST // 2)
    assert not save(tmp_path, {"a": Entry(half), "b": Entry(half), "c": Entry(b"x")})
    assert list(tmp_path.iterdir()) == []
    assert save(tmp_path, {"a": Entry(half), "b": Entry(half)})
    assert len(load(tmp_path)) == 2


def test_a_trial_that_left_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="left no workspace") as caught:
        load(tmp_path)
    assert caught.value.path == tmp_path / FILE


def packed(tree: dict[str, Entry]) -> bytes:
    return gzip.compress(write_tar(tree, owner=0))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\x1f\x8b",
        gzip.compress(b""),
        gzip.compress(b"garbage" * 1000),
        packed({}),
        packed({"a": Entry(b"1")}),
        packed({DELETED: Entry(b"")}),
        packed({DELETED: Entry(b"{not json")}),
        packed({DELETED: Entry(b"3")}),
        packed({DELETED: Entry(b"null")}),
        packed({DELETED: Entry(b"\xff")}),
    ],
    ids=range(12),
)
def test_a_file_that_is_no_snapshot_is_a_problem_with_its_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(FileProblem) as caught:
        load(tmp_path)
    assert caught.value.path == tmp_path / FILE


def test_a_folder_in_its_place_is_a_problem_with_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(FileProblem):
        load(tmp_path)


def test_a_snapshot_cut_at_any_byte_is_a_problem_never_a_part_of_it(tmp_path: Path) -> None:
    save(tmp_path, {"a.py": Entry(os.urandom(700)), "b.py": None})
    whole = (tmp_path / FILE).read_bytes()
    for size in range(len(whole)):
        (tmp_path / FILE).write_bytes(whole[:size])
        with pytest.raises(FileProblem):
            load(tmp_path)


def test_a_large_snapshot_with_a_damaged_stretch_is_a_problem_wherever_it_is(tmp_path: Path) -> None:
    save(tmp_path, {"a.py": Entry(bytes(random.Random(1).choices(b"abcdefgh \n", k=3_000_000)))})
    whole = (tmp_path / FILE).read_bytes()
    for place in range(100, len(whole), 20_000):
        byte = (b"\0", b"\xff", b"\x55")[place // 20_000 % 3]
        (tmp_path / FILE).write_bytes(whole[:place] + byte * 200 + whole[place + 200 :])
        with pytest.raises(FileProblem, match="damaged"):
            load(tmp_path)


@pytest.mark.parametrize(("size", "flips"), [(1_000, 300), (300_000, 20)])
def test_a_snapshot_with_a_flipped_bit_is_a_problem_or_what_it_was(tmp_path: Path, size: int, flips: int) -> None:
    drawn = random.Random(1)
    changes: Changes = {"a.py": Entry(bytes(drawn.choices(b"abcdefgh \n", k=size))), "b.py": None}
    save(tmp_path, changes)
    whole = (tmp_path / FILE).read_bytes()
    for _ in range(flips):
        damaged = bytearray(whole)
        damaged[drawn.randrange(len(whole))] ^= 1 << drawn.randrange(8)
        (tmp_path / FILE).write_bytes(damaged)
        try:
            found = load(tmp_path)
        except FileProblem:
            continue
        assert found == changes


def test_a_snapshot_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    listed = json.dumps([]).encode()
    data = packed({DELETED: Entry(listed), "a": Entry(bytes(MOST)), "b": Entry(bytes(MOST)), "c": Entry(b"x")})
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(FileProblem, match="MiB"):
        load(tmp_path)
