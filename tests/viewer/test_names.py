"""A trial on a twin is read with the original's names: under, beside or in place of the twin's, as text and no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from contrast import CONTRAST
from hostile import hostile
from payloads import ELEMENTS, PAYLOADS
from runner.approvals import Action, Request
from runner.approvers.questions import Questions
from runner.effects import Effect
from runner.events.base import Event
from runner.events.origins import ForkedFrom
from runner.runs.folder import RunFolder
from runner.twins.back import FOLDER
from runner.viewer.export import export
from runner.viewer.place import Place
from runner.viewer.serving import Address, served
from written import answered, call, key, said, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
ARM = "perturbation_rename"
TWIN, ORIGINAL, LOST = key("shop", arm=ARM), key("shop"), key("till", arm=ARM)
NAMES = {"Store": "Cache", "stored_at": "cached_at", "src/shop/river.py": "src/shop/clock.py"}
LONG = "".join(f"{number}: Store.stored_at = Stores\n" for number in range(4_500))
SWITCH = '<input type="radio" name="names"'
RUN = "/runs/night"
PAGE = f"{RUN}/trials/{TWIN.name}"


def steps() -> list[Event]:
    edit = {"path": "src/shop/river.py", "old": "stored_at = 1\n", "new": "stored_at = Store(2)\n"}
    targeted = {"targets": (edit["path"],)}
    return [
        said("I look where `Store` keeps stored_at; a Store is kept, Stores are not."),
        call("run_command", command="cat src/shop/river.py"),
        answered(LONG),
        call("edit_file", Effect.EDIT, call_id="d", **edit).model_copy(update=targeted),
        answered("edited", tool="edit_file", call_id="d"),
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    trials = {each: trial(each, *steps()) for each in (TWIN, ORIGINAL, LOST)}
    made = write_run(tmp_path_factory.mktemp("names") / "night", trials)
    (made.path / FOLDER).mkdir()
    (made.path / FOLDER / "shop~rename.json").write_text(json.dumps({"names": NAMES}))
    return made


@pytest.fixture(scope="module")
def address(run: RunFolder) -> Iterator[Address]:
    with served(Place([run])) as address:
        yield address


def test_only_a_twins_trial_has_other_names_and_one_whose_map_is_lost_says_what_to_do(
    address: Address, client: Callable[[Address], httpx.Client]
) -> None:
    asked = client(address)
    page = asked.get(PAGE).text
    assert 'title="Cache"><span>Store</span><i>Cache</i></span>' in page and ">Stores" not in page
    assert 'title="src/shop/clock.py"' in page and SWITCH in page
    assert 'class="tn"' not in asked.get(f"{RUN}/trials/{ORIGINAL.name}").text
    lost = asked.get(f"{RUN}/trials/{LOST.name}").text
    assert "taskfit scenarios twin till --kind rename" in lost and 'class="tn"' not in lost


def test_a_key_a_click_or_no_script_at_all_changes_the_names(address: Address, watched: Callable[..., Any]) -> None:
    seen = watched(address)
    seen.open(PAGE)
    words = seen.page.locator(".words pre").first
    behind = "each => getComputedStyle(each, '::after').content"
    name = seen.page.locator(".words .tn").first
    assert words.inner_text() == "I look where `Store` keeps stored_at; a Store is kept, Stores are not."
    assert name.get_attribute("title") == "Cache" and name.evaluate(behind) == "none"
    assert seen.page.locator(".words .tn").count() == 3, "of a plain word only where it looks like a name"
    seen.press("r")
    assert "Cache" in name.evaluate(behind)
    seen.press("r")
    assert words.inner_text() == "I look where `Cache` keeps cached_at; a Cache is kept, Stores are not."
    seen.open(f"{PAGE}?at=4#s4")
    expect(seen.page.get_by_label("the original’s", exact=True)).to_be_checked()
    seen.page.get_by_label("the twin’s", exact=True).check()
    assert words.inner_text().startswith("I look where `Store`")
    assert seen.trouble == []
    plain = watched(address, script=False)
    plain.open(PAGE)
    plain.page.get_by_label("the original’s", exact=True).check()
    assert plain.page.locator(".words pre").first.inner_text().startswith("I look where `Cache`")


def test_whole_outputs_steps_files_and_diffs_have_them_too(address: Address, watched: Callable[..., Any]) -> None:
    seen = watched(address)
    seen.open(PAGE)
    assert seen.page.locator(".diff .tn").count() == 3
    seen.page.locator("a[data-whole]").first.click()
    whole = seen.page.locator(".whole")
    expect(whole.locator(".tn").first).to_have_attribute("title", "Cache")
    seen.page.get_by_role("button", name="more of it").click()
    expect(whole.locator(".tn")).to_have_count(2 * 4_500 - 1)  # one is cut in two where the first part ends
    assert whole.evaluate("each => each.innerText").strip() == LONG.strip()
    seen.open(f"{PAGE}/steps/4")
    assert seen.page.locator("#whole .tn").count() > 1_000
    seen.open(f"{PAGE}/steps/2/labels")
    expect(seen.page.locator(".output .tn")).to_have_text(["StoreCache", "stored_atcached_at", "StoreCache"])
    seen.open(f"{PAGE}/beside?with={ORIGINAL.name}&from=0")
    assert seen.page.locator("td[data-of=left] .tn").count() > 0
    assert seen.page.locator("td[data-of=right] .tn").count() == 0
    assert seen.trouble == []


def test_results_of_a_search_have_them_also_where_a_name_goes_over_what_was_looked_for(
    address: Address, watched: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen = watched(address)
    seen.open("/search?q=keeps+stored")
    found = seen.page.locator("section.found", has_text=ARM).filter(has_text="shop").locator("pre").first
    expect(found).to_have_text(
        "I look where `Store` keeps stored_at; a Store is kept, Stores are not.", use_inner_text=True
    )
    expect(found.locator("mark")).to_have_text(["keeps", "stored"])
    expect(found.locator(".tn", has=seen.page.locator("mark"))).to_have_attribute("title", "cached_at")
    for _ in range(2):
        seen.press("r")
    expect(found).to_have_text(
        "I look where `Cache` keeps cached_at; a Cache is kept, Stores are not.", use_inner_text=True
    )
    plain = seen.page.locator("section.found").filter(has_not_text=ARM)
    expect(plain).to_have_count(1)
    expect(plain.locator(".tn")).to_have_count(0)
    expect(seen.page.locator(".note", has_text="taskfit scenarios twin till")).to_have_count(1)
    assert seen.trouble == []


def test_a_request_that_waits_has_them_in_the_queue_on_its_page_and_where_it_is_changed(
    run: RunFolder, address: Address, watched: Callable[..., Any]
) -> None:
    edit = {"path": "src/shop/river.py", "old": "stored_at = 1\n", "new": "stored_at = Store(2)\n"}
    action = Action(tool="edit_file", arguments=edit, effects=frozenset({Effect.PROTECTED}), targets=(edit["path"],))
    request = Request(action=action, trigger="model", rule="r", reason="the Store needs stored_at")
    with run.held():
        queue = Questions(run.path)
        asked = [queue.ask(each, request, 600, "deny") for each in (TWIN, ORIGINAL)]
        try:
            seen = watched(address)
            seen.open(f"{RUN}/approvals")
            expect(seen.page.locator("td .tn, th .tn")).to_have_text(["src/shop/river.pysrc/shop/clock.py"])
            for page in ("", "/arguments"):
                seen.open(f"{RUN}/approvals/{asked[0].id}{page}")
                expect(seen.page.locator("fieldset.names")).to_have_count(1)
            seen.open(f"{RUN}/approvals/{asked[0].id}")
            expect(seen.page.locator(".told .tn").first).to_have_attribute("title", "Cache")
            expect(seen.page.locator(".diff .tn")).to_have_count(3)
            seen.open(f"{RUN}/approvals/{asked[1].id}")
            expect(seen.page.locator(".tn")).to_have_count(0)
            assert seen.trouble == []
        finally:
            for each in asked:
                queue.withdraw(each.id)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_can_be_read_in_both_themes_and_a_narrow_window(
    address: Address, watched: Callable[..., Any], scheme: str
) -> None:
    seen = watched(address, 420, scheme)
    seen.open(PAGE)
    for choice in ("the twin’s", "the twin’s‹the original’s›", "the original’s"):
        seen.page.get_by_label(choice, exact=True).check()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 420
        assert seen.page.evaluate(CONTRAST) == []
    assert seen.trouble == []


def test_an_exported_page_has_them_at_home_and_none_where_it_is_redacted(run: RunFolder) -> None:
    page = export(run)
    assert (
        'title="Cache"><span>Store</span><i>Cache</i></span>' in page
        and page.count(SWITCH) == 3
        and "<script" not in page
    )
    assert SWITCH not in export(run, trial=ORIGINAL.name)
    redacted = export(run, "redacted")
    assert not [word for word in ("Cache", "cached_at", "clock", "Store", SWITCH) if word in redacted]


def test_hostile_names_and_hostile_texts_stay_text(
    tmp_path: Path, serve: Callable[..., Address], watched: Callable[..., Any]
) -> None:
    payload = PAYLOADS[0]
    twin = key("s", arm=ARM)
    events = [each for each in hostile(payload, twin) if not isinstance(each, ForkedFrom)]
    run = write_run(tmp_path / "bad", {twin: events})
    (run.path / FOLDER).mkdir()
    words = dict.fromkeys(("script", "alert", "window", "harmed", "img", "1"), "zebra")
    odd = {payload: payload, "onerror": '"><script>window.harmed=1</script>', "a": "\u202e\x1b[31m", "b": "ㅤ"}
    (run.path / FOLDER / "s~rename.json").write_text(json.dumps({"names": words | odd}))
    seen = watched(serve(run))
    seen.open(f"/runs/bad/trials/{twin.name}")
    assert seen.page.locator('.tn[title="zebra"]').count() > 50
    for _ in range(2):
        seen.press("r")
    assert seen.page.locator(ELEMENTS).count() == 0
    assert seen.page.locator("script").count() == 1
    assert not seen.page.evaluate("'harmed' in window")
    assert seen.trouble == []
