"""Scenarios made ready for a run, in the background: image and proved tests, once however many trials wait for them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from runner.baseline import Baseline, baseline
from runner.catalog import ScenarioFolder
from runner.errors import Interrupted
from runner.ledger import Ledger
from runner.workspace import Workspace, prepare
from sandboxes.client import Engine
from sandboxes.errors import EngineUnavailable
from sandboxes.images import ImageStore

ENGINE_SECONDS = 60.0
"""How long a run waits for an engine that went away before it stops, resumable."""
TRIES = 3
"""How often a scenario is made ready when the engine goes away meanwhile."""


@dataclass
class Preparation:
    """Use it in a `with`; `ready` waits for one scenario."""

    scenarios: Mapping[str, ScenarioFolder]
    engine: Engine
    ledger: Ledger
    stop: threading.Event
    halt: Callable[[str], None]
    """Stops the run, saying why."""
    say: Callable[[str], None]
    run: str
    runtime: str | None
    _ready: dict[str, Future[tuple[Workspace, Baseline]]] = field(default_factory=dict)

    def start(self, needed: Iterable[str], at_a_time: int) -> Self:
        self._pool = ThreadPoolExecutor(min(at_a_time, os.cpu_count() or 2), thread_name_prefix="prepare")
        self._ready = {name: self._pool.submit(self._prepare, name) for name in needed}
        return self

    def ready(self, name: str) -> tuple[Workspace, Baseline]:
        """Raises ScenarioInvalid, the sandbox's errors, Interrupted, and CancelledError after the end."""
        return self._ready[name].result()

    def _prepare(self, name: str) -> tuple[Workspace, Baseline]:
        images = ImageStore(self.engine, self.say)
        tries = 0
        while True:
            await_engine(self.engine, self.stop)
            try:
                workspace = prepare(self.scenarios[name], images)
                self._check_image(name, workspace.image)
                return workspace, baseline(self.engine, workspace, run=self.run, runtime=self.runtime)
            except EngineUnavailable:
                tries += 1
                if tries == TRIES:
                    raise

    def _check_image(self, scenario: str, image: str) -> None:
        """The image is part of what is held constant: one that was built anew may hold other package versions."""
        now = self.engine.image_id(image) or ""
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


def await_engine(engine: Engine, stop: threading.Event) -> None:
    """Raises EngineUnavailable when the engine stays away, Interrupted when the run stops."""
    deadline = time.monotonic() + ENGINE_SECONDS
    while not stop.is_set():
        try:
            engine.api.ping()
            return
        except Exception as error:
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"no answer for {ENGINE_SECONDS:.0f} s ({error})") from error
            time.sleep(1)
    raise Interrupted("stopped")
