"""A real language model behind a real server, brought up by the first test that asks for it.

The server is built and the model downloaded once, into the user's cache. It takes minutes and is said in the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from live_model.server import LiveServer, live_server

TEST_SECONDS = 900


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use the server run in one process, so that there is one; their time begins once it is up."""
    for item in items:
        if "live" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.xdist_group("live"))
            item.add_marker(pytest.mark.timeout(TEST_SECONDS, func_only=True))


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    """A server of this process's own, ended with the session."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\ntests/models/live: {text}", file=sys.stderr, flush=True)

    with live_server(say) as server:
        yield server
