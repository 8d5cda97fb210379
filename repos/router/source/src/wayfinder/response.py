"""What goes out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wayfinder.cookies import SetCookie
from wayfinder.headers import Headers


class Response:
    """Status, headers and body; may be changed until it is sent."""

    def __init__(
        self, body: bytes = b"", *, status: int = 200, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.status = status
        self.headers = Headers(headers)
        self.body = body

    @classmethod
    def text(cls, text: str, *, status: int = 200) -> Response:
        """Plain text."""
        return cls(text.encode(), status=status, headers=[("Content-Type", "text/plain; charset=utf-8")])

    @classmethod
    def json(cls, value: Any, *, status: int = 200) -> Response:
        """JSON."""
        body = json.dumps(value, sort_keys=True).encode()
        return cls(body, status=status, headers=[("Content-Type", "application/json")])

    @classmethod
    def redirect(cls, location: str, *, status: int = 303) -> Response:
        """A redirection to another URL."""
        return cls(status=status, headers=[("Location", location)])

    def set_cookie(self, name: str, value: str, **options: Any) -> None:
        """Have the client store a cookie."""
        self.headers.add("Set-Cookie", SetCookie(name, value, **options).header())
