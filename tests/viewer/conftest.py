"""Runs as a hostile or busy trial leaves them, a server with them, and one browser for all tests of the viewer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from bench.installing import installed
from runner.events.base import Event
from runner.events.endings import TrialFinished
from runner.messages import to_json
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.viewer.place import Place
from runner.viewer.serving import Address, served

WriteTrials = Callable[..., RunFolder]


PATIENCE_MS = 120_000
"""How long a page may take to come to what is expected of it: no claim about its speed."""


@pytest.fixture(scope="session")
def write_trials() -> WriteTrials:
    """Writes a run's folder from the events of its trials; those without a verdict are running."""

    def write(folder: Path, trials: dict[TrialKey, Iterable[Event]]) -> RunFolder:
        run = RunFolder(folder)
        folder.mkdir(parents=True)
        run.write_lock({"schema": 1, "taskfit": "0.1.0", "study": {"name": folder.name, "models": {}}, "hashes": {}})
        ledger = Ledger(run.ledger_file)
        ledger.plan(trials)
        for row in ledger.rows():
            ledger.start(row.position)
            events = list(trials[row.key])
            place = run.trial(row.key)
            place.mkdir(parents=True)
            lines = [to_json(event.model_copy(update={"step": step})) + b"\n" for step, event in enumerate(events)]
            (place / "events.jsonl").write_bytes(b"".join(lines))
            if events and isinstance(events[-1], TrialFinished):
                ledger.finish(row.position, events[-1].verdict)
                (place / "result.json").write_bytes(to_json(TrialResult(key=row.key, verdict=events[-1].verdict)))
        ledger.close()
        return run

    return write


@pytest.fixture
def client() -> Iterator[Callable[[Address], httpx.Client]]:
    """A client that has the server's cookie."""
    clients: list[httpx.Client] = []

    def make(address: Address) -> httpx.Client:
        made = httpx.Client(base_url=f"http://127.0.0.1:{address.port}", timeout=PATIENCE_MS / 1000)
        clients.append(made)
        assert made.get("/", params={"token": address.keys.token}).status_code == 200
        return made

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Address]]:
    """Serves runs for the length of a test."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda *runs: stack.enter_context(served(Place(runs)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = installed("chromium", "chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@dataclass
class Watched:
    """A page of the browser, and everything about it that should not happen."""

    page: Page
    base: str
    console: list[str] = field(default_factory=list)
    """Errors and warnings."""
    dialogs: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """Requests to other servers, or for what is none of the viewer's."""

    def open(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}")

    def press(self, *keys: str) -> None:
        """Once the script is there: it shows the button of its help last of all."""
        for key in keys:
            self.page.locator("#keys").wait_for()
            self.page.keyboard.press(key)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.base}/") or "harm" in request.url:
            self.strange.append(request.url)

    @property
    def trouble(self) -> list[str]:
        return [*self.console, *self.dialogs, *self.strange]


@pytest.fixture
def watched(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens a page that has a server's cookie."""
    contexts = []

    def open_page(address: Address, width: int = 1280, scheme: str = "light", script: bool = True) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        seen = Watched(context.new_page(), f"http://127.0.0.1:{address.port}")
        seen.page.on("console", lambda said: said.type in ("error", "warning") and seen.console.append(said.text))
        seen.page.on("pageerror", lambda error: seen.console.append(str(error)))
        seen.page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
        seen.page.on("request", seen._asked)
        seen.page.goto(address.url())
        seen.page.locator("main").wait_for()
        return seen

    yield open_page
    for context in contexts:
        context.close()
