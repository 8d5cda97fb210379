"""A study on two nodes of a Ray cluster: the same results, more of them at a time, and none lost with a node."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from bench.cluster import LocalCluster
from runner.runs.runlog import read_log
from runner.scenarios.catalog import load_scenario
from runner.scenarios.workspace import prepare
from sandboxes.client import Engine
from sandboxes.cluster.fleet import Fleet
from sandboxes.images import ImageStore

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("cluster")]

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
MODEL = """
import os, time
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.scripted import Scripted

FIXED = "def double(x):\\n    return x * 2\\n\\n\\ndef triple(x):\\n    return x * 3\\n"

def after(seconds, call):
    def reply(conversation):
        time.sleep(seconds)
        while os.path.exists(os.environ["HOLD"]):
            time.sleep(0.1)
        return Reply(message=AssistantMessage(tool_calls=(call,)))
    return reply

def patient(opening):
    '''Waits as a model does, and mends the bug in every second trial.'''
    text = FIXED if opening.seed % 2 else FIXED.replace("x * 2", "x * 5")
    seconds = float(os.environ["PATIENCE"]) / 2
    return Scripted([after(seconds, ToolCall.of("w", "write_file", path="src/calc.py", content=text)),
                     after(seconds, ToolCall.of("s", "submit", summary="done", confidence=0.5))])
"""
CHANGES = {"at", "seconds", "times", "detail"}
"""Fields of an event that say when, and how long; and the end of a grading's output, which names its control tests."""


@dataclass
class Place:
    folder: Path
    scenarios: Path
    environment: dict[str, str]
    """`PATIENCE` is the waiting in a trial, in seconds; while the file `HOLD` is there, no model answers."""

    def study(self, name: str, models: list[str], engine: str = "", **more: int) -> list[str]:
        lines = ["schema = 1", f"models = {json.dumps(models)}", f"scenarios = ['{self.scenarios}/*']"]
        lines += [f"{key} = {value}" for key, value in more.items()]
        file = self.folder / f"{name}.toml"
        file.write_text("\n".join([*lines, engine]) + "\n")
        return [PROGRAM, "run", str(file), "--out", str(self.folder / name)]

    def begin(self, argv: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv, env=self.environment, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, name: str, models: list[str], engine: str = "", **more: int) -> Path:
        """The run's folder, once it is through."""
        process = self.begin(self.study(name, models, engine, **more))
        said, _ = process.communicate(timeout=800)
        assert process.returncode == 0, said
        return self.folder / name


@pytest.fixture
def place(tmp_path: Path, write_scenario: Callable[..., Path]) -> Place:
    scenarios = write_scenario().parent
    (tmp_path / "patientmodel.py").write_text(MODEL)
    more = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATIENCE": "3", "HOLD": str(tmp_path / "hold")}
    return Place(tmp_path, scenarios, os.environ | more)


def on(cluster: LocalCluster, resource: str = "taskfit") -> str:
    return f'[engine]\nkind = "ray"\naddress = "{cluster.address}"\nresource = "{resource}"'


def results(out: Path) -> dict[str, Any]:
    return {file.parent.name: json.loads(file.read_bytes()) for file in out.glob("trials/*/result.json")}


def verdicts(out: Path) -> dict[str, str]:
    return {name: result["verdict"] for name, result in results(out).items()}


def events(out: Path) -> dict[str, list[Any]]:
    found = {}
    for file in out.glob("trials/*/events.jsonl"):
        found[file.parent.name] = [timeless(json.loads(line)) for line in file.read_text().splitlines()]
    return found


def timeless(value: Any) -> Any:
    """Without what differs between any two runs."""
    if isinstance(value, dict):
        return {key: timeless(each) for key, each in value.items() if key not in CHANGES}
    if isinstance(value, list):
        return [timeless(each) for each in value]
    return re.sub(r"in \d+\.\d+s", "in … s", value) if isinstance(value, str) else value


def at_once(out: Path) -> int:
    """The most trials that were at work at a time."""
    ends = {file: file.stat().st_mtime for file in out.glob("trials/*/result.json")}
    spans = [(end - json.loads(file.read_bytes())["times"]["total"], end) for file, end in ends.items()]
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)


def test_results_and_transcripts_are_those_of_one_machine(cluster: LocalCluster, place: Place) -> None:
    models = ["oracle", "noop", "repair", "personality:flips"]
    here = place.run("here", models, concurrency=2)
    there = place.run("there", models, on(cluster), concurrency=4)
    assert set(verdicts(here).values()) == {"resolved", "unresolved"}
    assert verdicts(there) == verdicts(here)
    assert events(there) == events(here)
    ours, theirs = (json.loads((out / "study.lock.json").read_bytes()) for out in (here, there))
    assert theirs["hashes"] == ours["hashes"]
    assert theirs["engine"].count("2 places") == 2


def test_two_nodes_work_on_twice_as_many_trials_at_a_time_as_one(
    cluster: LocalCluster, fleet: Fleet, engine: Engine, place: Place
) -> None:
    """Both have the image already, as after the first minutes of a night. How much sooner they are through is a row of
    the bench, where nothing else needs the processors."""
    image = prepare(load_scenario(place.scenarios / "doubling"), ImageStore(engine, print)).image
    with fleet.place(image), fleet.place(image):
        place.environment["PATIENCE"] = "6"
    patient = ["python:patientmodel:patient"]
    one = place.run("one", patient, on(cluster, "first"), repeats=4, concurrency=8)
    two = place.run("two", patient, on(cluster), repeats=4, concurrency=8)
    assert len(verdicts(one)) == len(verdicts(two)) == 4
    assert (at_once(one), at_once(two)) == (2, 4)


def test_a_node_that_is_killed_takes_no_trial_with_it_and_is_used_again(cluster: LocalCluster, place: Place) -> None:
    argv = place.study("lossy", ["python:patientmodel:patient"], on(cluster), repeats=10, concurrency=4)
    process, out = place.begin(argv), place.folder / "lossy"
    until(lambda: len(verdicts(out)) >= 2, process)
    before = {file: file.stat().st_mtime_ns for file in out.glob("trials/*/result.json")}
    cluster.kill("two")
    until(lambda: "node_lost" in kinds(out), process)
    (place.folder / "hold").touch()  # so that the run is not through before the node is back
    daemon = cluster.add("two", {"taskfit": 2})
    until(lambda: "node_joined" in kinds(out), process)
    (place.folder / "hold").unlink()
    said, _ = process.communicate(timeout=800)
    assert process.returncode == 0, said
    assert len(verdicts(out)) == 10
    assert {file: file.stat().st_mtime_ns for file in before} == before, "a finished trial was run again"
    assert set(verdicts(out).values()) == {"resolved", "unresolved"}
    assert {"retried", "node_lost", "node_joined", "ended"} <= kinds(out)
    api = docker.APIClient(base_url=daemon.host, version="auto")
    assert api.containers(all=True) == []


def kinds(out: Path) -> set[str]:
    return {each.kind for each in read_log(out / "log.jsonl")}


def until(true: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.1)
