"""Shared fixtures: a real engine for whatever is marked `engine`, and small scenarios written on the fly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.doubling import writer
from bench.second_engine import Daemon, NoSecondEngine, second_engine
from runner.catalog import ScenarioFolder, load_scenario
from sandboxes.client import Engine
from sandboxes.host import ensure_engine
from sandboxes.images import ImageStore


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
