"""A message posted to a web address. The one place beside the providers that speaks HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from runner.messages import to_json
from runner.notices.message import Message
from runner.notices.settings import is_loopback

TRIES = 3
FIRST_PAUSE = 1.0
"""Seconds before the second try; twice as long before each further one."""


class NotPosted(Exception):
    """A message was not accepted; the sentence says why, without the address."""


def post(address: str, headers: Mapping[str, str], message: Message, seconds: float) -> None:
    """Redirects are not followed and answers not read. Raises NotPosted after three tries, or `seconds`."""
    deadline = time.monotonic() + seconds
    body = to_json(message)
    sent = {"content-type": "application/json", "user-agent": "taskfit", **headers}
    outside = not is_loopback(urlsplit(address).hostname or "")
    problem = ""
    with httpx.Client(trust_env=outside, follow_redirects=False) as http:
        for number in range(TRIES):
            if number:
                pause = FIRST_PAUSE * 2 ** (number - 1)
                if time.monotonic() + pause >= deadline:
                    break
                time.sleep(pause)
            problem, again = _try(http, address, sent, body, max(0.1, deadline - time.monotonic()))
            if not again:
                break
    if problem:
        raise NotPosted(problem)


def _try(http: httpx.Client, address: str, headers: dict[str, str], body: bytes, seconds: float) -> tuple[str, bool]:
    """What went wrong, empty if nothing did, and whether another try may help."""
    try:
        with http.stream("POST", address, content=body, headers=headers, timeout=seconds) as answer:
            status = answer.status_code
    except httpx.TransportError as error:
        return f"the webhook cannot be reached ({type(error).__name__})", True
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        return f"the webhook cannot be posted to ({type(error).__name__})", False
    if 200 <= status < 300:
        return "", False
    return f"the webhook answered with status {status}", status == 429 or status >= 500
