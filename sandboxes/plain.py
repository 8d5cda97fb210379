"""Plain exec through the engine's API: for images without Python, at some 50 ms a command."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence

from sandboxes.base import Command, ExecResult
from sandboxes.capture import Capture
from sandboxes.client import Engine
from sandboxes.errors import SandboxDied
from sandboxes.hands import KILL_SECONDS, USER, USER_ID
from sandboxes.stream import Stream

KILL = "for i in 1 2 3 4 5; do kill -9 -1; sleep 0.02; done"
"""Run as the sandbox's user: signals every process of that user but itself, again for those that just forked."""


class PlainExec:
    """The container's first process belongs to root without capabilities; each command is an exec of its own."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._api = engine.api
        self._id = container

    def exec(self, command: Command) -> ExecResult:
        started = time.monotonic()
        capture = Capture(command.output_limit)
        exec_id, stream = self._start(command)
        with contextlib.closing(stream):
            for _, data in stream.exchange(command.stdin, started + command.timeout, close=True):
                capture.feed(data)
            if not stream.ended:
                self._kill_user(stream)
                return _result(124, capture, started, timed_out=True)
        return _result(self._exit_code(exec_id), capture, started, timed_out=False)

    def read(self, path: str, limit: int) -> bytes:
        script = 'test ! -p "$1" && exec head -c "$2" -- "$1"'
        argv = ["sh", "-c", script, "sh", path, str(limit)]
        result = self.exec(Command(argv, env={"LC_ALL": "C"}, timeout=30, output_limit=limit * 3 + 4096))
        if result.exit_code:
            raise _os_error(path, result.text)
        return result.output

    def write(self, path: str, data: bytes) -> None:
        script = 'mkdir -p -- "$(dirname -- "$1")" && head -c "$2" > "$1"'
        argv = ["sh", "-c", script, "sh", path, str(len(data))]
        result = self.exec(Command(argv, env={"LC_ALL": "C"}, stdin=data, timeout=60))
        if result.exit_code:
            raise _os_error(path, result.text)

    def resolve(self, paths: Sequence[str]) -> list[str]:
        argv = ["realpath", "-mz", "--", *paths]
        result = self.exec(Command(argv, env={"LC_ALL": "C"}, timeout=30, output_limit=8192 * (len(paths) + 1)))
        if result.exit_code:
            raise _os_error(paths[0], result.text)
        return [os.fsdecode(path) for path in result.output.split(b"\0")[: len(paths)]]

    def _start(self, command: Command) -> tuple[str, Stream]:
        """Start a command as the sandbox's user; returns its id and its connection."""
        exec_id: str = self._api.exec_create(
            self._id,
            list(command.argv),
            user=USER,
            workdir=command.cwd,
            environment=dict(command.env),
            stdin=bool(command.stdin),
        )["Id"]
        return exec_id, Stream(self._api.exec_start(exec_id, socket=True))

    def _exit_code(self, exec_id: str) -> int:
        """The engine may close the stream a moment before it knows the code."""
        for pause in (0.0, 0.01, 0.05, 0.2, 1.0):
            time.sleep(pause)
            code = self._api.exec_inspect(exec_id)["ExitCode"]
            if code is not None:
                return int(code)
        raise SandboxDied("the engine does not know how the command ended")

    def _kill_user(self, flooding: Stream) -> None:
        """Kill every process of the sandbox's user, and make sure that none is left. Raises SandboxDied.

        Meanwhile the output of the command that is being killed is read and thrown away: an engine that cannot get
        rid of it starts nothing else in the container.
        """
        deadline = time.monotonic() + KILL_SECONDS
        drain = threading.Thread(target=_exhaust, args=(flooding, deadline), daemon=True)
        drain.start()
        _, stream = self._start(Command(["sh", "-c", KILL]))
        with contextlib.closing(stream):
            _exhaust(stream, deadline)
        drain.join(KILL_SECONDS)
        while time.monotonic() < deadline:
            processes = self._api.top(self._id, ps_args="-eo pid,uid")["Processes"] or []
            if not any(row[-1] == str(USER_ID) for row in processes):
                return
            time.sleep(0.05)
        raise SandboxDied("processes survived the time limit")


def _exhaust(stream: Stream, deadline: float) -> None:
    for _ in stream.exchange(b"", deadline):
        pass


def _result(exit_code: int, capture: Capture, started: float, timed_out: bool) -> ExecResult:
    seconds = time.monotonic() - started
    return ExecResult(exit_code, capture.result(), capture.elided, timed_out, seconds=seconds)


def _os_error(path: str, said: str) -> OSError:
    for needle, kind in (
        ("No such file", FileNotFoundError),
        ("Is a directory", IsADirectoryError),
        ("Not a directory", NotADirectoryError),
        ("Permission denied", PermissionError),
    ):
        if needle in said:
            return kind(f"{path}: {needle.lower()}")
    return OSError(f"{path}: {said.strip()[:200] or 'not a regular file'}")
