"""A sandbox that is a container: no network, no new privileges, a user without rights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from docker.errors import APIError, NotFound
from docker.types import LogConfig, Ulimit

from sandboxes.archive import INSTALLED, Tree, read_tar, write_tar
from sandboxes.base import Command, ExecResult, SandboxLimits
from sandboxes.channel import CAPABILITIES, PROGRAM, Channel
from sandboxes.client import Engine, marked, translated
from sandboxes.errors import SandboxDied, SandboxError
from sandboxes.hands import ENVIRONMENT, USER_ID, WORKSPACE, Hands
from sandboxes.plain import PlainExec
from sandboxes.stream import Stream

ARCHIVE_END = 1024
"""Bytes of zeros."""
UNPACK = ["/bin/tar", "--extract", "--file=-", f"--directory={WORKSPACE}", "--preserve-permissions", "--warning=none"]
"""Its last option is GNU's alone: no other tar begins."""
UNPACKED_BYTES = 16 << 20
"""The most that goes through the sandbox's process at once."""
OPEN_FILES = 4096
"""Of one process. Said, since engines' own defaults differ, and reach values that some hosts refuse."""
_WITHOUT_QUOTA: set[str] = set()
"""Endpoints of engines whose storage driver turned out to have no quotas."""


WAIT = 'echo "127.0.0.1 localhost $(cat /etc/hostname)" > /etc/hosts; exec sleep infinity'
"""The first process where the persistent one cannot run; see `name_localhost` in `sandboxes/inside/serve.py`."""


class DockerSandbox:
    """See `sandboxes.base.Sandbox`.

    The container's first process belongs to root without rights over files, so that nothing the model starts can
    signal or trace it; commands run as `agent`. A command that passes its time limit takes every process of that user
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
        trial: str = "",
        runtime: str | None = None,
        persistent: bool = True,
    ) -> None:
        """Create and start; raises SandboxDied when the image is gone, EngineUnavailable without an engine.

        With `persistent`, a process inside serves everything over one stream; an image without Python, or a kernel
        on which that process could not protect itself, gets plain exec.
        """
        self._engine = engine
        self._id = ""
        self._channel: Channel | None = None
        self._stopped = False
        settings = _Settings(image, limits or SandboxLimits(), kind, {"run": run, "trial": trial}, runtime)
        try:
            with translated():
                self._hands = self._persistent(settings) if persistent else self._plain(settings)
        except BaseException:
            self.close()
            raise

    def exec(self, command: Command) -> ExecResult:
        with translated():
            return self._hands.exec(command)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        with translated():
            return self._hands.read(path, limit)

    def write(self, path: str, data: bytes) -> None:
        with translated():
            self._hands.write(path, data)

    def resolve(self, paths: Sequence[str]) -> list[str]:
        with translated():
            return self._hands.resolve(paths)

    def place(self, tree: Tree, delete: Iterable[str] = ()) -> None:
        if names := b"\0".join(path.encode("utf-8", "surrogateescape") for path in delete):
            self.exec(Command(["xargs", "-0", "rm", "-rf", "--"], stdin=names, timeout=60))
        if tree and not self._unpacked(tree):
            with translated():
                self._engine.api.put_archive(self._id, WORKSPACE, write_tar(tree, USER_ID))

    def _unpacked(self, tree: Tree) -> bool:
        """Whether the sandbox's own GNU tar took all of it, for a tenth of the processor time that an engine needs.

        Whatever tars differ in is the engine's: links, names beyond ASCII, folders that are not the user's.
        """
        plain = all(path.isascii() and not entry.is_link for path, entry in tree.items())
        if self._channel is None or not plain or sum(len(entry.data) for entry in tree.values()) > UNPACKED_BYTES:
            return False
        return self.exec(Command(UNPACK, stdin=write_tar(tree, USER_ID), timeout=60)).exit_code == 0

    def look(self) -> Tree:
        with translated():
            return self._archived(WORKSPACE)

    def export(self, folder: str = WORKSPACE) -> Tree:
        with translated():
            if not self._stopped:
                self._check("running", "paused")
            with contextlib.suppress(SandboxDied), translated():
                self._engine.api.kill(self._id)
            self._stopped = True
            try:
                return self._archived(folder)
            finally:
                self._check("exited")

    def _check(self, *wanted: str) -> None:
        """Raises SandboxDied where somebody else ended the container, or is about to: what it held may be half gone."""
        status = self._engine.api.inspect_container(self._id)["State"]["Status"]
        if status not in wanted:
            raise SandboxDied(f"the sandbox's container is {status}")

    def _archived(self, folder: str) -> Tree:
        try:
            chunks, _ = self._engine.api.get_archive(self._id, folder, chunk_size=1 << 20)
        except NotFound as error:
            if "Could not find the file" in str(error) or "no such file" in str(error).lower():
                raise FileNotFoundError(folder) from error
            raise
        with contextlib.closing(chunks):  # the engine answers nothing about a container while an archive of it is open
            stream = _whole(chunks)
            tree = read_tar(stream, strip=folder.rsplit("/", 1)[1], skip=[".git"], without=INSTALLED)
            for _ in stream:
                continue
        return tree

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._id:
            with contextlib.suppress(SandboxError), translated():
                self._engine.api.remove_container(self._id, force=True, v=True)
                self._id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _persistent(self, settings: _Settings) -> Hands:
        """Start with the persistent process; fall back to plain exec where it cannot run."""
        api = self._engine.api
        self._id = settings.create(self._engine, [*PROGRAM, str(settings.disk_bytes)], CAPABILITIES)
        stream = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._channel = Channel(Stream(api.attach_socket(self._id, stream)))
        try:
            api.start(self._id)
            if self._channel.greet():
                return self._channel
        except APIError as error:
            if "executable file not found" not in str(error):
                raise
        self.close()
        return self._plain(settings)

    def _plain(self, settings: _Settings) -> Hands:
        self._id = settings.create(self._engine, ["sh", "-c", WAIT], ())
        self._engine.api.start(self._id)
        return PlainExec(self._engine, self._id)


def _whole(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The engine's archive as it comes. Raises SandboxDied where it broke off: half a tree is none.

    An archive ends with two blocks of zeros; one that is cut between two files looks sound without them.
    """
    end = b""
    for chunk in chunks:
        end = (end + chunk)[-ARCHIVE_END:]
        yield chunk
    if end != bytes(ARCHIVE_END):
        raise SandboxDied("the archive of the sandbox's files broke off")


