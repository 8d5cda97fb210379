"""A container engine of one's own, apart from the machine's, to be killed and started at will. Needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import psutil

from sandboxes.client import Engine
from sandboxes.errors import EngineUnavailable
from sandboxes.host import DAEMON

STARTS_SECONDS = 240.0


class NoSecondEngine(Exception):
    """This machine cannot run one."""


class Daemon:
    """A dockerd whose data, socket and log are in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> docker.APIClient:
        """Start it, again where it ends at once as after a kill. Raises NoSecondEngine, and EngineUnavailable."""
        program = self.program()
        if program is None:
            raise NoSecondEngine("an engine of one's own needs dockerd and root")
        self._launch(program)
        deadline = time.monotonic() + STARTS_SECONDS
        while True:
            try:
                api = docker.APIClient(base_url=self.host, version="auto", timeout=60)
                api.ping()
                return api
            except docker.errors.DockerException as error:
                if time.monotonic() > deadline:
                    raise EngineUnavailable((self.folder / "log").read_text()[-2000:]) from error
                if self._process is not None and self._process.poll() is not None:
                    self._launch(program)  # as a service manager does
                time.sleep(0.2)

    @staticmethod
    def program() -> str | None:
        """Where dockerd is; None where there is none, or it cannot be used."""
        return shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") if os.geteuid() == 0 else None

    def _launch(self, program: str) -> None:
        places = [f"--{name}={self.folder / name}" for name in ("data-root", "exec-root", "pidfile")]
        argv = [program, *DAEMON[1:], f"--host={self.host}", *places]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log)

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(120)
        if how is signal.SIGKILL:
            (self.folder / "pidfile").unlink(missing_ok=True)
            with contextlib.suppress(OSError, ValueError):  # its containerd dies with it, as with a machine
                os.kill(int((self.folder / "exec-root/containerd/containerd.pid").read_text()), how)

    def remove(self) -> None:
        """End it, and what killed engines left running: the shims of their containers; then its folder."""
        self.end(signal.SIGTERM)
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.folder) in word for word in process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error):
                    process.kill()
        for place in ("data-root", "exec-root/netns/default"):
            subprocess.run(["umount", "-R", "-l", str(self.folder / place)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def second_engine(folder: Path, engine: Engine, image: str) -> Iterator[Daemon]:
    """Runs with one image of another engine in it; gone with all that it left. Raises NoSecondEngine."""
    second = Daemon(folder)
    api = second.start()
    try:
        api.load_image(engine.api.get_image(image))  # type: ignore[no-untyped-call]
        yield second
    finally:
        second.remove()
