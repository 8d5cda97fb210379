"""A node as the driver sees it, and a sandbox that is there."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from sandboxes.archive import Tree
from sandboxes.base import Command, ExecResult, Sandbox, SandboxLimits
from sandboxes.cluster.keeper import Answer
from sandboxes.errors import EngineUnavailable, SandboxDied, SandboxError
from sandboxes.hands import WORKSPACE
from sandboxes.site import gradings

ANSWER_SECONDS = 300.0
"""An answer that takes longer means a wedged engine or network; what a command itself may take comes on top."""


@dataclass(eq=False)
class Node:
    """One node of the cluster, and whoever works on it."""

    id: str
    host: str
    places: int
    """Trials that it takes at a time."""
    keeper: Any
    """The handle of a `Keeper`."""
    engine: str = ""
    """The description of its engine."""
    held: int = 0
    """Trials that are there."""
    away: str = ""
    """Why it is not used for now."""
    lost: str = ""
    """Why it cannot be used any more, by this handle."""
    grading: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(gradings(None)))
    """See `sandboxes.site.Place`."""
    images: set[str] = field(default_factory=set)
    """Ids of images that it had when a trial last went there."""
    arriving: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    """Image → held while it is copied there."""

    @property
    def name(self) -> str:
        return f"{self.host} ({self.id[:6]})"

    def later(self, what: str, *arguments: Any) -> Any:
        """Ask without waiting; returns what `answer` waits for."""
        return self.keeper.ask.remote(what, *arguments)

    def answer(self, asked: Any, seconds: float = ANSWER_SECONDS) -> Any:
        """Raises what was raised there, and EngineUnavailable where the node is lost or does not answer in time."""
        import ray

        try:
            answer: Answer = ray.get(asked, timeout=seconds)
        except ray.exceptions.GetTimeoutError:
            raise EngineUnavailable(f"node {self.name} did not answer for {seconds:.0f} s") from None
        except ray.exceptions.RayTaskError:
            raise
        except ray.exceptions.RayError as error:
            self.lost = f"its process there has ended or is out of reach ({type(error).__name__})"
            raise EngineUnavailable(f"node {self.name} was lost: {self.lost}") from None
        if answer.error is not None:
            raise answer.error
        return answer.value

    def ask(self, what: str, *arguments: Any, seconds: float = ANSWER_SECONDS) -> Any:
        """Have the keeper do something; see `answer`."""
        return self.answer(self.later(what, *arguments), seconds)


def said_of(error: Exception) -> str:
    """Ray's reason in a line: its messages hold tracebacks and advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


@dataclass(frozen=True)
class NodePlace:
    """See `sandboxes.site.Place`."""

    node: Node
    image: str
    """The id that the driver's engine gives it."""

    @property
    def grading(self) -> threading.Semaphore:
        return self.node.grading

    def open(
        self, limits: SandboxLimits, kind: str, *, run: str = "", trial: str = "", runtime: str | None = None
    ) -> Sandbox:
        labels = {"kind": kind, "run": run, "trial": trial, "runtime": runtime}
        return RemoteSandbox(self.node, self.node.ask("open", self.image, limits, labels))


class RemoteSandbox:
    """See `sandboxes.base.Sandbox`. Each method is one call to the node's keeper."""

    def __init__(self, node: Node, number: int) -> None:
        self._node, self._number = node, number
        self._closed = False

    def exec(self, command: Command) -> ExecResult:
        found: ExecResult = self._use("exec", command, seconds=ANSWER_SECONDS + command.timeout)
        return found

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        data: bytes = self._use("read", path, limit)
        return data

    def write(self, path: str, data: bytes) -> None:
        self._use("write", path, data)

    def resolve(self, paths: Sequence[str]) -> list[str]:
        found: list[str] = self._use("resolve", list(paths))
        return found

    def place(self, tree: Tree, delete: Iterable[str] = ()) -> None:
        self._use("place", dict(tree), list(delete))

    def look(self) -> Tree:
        tree: Tree = self._use("look")
        return tree

    def export(self, folder: str = WORKSPACE) -> Tree:
        tree: Tree = self._use("export", folder)
        return tree

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            with contextlib.suppress(SandboxError):
                self._node.ask("close", self._number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _use(self, method: str, *arguments: Any, seconds: float = ANSWER_SECONDS) -> Any:
        if self._closed:
            raise SandboxDied("closed")
        return self._node.ask("use", self._number, method, *arguments, seconds=seconds)
