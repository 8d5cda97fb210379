"""1,000 trials of 40 turns of a model that mostly waits, 100 at a time: the harness's own share, without an engine.

The ideal is the waiting alone: trials × turns × seconds / places. The shorter the waiting, the harder the test: with
half a second a turn the harness must serve 200 turns a second on one processor (Python's threads share one), where
real models, which take 5 to 30 s a turn, ask for 3 to 20. TASKFIT_LOAD_TRIALS and TASKFIT_LOAD_SECONDS make it longer
or harder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from bench import floor
from bench.resident import resident
from bench.rows import Row
from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec, Usage
from runner.models.base import Opening
from runner.scenarios.catalog import builtin_root, load_scenario
from runner.scenarios.workspace import prepare
from sandboxes.images import ImageStore

if TYPE_CHECKING:
    from sandboxes.client import Engine

TRIALS = int(os.environ.get("TASKFIT_LOAD_TRIALS", "1000"))
TURNS = 40
AT_A_TIME = 100
FEW, FEW_AT_A_TIME = 24, 12
"""With real containers."""
SECONDS = float(os.environ.get("TASKFIT_LOAD_SECONDS", "0.5"))
"""Of waiting in each turn."""
SCENARIO = "memo-shared-tags"
MODEL = "python:bench.load:Patient"
LEAST, MOST = 0.004, 0.02
"""US dollars: what a turn costs, and what it could cost."""
NOTES = "".join(f"# line {number}: entries keep their own tags, whoever asks for them\n" for number in range(12))
BARE = (
    ["grep", "-rn", "def ", "."],
    ["cat", "src/memo/tags.py"],
    ["sh", "-c", 'printf %s "$1" > src/memo/notes.py', "sh", NOTES],
    ["sh", "-c", "grep -rn 'def ' src | head -n 24"],
)
"""What a turn does, by its number modulo four, without a harness."""


class Patient:
    """Waits, then reads, edits, searches and runs commands in turn, at a price; submits in its last turn."""

    def __init__(self, opening: Opening) -> None:
        self._turn = 0

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        time.sleep(SECONDS)
        self._turn += 1
        message = AssistantMessage(text="I look at the next thing. " * 8, tool_calls=(self._call(),))
        return Reply(message=message, usage=Usage(input=2000, output=100), cost_usd=LEAST)

    def _call(self) -> ToolCall:
        name = f"c{self._turn}"
        if self._turn == TURNS:
            return ToolCall.of(name, "submit", summary="waited", confidence=0.5)
        match self._turn % 4:
            case 0:
                return ToolCall.of(name, "search_text", pattern="def ")
            case 1:
                return ToolCall.of(name, "read_file", path="src/memo/tags.py")
            case 2:
                return ToolCall.of(name, "write_file", path="src/memo/notes.py", content=f"# {self._turn}\n{NOTES}")
            case _:
                return ToolCall.of(name, "run_command", command="grep -rn 'def ' src | head -n 24")

    def worst_case_usd(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> float:
        return MOST

    def worst_case_tokens(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        return 4000


def work(folder: Path, trials: int, at_a_time: int, engine: Engine) -> dict[str, float]:
    """The run itself, in this process; returns seconds, and what the ledger took where the sandboxes are in memory."""
    from bench.in_memory import InMemory, NoEngine
    from runner.approvers.policy import load_policy
    from runner.console.live import LiveRun
    from runner.runs.budget import Budget
    from runner.runs.folder import RunFolder
    from runner.runs.run import Run
    from runner.studies.study import Study

    began = time.perf_counter()
    budget = Budget(usd=trials * TURNS * MOST, free_gb=0.0)
    study = Study(models=(MODEL,), repeats=trials, concurrency=at_a_time, budget=budget)
    found = {SCENARIO: load_scenario(builtin_root() / "scenarios" / SCENARIO)}
    folder.mkdir(parents=True, exist_ok=True)
    place = RunFolder(folder)
    kind = InMemory if isinstance(engine.api, NoEngine) else Run
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, force_terminal=True, width=120, height=60)
        observer = LiveRun(console, budget.usd, place, at_a_time)
        run = kind(study, place, found, load_policy(), None, engine, observer)
        run.plan()
        with observer:
            run.work()
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time()}
    took["done"] = sum(result.counts.turns == TURNS for result in place.results())
    return took | (asdict(run.writes) if isinstance(run, InMemory) else {})


def load() -> list[Row]:
    """A thousand trials without an engine."""
    took, memory = _measured(TRIALS, AT_A_TIME, "memory")
    third = len(memory) // 3
    middle, last = max(memory[third : 2 * third]), max(memory[2 * third :])
    what = f"{TRIALS:,} trials × {TURNS} turns, {AT_A_TIME} at a time, in memory"
    return [
        Row(f"{what}: wall time", took["seconds"], "s", _ideal(TRIALS, AT_A_TIME), 1 / 0.9),
        Row(f"{what}: memory", max(memory), "MiB", None, 600),
        Row(f"{what}: memory, last third", last, "MiB", middle, 1.1),
        Row(f"{what}: CPU of ledger writes", took["ledger_cpu"], "s", took["cpu"], 0.03),
        Row(f"{what}: lost", TRIALS - took["done"], "trials", None, 0),
    ]


def load_with_containers(engine: Engine) -> list[Row]:
    """A few trials with an engine, and without one.

    The first row is what the harness adds to bare containers that wait as long, run the like commands through the
    Engine API and are graded; the last what it adds to waiting alone.
    """
    found = load_scenario(builtin_root() / "scenarios" / SCENARIO)
    bare = floor.Work(prepare(found, ImageStore(engine, print)).image, {}, dict(found.hidden))
    _measured(1, 1, "containers", seconds=0.0)  # proves the scenario's tests where nobody has
    what = f"{FEW} trials × {TURNS} turns, {FEW_AT_A_TIME} at a time"
    began = time.perf_counter()
    floor.waits(bare, FEW, FEW_AT_A_TIME, [BARE[turn % 4] for turn in range(1, TURNS + 1)], SECONDS)
    least = time.perf_counter() - began
    ours, _ = _measured(FEW, FEW_AT_A_TIME, "containers")
    memory, _ = _measured(FEW, FEW_AT_A_TIME, "memory")
    return [
        Row(f"{what}, in containers: wall time, against bare ones", ours["seconds"], "s", least, 1 / 0.9),
        Row(f"{what}, in memory: wall time", memory["seconds"], "s", _ideal(FEW, FEW_AT_A_TIME), 1 / 0.9),
    ]


def _ideal(trials: int, at_a_time: int) -> float:
    return trials * TURNS * SECONDS / at_a_time


def _measured(
    trials: int, at_a_time: int, where: str, seconds: float = SECONDS
) -> tuple[dict[str, float], list[float]]:
    """A run in a process of its own, and its memory, looked at from outside."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "bench.load", folder, str(trials), str(at_a_time), where]
        environment = os.environ | {"TASKFIT_LOAD_SECONDS": str(seconds)}
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent, env=environment)
        memory = resident(process)
        assert process.stdout is not None and process.wait() == 0
        took: dict[str, float] = json.loads(process.stdout.read().splitlines()[-1])
    print(f"{trials} in {where}: {took}, at most {max(memory):.0f} MiB", file=sys.stderr)
    return took, memory


def main(folder: str, trials: str, at_a_time: str, where: str) -> None:
    from bench.in_memory import NoEngine
    from sandboxes.client import Engine, connect

    engine = Engine(NoEngine(), "memory:") if where == "memory" else connect()
    print(json.dumps(work(Path(folder), int(trials), int(at_a_time), engine)))


if __name__ == "__main__":
    main(*sys.argv[1:])
