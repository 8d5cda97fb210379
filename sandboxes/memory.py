"""The fake: a sandbox whose files are a dict and whose commands are answered by a function. It isolates nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from sandboxes.archive import Entry, Tree
from sandboxes.base import Command, ExecResult
from sandboxes.capture import Capture
from sandboxes.errors import SandboxDied

Answer = Callable[[Command, dict[str, Entry]], ExecResult]
"""Gets the command and the files, which it may change."""


def few_programs(command: Command, files: dict[str, Entry]) -> ExecResult:
    """The default answer: `true`, `false` and `cat` (of standard input); anything else does not exist."""
    capture = Capture(command.output_limit)
    if command.argv[0] == "cat":
        capture.feed(command.stdin)
    exit_code = {"true": 0, "cat": 0, "false": 1}.get(command.argv[0], 127)
    return ExecResult(exit_code, capture.result(), capture.elided)


class MemorySandbox:
    """See `sandboxes.base.Sandbox`. For unit tests of what stands above."""

    def __init__(self, files: Tree, answer: Answer = few_programs) -> None:
        self.files = dict(files)
        self.commands: list[Command] = []
        """Every command that was run."""
        self._answer = answer
        self._gone = False

    def exec(self, command: Command) -> ExecResult:
        self._check()
        self.commands.append(command)
        return self._answer(command, self.files)

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        self._check()
        key = self._place(path)
        if key in self.files:
            return self.files[key].data[:limit]
        if any(name.startswith(f"{key}/") for name in self.files):
            raise IsADirectoryError(f"{path}: is a directory")
        raise FileNotFoundError(f"{path}: no such file")

    def write(self, path: str, data: bytes) -> None:
        self._check()
        key = self._place(path)
        if key.startswith(("/", "..")):
            raise PermissionError(f"{path}: permission denied")
        if not key or any(name.startswith(f"{key}/") for name in self.files):
            raise IsADirectoryError(f"{path}: is a directory")
        if any(folder in self.files for folder in _folders(key)):
            raise NotADirectoryError(f"{path}: a part of it is a file")
        old = self.files.get(key)
        self.files[key] = Entry(data, executable=old is not None and old.executable)

    def resolve(self, paths: Sequence[str]) -> list[str]:
        self._check()
        return [self._followed(posixpath.join("/workspace", path)) for path in paths]

    def _place(self, path: str) -> str:
        """The path from the workspace of what is at a path, links followed."""
        return _key(self._followed(posixpath.join("/workspace", path)))

    def _followed(self, path: str) -> str:
        """An absolute path without links; a loop ends where it began."""
        todo, place = path.split("/")[::-1], list[str]()
        for _ in range(4096):
            if not todo:
                return "/" + "/".join(place)
            part = todo.pop()
            if part == "..":
                place[-1:] = []
                continue
            place += [part] if part not in ("", ".") else []
            entry = self.files.get(_key("/" + "/".join(place)))
            if entry is not None and entry.is_link:
                target = entry.data.decode("utf-8", "surrogateescape")
                place = [] if target.startswith("/") else place[:-1]
                todo += target.split("/")[::-1]
        return posixpath.normpath(path)

    def place(self, tree: Tree, delete: Iterable[str] = ()) -> None:
        self._check()
        for path in delete:
            self.files.pop(path, None)
        self.files |= tree

    def look(self) -> Tree:
        self._check()
        return {
            name: entry
            for name, entry in self.files.items()
            if not name.startswith("/") and name.split("/")[0] != ".git"
        }

    def export(self, folder: str = "/workspace") -> Tree:
        self._check()
        self._gone = True
        prefix = _key(folder)
        start = f"{prefix}/" if prefix else ""
        found = {name.removeprefix(start): entry for name, entry in self.files.items() if name.startswith(start)}
        if prefix and not found:
            raise FileNotFoundError(folder)
        return {name: entry for name, entry in found.items() if not name.startswith(".git/")}

    def close(self) -> None:
        self._gone = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._gone:
            raise SandboxDied("closed")


def _folders(key: str) -> list[str]:
    parts = key.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _key(path: str) -> str:
    """The path from the workspace; outside of it, absolute."""
    plain = posixpath.normpath(posixpath.join("/workspace", path))
    return "" if plain == "/workspace" else plain.removeprefix("/workspace/")
