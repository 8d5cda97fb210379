"""Whatever a transcript holds is text: no payload adds an element, runs, opens a dialog or asks for anything."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import httpx
import pytest

from hostile import ending, hostile, submission, texts, turn
from payloads import ELEMENTS, INVISIBLE, PAYLOADS, TERMINAL
from runner.events import AnyEvent
from runner.events.base import Event
from runner.events.conversation import Challenged, Told
from runner.events.endings import Submitted
from runner.events.origins import TrialStarted
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.viewer.serving import Address
from runner.visible import visible

HARMLESS = ("plain words", "many plain words " * 40)
OWN = frozenset({"wbr"})
"""Elements that stand within words, as many as these have places to break at."""


class Skeleton(HTMLParser):
    """A page's elements and the names of their attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, ...]] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OWN:
            self.found.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, write_trials: Callable[..., RunFolder]) -> RunFolder:
    """A trial a payload, whose model is called so, too; and one of harmless words for comparison."""
    keys = [TrialKey(scenario="s", model=text, repeat=1) for text in (*HARMLESS, *map(_kept, PAYLOADS))]
    return write_trials(tmp_path_factory.mktemp("runs") / "hostile", {key: hostile(key.model, key) for key in keys})


def _kept(payload: str) -> str:
    """As a transcript and a ledger keep it: neither holds half a surrogate pair, nor a ledger a NUL."""
    return payload.encode("utf-8", "replace").decode().replace("\x00", "\x01")


def test_there_are_enough_payloads_and_no_two_are_alike() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 60


def test_every_kind_of_event_and_every_text_in_one_is_tried() -> None:
    events = hostile("§", TrialKey(scenario="§", model="§", repeat=1))
    kinds = set(get_args(get_args(AnyEvent)[0]))
    assert {type(event) for event in events} == kinds
    for kind in kinds:
        fields = {name for name, field in kind.model_fields.items() if field.annotation is str and name != "at"}
        tried = [event for event in events if type(event) is kind]
        for name in fields:
            assert any("§" in getattr(event, name) or name in ("tool", "call_id") for event in tried), (kind, name)
    assert sum("§" in text for event in events for text in texts(event.model_dump(mode="json"))) > 200


def test_no_payload_changes_what_elements_a_page_has(
    run: RunFolder, serve: Callable[..., Address], client: Callable[[Address], httpx.Client]
) -> None:
    asked, planned = client(serve(run)), run.keys()
    folders = {key.model: f"/runs/hostile/trials/{key.name}" for key in planned}
    plain = {each for model in HARMLESS for each in Skeleton(asked.get(folders[model]).text).found}
    assert len(plain) > 40
    for folder in folders.values():
        page = asked.get(folder)
        assert page.status_code == 200
        assert set(Skeleton(page.text).found) <= plain


def test_what_acts_on_a_terminal_or_does_not_show_is_shown(
    run: RunFolder, serve: Callable[..., Address], client: Callable[[Address], httpx.Client]
) -> None:
    asked, planned = client(serve(run)), run.keys()
    folders = {key.model: f"/runs/hostile/trials/{key.name}" for key in planned}
    for payload in map(_kept, (*TERMINAL, *INVISIBLE)):
        for page in (asked.get(folders[payload]).text, asked.get("/runs/hostile").text):
            said = Skeleton(page).said
            assert visible(payload, newlines=True) in said
            assert not {each for each in page if each != "\n" and visible(each) != each}


def test_a_browser_finds_every_payload_inert(
    run: RunFolder,
    tmp_path: Path,
    write_trials: Callable[..., RunFolder],
    serve: Callable[..., Address],
    watched: Callable[..., object],
) -> None:
    """All payloads in the matrix, and all of them in one trial, in each field of it, scrolled to its end."""
    key = TrialKey(scenario="s", model="all", repeat=1)
    events: list[Event] = [TrialStarted(key=key, attempt=1, image="i", seed=1)]
    for number, payload in enumerate(map(_kept, PAYLOADS), start=1):
        events += [
            Told(role="user", text=payload),
            *turn(payload, number),
            Challenged(challenge="verify", text=payload),
            Submitted(submission=submission(payload)),
            *ending(payload)[:-2],
        ]
    events += ending(PAYLOADS[2])
    seen = watched(serve(run, write_trials(tmp_path / "all", {key: events})))
    seen.open("/runs/hostile")
    seen.open(f"/runs/all/trials/{key.name}")
    last = len(events) - 1
    while not seen.page.locator(f"#s{last}").count():
        seen.page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
        seen.page.wait_for_timeout(100)
    seen.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    seen.page.wait_for_timeout(300)
    assert seen.page.locator(".part").count() >= 3 * len(PAYLOADS)
    assert seen.page.locator(ELEMENTS).count() == 0
    assert seen.page.locator("script").count() == 1
    assert not seen.page.evaluate("'harmed' in window")
    assert seen.trouble == []
