"""A stream's head and tail in bounded memory."""

from __future__ import annotations

from collections import deque


class Capture:
    """Keeps the first two thirds and the last third of `limit` bytes, however much arrives."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit * 2 // 3
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.total = 0
        """Bytes that arrived."""

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            data = data[-self._tail_limit :]
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._tail_limit:
                self._tail_size -= len(self._tail.popleft())

    @property
    def elided(self) -> int:
        """Bytes that are in neither head nor tail."""
        return self.total - len(self._head) - min(self._tail_size, self._tail_limit)

    def result(self) -> bytes:
        """Head and tail, with a line between them that says how much is left out."""
        tail = b"".join(self._tail)[-self._tail_limit :] if self._tail else b""
        if not self.elided:
            return bytes(self._head) + tail
        return bytes(self._head) + b"\n... %d bytes left out ...\n" % self.elided + tail
