"""Search, side by side, labels and approvals in a browser: what they do, who may do it, and that text stays text."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from hostile import hostile
from payloads import ELEMENTS, PAYLOADS
from runner.approvals import Action, Decision, Request
from runner.approvers.questions import Questions
from runner.effects import Effect
from runner.events.calls import Decided
from runner.labels.file import LabelFile
from runner.labels.steps import place
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.search.index import Index
from runner.transcript import read
from runner.viewer.serving import Address
from written import answered, as_lines, call, key, rejected, said, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
Client = Callable[[Address], httpx.Client]
ONE, OTHER = key("memo", "one"), key("memo", "other")
EDIT = {"path": "tests/test_a.py", "old": "assert total == 3\n", "new": "assert total == 4\n"}
REQUEST = Request(
    action=Action(
        tool="edit_file", arguments=EDIT, effects=frozenset({Effect.PROTECTED}), targets=("tests/test_a.py",)
    ),
    trigger="gate",
    rule="ask-for-tests",
    reason="tests are protected",
)
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    same = [said("I look"), call("read_file", path="src/a.py"), answered("def total(): ...", tool="read_file")]
    left = [*same, call("edit_file", Effect.EDIT, path="src/a.py", old="x", new="pelican"), answered("ok")]
    right = [*same, rejected(), call("run_command", Effect.RUN, command="ls"), answered("a.py", exit_code=2)]
    made = write_run(
        tmp_path / "runs" / "night", {ONE: trial(ONE, *left), OTHER: trial(OTHER, *right, verdict="unresolved")}
    )
    (made.trial(ONE) / "patch.diff").write_text("--- a\n+++ b\n+pelican\n")
    (made.trial(OTHER) / "patch.diff").write_text("--- a\n+++ b\n+heron\n")
    return made


@contextmanager
def worked_on(run: RunFolder) -> Iterator[Questions]:
    """As if this process were the run's."""
    with run.held():
        yield Questions(run.path)


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def own(address: Address) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{address.port}"}


