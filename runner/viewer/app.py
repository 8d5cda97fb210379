"""The application: the pages' routes, the files they need, and the guard around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runner.errors import UserError
from runner.viewer.guard import Guard, Keys
from runner.viewer.pages import (
    approvals,
    compare,
    files,
    labels,
    matrix,
    report,
    runs,
    search,
    steps,
    trial,
    workspace,
)
from runner.viewer.place import Place

PAGES: Sequence[ModuleType] = (
    *(files, runs, matrix, trial, steps, workspace, report),
    *(search, compare, labels, approvals),
)
"""Each has `routes(place) -> list[Route]`; handlers are plain functions and run in threads."""


def application(place: Place, keys: Keys, port: int | None = None) -> Starlette:
    """`port` is the one that the server listens at: requests that name another host are refused."""

    def told(request: Request, error: Exception) -> Response:
        """A page that says what was wrong, where an exception would say nothing."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = error.detail if isinstance(error, HTTPException) else str(error)
        return place.page("problem.html.jinja", status, words=words)

    handlers: dict[type[Exception], Callable[[Request, Exception], Response]] = {
        HTTPException: told,
        UserError: told,
        OSError: told,  # a file that went away meanwhile
    }
    routes: list[Route] = [route for page in PAGES for route in page.routes(place)]
    return Starlette(routes=routes, exception_handlers=handlers, middleware=[Middleware(Guard, keys=keys, port=port)])
