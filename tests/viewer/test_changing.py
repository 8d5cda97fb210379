"""A call changed in the browser: filled in, shown with what it would do, ruled on, and approved as exactly that."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from payloads import ELEMENTS, PAYLOADS
from runner.approvals import Action, Request
from runner.approvers.policy import load_policy
from runner.approvers.questions import Question, Questions
from runner.effects import Effect
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.lock import lock_of
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from runner.viewer.arguments import fields, filled, read
from runner.viewer.serving import Address
from test_finding_pages import own, token, worked_on
from written import key, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
ONE = key("doubling", "noop")
CONTENT = "\n\tfirst line is empty\n<b>&amp;\n"
WRITE = {"path": "tests/test_calc.py", "content": CONTENT}
Client = Callable[[Address], httpx.Client]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_scenario: Callable[..., Path]) -> RunFolder:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = write_run(tmp_path / "runs" / "night", {ONE: trial(ONE)[:2]})
    found = load_scenario(write_scenario())
    made.write_lock(lock_of(Study(models=("noop",)), load_policy(), {"doubling": found}, "an engine"))
    return made


def asks(questions: Questions, tool: str = "write_file", of: TrialKey = ONE, **arguments: Any) -> Question:
    action = Action(tool=tool, arguments=arguments or WRITE, effects=frozenset({Effect.PROTECTED}), targets=("t",))
    return questions.ask(of, Request(action=action, trigger="gate", rule="ask-for-tests"), 600, "escalate")


def test_a_key_opens_the_arguments_and_exactly_what_was_shown_is_approved(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    with worked_on(run) as questions:
        asked = asks(questions)
        seen = watched(serve(run))
        page = seen.page
        seen.open(f"/runs/night/approvals/{asked.id}")
        seen.press("e")
        page.wait_for_url("**/arguments")
        path, content = page.get_by_label("path"), page.get_by_label("content")
        expect(path).to_be_focused()
        assert content.input_value() == CONTENT, "whatever it holds, as it is"
        path.fill("src/calc.py\x09")
        path.fill("src/calc.py")
        seen.press("Control+Enter")
        expect(page.locator(".effect")).to_have_text("edit R1")
        expect(page.locator("dl.facts")).to_contain_text("allow by rule edit-in-scope")
        assert questions.answer(asked.id) is None, "seeing decides nothing"
        seen.press("e")
        expect(page.get_by_label("path")).to_be_focused()
        page.get_by_label("path").fill("setup.cfg")
        seen.press("Control+Enter")
        expect(page.locator(".effect")).to_have_text("out of scope R3")
        expect(page.get_by_role("status")).to_contain_text("Was not asked for: out of scope")
        seen.press("y")
        page.wait_for_url("**/night/approvals")
    answer = questions.answer(asked.id)
    assert answer is not None and (answer.outcome, answer.approver) == ("modify", "human")
    assert answer.arguments == {**WRITE, "path": "setup.cfg"}
    exact = Action(tool="write_file", arguments=answer.arguments, effects=frozenset())
    assert (answer.digest, answer.effects) == (exact.digest, (Effect.OUT_OF_SCOPE,))
    assert seen.trouble == []


def test_what_the_policy_forbids_can_be_seen_and_not_approved(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    address = serve(run)
    asked = client(address)
    with worked_on(run) as questions:
        waiting = asks(questions, "run_command", command="pip install x", timeout_seconds=None)
        page = f"/runs/night/approvals/{waiting.id}"
        form = {"form_token": token(asked.get(f"{page}/arguments").text)}
        changed = {**form, "text.command": "cat ~/.ssh/id_rsa", "json.timeout_seconds": "null"}
        shown = asked.post(f"{page}/arguments", data=changed, headers=own(address)).text
        assert "Nobody can approve it" in shown and "Approve this instead" not in shown
        secret = Action(
            tool="run_command",
            arguments={"command": "cat ~/.ssh/id_rsa", "timeout_seconds": None},
            effects=frozenset(),
        )
        forged = {**form, "outcome": "modify", "arguments": json.dumps(secret.arguments), "digest": secret.digest}
        answer = asked.post(page, data=forged, headers=own(address))
        assert answer.status_code == 409 and "Nobody can approve it" in answer.text
        assert questions.answer(waiting.id) is None


def test_only_the_call_that_was_shown_is_approved(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    address = serve(run)
    asked = client(address)
    with worked_on(run) as questions:
        waiting = asks(questions)
        page = f"/runs/night/approvals/{waiting.id}"
        form = {"form_token": token(asked.get(f"{page}/arguments").text)}
        for arguments, said in (
            (json.dumps({**WRITE, "path": "src/calc.py"}), "another call than the one that was shown"),
            ("{", "is no valid JSON"),
            ("NaN", "is no valid JSON"),
            ("[" * 100_000, "is no valid JSON"),
            ("[]", "Input should be"),
            (json.dumps({"path": "src/calc.py"}), "content: Field required"),
        ):
            forged = {**form, "outcome": "modify", "arguments": arguments, "digest": "0" * 64}
            answer = asked.post(page, data=forged, headers=own(address))
            assert answer.status_code == 409 and said in unescape(answer.text), arguments[:80]
            assert questions.answer(waiting.id) is None
        for fields_given, said in (
            ({"text.path": WRITE["path"], "text.content": CONTENT}, "These are the arguments that it has."),
            ({"text.path": "", "json.content": "{"}, "content: is no valid JSON"),
            ({"text.path": "a", "json.content": "3"}, "content: Input should be a valid string"),
        ):
            answer = asked.post(f"{page}/arguments", data={**form, **fields_given}, headers=own(address))
            assert answer.status_code == 400 and said in unescape(answer.text)
        gone = asked.post("/runs/night/approvals/00000000/arguments", data=form, headers=own(address))
        assert gone.status_code == 409 and "waits no longer" in gone.text
        assert asked.post(f"{page}/arguments", data={"form_token": "x"}, headers=own(address)).status_code == 403


def test_a_call_of_no_known_tool_is_left_as_it_is(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    asked = client(serve(run))
    with worked_on(run) as questions:
        waiting = asks(questions, "<script>", a=1)
        page = asked.get(f"/runs/night/approvals/{waiting.id}/arguments")
        assert page.status_code == 409 and "its arguments cannot be changed" in page.text


def test_a_text_that_would_not_show_goes_through_the_form_as_json_and_comes_back_as_it_was() -> None:
    from runner.tools import toolbox

    tool = toolbox()["write_file"]
    for text in (*PAYLOADS, "a\r\nb", "\x7f", "\u202e", "\ud800", "", "\n", "tab\there"):
        given = {"path": "p", "content": text}
        sent = {field.name: field.value.replace("\n", "\r\n") for field in fields(tool, given)}
        assert read(filled(tool, sent)) == given
    assert [field.is_json for field in fields(tool, {"path": "p", "content": "a\r"})] == [False, True]


def test_every_payload_is_inert_in_the_fields_and_in_what_they_make(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    harmful = [text.encode("utf-8", "replace").decode().replace("\x00", "\x01") for text in PAYLOADS][::6]
    with worked_on(run) as questions:
        seen = watched(serve(run))
        for text in harmful:
            asked = asks(questions, path=text, content=text)
            seen.open(f"/runs/night/approvals/{asked.id}/arguments")
            if seen.page.locator("#argument-1").count():
                seen.page.locator("#argument-2").fill(json.dumps(f"{text}!"))
                seen.press("Control+Enter")
                seen.page.locator("h2", has_text="again").wait_for()
            assert seen.page.locator(ELEMENTS).count() == 0, text
            assert not seen.page.evaluate("'harmed' in window"), text
            questions.withdraw(asked.id)
        assert seen.trouble == []
