"""Scenarios made ready for a run, in the background: image and proved tests, once however many trials wait for them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from runner.errors import Interrupted
from runner.grading.baseline import Baseline, baseline
from runner.runs.ledger import Ledger
from runner.runs.lifeline import Lifeline
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.workspace import Workspace, prepare
from sandboxes.errors import EngineUnavailable, SandboxDied, SandboxError
from sandboxes.images import ImageStore

TRIES = 3
"""How often a scenario is made ready when the engine or a container goes away meanwhile."""


@dataclass
class Preparation:
    """Use it in a `with`; `ready` waits for one scenario."""

    scenarios: Mapping[str, ScenarioFolder]
    """And their twins, by the names that trials have for them (`Stage.subject`)."""
    lifeline: Lifeline
    ledger: Ledger
    stop: threading.Event
    halt: Callable[[str], None]
    """Stops the run, saying why."""
    say: Callable[[str], None]
    run: str
    runtime: str | None
    _ready: dict[str, Future[tuple[Workspace, Baseline]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, needed: Iterable[str], at_a_time: int) -> Self:
        self._pool = ThreadPoolExecutor(min(at_a_time, os.cpu_count() or 2), thread_name_prefix="prepare")
        self._ready = {name: self._pool.submit(self._prepare, name) for name in needed}
        return self

    def ready(self, name: str) -> tuple[Workspace, Baseline]:
        """Raises ScenarioInvalid, the sandbox's errors, a disk's, Interrupted, and CancelledError after the end.

        What failed for the infrastructure's sake is tried once more for whoever asks next.
        """
        future = self._ready[name]
        try:
            return future.result()
        except (SandboxError, OSError, sqlite3.Error):
            with self._lock:
                if self._ready[name] is future and not self.stop.is_set():
                    self._ready[name] = self._pool.submit(self._prepare, name)
            raise

    def _prepare(self, name: str) -> tuple[Workspace, Baseline]:
        engine = self.lifeline.site.engine
        images = ImageStore(engine, self.say)
        tries = 0
        while True:
            self.lifeline.wait(self.stop)
            try:
                workspace = prepare(self.scenarios[name], images)
                self._check_image(name, workspace.image)
                return workspace, baseline(engine, workspace, run=self.run, runtime=self.runtime)
            except (EngineUnavailable, SandboxDied):
                tries += 1
                if tries == TRIES:
                    raise

    def _check_image(self, scenario: str, image: str) -> None:
        """The image is part of what is held constant: one that was built anew may hold other package versions."""
        now = self.lifeline.site.engine.image_id(image) or ""
        if (before := self.ledger.pin_image(scenario, now)) != now:
            self.halt(
                f"the image of {scenario} is not the one that this run began with ({before[:19]}, now {now[:19]}); "
                "results of both would not be comparable: start a new run"
            )
            raise Interrupted("the image changed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
