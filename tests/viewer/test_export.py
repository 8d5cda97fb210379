"""One page of a run or a trial: it holds all that can be read, runs nothing, asks for nothing, and redacts as told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hostile import hostile
from payloads import ELEMENTS, MARKUP
from runner.errors import UserError
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.viewer.export import export

KEYS = tuple(TrialKey(scenario="secret-scenario", model="m", repeat=repeat) for repeat in (1, 2))
WORDS = "words that nobody else may read"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, write_trials: Callable[..., RunFolder]) -> RunFolder:
    folder = tmp_path_factory.mktemp("export") / "a-run"
    return write_trials(folder, {KEYS[0]: hostile(WORDS, KEYS[0]), KEYS[1]: hostile(MARKUP[3], KEYS[1])})


def test_a_run_s_page_holds_its_matrix_and_every_trial_and_links_within_itself(run: RunFolder) -> None:
    page = export(run)
    assert page.count('<section class="trial"') == 2
    assert 'href="#r1s7"' in page and 'id="r1s7"' in page and 'id="r2s7"' in page
    assert "/runs/" not in page and "http:" not in page
    assert WORDS in page and "<script" not in page


def test_a_trial_s_page_holds_that_one_alone(run: RunFolder) -> None:
    page = export(run, trial=KEYS[1].name)
    assert page.count('<section class="trial"') == 1
    assert WORDS not in page and 'class="matrix"' not in page
    with pytest.raises(UserError, match="no trial called x"):
        export(run, trial="x")


def test_a_redacted_page_names_and_quotes_nothing_private(run: RunFolder) -> None:
    page = export(run, "redacted")
    assert "scenario-01" in page and "characters withheld" in page
    assert not [word for word in (WORDS, "secret-scenario", "a-run", str(run.path)) if word in page]


def test_a_public_page_of_a_private_run_is_refused(run: RunFolder) -> None:
    with pytest.raises(UserError, match="leaves nothing"):
        export(run, "public")


def test_a_page_in_a_browser_runs_and_asks_for_nothing(run: RunFolder, tmp_path: Path, browser: Browser) -> None:
    file = tmp_path / "page.html"
    file.write_text(export(run), encoding="utf-8")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: said.append(request.url))
    page.goto(file.as_uri())
    assert said == [file.as_uri()]
    assert page.locator(ELEMENTS).count() == page.locator("script").count() == 0
    page.close()
