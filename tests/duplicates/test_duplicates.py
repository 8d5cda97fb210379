"""Near duplicates are found whatever they are called, and different tasks are not."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.duplicates.near import against, within
from runner.duplicates.texts import VIEWS, Described, corpus, described, shingles, sides
from runner.errors import UserError
from runner.scenarios.catalog import load_scenario, scenario_folders

ISSUE = """\
Totals drift by a cent when an invoice mixes two tax rates. With three items at 7 % and one at 19 % the sum of the
lines is 41.30, and the document says 41.31. It should round each rate's tax once, half away from zero.
"""
CODE = """\
@@ -1,9 +1,12 @@
 def total(lines):
     result = 0
     for line in lines:
-        result += round(line.net * line.rate, 2)
+        group = groups.setdefault(line.rate, Group(line.rate))
+        group.add(line.net)
+    for group in sorted(groups.values()):
+        result += group.rounded(half_up=True)
     return result
"""


def task(name: str, instruction: str = ISSUE, code: str = CODE, pack: str = "pack") -> Described:
    added, around = sides(f"diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n{code}")
    texts = dict(zip(VIEWS, (instruction, added, around, f"{around}\n{added}"), strict=True))
    return Described(name, pack, texts)


def renamed(code: str) -> str:
    for old, new in (("group", "bucket"), ("total", "amount"), ("line", "entry"), ("result", "out"), ("rate", "vat")):
        code = code.replace(old, new)
    return code


def words(seed: int, count: int) -> str:
    luck = random.Random(seed)
    return " ".join(f"w{luck.randrange(5_000)}" for _ in range(count))


def test_the_same_task_under_another_name_is_found() -> None:
    [pair] = within([task("a"), task("b", pack="other")])
    assert (pair.first, pair.second, pair.first_source, pair.second_source) == ("a", "b", "pack", "other")
    assert pair.score == 1.0


def test_a_renamed_fix_is_found_by_its_shape() -> None:
    [pair] = within([task("a"), task("b", instruction=words(1, 60), code=renamed(CODE))])
    assert pair.scores["patch"] < 0.5
    assert pair.scores["shape"] > 0.9


def test_an_issue_with_a_few_other_words_is_found() -> None:
    other = ISSUE.replace("invoice", "bill").replace("document", "page")
    [pair] = within([task("a"), task("b", instruction=other, code="")])
    assert 0.5 <= pair.score < 1.0


def test_what_says_too_little_is_no_duplicate() -> None:
    one_line = "@@ -1 +1 @@\n-    return a\n+    return b\n"
    assert within([task("a", words(1, 60), one_line), task("b", words(2, 60), one_line)]) == []


def test_built_in_scenarios_are_no_duplicates_of_each_other() -> None:
    found = [described(load_scenario(folder)) for folder in scenario_folders().values()]
    assert within(found) == []


def test_a_corpus_that_holds_an_issue_or_a_fix_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text(f"{words(3, 900)}\n\n{ISSUE}\n{words(4, 900)}")
    (tmp_path / "other.md").write_text(words(5, 2_000))
    [pair] = against([task("a")], corpus(tmp_path))
    file, _, line = pair.second.rpartition(":")
    assert file == str(tmp_path / "notes.md")
    assert int(line) <= 4
    assert pair.scores["instruction"] > 0.9


def test_hostile_corpora_are_read_within_bounds(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\0" * 100 + ISSUE.encode())
    (tmp_path / "latin").write_bytes(ISSUE.encode() + b"\xff\xfe")
    (tmp_path / "long").write_text("a" * 3_000_000)
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "passwords").symlink_to("/etc/passwd")
    [pair] = against([task("a")], corpus(tmp_path))
    assert Path(pair.second_source).name == "latin"
    with pytest.raises(UserError, match="is no folder"):
        list(corpus(tmp_path / "missing"))


def test_patches_that_are_none_have_no_sides() -> None:
    assert sides("") == ("", "")
    assert sides("+++ b/x\n+not in a hunk\n") == ("", "")
    assert shingles("code", "") == frozenset()


def test_a_thousand_scenarios_take_seconds() -> None:
    found = [task(f"s{at}", words(at, 150), f"@@ -1 +1 @@\n+{words(at + 10_000, 150)}\n") for at in range(1_000)]
    found += [task("copy", words(7, 150), "")]
    started = time.process_time()
    [pair] = within(found)
    assert (pair.first, pair.second) == ("s7", "copy")
    assert time.process_time() - started < 20


def test_the_command_shows_pairs_side_by_side_and_as_json(
    tmp_path: Path, scenario_writer: Callable[[Path], Callable[..., Path]]
) -> None:
    for pack in ("one", "two"):
        scenario_writer(tmp_path / pack)(f"invoice-{pack}", **{"instruction.md": ISSUE})
    packs = [str(tmp_path / pack / "scenarios") for pack in ("one", "two")]
    shown = CliRunner().invoke(app, ["scenarios", "duplicates", *packs, "--show", "1"])
    assert shown.exit_code == 0
    assert "1.00  invoice-one  ~  invoice-two" in shown.output
    assert shown.output.count("Totals drift") == 2
    found = json.loads(CliRunner().invoke(app, ["scenarios", "duplicates", *packs, "--json"]).output)
    assert [(pair["first"], pair["second"], pair["score"]) for pair in found] == [("invoice-one", "invoice-two", 1.0)]
