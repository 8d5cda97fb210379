"""Shared fixtures: a real engine for whatever is marked `engine`, and small scenarios written on the fly."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.cluster import LocalCluster
from bench.daemon import Daemon
from runner.catalog import ScenarioFolder, load_scenario
from sandboxes.client import Engine
from sandboxes.cluster.fleet import Fleet
from sandboxes.cluster.joining import join
from sandboxes.host import ensure_engine
from sandboxes.images import ImageStore


@pytest.fixture(scope="session")
def engine() -> Engine:
    return ensure_engine(print)


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    return ImageStore(engine, print).base()


CALC = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    "src/calc.py": "def double(x):\n    return x + 2\n\n\ndef triple(x):\n    return x * 3\n",
    "tests/test_calc.py": "from calc import double, triple\n\n\ndef test_two():\n    assert double(2) == 4\n\n\n"
    "def test_triple():\n    assert triple(2) == 6\n",
}
FIX = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -1,5 +1,5 @@
 def double(x):
-    return x + 2
+    return x * 2
 
 
 def triple(x):
"""
HIDDEN = "from calc import double\n\n\ndef test_three():\n    assert double(3) == 6\n"
SCENARIO = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[scope]
writable = ["src/**"]
protected = ["tests/**", "pyproject.toml"]
[limits]
command_seconds = 20
test_seconds = 5
"""

WriteScenario = Callable[..., Path]


@pytest.fixture(scope="session")
def scenario_writer() -> Callable[[Path], WriteScenario]:
    """For a folder, what writes scenarios over a tiny repo into it; any of their files can be replaced."""
    return _writer


@pytest.fixture
def write_scenario(tmp_path: Path) -> WriteScenario:
    """The same for the test's own folder. Returns the scenario's folder."""
    return _writer(tmp_path)


def _writer(root: Path) -> WriteScenario:
    def write(name: str = "doubling", **files: str) -> Path:
        source = root / "repos" / "calc" / "source"
        for path, text in CALC.items():
            _write(source / path, text)
        _write(source.parent / "repo.toml", 'schema = 1\ntitle = "Calc"\n[source]\npath = "source"\n')
        folder = root / "scenarios" / name
        defaults = {
            "scenario.toml": SCENARIO,
            "instruction.md": "double(3) gives 5, I expected 6.\n",
            "solution/solution.patch": FIX,
            "tests/tests/test_hidden.py": HIDDEN,
        }
        for path, text in (defaults | files).items():
            _write(folder / path, text)
        return folder

    return write


@pytest.fixture
def scenario(write_scenario: WriteScenario) -> ScenarioFolder:
    return load_scenario(write_scenario())


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory, engine: Engine, base_image: str) -> Iterator[Daemon]:
    if Daemon.program() is None:
        pytest.skip("a second engine needs dockerd and root")
    second = Daemon(tmp_path_factory.mktemp("engine", numbered=True))
    second.start().load_image(engine.api.get_image(base_image))
    yield second
    second.remove()


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
