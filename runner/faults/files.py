"""Faults in what happens to files: an edit that is lost, a read that is old, a disk that is full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runner.faults.base import Fault
from runner.faults.tools import Spoiled, Spoiler
from runner.tools.base import AnyTool, Arguments, Outcome, Workbench, made
from runner.tools.files import relative

MOST = 1 << 26
"""Bytes of a file that are kept to be put back."""


class LostEdit(Spoiler):
    """The file stays as it was: the call says that it failed, or that all went well."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        path = _path(arguments)
        before = _read(bench, path)
        done = tool.run(arguments, bench)
        after = _read(bench, path)
        if before == after:
            return Spoiled(done, effective=False)
        if before is None and not path.startswith("/"):
            bench.sandbox.place({}, delete=[path])
        else:  # a new file outside the workspace is lost by leaving it empty
            bench.sandbox.write(path, before or b"")
        lost = Outcome(f"{path}: input/output error; the file is as it was", is_error=True)
        return Spoiled(lost if self.explicit else done)


class DiskFull(Spoiler):
    """Nothing more can be written: the call says so, or leaves half of the file."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        path = _path(arguments)
        if self.explicit:
            return Spoiled(Outcome(f"{path}: no space left on device", is_error=True))
        done = tool.run(arguments, bench)
        whole = _read(bench, path)
        if not whole:
            return Spoiled(done, effective=False)
        half = whole[: len(whole) // 2]
        bench.sandbox.write(path, half[: half.rfind(b"\n") + 1])
        return Spoiled(done)


class StaleRead(Spoiler):
    """A file that was changed is shown as it was before: with a word on a cache, or without."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self._first: dict[str, bytes] = {}

    def watch(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> None:
        """Keeps each file as it was when a tool first touched it."""
        path = _path(arguments)
        if path and path not in self._first and (data := _read(bench, path)) is not None:
            self._first[path] = data

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        path = _path(arguments)
        old, now = self._first.get(path), _read(bench, path)
        if old is None or now is None or old == now:
            return Spoiled(tool.run(arguments, bench), effective=False)
        fresh = made(tool, arguments, bench)
        try:
            bench.sandbox.write(path, old)
        except OSError:  # a file that may not be written to is shown as it is
            return Spoiled(fresh, effective=False)
        try:
            stale = made(tool, arguments, bench)
        finally:
            bench.sandbox.write(path, now)
        if stale == fresh:  # the part that was asked for is the same
            return Spoiled(fresh, effective=False)
        note = "\n(from a cache; may be out of date)" if self.explicit else ""
        return Spoiled(replace(stale, text=stale.text + note))


def _path(arguments: Arguments) -> str:
    given: Any = getattr(arguments, "path", "")
    return relative(given) if isinstance(given, str) and given else ""


def _read(bench: Workbench, path: str) -> bytes | None:
    try:
        return bench.sandbox.read(path, MOST)
    except OSError:
        return None
