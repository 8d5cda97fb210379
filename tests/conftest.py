"""Shared fixtures: a real engine for whatever is marked `engine`, and small scenarios written on the fly."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.cluster import LocalCluster
from bench.daemon import Daemon, NoSecondEngine, second_engine
from bench.doubling import writer
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from sandboxes.client import Engine
from sandboxes.cluster.fleet import Fleet
from sandboxes.cluster.joining import join
from sandboxes.host import ensure_engine
from sandboxes.images import ImageStore

LONGEST_ID = 200
"""Characters of a parameter that name its test: some have megabytes, and names travel between processes."""


def pytest_make_parametrize_id(val: object) -> str | None:
    if isinstance(val, str) and len(val) > LONGEST_ID:
        return f"{val[:20]}... {len(val)} characters"
    if isinstance(val, bytes) and len(val) > LONGEST_ID:
        return f"{val[:20]!r}... {len(val)} bytes"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones begin first, so that none of them runs alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """What was collected stays: no collection of garbage need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return ensure_engine(print)


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    return ImageStore(engine, print).base()


WriteScenario = Callable[..., Path]


@pytest.fixture(scope="session")
def scenario_writer() -> Callable[[Path], WriteScenario]:
    """For a folder, what writes scenarios over a tiny repo into it; any of their files can be replaced."""
    return writer


@pytest.fixture
def write_scenario(tmp_path: Path) -> WriteScenario:
    """The same for the test's own folder. Returns the scenario's folder."""
    return writer(tmp_path)


@pytest.fixture
def scenario(write_scenario: WriteScenario) -> ScenarioFolder:
    return load_scenario(write_scenario())


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory, engine: Engine, base_image: str) -> Iterator[Daemon]:
    try:
        with second_engine(tmp_path_factory.mktemp("engine", numbered=True), engine, base_image) as second:
            yield second
    except NoSecondEngine as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Two nodes of two places each; `first` is the resource of one of them alone."""
    if not LocalCluster.is_possible():
        pytest.skip("a cluster on this machine needs Ray, dockerd and root")
    with contextlib.closing(LocalCluster(tmp_path_factory.mktemp("cluster", numbered=True))) as local:
        local.add("one", {"taskfit": 2, "first": 2})
        local.add("two", {"taskfit": 2})
        yield local


@pytest.fixture(scope="session")
def fleet(cluster: LocalCluster, engine: Engine) -> Iterator[Fleet]:
    """Both nodes, joined by this process."""
    with contextlib.closing(join(engine, cluster.address, "taskfit")) as joined:
        yield joined
