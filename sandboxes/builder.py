"""One image step: a container with the host's package settings lent to it, committed without them."""

from __future__ import annotations

import base64
import contextlib
import shlex
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from docker.types import LogConfig, Mount

from sandboxes.client import Engine, image_labels, marked, translated
from sandboxes.errors import ImageBuildFailed, SandboxDied, SandboxError
from sandboxes.hands import ENVIRONMENT, WORKSPACE
from sandboxes.lending import LENT, Loan, lend
from sandboxes.recipe import BUILD_SECONDS
from sandboxes.stream import Stream

SILENT_SECONDS = 1800.0
"""How long one command may say nothing."""
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID")
"""What package managers need of root's rights."""
MAX_PROCESSES = 4096
MEMORY_SHARE = 0.8
"""Of the engine's memory, for everything that a build does."""
OFFLINE = ("CARGO_NET_OFFLINE", "GOPROXY", "PIP_NO_INDEX", "UV_OFFLINE", "npm_config_offline")
"""Variables with which tools do without a network in a sandbox; while an image is built there is one."""
KEPT_OUTPUT = 256 * 1024
"""Bytes of a command's output that are kept, from its end."""


class Builder:
    """A container in which one image is made. Commands run as root, with what `CAPABILITIES` leave of root's rights.

    With `network`, the host's network, package settings, proxies and certificate bundle are lent to the commands
    (`sandboxes.lending`) and are in no layer of the result.
    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        *,
        network: bool,
        variables: Mapping[str, str] | None = None,
        seconds: float = BUILD_SECONDS,
    ) -> None:
        """All commands together may take `seconds`, and none of them may be silent for `SILENT_SECONDS`."""
        self._api = engine.api
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._variables = {name: value for name, value in (variables or {}).items() if name not in OFFLINE}
        self._started = False
        self._loans = {known: lend(credentials=known) if network else Loan() for known in (False, True)}
        with translated():
            self._id: str = self._api.create_container(
                image,
                command=["sleep", "infinity"],
                entrypoint=[],
                user="0:0",
                host_config=self._api.create_host_config(
                    init=True,
                    network_mode="host" if network else "none",
                    tmpfs={LENT: "mode=755,exec"} if network else None,
                    mounts=[
                        Mount(inside, str(path), type="bind", read_only=True)
                        for inside, path in self._loans[False].mounts.items()
                    ],
                    cap_drop=["ALL"],
                    cap_add=list(CAPABILITIES),
                    security_opt=["no-new-privileges"],
                    pids_limit=MAX_PROCESSES,
                    mem_limit=int(engine.memory * MEMORY_SHARE),
                    log_config=LogConfig(type="none"),
                ),
                **marked("build"),
            )["Id"]

    @property
    def notes(self) -> list[str]:
        """What of the host's settings could not be lent."""
        return self._loans[False].notes

    def put(self, folder: str, archive: bytes) -> None:
        """Unpack a tar archive into a folder of the image."""
        with translated():
            self._api.put_archive(self._id, folder, archive)

    def run(self, command: str, cwd: str = "/", *, credentials: bool = False, seconds: float | None = None) -> str:
        """Run a shell command and return the end of its output; `credentials` lends those of the host's, too.

        `seconds`: what it may take, where that is less than what is left. Raises ImageBuildFailed with its last lines.
        """
        loan = self._loans[credentials]
        with translated():
            if not self._started:
                self._api.start(self._id)
                self._started = True
        for path, data in loan.files.items():
            self._write(path, data, "077" if credentials else "022")
        try:
            code, output, stopped = self._exec(command, cwd, loan.variables, seconds)
        finally:
            if credentials and loan.files:
                with contextlib.suppress(SandboxError):
                    self._exec("rm -f " + " ".join(map(shlex.quote, loan.files)), "/", {}, 60.0)
        text = self._loans[True].censored(output.decode("utf-8", "replace"))
        shown = self._loans[True].censored(command)
        if stopped:
            raise ImageBuildFailed(shown, f"{text}\n{stopped}")
        if code != 0:
            if not self._runs():
                raise SandboxDied(f"the container in which an image was built went away in: {shown[:200]}")
            raise ImageBuildFailed(shown, text or f"it said nothing and ended with code {code}")
        return text

    def _runs(self) -> bool:
        """Whether the container is still there, so that it was the command that failed."""
        with translated():
            return bool(self._api.inspect_container(self._id)["State"]["Running"])

    def _write(self, path: str, data: bytes, umask: str) -> None:
        """Write a small file into the tmpfs; an archive of the engine's would land in the image below it."""
        step = 64 * 1024
        for start in range(0, max(len(data), 1), step):
            piece = base64.b64encode(data[start : start + step]).decode()
            into = ">>" if start else ">"
            command = f'umask {umask}; printf %s "$PIECE" | base64 -d {into} {shlex.quote(path)}'
            code, output, _ = self._exec(command, "/", {"PIECE": piece}, 60.0)
            if code:
                raise ImageBuildFailed("lend the host's settings", output.decode("utf-8", "replace"))

    def _exec(
        self, command: str, cwd: str, lent: Mapping[str, str], seconds: float | None = None
    ) -> tuple[int, bytes, str]:
        """Exit code, the end of the output, and why it was stopped, with the whole container; empty if it was not."""
        kept = bytearray()
        with translated():
            exec_id = self._api.exec_create(
                self._id,
                ["sh", "-ec", command],
                user="0:0",
                workdir=cwd,
                environment={
                    **ENVIRONMENT,
                    "HOME": "/root",
                    "DEBIAN_FRONTEND": "noninteractive",
                    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                    "PIP_ROOT_USER_ACTION": "ignore",
                    **self._variables,
                    **lent,
                },
            )["Id"]
            with contextlib.closing(Stream(self._api.exec_start(exec_id, socket=True))) as stream:
                stopped = self._follow(stream, seconds, kept)
            if stopped:
                self._api.kill(self._id)
                return 137, bytes(kept), stopped
            return self._exit_code(exec_id), bytes(kept), ""

    def _follow(self, stream: Stream, seconds: float | None, kept: bytearray) -> str:
        """Keep the end of what a command says, until it ends; why it is to be stopped before, empty if it is not."""
        last = time.monotonic()
        deadline = self._deadline if seconds is None else min(self._deadline, last + seconds)
        allowed = self._seconds if deadline == self._deadline or seconds is None else seconds
        while not stream.ended:
            if (now := time.monotonic()) >= deadline:
                return f"stopped after {allowed / 60:g} minutes"
            if now - last >= SILENT_SECONDS:
                return f"stopped after it had said nothing for {SILENT_SECONDS / 60:g} minutes"
            for _, chunk in stream.exchange(b"", min(deadline, last + SILENT_SECONDS)):
                last = time.monotonic()
                kept += chunk
                del kept[:-KEPT_OUTPUT]
        return ""

    def _exit_code(self, exec_id: str) -> int:
        """The engine may close the stream a moment before it knows the code; a container that died has none."""
        for pause in (0.0, 0.01, 0.05, 0.2, 1.0):
            time.sleep(pause)
            code = self._api.exec_inspect(exec_id)["ExitCode"]
            if code is not None:
                return int(code)
        return 137

    def commit(self, reference: str, kind: str, **more: str) -> None:
        """Make the image. What was lent is left behind with the container."""
        repository, tag = reference.rsplit(":", 1)
        marks = image_labels(kind, **more)
        with translated():
            self._api.commit(
                self._id,
                repository,
                tag,
                conf={"Cmd": ["sleep", "infinity"], "Entrypoint": [], "WorkingDir": WORKSPACE, "Labels": marks},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(SandboxError), translated():
            self._api.remove_container(self._id, force=True, v=True)
