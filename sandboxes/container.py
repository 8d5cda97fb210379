"""A sandbox that is a container: no network, no capabilities, no new privileges, a user without rights."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from docker.errors import NotFound
from docker.types import LogConfig, Ulimit

from sandboxes.archive import Tree, read_tar, write_tar
from sandboxes.base import Command, ExecResult, SandboxLimits
from sandboxes.capture import Capture
from sandboxes.client import Engine, labels, translated
from sandboxes.errors import SandboxDied, SandboxError
from sandboxes.stream import Stream

USER = "agent"
USER_ID = 1000
WORKSPACE = "/workspace"
PATH = "/opt/env/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "HOME": f"/home/{USER}",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
KILL = "for i in 1 2 3 4 5; do kill -9 -1; sleep 0.02; done"
"""Run as the sandbox's user: signals every process of that user but itself, again for those that just forked."""
KILL_SECONDS = 10.0


class DockerSandbox:
    """See `sandboxes.base.Sandbox`.

    The container's first process belongs to root without capabilities, so that nothing the model starts can
    signal it; commands run as `agent`. A command that passes its time limit takes every process of that user
    with it, whatever session or group those processes moved to.
    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        limits: SandboxLimits | None = None,
        *,
        kind: str = "sandbox",
        run: str = "",
        runtime: str | None = None,
    ) -> None:
        """Create and start; raises SandboxDied when the image is gone, EngineUnavailable without an engine."""
        limits = limits or SandboxLimits()
        self._engine = engine
        self._closed = False
        api = engine.api
        with translated():
            host = api.create_host_config(
                init=True,
                network_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mem_limit=f"{limits.memory_mb}m",
                memswap_limit=f"{limits.memory_mb}m",
                pids_limit=limits.processes,
                nano_cpus=int(limits.cpus * 1e9),
                tmpfs={"/tmp": f"size={limits.temporary_mb}m,mode=1777,exec"},
                ulimits=[
                    Ulimit(name="fsize", soft=limits.file_mb << 20, hard=limits.file_mb << 20),
                    Ulimit(name="core", soft=0, hard=0),
                ],
                log_config=LogConfig(type="none"),
                storage_opt={"size": f"{limits.disk_mb}m"} if limits.disk_mb else None,
                runtime=runtime,
            )
            self._id: str = api.create_container(
                image,
                command=["sleep", "infinity"],
                name=f"taskfit-{kind}-{uuid.uuid4().hex[:12]}",
                hostname="sandbox",
                user="0:0",
                working_dir=WORKSPACE,
                environment=ENVIRONMENT,
                labels=labels(kind, run=run),
                host_config=host,
                network_disabled=True,
            )["Id"]
        try:
            with translated():
                api.start(self._id)
        except BaseException:
            self.close()
            raise

    def exec(self, command: Command) -> ExecResult:
        started = time.monotonic()
        capture = Capture(command.output_limit)
        with translated():
            exec_id, stream = self._start(command)
            with contextlib.closing(stream):
                finished = stream.exchange(command.stdin, started + command.timeout, capture)
                if not finished:
                    self._kill_user(stream)
        return ExecResult(
            exit_code=self._exit_code(exec_id) if finished else 124,
            output=capture.result(),
            elided_bytes=capture.elided,
            timed_out=not finished,
            seconds=time.monotonic() - started,
        )

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        result = self.exec(
            Command(
                ["sh", "-c", 'test ! -p "$1" && exec head -c "$2" -- "$1"', "sh", path, str(limit)],
                env={"LC_ALL": "C"},
                timeout=30,
                output_limit=limit * 3 + 4096,
            )
        )
        if result.exit_code:
            raise _os_error(path, result.text)
        return result.output

    def write(self, path: str, data: bytes) -> None:
        script = 'mkdir -p -- "$(dirname -- "$1")" && head -c "$2" > "$1"'
        result = self.exec(
            Command(["sh", "-c", script, "sh", path, str(len(data))], env={"LC_ALL": "C"}, stdin=data, timeout=60)
        )
        if result.exit_code:
            raise _os_error(path, result.text)

    def place(self, tree: Tree, delete: Iterable[str] = ()) -> None:
        if names := b"\0".join(path.encode("utf-8", "surrogateescape") for path in delete):
            self.exec(Command(["xargs", "-0", "rm", "-rf", "--"], stdin=names, timeout=60))
        if tree:
            with translated():
                self._engine.api.put_archive(self._id, WORKSPACE, write_tar(tree, USER_ID))

    def export(self, folder: str = WORKSPACE) -> Tree:
        api = self._engine.api
        with translated():
            with contextlib.suppress(SandboxDied), translated():
                api.kill(self._id)
            try:
                chunks, _ = api.get_archive(self._id, folder, chunk_size=1 << 20)
            except NotFound as error:
                if "Could not find the file" in str(error) or "no such file" in str(error).lower():
                    raise FileNotFoundError(folder) from error
                raise
            return read_tar(chunks, strip=folder.rsplit("/", 1)[1], skip=[".git"])

    def close(self) -> None:
        if self._closed:
            return
        with contextlib.suppress(SandboxError), translated():
            self._engine.api.remove_container(self._id, force=True, v=True)
            self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, command: Command) -> tuple[str, Stream]:
        """Start a command as the sandbox's user; returns its id and its connection."""
        api = self._engine.api
        exec_id: str = api.exec_create(
            self._id,
            list(command.argv),
            user=USER,
            workdir=command.cwd,
            environment=dict(command.env),
            stdin=bool(command.stdin),
        )["Id"]
        return exec_id, Stream(api.exec_start(exec_id, socket=True))

    def _exit_code(self, exec_id: str) -> int:
        """The engine may close the stream a moment before it knows the code."""
        for pause in (0.0, 0.01, 0.05, 0.2, 1.0):
            time.sleep(pause)
            with translated():
                code = self._engine.api.exec_inspect(exec_id)["ExitCode"]
            if code is not None:
                return int(code)
        raise SandboxDied("the engine does not know how the command ended")

    def _kill_user(self, flooding: Stream) -> None:
        """Kill every process of the sandbox's user, and make sure that none is left. Raises SandboxDied.

        Meanwhile the output of the command that is being killed is read and thrown away: an engine that cannot get
        rid of it starts nothing else in the container.
        """
        deadline = time.monotonic() + KILL_SECONDS
        drain = threading.Thread(target=flooding.exchange, args=(b"", deadline, Capture(1024)), daemon=True)
        drain.start()
        _, stream = self._start(Command(["sh", "-c", KILL]))
        with contextlib.closing(stream):
            stream.exchange(b"", deadline, Capture(1024))
        drain.join(KILL_SECONDS)
        while time.monotonic() < deadline:
            processes = self._engine.api.top(self._id, ps_args="-eo pid,uid")["Processes"] or []
            if not any(row[-1] == str(USER_ID) for row in processes):
                return
            time.sleep(0.05)
        raise SandboxDied("processes survived the time limit")


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
