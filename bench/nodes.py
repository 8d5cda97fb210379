"""Two nodes of a Ray cluster on this machine, each with an engine of its own, against one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.cluster import LocalCluster
from bench.rows import Row, alternate
from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec
from runner.models.base import KeylessModel, Opening
from runner.scenarios.catalog import builtin_root, load_scenario
from runner.scenarios.workspace import prepare
from sandboxes.base import Command, SandboxLimits
from sandboxes.client import Engine
from sandboxes.cluster.fleet import Fleet
from sandboxes.cluster.joining import join
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore

PLACES = 2
"""Of a node."""
TRIALS = 8
TURNS = 4
SECONDS = 5.0
"""Of waiting in each turn."""
SCENARIO = "memo-shared-tags"
CALLS = 200


class Patient(KeylessModel):
    """Answers after `SECONDS` with a small command, and submits in the end."""

    def __init__(self, opening: Opening) -> None:
        self._turn = 0

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        time.sleep(SECONDS)
        self._turn += 1
        if self._turn == TURNS:
            call = ToolCall.of("end", "submit", summary="waited", confidence=0.0)
        else:
            call = ToolCall.of("look", "run_command", command="ls")
        return Reply(message=AssistantMessage(tool_calls=(call,)))


def nodes(engine: Engine) -> list[Row]:
    """Nothing where a cluster cannot be made on this machine."""
    if not LocalCluster.is_possible():
        return []
    with tempfile.TemporaryDirectory() as folder, closing(LocalCluster(Path(folder))) as cluster:
        cluster.add("one", {"taskfit": PLACES, "first": PLACES})
        cluster.add("two", {"taskfit": PLACES})
        image = prepare(load_scenario(builtin_root() / "scenarios" / SCENARIO), ImageStore(engine, print)).image
        with closing(join(engine, cluster.address, "taskfit")) as fleet:
            rows = [*_copies(fleet, image), *_calls(fleet, engine, image)]
            two = _study(Path(folder, "two"), cluster, "taskfit")
            one = _study(Path(folder, "one"), cluster, "first")
    what = f"{TRIALS} waiting trials of {TURNS * SECONDS:.0f} s, {PLACES} a node: two nodes, against one"
    return [Row(what, two, "s", one, 1 / 1.8), *rows]


def _copies(fleet: Fleet, image: str) -> list[Row]:
    """What a node lacks is brought there, to one with nothing of ours and, its lower layers there, once more."""
    base = ImageStore(fleet.engine, print).base()
    taken = []
    for each in (base, image):
        started = time.monotonic()
        with fleet.place(each):
            taken.append(time.monotonic() - started)
        with fleet.place(each), fleet.place(each):
            pass
    return [
        Row("image to a node that has none of its layers", taken[0], "s", None, 60),
        Row("image to a node that has its base", taken[1], "s", taken[0], 1),
    ]


def _calls(fleet: Fleet, engine: Engine, image: str) -> list[Row]:
    """A command on a node, against one on this machine; and the driver's processor time for it."""
    true = Command(["true"])
    with (
        fleet.place(image) as place,
        place.open(SandboxLimits(), "sandbox") as there,
        DockerSandbox(engine, image) as here,
    ):
        taken = alternate(partial(there.exec, true), partial(here.exec, true), rounds=25)
        before = time.process_time()
        for _ in range(CALLS):
            there.read("/etc/hostname")
        cpu = (time.process_time() - before) / CALLS
    return [
        Row("command on a node: more than here", taken[0] - taken[1], "s", None, 0.01),
        Row("CPU of the driver for a call to a node", cpu, "s", None, 0.005),
    ]


def _study(out: Path, cluster: LocalCluster, resource: str) -> float:
    """Seconds from the first trial's begin to the last one's end."""
    study = out.with_suffix(".toml")
    study.write_text(
        f'schema = 1\nmodels = ["python:bench.nodes:Patient"]\nselect = ["{SCENARIO}"]\nrepeats = {TRIALS}\n'
        f'concurrency = {TRIALS}\n[engine]\nkind = "ray"\naddress = "{cluster.address}"\nresource = "{resource}"\n'
    )
    argv = [str(Path(sys.executable).with_name("taskfit")), "run", str(study), "--out", str(out)]
    here = Path(__file__).parent.parent
    done = subprocess.run(argv, cwd=here, env=os.environ | {"PYTHONPATH": str(here)}, capture_output=True, check=False)
    results = {file: json.loads(file.read_bytes()) for file in out.glob("trials/*/result.json")}
    assert done.returncode == 0 and len(results) == TRIALS, done.stderr.decode()
    begins: list[float] = [file.stat().st_mtime - result["times"]["total"] for file, result in results.items()]
    return float(max(file.stat().st_mtime for file in results)) - min(begins)
