"""All sandboxes on one engine: what a run has unless its study says otherwise."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sandboxes.base import Sandbox, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import EngineUnavailable
from sandboxes.reaper import reap, remove_own
from sandboxes.site import Change, Place, gradings


@dataclass(frozen=True)
class SingleEngine:
    """See `sandboxes.site.Site`."""

    engine: Engine
    gradings: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(gradings(os.cpu_count())))

    @property
    def description(self) -> str:
        return self.engine.description

    @property
    def places(self) -> int | None:
        return None

    def check(self) -> None:
        try:
            self.engine.api.ping()
        except Exception as error:
            raise EngineUnavailable(str(error)) from error

    @contextmanager
    def place(self, image: str) -> Iterator[Place]:
        yield EnginePlace(self.engine, image, self.gradings)

    def reap(self) -> list[str]:
        return [each.name for each in reap(self.engine)]

    def remove(self, trial: str | None = None) -> None:
        remove_own(self.engine, trial)

    def listen(self, hear: Callable[[Change], None]) -> None:
        """Nothing is told: an engine that goes away is noticed where it is used."""

    def close(self) -> None:
        """An engine needs no farewell."""


@dataclass(frozen=True)
class EnginePlace:
    """See `sandboxes.site.Place`."""

    engine: Engine
    image: str
    grading: threading.Semaphore

    def open(
        self, limits: SandboxLimits, kind: str, *, run: str = "", trial: str = "", runtime: str | None = None
    ) -> Sandbox:
        return DockerSandbox(self.engine, self.image, limits, kind=kind, run=run, trial=trial, runtime=runtime)
