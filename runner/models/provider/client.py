"""One attempt at one call: a request out, a stream of events back, timed and recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from runner.models.formats.base import Assembled, Assembler, Delta, Format, ServerEvent, StreamFault
from runner.models.provider.sse import Events

MAX_ANSWER = 32 << 20
"""Bytes of one answer that are read."""
MAX_ERROR = 64 << 10
CONNECT_SECONDS = 20.0
SILENCE_SECONDS = 300.0
"""Longest time without a byte: a model may think for minutes before its first."""
CALL_SECONDS = 1800.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteError, httpx.UnsupportedProtocol)


class Unreached(Exception):
    """The request did not arrive: nothing was served, and the call may be made again."""


class Stale(Exception):
    """The connection broke before the first byte, as a kept-alive one does that the server had closed meanwhile."""


class Cut(Exception):
    """The answer broke off, or did not come in time: it may have been paid for."""


@dataclass
class Exchange:
    """What went over the wire in one attempt, as far as it got."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytearray = field(default_factory=bytearray)
    first: dict[Delta, float] = field(default_factory=dict)
    """Kind of content → seconds to its first delta."""
    seconds: float = 0.0


def attempt(
    http: httpx.Client, url: str, headers: Mapping[str, str], body: bytes, form: Format, exchange: Exchange
) -> Assembled:
    """Raises Unreached, Stale, Cut, or StreamFault with the provider's own words."""
    started = time.monotonic()
    try:
        with http.stream("POST", url, content=body, headers=dict(headers)) as response:
            exchange.status, exchange.headers = response.status_code, dict(response.headers)
            if response.status_code != 200:
                raise form.fault(response.status_code, _error_body(response, exchange))
            return _read(response, form.assembler(), exchange, started)
    except httpx.TransportError as error:
        said = f"{type(error).__name__}: {error}"
        if not exchange.answer and isinstance(error, NOT_SENT):
            raise Unreached(said) from error
        if not exchange.answer and isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            raise Stale(said) from error
        raise Cut(said) from error
    finally:
        exchange.seconds = time.monotonic() - started


def assembled(form: Format, answer: bytes) -> Assembled:
    """A recorded answer, put together as it was when it came. Raises StreamFault for a recorded error."""
    assembler, events = form.assembler(), Events()
    whole = [*events.feed(answer), *events.end()]
    for event in whole or [ServerEvent("", answer.decode("utf-8", "replace"))]:
        assembler.feed(event)
    return assembler.finish()


def _read(response: httpx.Response, assembler: Assembler, exchange: Exchange, started: float) -> Assembled:
    streams = "event-stream" in response.headers.get("content-type", "event-stream")
    events = Events()

    def take(event: ServerEvent) -> None:
        kind = assembler.feed(event)
        if kind is not None:
            exchange.first.setdefault(kind, time.monotonic() - started)

    for chunk in response.iter_bytes():
        exchange.answer += chunk
        if len(exchange.answer) > MAX_ANSWER:
            raise StreamFault(f"the answer is longer than {MAX_ANSWER >> 20} MiB", kind="request")
        if time.monotonic() - started > CALL_SECONDS:
            raise Cut(f"the answer took longer than {CALL_SECONDS:.0f} s")
        for event in events.feed(chunk) if streams else ():
            take(event)
    for event in events.end() if streams else [ServerEvent("", exchange.answer.decode("utf-8", "replace"))]:
        take(event)
    if not assembler.complete:
        kind = response.headers.get("content-type", "none")
        raise Cut("the stream ended before its end" if streams else f"no stream of events came, but {kind}")
    return assembler.finish()


def _error_body(response: httpx.Response, exchange: Exchange) -> bytes:
    for chunk in response.iter_bytes():
        exchange.answer += chunk[: MAX_ERROR - len(exchange.answer)]
        if len(exchange.answer) >= MAX_ERROR:
            break
    return bytes(exchange.answer)


def new_client(most: int) -> httpx.Client:
    """A pool of at most `most` connections."""
    timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
    return httpx.Client(timeout=timeout, limits=httpx.Limits(max_connections=most, max_keepalive_connections=most))
