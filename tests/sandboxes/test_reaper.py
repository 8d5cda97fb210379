"""What a dead process left is found and removed; what a live one has, and what others run, is left alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import docker
import pytest

from bench.daemon import Daemon
from sandboxes.builder import Builder
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.inventory import own_images
from sandboxes.owner import LABEL, NAME, is_alive, me
from sandboxes.reaper import containers, reap, remove_own

SCRIPT = """
import os, sys
from sandboxes.client import connect
from sandboxes.container import DockerSandbox
DockerSandbox(connect(), sys.argv[1], run="orphaned")
os._exit(9)
"""


@pytest.mark.slow
@pytest.mark.engine
def test_only_the_containers_of_dead_processes_go(daemon: Daemon, base_image: str) -> None:
    """On an engine of its own: on the machine's, each run that begins meanwhile removes what is dead, too."""
    engine = Engine(docker.APIClient(base_url=daemon.host, version="auto"), daemon.host)
    environment = os.environ | {"DOCKER_HOST": daemon.host}
    subprocess.run([sys.executable, "-c", SCRIPT, base_image], check=False, timeout=240, env=environment)
    with DockerSandbox(engine, base_image, run="living"):
        assert [each.alive for each in containers(engine) if each.run == "orphaned"] == [False]
        assert "orphaned" in [each.run for each in reap(engine)]
        runs = [each.run for each in containers(engine)]
        assert "living" in runs
        assert "orphaned" not in runs


@pytest.fixture(params=["now", "an earlier version"])
def image(request: pytest.FixtureRequest, engine: Engine, base_image: str) -> Iterator[str]:
    """One that taskfit built; earlier versions left the labels of the container in which they did so."""
    reference = f"taskfit/test:{uuid.uuid4().hex[:12]}"
    if request.param == "now":
        with Builder(engine, base_image, network=False) as builder:
            builder.commit(reference, "workspace")
    else:
        dead = " ".join([me().split(" ")[0], "4194304", "1.00", "1.00"])
        _derived(engine, base_image, reference, {LABEL: dead, NAME: "taskfit-build-0"})
    yield reference
    engine.api.remove_image(reference, force=True)


def _derived(engine: Engine, image: str, reference: str, labels: dict[str, str]) -> None:
    container = engine.api.create_container(image, ["true"])["Id"]
    engine.api.commit(container, *reference.split(":"), conf={"Labels": labels})
    engine.api.remove_container(container)


@contextlib.contextmanager
def run_by_somebody(engine: Engine, image: str, **labels: str) -> Iterator[str]:
    container = engine.api.create_container(image, ["sleep", "infinity"], labels=labels)["Id"]
    engine.api.start(container)
    try:
        yield container
    finally:
        engine.api.remove_container(container, force=True)


@pytest.mark.engine
def test_what_somebody_runs_of_an_image_of_ours_is_never_removed(engine: Engine, image: str) -> None:
    labels = {LABEL: me(), "taskfit.trial": "somebody's"}
    with run_by_somebody(engine, image) as plain, run_by_somebody(engine, image, **labels) as labelled:
        reap(engine)
        remove_own(engine, "somebody's")
        assert {plain, labelled}.isdisjoint(each.id for each in containers(engine))
        assert all(engine.api.inspect_container(each)["State"]["Running"] for each in (plain, labelled))


@pytest.mark.engine
def test_an_image_that_somebody_named_and_built_on_one_of_ours_is_theirs(engine: Engine, image: str) -> None:
    theirs, second = f"mine:{uuid.uuid4().hex[:12]}", f"also-mine:{uuid.uuid4().hex[:12]}"
    _derived(engine, image, theirs, {})
    engine.api.tag(image, *second.split(":"))
    try:
        found = [each.reference for each in own_images(engine)]
        assert image in found, "removed by our name for it"
        assert theirs not in found and second not in found
    finally:
        for reference in (theirs, second):
            engine.api.remove_image(reference)


def test_owners() -> None:
    host, pid, at, began = me().split(" ")
    assert is_alive(me())
    assert is_alive(f"elsewhere {pid} {at} {began}"), "nobody here can tell"
    assert not is_alive(f"{host} {pid} {at} 0.01"), "the pid belongs to a later process"
    assert not is_alive(f"{host} 4194304 {at} {began}")
    assert not is_alive(f"{host}")


def test_owners_that_an_earlier_version_wrote() -> None:
    host, pid, at, _ = me().split(" ")
    assert is_alive(f"{host} {pid} {at}")
    assert not is_alive(f"{host} {pid} 12345.0")


def test_an_owner_at_work_stays_it_when_the_clock_is_set() -> None:
    host, pid, at, began = me().split(" ")
    assert is_alive(f"{host} {pid} {float(at) - 3600:.2f} {began}")
