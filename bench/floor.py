"""The same container work as an oracle trial, through the bare Engine API: nothing is classified, logged or judged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import docker

from sandboxes.archive import Entry, Tree, write_tar

AGENT = "agent"
TESTS = ["python", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-rfE"]


@dataclass(frozen=True)
class Work:
    """What one oracle trial does with containers."""

    image: str
    fix: Mapping[str, Entry]
    overlay: Tree
    """What grading places: fix and hidden tests."""


def trials(works: list[Work], at_a_time: int) -> None:
    api = docker.APIClient(version="auto", timeout=120)
    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(lambda work: trial(api, work), works))


def trial(api: docker.APIClient, work: Work) -> None:
    with container(api, work.image, cpus=1.0) as agent:
        for path, entry in work.fix.items():
            execute(api, agent, ["sh", "-c", 'printf %s "$2" > "$1"', "sh", path, entry.data.decode()])
        execute(api, agent, TESTS)
        take_out(api, agent, "/workspace")
    graded(api, work)


def waits(work: Work, trials: int, at_a_time: int, commands: list[list[str]], seconds: float) -> None:
    """Trials that wait before each of their commands, and are graded."""
    api = docker.APIClient(version="auto", timeout=120)

    def waiting(_: int) -> None:
        with container(api, work.image, cpus=1.0) as agent:
            for argv in commands:
                time.sleep(seconds)
                execute(api, agent, argv)
            take_out(api, agent, "/workspace")
        graded(api, work)

    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(waiting, range(trials)))


def graded(api: docker.APIClient, work: Work) -> None:
    with container(api, work.image, cpus=2.0) as grader:
        execute(api, grader, ["rm", "-rf", "--", *work.fix])
        api.put_archive(grader, "/workspace", write_tar(work.overlay, 1000))
        execute(
            api, grader, [*TESTS, "--timeout=30", "-o", "junit_family=xunit1", "--junitxml=/home/agent/report/r.xml"]
        )
        take_out(api, grader, "/home/agent/report")


@contextmanager
def container(api: docker.APIClient, image: str, cpus: float) -> Iterator[str]:
    """Created, started and force-removed, with the limits of a real sandbox."""
    host = api.create_host_config(
        init=True,
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="2048m",
        memswap_limit="2048m",
        pids_limit=256,
        nano_cpus=int(cpus * 1e9),
        tmpfs={"/tmp": "size=512m,mode=1777,exec"},
        log_config=docker.types.LogConfig(type="none"),
    )
    name = api.create_container(
        image,
        ["sleep", "infinity"],
        user="0:0",
        working_dir="/workspace",
        host_config=host,
        network_disabled=True,
    )["Id"]
    api.start(name)
    try:
        yield name
    finally:
        api.remove_container(name, force=True, v=True)


def execute(api: docker.APIClient, name: str, argv: list[str]) -> bytes:
    """One command to its end."""
    environment = {"PATH": "/opt/env/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    exec_id = api.exec_create(name, argv, user=AGENT, workdir="/workspace", environment=environment)["Id"]
    output: bytes = api.exec_start(exec_id)
    api.exec_inspect(exec_id)
    return output


def take_out(api: docker.APIClient, name: str, folder: str) -> int:
    """Stop everything and read a folder; returns its bytes."""
    api.kill(name)
    chunks, _ = api.get_archive(name, folder)
    return sum(map(len, chunks))
