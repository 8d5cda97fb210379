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
from pathlib import Path

import psutil
from rich.console import Console

from bench.rows import Row
from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec, Usage
from runner.models.base import Opening

TRIALS = int(os.environ.get("TASKFIT_LOAD_TRIALS", "1000"))
TURNS = 40
AT_A_TIME = 100
SECONDS = float(os.environ.get("TASKFIT_LOAD_SECONDS", "0.5"))
"""Of waiting in each turn."""
SCENARIO = "memo-shared-tags"
MODEL = "python:bench.load:Patient"
LEAST, MOST = 0.004, 0.02
"""US dollars: what a turn costs, and what it could cost."""
LOOK_SECONDS = 0.5
NOTES = "".join(f"# line {number}: entries keep their own tags, whoever asks for them\n" for number in range(12))


class Patient:
    """Waits, then reads, edits, tests and runs commands in turn, at a price; submits in its last turn."""

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
                return ToolCall.of(name, "run_tests", tests=["tests/test_tags.py"])
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


def work(folder: Path) -> dict[str, float]:
    """The run itself, in this process; returns seconds, and what the ledger took."""
    from bench.in_memory import InMemory, NoEngine
    from runner.approvers.policy import load_policy
    from runner.budget import Budget
    from runner.catalog import builtin_root, load_scenario
    from runner.console.live import LiveRun
    from runner.folder import RunFolder
    from runner.study import Study
    from sandboxes.client import Engine

    began = time.perf_counter()
    budget = Budget(usd=TRIALS * TURNS * MOST, free_gb=0.0)
    study = Study(models=(MODEL,), repeats=TRIALS, concurrency=AT_A_TIME, budget=budget)
    found = {SCENARIO: load_scenario(builtin_root() / "scenarios" / SCENARIO)}
    folder.mkdir(parents=True, exist_ok=True)
    place = RunFolder(folder)
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, force_terminal=True, width=120, height=60)
        observer = LiveRun(console, budget.usd, place, AT_A_TIME)
        run = InMemory(study, place, found, load_policy(), None, Engine(NoEngine(), "memory:"), observer)
        run.plan()
        with observer:
            run.work()
    cpu = time.process_time()
    return {
        "seconds": time.perf_counter() - began,
        "cpu": cpu,
        "done": sum(result.counts.turns == TURNS for result in place.results()),
        "ledger_cpu": run.writes.cpu,
        "ledger_wall": run.writes.wall,
        "commits": run.writes.commits,
    }


def load() -> list[Row]:
    """The run in a process of its own, whose memory is looked at from outside."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "bench.load", folder]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent)
        memory = _memory(process)
        assert process.stdout is not None and process.wait() == 0
        took = json.loads(process.stdout.read())
    third = len(memory) // 3
    middle, last = max(memory[third : 2 * third]), max(memory[2 * third :])
    ideal = TRIALS * TURNS * SECONDS / AT_A_TIME
    what = f"{TRIALS:,} trials × {TURNS} turns, {AT_A_TIME} at a time, in memory"
    print(json.dumps(took), file=sys.stderr)
    return [
        Row(f"{what}: wall time", took["seconds"], "s", ideal, 1 / 0.9),
        Row(f"{what}: memory", max(memory), "MiB", None, 600),
        Row(f"{what}: memory, last third", last, "MiB", middle, 1.1),
        Row(f"{what}: CPU of ledger writes", took["ledger_cpu"], "s", took["cpu"], 0.03),
        Row(f"{what}: lost", TRIALS - took["done"], "trials", None, 0),
    ]


def _memory(process: subprocess.Popen[bytes]) -> list[float]:
    """MiB that a process has in memory, until it ends."""
    seen, watched = [0.0], psutil.Process(process.pid)
    while process.poll() is None:
        seen.append(watched.memory_info().rss / (1 << 20))
        time.sleep(LOOK_SECONDS)
    return seen[1:]


if __name__ == "__main__":
    print(json.dumps(work(Path(sys.argv[1]))))
