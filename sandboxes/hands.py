"""How commands and files are reached in a container: what the persistent process and plain exec have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sandboxes.base import Command, ExecResult

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
KILL_SECONDS = 10.0
"""How long every process of the sandbox's user may take to die after a time limit."""


class Hands(Protocol):
    """See the methods of the same names in `sandboxes.base.Sandbox`."""

    def exec(self, command: Command) -> ExecResult: ...

    def read(self, path: str, limit: int) -> bytes: ...

    def write(self, path: str, data: bytes) -> None: ...

    def resolve(self, paths: Sequence[str]) -> list[str]: ...
