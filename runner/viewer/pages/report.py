"""A run's report, written anew from its transcripts: a page of its own style, script and policy."""

from __future__ import annotations

import re
import threading
from html import unescape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from runner.report.page import html
from runner.viewer.place import Place

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def routes(place: Place) -> list[Route]:
    one_at_a_time = threading.Lock()

    def report(request: Request) -> Response:
        run = place.run(request.path_params["run"])
        with one_at_a_time:
            page = html(run, lambda problem: None)  # the page itself says what could not be read
        return HTMLResponse(page, headers={"Content-Security-Policy": _policy(page)})

    return [Route("/runs/{run}/report", report)]


def _policy(page: str) -> str:
    """The page's own policy, the first in it: it names its style and its script by their hashes."""
    found = _POLICY.search(page)
    policy = unescape(found[1]) if found else "default-src 'none'"
    return f"{policy}; frame-ancestors 'none'"
