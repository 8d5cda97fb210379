"""An isolated place that can exec, read, write and export: the Protocol and its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from sandboxes.archive import Tree


@dataclass(frozen=True)
class SandboxLimits:
    """What a sandbox may use; the engine enforces them."""

    memory_mb: int = 2048
    processes: int = 256
    cpus: float = 1.0
    temporary_mb: int = 512
    """Size of /tmp, which is in memory."""
    file_mb: int = 1024
    """Largest single file that a process can write."""
    disk_mb: int | None = 4096
    """Size of everything written. The engine's storage driver enforces it where it can; elsewhere the command that
    passes it is killed."""


@dataclass(frozen=True)
class ExecResult:
    """One finished command.

    `output` is standard output and standard error in the order of arrival, head and tail kept when it was
    longer than asked for; `elided_bytes` says how much is missing between them.
    """

    exit_code: int
    output: bytes
    elided_bytes: int = 0
    timed_out: bool = False
    """The time limit killed it and every process that the sandbox's user had."""
    disk_exceeded: bool = False
    """Likewise, because more was written than `SandboxLimits.disk_mb`."""
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """`output` for people and models: invalid UTF-8 replaced."""
        return self.output.decode("utf-8", "replace")


@dataclass(frozen=True)
class Command:
    """What to run: no shell unless argv names one."""

    argv: Sequence[str]
    cwd: str = "/workspace"
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    timeout: float = 120.0
    """Seconds."""
    output_limit: int = 64 * 1024
    """Bytes of output to keep."""


class Sandbox(Protocol):
    """A place where untrusted commands run as a user without rights.

    Every method raises `SandboxDied` when the sandbox is gone and `EngineUnavailable` when its engine is.
    Relative paths start at the workspace. A sandbox is used by one thread at a time.
    """

    def exec(self, command: Command) -> ExecResult:
        """Run one command to its end or its time limit."""
        ...

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """The first `limit` bytes of a regular file; raises FileNotFoundError, IsADirectoryError, PermissionError."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Create or replace a file, and its folders; raises PermissionError, IsADirectoryError, OSError."""
        ...

    def resolve(self, paths: Sequence[str]) -> list[str]:
        """Each path made absolute, links followed; what does not exist stays as it is."""
        ...

    def place(self, tree: Tree, delete: Iterable[str] = ()) -> None:
        """Delete paths, then put files in place, all relative to the workspace; not seen by its commands."""
        ...

    def look(self) -> Tree:
        """The workspace as data, without .git, while everything goes on: a file just being written may be half there.

        Raises ArchiveRefused when it is too large, or changes so fast that no archive of it is whole.
        """
        ...

    def export(self, folder: str = "/workspace") -> Tree:
        """Stop everything that runs, then a folder as data, without .git; nothing can run here afterwards.

        Raises FileNotFoundError when there is no such folder, ArchiveRefused when it is too large.
        """
        ...

    def close(self) -> None:
        """Remove it. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
