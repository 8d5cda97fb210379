"""Fifty trials at a time of a model that mostly waits, as models do: what the harness needs, and what it adds."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.resident import resident
from bench.rows import Row
from runner.messages import AssistantMessage, Message, Reply, ToolCall, ToolSpec
from runner.models.base import KeylessModel, Opening

TRIALS = 50
TURNS = 6
SECONDS = 40.0
"""Of waiting in each turn."""
SCENARIO = "memo-shared-tags"


class Waiting(KeylessModel):
    """Answers after `SECONDS` with a small command, and submits in the end."""

    def __init__(self, opening: Opening) -> None:
        self._turn = 0

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        time.sleep(SECONDS)
        self._turn += 1
        last = self._turn == TURNS
        call = (
            ToolCall.of("end", "submit", summary="waited", confidence=0.0)
            if last
            else ToolCall.of("look", "run_command", command="ls")
        )
        return Reply(message=AssistantMessage(tool_calls=(call,)))


def waiting_trials() -> list[Row]:
    """A whole `taskfit run` in a process of its own: its wall time over the waiting alone, and its memory."""
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(sys.executable).with_name("taskfit"))
        argv = [program, "run", "--model", "python:bench.waiting:Waiting", "--scenario", SCENARIO, "--json"]
        argv += ["--repeats", str(TRIALS), "--concurrency", str(TRIALS), "--out", f"{folder}/run"]
        started = time.monotonic()
        here = Path(__file__).parent.parent
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=here)
        memory = max(resident(process))
        wall = time.monotonic() - started
        assert process.wait() == 0
        done = len(list(Path(folder, "run", "trials").glob("*/result.json")))
    return [
        Row(f"{TRIALS} waiting trials of 4 minutes at once: wall time", wall, "s", TURNS * SECONDS, 1.15),
        Row(f"{TRIALS} waiting trials at once: memory of the harness", memory, "MiB", None, 400),
        Row(f"{TRIALS} waiting trials at once: lost", TRIALS - done, "trials", None, 0),
    ]