def test_search_leads_to_the_step_and_a_kept_query_is_there_again(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    seen = watched(serve(run))
    seen.press("/")
    seen.page.wait_for_url("**/search")
    seen.page.get_by_label("Query").fill("pelican effect:edit")
    seen.press("Enter")
    expect(seen.page.get_by_role("status")).to_contain_text("1 step in 1 trial")
    expect(seen.page.locator("mark")).to_have_text("pelican")
    seen.page.get_by_label("Keep it as").fill("birds")
    seen.page.get_by_role("button", name="Save").click()
    expect(seen.page.get_by_role("link", name="birds")).to_be_visible()
    seen.page.locator(".found li a").click()
    seen.page.wait_for_url(f"**/trials/{ONE.name}?at=5#s5")
    expect(seen.page.locator("#s5")).to_be_visible()
    seen.open("/search")
    seen.page.get_by_role("link", name="birds").click()
    expect(seen.page.get_by_role("status")).to_contain_text("1 step")
    seen.page.get_by_role("button", name="forget birds").click()
    expect(seen.page.get_by_role("link", name="birds")).to_have_count(0)
    assert seen.trouble == []


def test_a_search_while_transcripts_are_still_read_says_so_and_the_page_follows(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    Index().refresh([])
    with closing(sqlite3.connect(Index().file, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")  # nobody else writes meanwhile
        seen = watched(serve(run))
        seen.open("/search?q=pelican")
        expect(seen.page.locator("#live")).to_contain_text("Transcripts are still being read")
        expect(seen.page.locator(".found")).to_have_count(0)
        seen.page.get_by_label("Query").fill("what comes ne")
        busy.execute("COMMIT")
    expect(seen.page.locator("mark")).to_have_text("pelican")
    assert seen.page.get_by_label("Query").input_value() == "what comes ne", "what is being typed stays"
    expect(seen.page.locator("#live")).not_to_contain_text("still being read")
    assert seen.trouble == []


def test_what_a_running_trial_adds_is_found_at_the_next_search(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    asked = client(serve(run))
    assert "Nothing found" in asked.get("/search", params={"q": "heron"}).text
    with (run.trial(ONE) / "events.jsonl").open("ab") as handle:
        handle.write(as_lines([said("a heron")], start=10))
    assert "1 step in 1 trial" in asked.get("/search", params={"q": "heron"}).text


@pytest.mark.parametrize("query", ['"', "effect:R9", "==", "a - b", "efect:R3", "x" * 5000, "\x00", "('"])
def test_a_query_that_means_nothing_is_a_message_on_the_page(
    query: str, run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    page = client(serve(run)).get("/search", params={"q": query})
    assert page.status_code in (200, 400)
    assert "Search" in page.text and "Traceback" not in page.text


def test_two_trials_stand_side_by_side_from_where_they_part(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    seen = watched(serve(run))
    seen.open(f"/runs/night/trials/{ONE.name}")
    seen.page.get_by_role("link", name="Beside another").click()
    seen.page.get_by_role("link", name="other, memo").click()
    expect(seen.page.locator("#parting")).to_have_text("Here they part")
    expect(seen.page.locator("main")).to_contain_text("The first 3 exchanges are the same")
    rows = seen.page.locator(".beside tbody tr")
    expect(rows.nth(0)).to_have_id("parting")
    expect(rows.nth(1).locator("td").nth(0)).to_contain_text("pelican")
    expect(rows.nth(1).locator("td").nth(1)).to_contain_text("rejected edit_file")
    expect(seen.page.locator(".diff .changed .old")).to_have_text("+pelican")
    expect(seen.page.locator(".diff .changed .new")).to_have_text("+heron")
    seen.page.get_by_role("link", name="folded").click()
    expect(seen.page.locator(".row-same").first).to_be_visible()
    assert seen.trouble == []


def test_a_label_is_given_at_a_step_and_exported(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    seen = watched(serve(run))
    seen.open(f"/runs/night/trials/{ONE.name}?at=5#s5")
    seen.press("l")
    seen.page.wait_for_url("**/steps/5/labels")
    seen.page.get_by_label("wrong-root-cause").check()
    seen.page.get_by_label("the right answer").select_option("deny")
    seen.page.get_by_label("it should have been asked for").select_option("yes")
    seen.page.get_by_label("Note").fill("<b>looks</b> elsewhere")
    seen.page.get_by_label("Reader").fill("ada")
    seen.page.get_by_role("button", name="Say so").click()
    expect(seen.page.locator(".marks")).to_contain_text("<b>looks</b> elsewhere")
    seen.page.get_by_role("link", name="All labels").click()
    expect(seen.page.locator("table.list")).to_contain_text("right answer: deny")
    with seen.page.expect_download() as download:
        seen.page.get_by_role("link", name="As CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [(row["reader"], row["step"], row["label"], row["ask"]) for row in rows] == [
        ("ada", "5", "wrong-root-cause", "yes")
    ]
    seen.open(f"/runs/night/trials/{ONE.name}/steps/6/labels")
    assert seen.page.get_by_label("Reader").input_value() == "ada", "who reads here is remembered"
    seen.open(f"/runs/night/trials/{ONE.name}/steps/5/labels")
    seen.page.get_by_role("button", name="take back").click()
    expect(seen.page.locator(".marks")).to_have_count(0)
    assert LabelFile(run.path).marks() == []
    assert seen.trouble == []


def test_agreement_stands_below_the_labels(run: RunFolder, serve: Callable[..., Address], client: Client) -> None:
    for reader in ("ada", "bob"):
        for step in (2, 3, 4):
            where = place(run.trial(ONE) / "events.jsonl", step)
            LabelFile(run.path).add(where, reader, label="lucky-fix" if step > 2 else "policy-breach")
    page = client(serve(run)).get("/runs/night/labels").text
    assert "ada and bob" in page and "1.00" in page


def test_only_a_form_of_this_server_changes_anything(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    address = serve(run)
    asked = client(address)
    step = f"/runs/night/trials/{ONE.name}/steps/3/labels"
    good = {"form_token": token(asked.get(step).text), "label": "lucky-fix", "reader": "ada"}
    assert asked.post(step, data=good).status_code == 403, "no origin"
    assert asked.post(step, data=good, headers={"Origin": "http://evil.example"}).status_code == 403
    assert asked.post(step, data={**good, "form_token": ""}, headers=own(address)).status_code == 403
    assert asked.post(step, data={**good, "form_token": "ü"}, headers=own(address)).status_code == 403
    assert asked.post(step, json=good, headers=own(address)).status_code == 415
    assert asked.post(step, data={**good, "note": "x" * 70_000}, headers=own(address)).status_code == 413
    assert asked.post(step, data={str(each): "x" for each in range(99)}, headers=own(address)).status_code == 400
    assert httpx.post(f"http://127.0.0.1:{address.port}{step}", data=good, headers=own(address)).status_code == 403
    assert LabelFile(run.path).marks() == []
    assert asked.post(step, data=good, headers=own(address)).status_code == 303
    assert len(LabelFile(run.path).marks()) == 1


@pytest.mark.parametrize(
    "fields",
    [{"label": "<script>"}, {"label": ""}, {"answer": "maybe", "label": "a"}, {"reader": "a\u202e", "label": "a"}],
)
def test_a_label_that_cannot_be_kept_is_a_message_on_the_form(
    fields: dict[str, str], run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    address = serve(run)
    asked = client(address)
    step = f"/runs/night/trials/{ONE.name}/steps/3/labels"
    form = {"form_token": token(asked.get(step).text), "reader": "ada", **fields}
    answer = asked.post(step, data=form, headers=own(address))
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert LabelFile(run.path).marks() == []
    assert asked.get(f"/runs/night/trials/{ONE.name}/steps/999/labels").status_code == 404


def test_one_key_decides_and_the_next_request_follows(
    run: RunFolder, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    with worked_on(run) as questions:
        first = questions.ask(ONE, REQUEST, 600, "escalate")
        time.sleep(0.01)
        second = questions.ask(OTHER, REQUEST, 600, "deny")
        seen = watched(serve(run))
        seen.open("/runs/night")
        seen.page.get_by_role("link", name="Approvals").click()
        expect(seen.page.locator("table.list tbody tr")).to_have_count(2)
        seen.page.get_by_role("link", name="edit_file").first.click()
        seen.page.wait_for_url(f"**/approvals/{first.id}")
        expect(seen.page.locator(".effect")).to_have_text("protected R3")
        expect(seen.page.locator("dl.facts")).to_contain_text("changes a file that the scenario protects")
        expect(seen.page.locator(".diff .changed .new")).to_have_text("assert total == 4")
        seen.press("y")
        seen.page.wait_for_url(f"**/approvals/{second.id}")
        seen.page.get_by_label("Reason").fill("not the tests, nor n")
        assert questions.answer(second.id) is None, "a letter in a field decides nothing"
        seen.page.get_by_role("button", name="Deny").click()
        seen.page.wait_for_url("**/night/approvals")
        expect(seen.page.get_by_role("status")).to_contain_text("Nothing waits for a person")
        assert (yes := questions.answer(first.id)) is not None and yes.outcome == "approve"
        assert (no := questions.answer(second.id)) is not None
        assert (no.outcome, no.reason) == ("deny", "not the tests, nor n")
        later = questions.ask(ONE, REQUEST, 600, "escalate")
        expect(seen.page.locator(f"a[href$='{later.id}']")).to_be_visible(timeout=10_000)
        assert seen.trouble == []


def test_what_somebody_else_has_decided_meanwhile_is_told(
    run: RunFolder, serve: Callable[..., Address], client: Client
) -> None:
    address = serve(run)
    asked = client(address)
    with worked_on(run) as questions:
        waiting = questions.ask(ONE, REQUEST, 600, "escalate")
        page = f"/runs/night/approvals/{waiting.id}"
        form = {"form_token": token(asked.get(page).text), "outcome": "approve"}
        questions.respond(waiting.id, Decision(outcome="deny", approver="human", reason="no"))
        answer = asked.post(page, data=form, headers=own(address))
        assert answer.status_code == 409
        assert "was decided meanwhile: deny by human (no). That answer stands." in answer.text
        assert "decided meanwhile" in asked.get(page).text
        assert asked.post(page, data={**form, "outcome": "modify"}, headers=own(address)).status_code == 409
        assert asked.post(page, data={**form, "outcome": "escalate"}, headers=own(address)).status_code == 400
        for odd in ("00000000", "..%2f..%2fx", "zzzzzzzz"):
            assert asked.get(f"/runs/night/approvals/{odd}").status_code in (404, 409)
    assert (stands := Questions(run.path).answer(waiting.id)) is not None and stands.outcome == "deny"


def test_nothing_is_decided_where_nobody_waits(run: RunFolder, serve: Callable[..., Address], client: Client) -> None:
    address = serve(run)
    asked = client(address)
    with worked_on(run) as questions:
        waiting = questions.ask(ONE, REQUEST, 600, "escalate")
        form = {"form_token": token(asked.get(f"/runs/night/approvals/{waiting.id}").text), "outcome": "approve"}
    answer = asked.post(f"/runs/night/approvals/{waiting.id}", data=form, headers=own(address))
    assert answer.status_code == 409
    assert "Nobody works on this run" in answer.text
    assert Questions(run.path).answer(waiting.id) is None


def test_every_payload_is_inert_on_all_of_these_pages(
    tmp_path: Path, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    harmful = [text.encode("utf-8", "replace").decode().replace("\x00", "\x01") for text in PAYLOADS]
    keys = [key("s", f"model-{number}") for number in range(len(harmful))]
    named = {of: TrialKey(scenario="s", model=text, repeat=1) for of, text in zip(keys, harmful, strict=True)}
    run = write_run(
        tmp_path / "runs" / "hostile",
        {of: hostile(each.model, of if number % 8 else each) for number, (of, each) in enumerate(named.items())},
    )
    for of, each in named.items():
        (run.trial(of) / "patch.diff").write_text(each.model, encoding="utf-8")
        LabelFile(run.path).add(place(run.trial(of) / "events.jsonl", 3), "ada", label="lucky-fix", note=each.model)
    some = keys[::8]
    with worked_on(run) as questions:
        ids = [questions.ask(of, _harmful(named[of].model), 600, "escalate").id for of in some]
        seen = watched(serve(run))
        pages = ["/search?q=type:told,replied,tool_returned,graded,trial_failed", "/search?q=label:lucky-fix"]
        pages += [f"/search?q=run:hostile&skip={skip}" for skip in (20, 40, 60, 80)]
        pages += ["/runs/hostile/labels", "/runs/hostile/approvals"]
        pages += [f"/runs/hostile/approvals/{each}" for each in ids]
        folders = [f"/runs/hostile/trials/{of.name}" for of in keys]
        pages += [f"{each}/steps/3/labels" for each in folders[1::8]] + [f"{folders[0]}/beside"]
        pages += [f"{folders[at]}/beside?with={keys[at + 1].name}" for at in range(1, len(keys) - 1, 8)]
        for page in pages:
            seen.page.goto(f"{seen.base}{page}")
            assert seen.page.locator(ELEMENTS).count() == 0, page
            assert seen.page.locator("script").count() == 1, page
            assert not seen.page.evaluate("'harmed' in window"), page
        assert seen.trouble == []


def _harmful(text: str) -> Request:
    action = Action(
        tool=text,
        arguments={"path": text, "old": text, "new": f"{text}!", text: text},
        effects=frozenset({Effect.SECRETS}),
        targets=(text,),
        preview=text,
    )
    return Request(action=action, trigger="model", rule=text, reason=text, alternative=text)


ASKER = """\
from runner.messages import ToolCall
from runner.models.scripted import Scripted

def asks(opening):
    door = "import os; os.symlink('../tests/test_calc.py', 'src/door.py')"
    link = ToolCall.of("l", "run_command", command=f'python -c "{door}"')
    install = ToolCall.of("i", "run_command", command="pip install left-pad")
    write = ToolCall.of("w", "write_file", path="setup.cfg", content="x")
    return Scripted([link, install, write, ToolCall.of("s", "submit", summary="done", confidence=0.5)])
"""


@pytest.mark.slow
@pytest.mark.engine
def test_waiting_requests_of_a_real_run_are_approved_and_changed_in_the_browser(
    tmp_path: Path,
    write_scenario: Callable[..., Path],
    base_image: str,
    serve: Callable[..., Address],
    watched: Callable[..., Any],
) -> None:
    (tmp_path / "asker.py").write_text(ASKER)
    out = tmp_path / f"wait-{uuid.uuid4().hex[:8]}"
    program = str(Path(sys.executable).with_name("taskfit"))
    words = ["--model", "python:asker:asks", "--scenarios", str(write_scenario().parent), "--approver", "queue"]
    process = subprocess.Popen(
        [program, "run", *words, "--out", str(out), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    try:
        deadline = time.monotonic() + 400
        while not Questions(out).waiting():
            assert process.poll() is None and time.monotonic() < deadline, process.stderr and process.stderr.read()
            time.sleep(0.1)
        seen = watched(serve(RunFolder(out)))
        seen.open(f"/runs/{out.name}/approvals")
        seen.page.get_by_role("link", name="run_command").click()
        expect(seen.page.locator(".asked")).to_contain_text("pip install left-pad")
        seen.press("y")
        seen.page.get_by_role("link", name="write_file").click()
        seen.press("e")
        seen.page.get_by_label("path").fill("src/door.py")
        seen.press("Control+Enter")
        expect(seen.page.locator(".effect")).to_have_text("edit R1")
        seen.press("y")
        again = seen.page.get_by_role("link", name="write_file")
        seen.page.wait_for_url("**/approvals")
        again.click()
        expect(seen.page.locator(".effect").first).to_have_text("protected R3")
        expect(seen.page.locator(".told")).to_contain_text("another call of it")
        seen.press("n")
        assert process.wait(400) == 0
        key_of = RunFolder(out).keys()[0]
        seen.open("/search?q=type:decided")
        expect(seen.page.get_by_role("status")).to_contain_text("3 steps")
        seen.page.locator(".found li a").first.click()
        expect(seen.page.locator("#parts")).to_contain_text("human")
        assert key_of.name in seen.page.url
        expect(seen.page.locator("#parts")).to_contain_text("Asked about again, as the approver had changed it")
        decided = [each for each in read(RunFolder(out).trial(key_of) / "events.jsonl") if isinstance(each, Decided)]
        assert [each.decision.outcome for each in decided] == ["approve", "modify", "deny"]
        assert decided[1].became == decided[2].request.action
        assert seen.trouble == []
    finally:
        process.kill()
        process.wait()
