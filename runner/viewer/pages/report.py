"""A run's report, written anew from its transcripts: a page of its own style and policy, below the others' head."""

from __future__ import annotations

import re
import threading
from html import unescape

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from runner.labels.file import FILE as LABELS
from runner.report.page import Masthead, html
from runner.runs.folder import RunFolder
from runner.viewer.place import Place, run_href, trial_href
from runner.visible import visible

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')


def routes(place: Place) -> list[Route]:
    one_at_a_time = threading.Lock()
    last: dict[str, tuple[object, str]] = {}

    def written(slug: str) -> str:
        """The run's page, which stands until a trial ends or a label is given."""
        run = place.run(slug)

        def href(trial: str, step: int) -> str:
            return f"{trial_href(slug, trial)}?at={step}#s{step}"

        with one_at_a_time:
            now = _state(run)
            if slug not in last or last[slug][0] != now:
                # what could not be read is said by the page itself
                page = html(run, lambda problem: None, href=href, masthead=_masthead(place, slug))
                last.clear()
                last[slug] = now, page
            return last[slug][1]

    def report(request: Request) -> Response:
        slug: str = request.path_params["run"]
        page = written(slug)
        trial = request.query_params.get("trial")
        if trial is not None and f'id="trial-{escape(visible(trial))}"' not in page:
            return RedirectResponse(f"{run_href(slug)}/report#evidence", 303)
        return HTMLResponse(page, headers={"Content-Security-Policy": _policy(page)})

    return [Route("/runs/{run}/report", report)]


def _masthead(place: Place, slug: str) -> Masthead:
    style, head = (place.templates.get_template(f"report_masthead{kind}.jinja") for kind in (".css", ""))
    return Masthead(Markup(style.render()), Markup(head.render(slug=slug)))


def _state(run: RunFolder) -> object:
    """Times and sizes of the files that change when a trial ends or a label is given."""
    wal = run.ledger_file.with_name(f"{run.ledger_file.name}-wal")
    files = [file for file in (run.lock_file, run.ledger_file, wal, run.path / LABELS) if file.is_file()]
    return [(file, file.stat().st_mtime_ns, file.stat().st_size) for file in files]


def _policy(page: str) -> str:
    """The page's own policy, the first in it: it names its style and its script by their hashes."""
    found = _POLICY.search(page)
    policy = unescape(found[1]) if found else "default-src 'none'"
    return f"{policy}; frame-ancestors 'none'"
