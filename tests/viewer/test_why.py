"""Why one model fails where another does not: the one that resolves is a key away, and keys take the focus along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from runner.effects import Effect
from runner.results import TrialKey
from runner.viewer.place import Place
from runner.viewer.serving import Address, served
from written import answered, call, key, said, trial, write_run

pytestmark = pytest.mark.xdist_group("browser")
FAILED, AGAIN = key("memo", "fails"), key("memo", "fails", repeat=2)
RIGHT, ELSEWHERE = key("memo", "resolves"), key("memo", "other", arm="faults_seeded")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    looks = [said("I look"), call("read_file", path="src/a.py"), answered("def total(): ...", tool="read_file")]
    fails = [*looks, call("run_tests", Effect.RUN), answered("1 failed", tool="run_tests", exit_code=1)]
    trials = {
        FAILED: trial(FAILED, *fails, verdict="unresolved"),
        AGAIN: trial(AGAIN, *fails, verdict="unresolved"),
        RIGHT: trial(RIGHT, *looks),
        ELSEWHERE: trial(ELSEWHERE, *looks),
    }
    run = write_run(Path(tmp_path_factory.mktemp("runs")) / "night", trials)
    with served(Place([run])) as found:
        yield found


def test_a_failed_trial_leads_to_one_that_resolves_and_keys_take_the_focus_along(
    address: Address, watched: Callable[..., Any]
) -> None:
    seen = watched(address)
    page = seen.page
    seen.open(f"/runs/night/trials/{FAILED.name}")
    assert page.locator("summary a, a a, button a").count() == 0, "nothing that acts stands in something that acts"
    here, elsewhere = page.locator(".neighbours").nth(0), page.locator(".neighbours").nth(1)
    assert here.locator(".chip").count() == 3
    expect(elsewhere).to_contain_text("faults_seeded")
    expect(page.locator(".trouble")).to_contain_text("the last test run fails, and the work is handed in all the same")
    seen.press("s")
    assert page.evaluate("document.activeElement.id") == "s5", "one key to the first wrong turn"
    page.reload()
    seen.press("g", "t")
    assert page.evaluate("document.activeElement.id") == "s5"
    seen.press("t")
    expect(page.locator("#told")).to_have_text("no further test runs")
    seen.press("a")
    expect(page.locator("#told")).to_have_text("no further approvals or denials")
    seen.press("T", "t")
    resolved = page.get_by_text("In the same arm it is resolved by")
    assert resolved.get_by_role("link").all_inner_texts() == ["resolves"]
    resolved.get_by_role("link").click()
    expect(page.locator("#parting")).to_be_visible()
    assert seen.trouble == []


@pytest.mark.parametrize(
    "one, first",
    [(FAILED, "resolved: resolves"), (RIGHT, "unresolved: fails")],
)
def test_what_can_stand_beside_a_trial_begins_with_what_came_otherwise_in_its_arm(
    one: TrialKey, first: str, address: Address, client: Callable[[Address], Any]
) -> None:
    page = client(address).get(f"/runs/night/trials/{one.name}/beside").text
    choices = page[page.index('<ul class="choices">') :]
    assert first in choices.replace("\n", " ").split("</li>")[0]
    assert "faults_seeded" in choices.split("</li>")[-2], "other arms come last"
