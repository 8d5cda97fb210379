"""Nobody sees a page without the address that was printed, and no other site uses a browser that has."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from runner.errors import UserError
from runner.events.endings import TrialFinished
from runner.events.origins import TrialStarted
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.viewer.place import Place
from runner.viewer.serving import Address, serve, served


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, write_trials: Callable[..., RunFolder]) -> Iterator[Address]:
    key = TrialKey(scenario="s", model="m", repeat=1)
    events = [TrialStarted(key=key, attempt=1, image="i", seed=1), TrialFinished(verdict="resolved")]
    with served(Place([write_trials(tmp_path_factory.mktemp("guard") / "run", {key: events})])) as address:
        yield address


def _get(address: Address, path: str = "/", **headers: str | bytes) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{address.port}{path}", headers=headers)


def _cookie(address: Address) -> str:
    return httpx.get(address.url()).headers["set-cookie"].partition(";")[0]


def test_a_page_needs_the_cookie_that_the_address_gives(address: Address) -> None:
    assert _get(address).status_code == 403
    assert _get(address, "/style.css").status_code == 403
    assert _get(address, "/?token=guessed").status_code == 403
    assert _get(address, "/", Cookie=f"taskfit_{address.port}=guessed").status_code == 403
    assert _get(address, "/", Cookie=f"taskfit_{address.port}=\xfc".encode("latin-1")).status_code == 403
    assert _get(address, "/", Cookie=_cookie(address)).status_code == 200


def test_the_cookie_is_no_scripts_and_no_other_sites(address: Address) -> None:
    said = httpx.get(address.url()).headers["set-cookie"]
    assert "HttpOnly" in said and "SameSite=strict" in said and address.keys.token not in said


def test_a_token_for_one_use_opens_once(address: Address) -> None:
    once = address.url(once=True)
    assert [httpx.get(once).status_code for _ in range(2)] == [200, 403]


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        ("/runs/50%25%20%231%3F", "/runs/50%25%20%231%3F"),
        ("//evil.example/x", "/evil.example/x"),
        ("/\\evil.example", "/evil.example"),
        ("/%2f%2fevil.example", "/%2f%2fevil.example"),
        ("/%0d%0a%22%3e%3cscript%3e", "/%0d%0a%22%3e%3cscript%3e"),
        ("/'%22;url=https://evil.example", "/&#x27;%22;url=https://evil.example"),
    ],
)
def test_the_token_leads_to_the_very_address_that_was_asked_for_and_to_no_other_server(
    path: str, onward: str, address: Address
) -> None:
    with socket.create_connection(("127.0.0.1", address.port)) as raw:
        head = f"GET {path}?token={address.keys.token} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n"
        raw.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 200")
    assert f'content="0; url={onward}"' in answer


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]"])
def test_a_request_that_names_another_host_is_refused(address: Address, host: str) -> None:
    """A name that somebody's DNS points at this machine would let their page read this one."""
    answer = _get(address, "/", Cookie=_cookie(address), Host=host.format(port=address.port))
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://localhost"])
def test_what_changes_something_must_come_from_a_page_of_this_server(address: Address, origin: str | None) -> None:
    headers = {"Cookie": _cookie(address)} | ({"Origin": origin} if origin is not None else {})
    assert httpx.post(f"http://127.0.0.1:{address.port}/", headers=headers).status_code == 403
    own = {"Cookie": _cookie(address), "Origin": f"http://127.0.0.1:{address.port}"}
    assert httpx.post(f"http://127.0.0.1:{address.port}/", headers=own).status_code == 405


def test_every_answer_allows_files_of_this_server_alone_and_no_other_site_to_read(address: Address) -> None:
    for answer in (_get(address), _get(address, "/", Cookie=_cookie(address)), _get(address, "/none")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/runs/none",
        "/runs/run/trials/none",
        "/runs/..%2f..%2fetc/trials/x",
        "/runs/run/trials/..%2f..%2f..%2fetc%2fpasswd",
        "/runs/run/trials/s.m.control.1/steps/99",
        "/runs/run/trials/s.m.control.1/steps/0?part=9",
        "/runs/run/trials/s.m.control.1/steps/0?part=-1",
        "/runs/run/trials/s.m.control.1/steps/99999999999999999999999",
        "/runs/run/trials/s.m.control.1/files?step=x",
        "/static/../app.py",
        "/%00",
    ],
)
def test_what_is_not_there_says_so(address: Address, path: str) -> None:
    answer = _get(address, path, Cookie=_cookie(address))
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("query", ["at=x", "at=999999", "at=-1", "from=x", "from=99999", "from=٣", "at=" + "9" * 400])
def test_a_step_that_is_not_there_shows_the_nearest_turns(address: Address, query: str) -> None:
    answer = _get(address, f"/runs/run/trials/s.m.control.1?{query}", Cookie=_cookie(address))
    assert answer.status_code == 200


def test_a_port_that_is_taken_is_the_users_to_know(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="leave --port out"):
            serve(Place([]), taken.getsockname()[1], lambda address: None)
