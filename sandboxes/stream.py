"""A command's hijacked connection: input goes in, framed output comes out, all before a deadline."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from typing import Any

from sandboxes.capture import Capture

_HEADER = struct.Struct(">BxxxL")
_CHUNK = 64 * 1024


class Stream:
    """The connection of one command, as the SDK's `exec_start(socket=True)` returned it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._socket, self._early = _unwrap(connection)
        self._socket.setblocking(False)

    def exchange(self, stdin: bytes, deadline: float, capture: Capture) -> bool:
        """Send `stdin`, feed output to `capture` until the command closes it; False when `deadline` came first.

        `deadline` is on the monotonic clock.
        """
        raw = self._socket
        frames = _Frames(capture)
        frames.feed(self._early)
        self._early = b""
        pending = memoryview(stdin)
        with selectors.DefaultSelector() as selector:
            selector.register(raw, selectors.EVENT_READ | (selectors.EVENT_WRITE if stdin else 0))
            while (left := deadline - time.monotonic()) > 0:
                for _, ready in selector.select(left):
                    if ready & selectors.EVENT_READ:
                        data = _receive(raw)
                        if data == b"":
                            return True
                        frames.feed(data or b"")
                    if ready & selectors.EVENT_WRITE:
                        pending = _send(raw, pending)
                        if not pending:
                            selector.modify(raw, selectors.EVENT_READ)
        return False

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
    """What is left to send; the sending half is closed at the end, or when nobody reads any more."""
    try:
        pending = pending[raw.send(pending[:_CHUNK]) :]
    except BlockingIOError:
        return pending
    except (BrokenPipeError, ConnectionResetError):
        return memoryview(b"")
    if not pending:
        raw.shutdown(socket.SHUT_WR)
    return pending


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

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._header = b""
        self._left = 0

    def feed(self, data: bytes) -> None:
        while data:
            if self._left:
                self._capture.feed(data[: self._left])
                self._left, data = max(0, self._left - len(data)), data[self._left :]
                continue
            need = _HEADER.size - len(self._header)
            self._header, data = self._header + data[:need], data[need:]
            if len(self._header) == _HEADER.size:
                _, self._left = _HEADER.unpack(self._header)
                self._header = b""
