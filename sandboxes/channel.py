"""Speaks with the persistent process in a sandbox (`sandboxes/inside/`) over one attached stream."""

from __future__ import annotations

import errno
import json
import os
import posixpath
import struct
import time
from collections.abc import Sequence
from typing import Any

from sandboxes.base import Command, ExecResult
from sandboxes.errors import SandboxDied
from sandboxes.hands import ENVIRONMENT, KILL_SECONDS, USER_ID, WORKSPACE
from sandboxes.inside import program
from sandboxes.stream import STDOUT, Stream

PROGRAM = ["python3", "-I", "-c", program(), str(USER_ID)]
"""The sandbox's first process; its last argument is the most bytes that commands may write, 0 for no limit."""
CAPABILITIES = ("SETUID", "SETGID", "SETPCAP")
"""What it needs to start and to kill processes as the model's user, and to take these rights from them."""
START_SECONDS = 30.0
FILE_SECONDS = 60.0
_LENGTHS = struct.Struct(">II")


class Channel:
    """One request at a time. Raises SandboxDied when the process is gone or does not answer in time."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._complaint = bytearray()

    def greet(self) -> bool:
        """Wait for the process to come up; False when this kernel cannot keep its rights apart from the model's."""
        header, _ = self._answer(b"", time.monotonic() + START_SECONDS)
        return bool(header.get("hello"))

    def exec(self, command: Command) -> ExecResult:
        started = time.monotonic()
        request = {
            "op": "exec",
            "argv": list(command.argv),
            "cwd": command.cwd,
            "env": ENVIRONMENT | dict(command.env),
            "timeout": command.timeout,
            "limit": command.output_limit,
            "uid": USER_ID,
        }
        seconds = command.timeout + KILL_SECONDS + START_SECONDS
        answer, output = self._ask(request, command.stdin, seconds)
        head, elided = answer["head"], answer["elided"]
        between = b"\n... %d bytes left out ...\n" % elided if elided else b""
        return ExecResult(
            exit_code=answer["exit_code"],
            output=output[:head] + between + output[head:],
            elided_bytes=elided,
            timed_out=answer.get("timed_out", False),
            disk_exceeded=answer.get("disk_exceeded", False),
            seconds=time.monotonic() - started,
        )

    def read(self, path: str, limit: int) -> bytes:
        _, data = self._ask({"op": "read", "path": _absolute(path), "limit": limit}, b"", FILE_SECONDS, path)
        return data

    def write(self, path: str, data: bytes) -> None:
        self._ask({"op": "write", "path": _absolute(path)}, data, FILE_SECONDS, path)

    def resolve(self, paths: Sequence[str]) -> list[str]:
        body = b"\0".join(os.fsencode(_absolute(path)) for path in paths)
        _, found = self._ask({"op": "resolve"}, body, FILE_SECONDS, "/".join(paths)[:200])
        return [os.fsdecode(path) for path in found.split(b"\0")]

    def close(self) -> None:
        self._stream.close()

    def _ask(
        self, request: dict[str, Any], body: bytes, seconds: float, path: str = ""
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request; returns the answer's header and body. Raises OSError of the kind that it met inside."""
        header = json.dumps(request).encode()
        message = _LENGTHS.pack(len(header), len(body)) + header + body
        answer, data = self._answer(message, time.monotonic() + seconds)
        if name := answer.get("errno"):
            number = getattr(errno, name, errno.EIO)
            raise OSError(number, f"{path}: {answer['message'].lower()}")
        if failure := answer.get("failure"):
            raise SandboxDied(failure)
        return answer, data

    def _answer(self, message: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        for stream, data in self._stream.exchange(message, deadline):
            if stream == STDOUT:
                self._buffer += data
            else:
                self._complaint = (self._complaint + data)[-2000:]
            if (whole := self._whole()) is not None:
                return whole
        why = "ended" if self._stream.ended else "does not answer"
        said = self._complaint.decode("utf-8", "replace").strip()
        raise SandboxDied(f"the sandbox's process {why}{': ' + said if said else ''}")

    def _whole(self) -> tuple[dict[str, Any], bytes] | None:
        """The answer, once all of it is there."""
        if len(self._buffer) < _LENGTHS.size:
            return None
        header, body = _LENGTHS.unpack_from(self._buffer)
        end = _LENGTHS.size + header + body
        if len(self._buffer) < end:
            return None
        text = bytes(self._buffer[_LENGTHS.size : _LENGTHS.size + header])
        data = bytes(self._buffer[_LENGTHS.size + header : end])
        del self._buffer[:end]
        return json.loads(text), data


def _absolute(path: str) -> str:
    return posixpath.join(WORKSPACE, path)
