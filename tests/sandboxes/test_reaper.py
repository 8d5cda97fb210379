"""What a dead process left is found and removed; what a live one has is left alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.owner import is_alive, me
from sandboxes.reaper import containers, reap

SCRIPT = """
import os, sys
from sandboxes.client import connect
from sandboxes.container import DockerSandbox
DockerSandbox(connect(), sys.argv[1], run="orphaned")
os._exit(9)
"""


@pytest.mark.engine
def test_only_the_containers_of_dead_processes_go(engine: Engine, base_image: str) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT, base_image], check=False, timeout=60)
    with DockerSandbox(engine, base_image, run="living"):
        assert [each.alive for each in containers(engine) if each.run == "orphaned"] == [False]
        assert "orphaned" in [each.run for each in reap(engine)]
        runs = [each.run for each in containers(engine)]
        assert "living" in runs
        assert "orphaned" not in runs


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
