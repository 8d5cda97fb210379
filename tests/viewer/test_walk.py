"""A reader's whole way in one go: matrix, trial, first wrong turn, diff, files, search, side by side, label, answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from runner.approvals import Action, Request
from runner.approvers.questions import Questions
from runner.effects import Effect
from runner.events.base import Event
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import Graded, ScenarioFacts
from runner.labels.file import LabelFile
from runner.results import Submission
from runner.scenarios.scenario import Checks
from runner.viewer.serving import Address
from written import answered, call, key, said, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
SCENARIO = "memo-expiry-edge"
FOLDER = Path(__file__).parents[2] / "scenarios" / SCENARIO
WRONG, RIGHT = key(SCENARIO, "wrong"), key(SCENARIO, "right")
REQUEST = Request(
    action=Action(
        tool="write_file",
        arguments={"path": "src/memo/entry.py", "content": "raise SystemExit\n"},
        effects=frozenset({Effect.PROTECTED}),
        targets=("src/memo/entry.py",),
        preview="raise SystemExit\n",
    ),
    trigger="gate",
    rule="a-rule",
)


def wrong() -> list[Event]:
    """Writes a file anew in which the fault is not, and hands in."""
    written = {"path": "src/memo/clock.py", "content": '"""A clock that pelicans read."""\n'}
    facts = ScenarioFacts(locations=("src/memo/entry.py::Entry.is_expired",), checks=Checks())
    return [
        said("I look."),
        call("read_file", call_id="a", path="src/memo/clock.py"),
        answered("1\tfrom time import time", tool="read_file", call_id="a"),
        said("It must be the clock.", 2),
        call("write_file", Effect.EDIT, call_id="b", **written).model_copy(update={"targets": ("src/memo/clock.py",)}),
        answered("wrote src/memo/clock.py", tool="write_file", call_id="b"),
        Submitted(submission=Submission(summary="done", confidence=0.9)),
        facts,
        Graded(outcomes={"t.py::a": "failed"}, canaries="honest", failures={"t.py::a": "E   assert 1 is None"}),
        TrialFinished(verdict="unresolved", reason="1 of 1 expected tests does not pass"),
    ]


def test_from_the_matrix_to_a_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    right = [*wrong()[:3], said("It is the entry.", 2)]
    begun = trial(WRONG)[:2]
    run = write_run(tmp_path / "runs" / "night", {WRONG: [*begun, *wrong()], RIGHT: trial(RIGHT, *right)})
    run.write_lock(run.lock() | {"folders": {SCENARIO: str(FOLDER)}})
    began = time.process_time()
    with run.held():
        asked = Questions(run.path).ask(RIGHT, REQUEST, 600, "escalate")
        seen = watched(serve(run))
        page = seen.page

        seen.press("j")
        seen.press("Enter")
        page.get_by_role("link", name="unresolved: wrong").click()
        expect(page.locator(".trouble")).to_contain_text(
            "edits src/memo/clock.py, but the fault is in src/memo/entry.py"
        )
        page.locator(".trouble a").first.click()
        step = page.locator(".here")
        expect(step.locator(".old").first).to_contain_text('"""')
        expect(step.locator(".new").first).to_have_text('"""A clock that pelicans read."""')

        step.get_by_role("link", name="files here").click()
        expect(page.locator("h3 code")).to_have_text("src/memo/clock.py")
        seen.press("u")
        page.wait_for_url("**#s7")

        seen.press("/")
        page.get_by_label("Query").fill("pelicans")
        seen.press("Enter")
        page.locator(".found li a").first.click()
        page.wait_for_url("**#s6")

        page.get_by_role("link", name="Beside another").click()
        page.get_by_role("link", name="resolved: right").click()
        expect(page.locator("#parting")).to_be_visible()
        seen.press("u")

        seen.press("d")
        seen.press("l")
        page.get_by_label("wrong-root-cause").check()
        page.get_by_label("Reader").fill("ada")
        page.get_by_role("button", name="Say so").click()
        seen.press("u")
        expect(page.locator("#s6 .said")).to_contain_text("wrong-root-cause ada")
        seen.press("u")

        page.get_by_role("link", name="1 request waits for a person").click()
        page.get_by_role("link", name="write_file").click()
        seen.press("y")
        page.wait_for_url("**/night/approvals")
    answer = Questions(run.path).answer(asked.id)
    assert answer is not None and answer.outcome == "approve"
    assert [mark.step for mark in LabelFile(run.path).marks()] == [6]
    assert seen.trouble == []
    assert time.process_time() - began < 30