class _Settings:
    """How a container is created, whatever its first process."""

    def __init__(self, image: str, limits: SandboxLimits, kind: str, of: dict[str, str], runtime: str | None) -> None:
        self._image, self._limits, self._kind, self._of, self._runtime = image, limits, kind, of, runtime

    @property
    def disk_bytes(self) -> int:
        return (self._limits.disk_mb or 0) << 20

    def create(self, engine: Engine, command: list[str], capabilities: Iterable[str]) -> str:
        """The new container's id; with a disk quota where the engine's storage driver has one."""
        if engine.endpoint in _WITHOUT_QUOTA or not self._limits.disk_mb:
            return self._create(engine, command, capabilities, None)
        try:
            return self._create(engine, command, capabilities, {"size": f"{self._limits.disk_mb}m"})
        except APIError as error:
            if "storage-opt" not in str(error) and "quota" not in str(error):
                raise
            _WITHOUT_QUOTA.add(engine.endpoint)
            return self._create(engine, command, capabilities, None)

    def _create(
        self, engine: Engine, command: list[str], capabilities: Iterable[str], storage: dict[str, str] | None
    ) -> str:
        limits = self._limits
        host = engine.api.create_host_config(
            init=True,
            network_mode="none",
            cap_drop=["ALL"],
            cap_add=list(capabilities),
            security_opt=["no-new-privileges"],
            mem_limit=f"{limits.memory_mb}m",
            memswap_limit=f"{limits.memory_mb}m",
            pids_limit=limits.processes,
            nano_cpus=int(min(limits.cpus, engine.cpus) * 1e9),
            tmpfs={"/tmp": f"size={limits.temporary_mb}m,mode=1777,exec"},
            ulimits=[
                Ulimit(name="fsize", soft=limits.file_mb << 20, hard=limits.file_mb << 20),
                Ulimit(name="core", soft=0, hard=0),
                Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES),
            ],
            log_config=LogConfig(type="none"),
            storage_opt=storage,
            runtime=self._runtime,
        )
        created = engine.api.create_container(
            self._image,
            command=command,
            hostname="sandbox",
            user="0:0",
            working_dir=WORKSPACE,
            environment=ENVIRONMENT,
            host_config=host,
            network_disabled=True,
            stdin_open=True,
            **marked(self._kind, **self._of),
        )
        return str(created["Id"])
