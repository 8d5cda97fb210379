"""Who may see the pages: a browser on this machine that was given the address, and no other site through it.

The token of the address is exchanged for a cookie, so that it stays in no address bar. A request whose `Host` is not
this server's comes from a name that somebody else's DNS points here (rebinding), and is refused; so is a request that
changes something and was not sent by a page of this server.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Files of this server alone, nothing inline."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ICON = '<link rel="icon" href="/icon.svg">'
SAFE_METHODS = ("GET", "HEAD")


class Keys:
    """The secrets of one server. Safe to use from any thread."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        """In the address that people are given."""
        self.cookie = secrets.token_urlsafe(24)
        self._once: set[str] = set()
        self._lock = threading.Lock()

    def once(self) -> str:
        """A token for one use: other users of the machine can read a browser's command line."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._once.add(token)
        return token

    def opens(self, token: str) -> bool:
        if _same(token, self.token):
            return True
        with self._lock:
            used = next((each for each in self._once if _same(token, each)), None)
            self._once.discard(used or "")
        return used is not None


class Guard:
    """ASGI middleware. `port` is the server's own; None takes any (for tests that have no server)."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int | None) -> None:
        self._app = app
        self._keys = keys
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        self._cookie = f"taskfit_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive, guarded)

    def _refusal(self, request: Request) -> Response | None:
        """What stands in for the page that was asked for; None where it may be seen."""
        headers = Headers(scope=request.scope)
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return _page(421, "This server answers to its own address alone.")
        if (token := request.query_params.get("token")) is not None:
            return self._welcome(request.scope["raw_path"].decode("latin-1")) if self._keys.opens(token) else _strange()
        if not _same(request.cookies.get(self._cookie, ""), self._keys.cookie):
            return _strange()
        if request.method not in SAFE_METHODS and not self._is_own(headers.get("origin", "")):
            return _page(403, "This was not sent by a page of this server, and changed nothing.")
        return None

    def _welcome(self, path: str) -> Response:
        """Sets the cookie and goes on to a path, as it was sent.

        A redirect would not carry a strict cookie that a link elsewhere led to.
        """
        here = escape("/" + path.lstrip("/\\"))
        onward = f'{_ICON}<meta http-equiv="refresh" content="0; url={here}">'
        answer = _page(200, "", onward, f'<a href="{here}">Go on</a>')
        answer.set_cookie(self._cookie, self._keys.cookie, httponly=True, samesite="strict", path="/")
        return answer

    def _is_own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme == "http" and parts.netloc in self._hosts


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _strange() -> Response:
    return _page(403, "Open the address that `taskfit view` printed: it holds the token that this server asks for.")


def _page(status: int, words: str, head: str = "", body: str = "") -> Response:
    start = '<!doctype html><html lang="en"><meta charset="utf-8"><title>taskfit</title>'
    return HTMLResponse(f"{start}{head}<p>{escape(words)}{body}</p>", status)
