"""Rename twins of a few scenarios, made and proved where the originals' images are built, their own are not."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.rows import Row
from runner.scenarios.catalog import ScenarioFolder, builtin_root, load_scenario
from runner.scenarios.workspace import prepare
from runner.twins.making import Maker
from sandboxes.client import Engine
from sandboxes.images import ImageStore

SCENARIOS = (
    "credit-note-sign",
    "memo-expiry-edge",
    "month-end-recurrence",
    "router-url-roundtrip",
    "jobs-attempt-limit",
)
SEED = 5


def twins(engine: Engine) -> list[Row]:
    """Seconds from a scenario to its proved twin: median and worst. Nothing of an original's proof is known before."""
    images = ImageStore(engine, print)
    found = [load_scenario(builtin_root() / "scenarios" / name) for name in SCENARIOS]
    for each in found:
        prepare(each, images)
    with _own_cache():
        taken = [_seconds(each, images) for each in found]
    name = f"a rename twin made and proved, of {len(SCENARIOS)} scenarios"
    return [
        Row(f"{name}: median", statistics.median(taken), "s", None, 30),
        Row(f"{name}: the slowest", max(taken), "s", None, 30),
    ]


def _seconds(original: ScenarioFolder, images: ImageStore) -> float:
    """The twin's own image is removed again: it is part of what is measured, the next time, too."""
    made = Maker(images).twin(original, ("rename",), SEED)
    image = prepare(made.found, images).image
    for _ in ("the maker's", "this one's"):
        images.give_back(image)
    return made.about.seconds


@contextmanager
def _own_cache() -> Iterator[None]:
    """A cache in which no twin and no proof is, for as long as this lasts."""
    before = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = before
