"""A turn of thousands of calls, as other harnesses' transcripts may have, is read in pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx

from runner.events.base import Event
from runner.viewer.serving import Address
from written import answered, call, key, said, trial, write_run

CALLS = 1500


def test_each_page_holds_some_hundred_calls_and_each_step_is_on_one(
    tmp_path: Path, serve: Callable[..., Address], client: Callable[[Address], httpx.Client]
) -> None:
    wide = key("s", "wide")
    events: list[Event] = [said("All at once.")]
    for number in range(CALLS):
        name = f"c{number}"
        events += [call("read_file", call_id=name, path=name), answered("text", tool="read_file", call_id=name)]
    run = write_run(tmp_path / "wide", {wide: trial(wide, *events)})
    asked = client(serve(run))
    address = f"/runs/wide/trials/{wide.name}"
    shown: set[str] = set()
    titles: set[str] = set()
    following, pages = address, 0
    while following:
        page = asked.get(following).text
        assert len(page) < 500_000
        shown |= set(re.findall(r'<article class="call[^"]*" id="(s\d+)"', page))
        titles |= set(re.findall(r'aria-label="(Turn [^"]*)"', page))
        later = re.search(r'id="later" href="[^"]*(\?from=\d+)', page)
        following, pages = f"{address}{later[1]}" if later else "", pages + 1
    assert len(shown) == CALLS + 1, "the submission is a call, too"
    assert pages >= CALLS // 400
    assert titles == {"Turn 1", "Turn 1, continued"}
    assert 'id="s1003"' in asked.get(f"{address}?at=1003").text
