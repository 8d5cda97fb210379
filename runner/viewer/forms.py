"""Forms that change something: read within bounds, and only where a page of this server, and of this time, sent them.

The guard has seen the cookie and the origin by then; the token says that the form itself came from here.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MOST_BYTES = 64 * 1024
MOST_FIELDS = 50
TOKEN = "form_token"

Form = Mapping[str, str]


class Forms:
    """The forms of one server."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)

    def handler(
        self, work: Callable[[Request, Form], Response], most: int = MOST_BYTES
    ) -> Callable[[Request], Awaitable[Response]]:
        """Of a route: `work` runs in a thread, with the fields of the form (the last one of each name).

        A form of more than `most` bytes changes nothing.
        """

        async def handle(request: Request) -> Response:
            form = _fields(await _body(request, most))
            if not secrets.compare_digest(form.get(TOKEN, "").encode(), self.token.encode()):
                raise HTTPException(403, "This form is of an earlier page, and changed nothing. Open the page again.")
            return await run_in_threadpool(work, request, form)

        return handle


async def _body(request: Request, most: int) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise HTTPException(415, "This is no form.")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413, f"The form is longer than {most // 1024} KB, and changed nothing.")
    return body


def _fields(body: bytes) -> Form:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "The form cannot be read, and changed nothing.") from None
