"""Inside a sandbox: one command as the model's user, to its end, its time limit or the disk's."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import subprocess
import time
from typing import Any

from sandboxes.inside.watch import Disk, kill_all

GRACE = 0.1
"""Seconds to wait for more output once a command has ended while something it left behind holds its output open."""


class Kept:
    """The head and the tail of a command's output."""

    def __init__(self, limit: int) -> None:
        self.head_limit = limit * 2 // 3
        self.tail_limit = limit - self.head_limit
        self.head, self.tail, self.total = bytearray(), bytearray(), 0

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = self.head_limit - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        if data:
            self.tail += data
            if len(self.tail) > 2 * self.tail_limit + 65536:
                del self.tail[: -self.tail_limit]

    def result(self) -> tuple[bytes, bytes, int]:
        """Head, tail, and how many bytes are missing between them."""
        tail = bytes(self.tail[-self.tail_limit :])
        return bytes(self.head), tail, self.total - len(self.head) - len(tail)


def execute(disk: Disk, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Run a command to its end, its time limit or the disk's."""
    started = time.monotonic()
    kept = Kept(request["limit"])
    try:
        process = subprocess.Popen(
            request["argv"],
            cwd=request["cwd"],
            env=request["env"],
            stdin=subprocess.PIPE if body else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=request["uid"],
            group=request["uid"],
            extra_groups=[],
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = f"cannot run {request['argv'][0]}: {error}".encode("utf-8", "replace")
        missing = getattr(error, "errno", None) == errno.ENOENT
        return {"exit_code": 127 if missing else 126, "head": len(said), "elided": 0}, said
    try:
        ended = follow(process, body, kept, started + request["timeout"], disk)
        if ended:
            kill_all(request["uid"])
            process.wait()
        if ended == "disk":
            disk.spare()
    finally:
        for file in (process.stdin, process.stdout):
            if file:
                abandon(file)
    head, tail, elided = kept.result()
    code = process.returncode
    reply = {
        "exit_code": 124 if ended else code if code >= 0 else 128 - code,
        "timed_out": ended == "time",
        "disk_exceeded": ended == "disk",
        "head": len(head),
        "elided": elided,
    }
    return reply, head + tail


def follow(process: subprocess.Popen[bytes], body: bytes, kept: Kept, deadline: float, disk: Disk) -> str:
    """Feed a process and keep its output until it ends; returns what came first: "time", "disk", or nothing."""
    pending = memoryview(body)
    ended = last = 0.0
    output = process.stdout
    assert output is not None
    with selectors.DefaultSelector() as selector:
        os.set_blocking(output.fileno(), False)
        selector.register(output, selectors.EVENT_READ)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                return "time"
            if disk.exceeded():
                return "disk"
            if not ended and process.poll() is not None:
                ended = last = now
            if ended and (now - last >= GRACE or now - ended >= 10 * GRACE):
                return ""
            for key, _ in selector.select(min(deadline - now, 0.02 if ended else 0.05)):
                if key.fileobj is output:
                    data = receive(key.fd)
                    kept.feed(data or b"")
                    last = now
                    if data == b"":
                        close(selector, output)
                else:
                    pending = give(key.fd, pending)
                    if not pending:
                        close(selector, key.fileobj)
    while process.poll() is None:
        if time.monotonic() >= deadline:
            return "time"
        if disk.exceeded():
            return "disk"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(0.05, max(0.0, deadline - time.monotonic())))
    return ""


def close(selector: selectors.BaseSelector, file: Any) -> None:
    selector.unregister(file)
    abandon(file)


def abandon(file: Any) -> None:
    with contextlib.suppress(OSError):
        file.close()


def receive(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None


def give(descriptor: int, pending: memoryview) -> memoryview:
    """What is left to write; nothing when nobody reads any more."""
    try:
        return pending[os.write(descriptor, pending[:65536]) :]
    except BlockingIOError:
        return pending
    except OSError:
        return memoryview(b"")
