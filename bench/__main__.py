"""`make bench`: prints a table and writes bench/latest.json. Exit code 1 when a goal is missed."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docker
from rich.console import Console
from rich.table import Table

from bench import floor
from bench.chaos import chaos
from bench.duplicates import duplicates
from bench.load import load, load_with_containers
from bench.measuring import measuring
from bench.models import adapter_overhead
from bench.nodes import nodes
from bench.resuming import resuming
from bench.rows import Row, alternate
from bench.searching import searching
from bench.twins import twins
from bench.waiting import waiting_trials
from runner.approvers.policy import PolicyApprover, load_policy
from runner.console.live import LiveRun
from runner.runs.folder import RunFolder
from runner.runs.run import Run
from runner.scenarios.catalog import builtin_root, load_scenario
from runner.scenarios.scenario import Scope
from runner.scenarios.workspace import prepare
from runner.studies.study import Study
from runner.tools import toolbox
from runner.tools.base import Workbench
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.host import ensure_engine
from sandboxes.images import ImageStore

SCENARIOS = ("credit-note-sign", "jobs-attempt-limit", "memo-shared-tags", "router-url-roundtrip")
REPEATS = 2
AT_A_TIME = 2


def main() -> int:
    engine = ensure_engine(print)
    rows = [start_up(), *measuring(), *searching(), *duplicates(), *adapter_overhead()]
    rows += [*one_sandbox(engine), *oracle_trials(engine), *twins(engine), *waiting_trials(), *nodes(engine)]
    rows += [*load(), *load_with_containers(engine), *resuming(engine), *chaos(engine)]
    table = Table("measure", "value", "reference", "ratio", "goal", "met")
    for row in rows:
        reference = "–" if row.reference is None else f"{row.reference:.4g} {row.unit}"
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.name, f"{row.value:.4g} {row.unit}", reference, ratio, f"≤ {row.goal:g}", str(row.met))
    Console(width=110).print(table)
    Path(__file__).with_name("latest.json").write_text(json.dumps([row.as_dict() for row in rows], indent=1))
    return 0 if all(row.met for row in rows) else 1


def start_up() -> Row:
    """Whole processes: `taskfit --help`; its share of an empty interpreter is for information, the goal is absolute."""
    program = str(Path(sys.executable).with_name("taskfit"))
    value, _ = alternate(_command(program, "--help"), _command(sys.executable, "-c", "pass"), rounds=11)
    return Row("taskfit --help", value, "s", None, 0.2)


def _command(*argv: str) -> Callable[[], object]:
    return partial(subprocess.run, argv, check=True, capture_output=True)


def one_sandbox(engine: Engine) -> list[Row]:
    """A sandbox's life and its commands, against the same calls made bare."""
    image = ImageStore(engine, print).base()
    api = docker.APIClient(version="auto", timeout=120)

    def ours() -> None:
        with DockerSandbox(engine, image):
            pass

    def bare() -> None:
        with floor.container(api, image, cpus=1.0):
            pass

    rows = [Row("sandbox: create, start, remove", *_pair(alternate(ours, bare, rounds=9)), 1.5)]
    with DockerSandbox(engine, image) as sandbox, floor.container(api, image, cpus=1.0) as plain:
        sandbox.write("file", b"0123456789abcde\n" * 256)
        bench, tools = Workbench(sandbox, Scope()), toolbox()
        calls = {
            "read_file of 4 KB, through the tool": (tools["read_file"], {"path": "file"}),
            "run_command true, through the tool": (tools["run_command"], {"command": "true"}),
        }
        for (name, (tool, given)), most in zip(calls.items(), (0.002, 0.010), strict=True):
            arguments = tool.arguments.model_validate(given)
            taken = alternate(
                partial(tool.run, arguments, bench), lambda: floor.execute(api, plain, ["true"]), rounds=25
            )
            rows.append(Row(f"{name}, against an API exec", *_pair(taken), 0.2))
            rows.append(Row(name, taken[0], "s", None, most))
    return rows


def oracle_trials(engine: Engine) -> list[Row]:
    """8 oracle trials, 2 at a time, from planned to report, against their container work alone; CPU of this process."""
    found = {name: load_scenario(builtin_root() / "scenarios" / name) for name in SCENARIOS}
    images = ImageStore(engine, print)
    works = []
    for each in found.values():
        workspace = prepare(each, images)
        fix = {path: entry for path, entry in workspace.reference.items() if entry is not None}
        works += [floor.Work(workspace.image, fix, fix | dict(each.hidden))] * REPEATS

    cpu: list[float] = []

    def ours() -> None:
        before = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            study = Study(models=("oracle",), repeats=REPEATS, concurrency=AT_A_TIME)
            policy = load_policy()
            observer = LiveRun(Console(quiet=True), None)
            run = Run(study, RunFolder(Path(folder)), found, policy, PolicyApprover(policy), engine, observer)
            run.plan()
            run.work()
            assert all(result.resolved for result in run.folder.results())
        cpu.append((time.process_time() - before) / len(works))

    ours()
    taken = alternate(ours, lambda: floor.trials(works, AT_A_TIME), 5)
    return [
        Row("8 oracle trials, 2 at a time", *_pair(taken), 1.25),
        Row("CPU of the harness for one oracle trial", statistics.median(cpu), "s", None, 0.15),
    ]


def _pair(taken: tuple[float, float]) -> tuple[float, str, float]:
    return taken[0], "s", taken[1]


if __name__ == "__main__":
    sys.exit(main())
