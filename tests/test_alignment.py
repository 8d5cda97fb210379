"""Two trials side by side: alike as far as they are, parted where they part, and aligned by what they do then."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.alignment import MOST, Alignment, Exchange, align, beside, patches_apart
from runner.cli import app
from runner.effects import Effect
from runner.errors import UserError
from runner.events.base import Event
from runner.events.conversation import Challenged
from runner.events.origins import Branched
from runner.results import Submission, TrialKey
from runner.runs.folder import RunFolder
from written import answered, began, call, ended, key, said, trial, write_run

ONE, OTHER, BRANCH = key(model="one"), key(model="other"), key(model="one", arm="feedback_prove_it")


def act(name: str, answer: str = "ok") -> list[Event]:
    return [said(f"I do {name}"), call("run_command", Effect.RUN, command=name), answered(answer)]


def pair(folder: Path, left: list[Event], right: list[Event], of_right: TrialKey = OTHER) -> Alignment:
    run = write_run(folder / "run", {ONE: trial(ONE, *left), of_right: trial(of_right, *right)})
    return beside(*(run.trial(each) / "events.jsonl" for each in (ONE, of_right)))


def shape(found: Alignment) -> list[str]:
    return [row.kind for row in found.rows]


def test_trials_that_do_the_same_never_part_whatever_they_say_and_however_long_it_took(tmp_path: Path) -> None:
    left = [*act("a", "3 passed in 0.12s"), said("so"), call("run_command", command="b"), answered("<f at 0x7f00aa>")]
    right = [*act("a", "3 passed in 4.50s"), said("hm"), call("run_command", command="b"), answered("<f at 0x55bb11>")]
    found = pair(tmp_path, left, right)
    assert found.parted is None
    assert set(shape(found)) == {"same"}


def test_they_part_at_the_first_other_action(tmp_path: Path) -> None:
    found = pair(tmp_path, [*act("a"), *act("b"), *act("c")], [*act("a"), *act("x"), *act("c")])
    assert found.parted == 3, "who began, the prompt and the first action are alike"
    assert shape(found)[:5] == ["same", "same", "same", "other", "same"]
    row = found.rows[3]
    assert row.left is not None and row.right is not None
    assert (row.left.head.step, row.right.head.step) == (6, 6)


def test_they_part_also_behind_more_than_is_aligned() -> None:
    def done(name: str) -> Exchange:
        return Exchange(name, "", ())

    alike = [done("a")] * MOST
    found = align([*alike, done("b"), done("c")], [*alike, done("x"), done("c")], ONE, OTHER)
    assert found.parted == MOST
    assert shape(found)[MOST:] == ["other", "same"]


def test_they_part_at_the_first_other_answer_to_the_same_action(tmp_path: Path) -> None:
    found = pair(tmp_path, [*act("a", "1 failed"), *act("b")], [*act("a", "all passed"), *act("b")])
    assert found.parted == 2
    assert shape(found)[2:4] == ["answer", "same"]


def test_what_only_one_side_does_stands_alone_and_the_rest_is_aligned_again(tmp_path: Path) -> None:
    left = [*act("a"), *act("b"), *act("c"), *act("d")]
    right = [*act("a"), *act("c"), *act("d"), *act("e")]
    kinds = shape(pair(tmp_path, left, right))
    assert kinds[:7] == ["same", "same", "same", "left", "same", "same", "right"]


def test_a_branch_stands_beside_its_trunk_from_the_challenge_on(tmp_path: Path) -> None:
    handed = Submission(summary="done", confidence=0.5)
    trunk = trial(ONE, *act("a"))
    step = next(at for at, event in enumerate(trunk) if event.type == "submitted")  # type: ignore[attr-defined]
    branch = [
        began(BRANCH),
        Branched(trunk=ONE, trunk_step=step, resolved=True, submission=handed),
        Challenged(challenge="prove_it", text="prove it"),
        *act("b"),
        *ended(),
    ]
    run = write_run(tmp_path / "run", {ONE: trunk, BRANCH: branch})
    files = [run.trial(each) / "events.jsonl" for each in (ONE, BRANCH)]
    found = beside(files[0], files[1])
    assert found.parted is not None
    alike = found.rows[: found.parted]
    assert all(row.right is not None and row.right.inherited for row in alike)
    assert any(row.left is not None and row.left.events[-1].step == step for row in alike)
    first = found.rows[found.parted].right
    assert first is not None and isinstance(first.head, Challenged)
    mirrored = beside(files[1], files[0])
    assert mirrored.parted == found.parted


def test_trials_of_two_scenarios_are_refused(tmp_path: Path) -> None:
    elsewhere = key(scenario="elsewhere")
    run = write_run(tmp_path / "run", {ONE: trial(ONE), elsewhere: trial(elsewhere)})
    with pytest.raises(UserError, match="only trials of one scenario"):
        beside(*(run.trial(each) / "events.jsonl" for each in (ONE, elsewhere)))


def test_a_transcript_that_says_not_whose_it_is_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {ONE: trial(ONE), OTHER: [said("a")]})
    with pytest.raises(UserError, match="does not say which trial"):
        beside(*(run.trial(each) / "events.jsonl" for each in (ONE, OTHER)))


def test_long_trials_of_few_actions_are_aligned_in_seconds(tmp_path: Path) -> None:
    draw = random.Random(7)
    sides = [[event for _ in range(2500) for event in act(draw.choice("ab"))] for _ in range(2)]
    run = write_run(tmp_path / "run", {ONE: trial(ONE, *sides[0]), OTHER: trial(OTHER, *sides[1])})
    files = [run.trial(each) / "events.jsonl" for each in (ONE, OTHER)]
    began_at = time.process_time()
    found = beside(files[0], files[1])
    assert time.process_time() - began_at < 20
    assert sum(row.left is not None for row in found.rows) == sum(row.right is not None for row in found.rows) == 2504


def test_equal_patches_have_no_difference() -> None:
    assert patches_apart("+a\n", "+a\n") == []
    assert patches_apart("+a\n", "+b\n")[-2:] == ["-+a", "++b"]


def test_show_sets_two_trials_side_by_side_and_tells_mistakes(tmp_path: Path) -> None:
    run: RunFolder = write_run(
        tmp_path / "run", {ONE: trial(ONE, *act("a")), OTHER: trial(OTHER, *act("\x1b[31mb"), verdict="unresolved")}
    )
    (run.trial(ONE) / "patch.diff").write_text("+one\n")
    (run.trial(OTHER) / "patch.diff").write_text("+other\x1b[0m\n")
    argv = ["show", str(run.trial(ONE)), "--beside", str(run.trial(OTHER))]
    shown = CliRunner().invoke(app, argv, catch_exceptions=False).output
    assert "here they part" in shown
    assert "++one" not in shown and "-+one" in shown
    assert "\x1b[31m" not in shown and "\x1b[0m" not in shown
    with pytest.raises(UserError, match="leave the other options out"):
        CliRunner().invoke(app, [*argv, "--json"], catch_exceptions=False)
    one = CliRunner().invoke(app, ["show", f"{run.trial(ONE)}@1"], catch_exceptions=False).output
    assert "the task" in one and "I do a" not in one
