"""Everything this package raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus


class WayfinderError(Exception):
    """Base of the errors that are made by the programmer."""


class PatternError(WayfinderError):
    """A route pattern cannot be understood."""


class BuildError(WayfinderError):
    """No URL can be built from a name and values."""


class HTTPError(Exception):
    """Ends the handling of a request with a status."""

    def __init__(self, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail or HTTPStatus(status).phrase
        self.headers = dict(headers or {})
        super().__init__(f"{status} {self.detail}")


class BadRequest(HTTPError):
    """The request makes no sense."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(400, detail)


class NotFound(HTTPError):
    """No route matches, or a handler found nothing."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(404, detail)


class MethodNotAllowed(HTTPError):
    """Routes match, but not with this method."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(405, headers={"Allow": ", ".join(self.allowed)})


class NotAcceptable(HTTPError):
    """None of the offers is acceptable."""

    def __init__(self, offers: Iterable[str]) -> None:
        super().__init__(406, "available: " + ", ".join(offers))
