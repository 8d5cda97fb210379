"""What comes in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from wayfinder.accept import Accept
from wayfinder.cookies import parse_cookies
from wayfinder.errors import BadRequest
from wayfinder.headers import Headers
from wayfinder.query import QueryParams


class Request:
    """A request as the server has read it."""

    def __init__(
        self, method: str, target: str, *, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        self.method = method.upper()
        path, _, query = target.partition("#")[0].partition("?")
        self.path = path or "/"
        self.query_string = query
        self.headers = Headers(headers)
        self.body = body
        self.state: dict[str, Any] = {}
        """For middleware and handlers to leave things to each other."""

    @cached_property
    def query(self) -> QueryParams:
        """The parameters of the query string."""
        return QueryParams.parse(self.query_string)

    @cached_property
    def cookies(self) -> dict[str, str]:
        """The cookies that the client sent."""
        return parse_cookies("; ".join(self.headers.get_all("Cookie")))

    @cached_property
    def accept(self) -> Accept:
        """The media types that the client would like to get."""
        return Accept.parse(self.headers.joined("Accept"))

    def json(self) -> Any:
        """The body as JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BadRequest(f"the body is not JSON: {error}") from error
