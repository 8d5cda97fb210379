"""A trial is read in a real browser: from the matrix to its first wrong turn, by keys, by links, without a script."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from contrast import CONTRAST
from runner.approvals import Action, Decision, Request
from runner.approvals import Verdict as Ruled
from runner.effects import Effect
from runner.events.base import Event
from runner.events.calls import CallProposed, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Replied
from runner.events.endings import Submitted, TrialFinished
from runner.events.grading import Graded, ScenarioFacts
from runner.events.origins import TrialStarted
from runner.labels.file import LabelFile
from runner.labels.steps import place
from runner.messages import AssistantMessage, Reply, Usage, to_json
from runner.results import Submission, TrialKey
from runner.runs.folder import RunFolder
from runner.scenarios.scenario import Checks
from runner.viewer.place import Place
from runner.viewer.serving import Address, served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
WRONG, RIGHT, LIVE = (TrialKey(scenario="s", model=name, repeat=1) for name in ("wrong", "right", "live"))
LONG = "".join(f"line {number} of a long output\n" for number in range(60_000))
TRIAL = "/runs/a-run/trials/s.wrong.control.1"


def reply(turn: int, words: str = "I look.") -> Replied:
    message = AssistantMessage(text=words)
    return Replied(turn=turn, reply=Reply(message=message, cost_usd=0.01, usage=Usage(input=90, output=10)))


def call(name: str, tool: str, effect: Effect, ruling: Any = "allow", **arguments: Any) -> CallProposed:
    targets = (arguments["path"],) if "path" in arguments else ()
    policy = Ruled(ruling=ruling, rule="a-rule")
    return CallProposed(call_id=name, tool=tool, arguments=arguments, effects=(effect,), targets=targets, policy=policy)


def answer(name: str, tool: str, text: str = "done", **other: Any) -> ToolReturned:
    return ToolReturned(call_id=name, tool=tool, text=text, **other)


def wrong() -> list[Event]:
    """Fails: it edits the wrong file, which breaks a test, is told no, loses an edit, and hands in all the same."""
    action = Action(tool="write_file", arguments={}, effects=frozenset({Effect.PROTECTED}))
    request = Request(action=action, trigger="gate", rule="a-rule")
    events: list[Event] = [TrialStarted(key=WRONG, attempt=1, image="i", seed=1)]
    for turn in range(1, 41):
        name = str(turn)
        events += [reply(turn), call(name, "run_command", Effect.READ, command="rg x"), answer(name, "run_command")]
    events += [
        reply(41),
        call("t", "run_tests", Effect.RUN),
        answer("t", "run_tests", "exit code 0\n5 passed", exit_code=0),
        reply(42, "This must be it."),
        call("e", "edit_file", Effect.EDIT, path="src/b.py", old="a = 1\nb = 2", new="a = 1\nb = 3"),
        answer("e", "edit_file"),
        reply(43),
        call("u", "run_tests", Effect.RUN),
        answer("u", "run_tests", f"exit code 1\n{LONG}2 failed, 3 passed", exit_code=1),
        reply(44),
        call("w", "write_file", Effect.PROTECTED, "ask", path="tests/t.py", content="pass"),
        Decided(
            call_id="w",
            request=request,
            decision=Decision(outcome="approve", approver="human"),
            action_digest="d",
            seconds=12,
        ),
        FaultDelivered(fault="lost_edit", visibility="implicit", persistence="transient", tool="write_file", nth=1),
        answer("w", "write_file"),
        reply(45),
        call("x", "read_file", Effect.READ, path="gone.py"),
        answer("x", "read_file", "no such file", is_error=True),
        Submitted(submission=Submission(summary="done", confidence=0.9)),
        ScenarioFacts(locations=("src/a.py::f",), checks=Checks()),
        Graded(
            outcomes={"t.py::a": "failed", "t.py::b": "passed"}, canaries="honest", failures={"t.py::a": "E   1 != 2"}
        ),
        TrialFinished(verdict="unresolved", reason="1 of 2 expected tests does not pass"),
    ]
    return events


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, write_trials: Callable[..., RunFolder]) -> RunFolder:
    right = [TrialStarted(key=RIGHT, attempt=1, image="i", seed=1), reply(1), TrialFinished(verdict="resolved")]
    live = [TrialStarted(key=LIVE, attempt=1, image="i", seed=1), reply(1)]
    trials = {WRONG: wrong(), RIGHT: right, LIVE: live}
    return write_trials(tmp_path_factory.mktemp("reading") / "a-run", trials)


@pytest.fixture(scope="module")
def address(run: RunFolder) -> Iterator[Address]:
    with served(Place([run])) as address:
        yield address


def test_a_reader_comes_from_the_runs_to_the_first_wrong_turn(address: Address, watched: Callable[..., Any]) -> None:
    seen = watched(address)
    seen.page.get_by_role("link", name="a-run").click()
    seen.page.get_by_role("link", name="unresolved").click()
    trouble = seen.page.locator(".trouble").inner_text()
    assert "First sign of trouble: turn 42" in trouble and "edits src/b.py, but the fault is in src/a.py" in trouble
    assert "E   1 != 2" in seen.page.locator(".told").inner_text()
    seen.page.locator(".trouble a").first.click()
    seen.page.wait_for_selector(".here")
    edit = seen.page.locator(".here")
    assert "edit_file" in edit.inner_text() and edit.locator(".old").all_inner_texts()[-1] == "b = 2"
    assert edit.locator(".new").all_inner_texts()[-1] == "b = 3"
    assert seen.trouble == []


def test_keys_go_through_tests_errors_edits_approvals_faults_and_turns(
    address: Address, watched: Callable[..., Any]
) -> None:
    seen = watched(address)
    seen.open(TRIAL)
    for key, tool in {
        "t": "run_tests",
        "e": "read_file",
        "d": "edit_file",
        "a": "write_file",
        "f": "write_file",
    }.items():
        seen.open(TRIAL)
        seen.press(key)
        seen.page.wait_for_selector(".here")
        assert seen.page.locator(".here .tool").inner_text() == tool
    first = seen.page.locator(".here").get_attribute("id")
    for key in "kkjj":
        seen.press(key)
    assert seen.page.locator(".here h2").inner_text().startswith("Turn 44"), first
    for key, state in {"T": "tests fail", "G": "Submission"}.items():
        seen.press(key)
        assert state in seen.page.locator(".here h3").inner_text()
    seen.open(TRIAL)
    seen.press("?")
    assert seen.page.get_by_role("dialog").is_visible()
    seen.press("Escape")
    seen.press("u")
    seen.page.wait_for_url("**/runs/a-run")
    assert seen.trouble == []


def test_a_long_output_is_fetched_when_it_is_unfolded_and_more_of_it_after_that(
    address: Address, watched: Callable[..., Any]
) -> None:
    seen = watched(address)
    seen.open(f"{TRIAL}?at=129#s129")
    size = len(seen.page.content())
    assert size < 400_000
    link = seen.page.locator("a[data-whole]").first
    link.click()
    seen.page.wait_for_selector(".whole")
    assert seen.page.locator(".whole").inner_text().startswith("exit code 1\nline 0 of a long output\n")
    seen.page.get_by_role("button", name="more of it").click()
    expect(seen.page.locator(".whole")).to_contain_text("line 5000 of")
    assert seen.trouble == []


def test_everything_can_be_read_without_a_script(address: Address, watched: Callable[..., Any]) -> None:
    seen = watched(address, script=False)
    seen.open(TRIAL)
    seen.page.get_by_role("link", name="Later turns").click()
    seen.page.locator("a[data-whole]").first.click()
    assert "line 0 of a long output" in seen.page.locator("pre").first.inner_text()
    seen.page.get_by_role("link", name="after").click()
    seen.page.get_by_role("link", name="Among its turns").click()
    assert seen.page.url.endswith("#s129")
    assert seen.trouble == []


def test_a_running_trial_grows_on_the_page(address: Address, run: RunFolder, watched: Callable[..., Any]) -> None:
    seen = watched(address)
    seen.open("/runs/a-run/trials/s.live.control.1")
    with (run.trial(LIVE) / "events.jsonl").open("ab") as handle:
        handle.write(to_json(reply(2, "What comes later.")) + b"\n" + b'{"torn')
    seen.page.wait_for_selector("text=What comes later.")
    assert seen.page.locator(".part.turn").count() == 2
    assert seen.trouble == []


def long_and_thoughtful() -> list[Event]:
    """A trial that runs: outputs to unfold, and thoughts."""
    events: list[Event] = [TrialStarted(key=LIVE, attempt=1, image="i", seed=1)]
    for number in range(1, 13):
        thought = ({"type": "thinking", "thinking": f"I think of {number}. " * 20},)
        said = AssistantMessage(text=f"Turn {number}.", native=thought, native_format="messages")
        name = f"c{number}"
        events += [
            Replied(turn=number, reply=Reply(message=said)),
            call(name, "run_command", Effect.RUN),
            answer(name, "run_command", f"line of {number}\n" * 400, exit_code=0),
        ]
    return events


TOP = "document.getElementById('s22').getBoundingClientRect().top"


def test_a_note_on_a_running_trials_step_appears_and_the_reader_stays_where_he_was(
    tmp_path: Path, write_trials: Callable[..., RunFolder], watched: Callable[..., Any]
) -> None:
    run = write_trials(tmp_path / "a-run", {LIVE: long_and_thoughtful()})
    with served(Place([run])) as address:
        seen = watched(address)
        page = seen.page
        seen.open("/runs/a-run/trials/s.live.control.1")
        neighbours = page.locator(".neighbours")
        neighbours.locator("summary").click()
        thoughts = page.locator("#s13 .thoughts")
        thoughts.locator("summary").click()
        whole = page.locator("#s15 .whole, #s14 .whole")
        page.locator("#s15 a[data-whole], #s14 a[data-whole]").first.click()
        whole.evaluate("box => box.scrollTop = 300")
        page.evaluate("document.getElementById('s22').scrollIntoView({behavior: 'instant'})")
        page.evaluate("scrollBy({top: -40, behavior: 'instant'})")
        before = page.evaluate(TOP)

        LabelFile(run.path).add(place(run.trial(LIVE) / "events.jsonl", 15), "ada", label="lucky-fix", note="so " * 200)
        note = page.locator(".said", has_text="lucky-fix")
        note.wait_for(state="attached")
        with (run.trial(LIVE) / "events.jsonl").open("ab") as handle:
            handle.write(to_json(reply(13, "What comes later.")) + b"\n")
        page.locator("text=What comes later.").wait_for(state="attached")
        assert neighbours.get_attribute("open") is None
        assert thoughts.get_attribute("open") is not None
        assert whole.evaluate("box => box.scrollTop") == 300
        assert abs(page.evaluate(TOP) - before) < 3

        seen.press("j", "l")
        page.wait_for_url("**/labels")
        page.get_by_label("wrong-root-cause").check()
        page.get_by_role("button", name="Say so").click()
        seen.press("u")
        page.locator(".said", has_text="wrong-root-cause").wait_for()
        expect(neighbours).not_to_have_attribute("open", "")
        expect(thoughts).to_have_attribute("open", "")
        assert seen.trouble == []


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_window_and_its_words_can_be_read(
    address: Address, watched: Callable[..., Any], width: int, scheme: str
) -> None:
    seen = watched(address, width, scheme)
    below = ("", "?at=126#s126", "/steps/129", "/steps/126/labels", "/beside", "/beside?with=s.right.control.1")
    for path in ("/", "/runs/a-run", "/search", "/runs/a-run/approvals", *(f"{TRIAL}{each}" for each in below)):
        seen.open(path)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.locator("h1").count() == seen.page.locator("main").count() == 1
        assert seen.page.evaluate(CONTRAST) == []
    assert seen.trouble == []


def test_a_large_trial_is_painted_within_a_second_and_scrolls(
    tmp_path: Path, write_trials: Callable[..., RunFolder], watched: Callable[..., Any]
) -> None:
    """5,000 events, 50 MB, by a server that has not seen them.

    On a busy machine a second is as many times longer as it takes to read the same lines as JSON (`QUIET` seconds where
    nothing else runs), measured right beside it, by the clock and of a processor; the best of three counts.
    """
    text = LONG[:30_000]
    events: list[Event] = [TrialStarted(key=WRONG, attempt=1, image="i", seed=1)]
    while len(events) < 5000:
        name = str(len(events))
        made = call(name, "run_tests", Effect.RUN)
        events += [reply(len(events)), made, answer(name, "run_tests", text, exit_code=1)]
    run = write_trials(tmp_path / "a-run", {WRONG: [*events, TrialFinished(verdict="unresolved")]})
    file = run.trial(WRONG) / "events.jsonl"
    assert file.stat().st_size > 50_000_000
    slowdowns, works = [], []
    for _ in range(3):
        with served(Place([run])) as address:
            seen = watched(address)
            floor, work = _read_as_json(file)
            before = time.process_time()
            seen.page.goto(f"{seen.base}{TRIAL}")
            painted = seen.page.evaluate(PAINTED) / 1000
            works.append((time.process_time() - before) / max(1.0, work / QUIET))
            slowdowns.append(painted / max(1.0, floor / QUIET))
            seen.page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
            seen.page.locator(".part").nth(31).wait_for(state="attached")
            assert seen.trouble == []
        if slowdowns[-1] < 1 and works[-1] < 1:
            break
    assert min(slowdowns) < 1, slowdowns
    assert min(works) < 1, works


def _read_as_json(file: Path) -> tuple[float, float]:
    """Seconds by the wall clock, and of a processor."""
    began, before = time.perf_counter(), time.process_time()
    for line in file.read_bytes().splitlines():
        json.loads(line)
    return time.perf_counter() - began, time.process_time() - before


QUIET = 0.125
"""Seconds."""
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  const first = list.getEntries().find((each) => each.name === "first-contentful-paint");
  if (first) done(first.startTime);
}).observe({ type: "paint", buffered: true }))"""
"""Milliseconds from the start of the navigation to the first paint."""
