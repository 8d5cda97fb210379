"""A sandbox made ready in the background, while whoever will need it still does something else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from sandboxes.base import Sandbox
from sandboxes.errors import SandboxError

_AT_ONCE = threading.BoundedSemaphore(2)
"""Those that nobody waits for yet must not keep an engine from those that somebody waits for."""


class Ahead:
    """Starts making a sandbox when it is entered; closes what was made when it is left."""

    def __init__(self, make: Callable[[], Sandbox]) -> None:
        self._make = make
        self._made: list[Sandbox] = []
        self._future: Future[Sandbox] | None = None

    def take(self) -> Sandbox:
        """The sandbox, at once or when it is ready; a new one each time. Raises the sandbox's errors.

        Where the engine failed in the background, it is asked once more.
        """
        future, self._future = self._future, None
        if future is not None:
            with contextlib.suppress(SandboxError):
                return future.result()
        return self._one()

    def _in_background(self) -> Sandbox:
        with _AT_ONCE:
            return self._one()

    def _one(self) -> Sandbox:
        sandbox = self._make()
        self._made.append(sandbox)
        return sandbox

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        self._future = self._pool.submit(self._in_background)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        for sandbox in self._made:
            sandbox.close()
