"""A hijacked connection to the engine: bytes go in, framed output comes out, all before a deadline."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

_HEADER = struct.Struct(">BxxxL")
_CHUNK = 64 * 1024
STDOUT = 1


class Stream:
    """The connection of a process in a container, as the SDK returned it for an attach or an exec."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._socket, early = _unwrap(connection)
        self._socket.setblocking(False)
        self._frames = _Frames()
        self._early = list(self._frames.feed(early))
        self.ended = False
        """The process closed its output."""

    def exchange(self, stdin: bytes, deadline: float, *, close: bool = False) -> Iterator[tuple[int, bytes]]:
        """Send `stdin` while yielding output as (stream, bytes), until the process ends or the deadline comes.

        `deadline` is on the monotonic clock. With `close`, standard input is closed once `stdin` is sent. Whoever
        has seen enough may simply stop iterating; the rest stays for the next exchange.
        """
        while self._early:
            yield self._early.pop(0)
        pending = memoryview(stdin)
        raw = self._socket
        with selectors.DefaultSelector() as selector:
            selector.register(raw, selectors.EVENT_READ | (selectors.EVENT_WRITE if stdin else 0))
            if close and not stdin:
                _close_sending(raw)
            while not self.ended and (left := deadline - time.monotonic()) > 0:
                for _, ready in selector.select(left):
                    if ready & selectors.EVENT_WRITE:
                        pending = _send(raw, pending)
                        if not pending:
                            selector.modify(raw, selectors.EVENT_READ)
                            if close:
                                _close_sending(raw)
                    if ready & selectors.EVENT_READ:
                        data = _receive(raw)
                        self.ended = data == b""
                        self._early = list(self._frames.feed(data or b""))
                while self._early:
                    yield self._early.pop(0)

    def close(self) -> None:
        self._connection.close()


def _receive(raw: socket.socket) -> bytes | None:
    """What has arrived; None for nothing yet, empty at the end."""
    try:
        return raw.recv(_CHUNK)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


def _send(raw: socket.socket, pending: memoryview) -> memoryview:
    """What is left to send; nothing when nobody reads any more."""
    try:
        return pending[raw.send(pending[:_CHUNK]) :]
    except BlockingIOError:
        return pending
    except (BrokenPipeError, ConnectionResetError):
        return memoryview(b"")


def _close_sending(raw: socket.socket) -> None:
    try:
        raw.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _unwrap(connection: Any) -> tuple[socket.socket, bytes]:
    """The socket itself, and what the SDK's header reader had already taken from it.

    The engine may send the first output in the same packet as its response header; those bytes then sit in the
    buffer of the response and would be lost to whoever reads the socket.
    """
    raw: socket.socket = getattr(connection, "_sock", connection)
    response = getattr(connection, "_response", None)
    buffered: Any = getattr(getattr(getattr(response, "raw", None), "_fp", None), "fp", None)
    if not hasattr(buffered, "peek"):
        return raw, b""
    raw.setblocking(False)
    early = buffered.read(len(buffered.peek())) if buffered.peek() else b""
    return raw, early or b""


class _Frames:
    """Takes the engine's eight-byte frame headers off."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        while data:
            if self._left:
                yield self._stream, data[: self._left]
                self._left, data = max(0, self._left - len(data)), data[self._left :]
                continue
            need = _HEADER.size - len(self._header)
            self._header, data = self._header + data[:need], data[need:]
            if len(self._header) == _HEADER.size:
                self._stream, self._left = _HEADER.unpack(self._header)
                self._header = b""
