"""SWE-agent's `.traj` as SWE-agent 1.x writes it: by shape, since the agent is on no package index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runner.events.calls import CallProposed, ToolReturned
from runner.events.conversation import Replied, Told
from runner.trajectories.base import Foreign
from runner.trajectories.reading import source
from runner.trajectories.sweagent import read


def step(action: str, observation: str, seconds: float) -> dict[str, Any]:
    return {
        "action": action,
        "observation": observation,
        "response": "",
        "thought": "",
        "execution_time": seconds,
        "state": {"open_file": "n/a", "working_dir": "/testbed"},
        "query": [],
        "extra_info": {},
    }


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, "agent": "main", **more}


def tool(id: str, command: str) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": command})}}


def trajectory(history: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "environment": "main",
        "trajectory": [step("ls", "a.py", 0.5), step("submit", "done", 0.25)],
        "history": [
            said("system", "You help.", message_type="system_prompt"),
            said("user", "a demonstration", is_demo=True),
            said("user", [{"type": "text", "text": "Fix it."}], message_type="observation"),
            *history,
        ],
        "info": {
            "exit_status": "submitted",
            "submission": "--- a\n+++ b\n",
            "model_stats": {"instance_cost": 0.5, "tokens_sent": 100, "tokens_received": 10, "api_calls": 2},
            "swe_agent_version": "1.1.0",
        },
        "replay_config": json.dumps({"agent": {"model": {"name": "acme/m"}}}),
    }


def foreign(history: list[dict[str, Any]], tmp_path: Path) -> Foreign:
    file = tmp_path / "django__django-1.traj"
    file.write_text(json.dumps(trajectory(history)))
    (found,) = read(source(file))
    return found


def test_a_trajectory_with_tool_calls_is_read_from_its_history(tmp_path: Path) -> None:
    history = [
        said("assistant", "I look", thought="I look", action="ls", tool_calls=[tool("c1", "ls")]),
        said("tool", "OBSERVATION:\na.py", tool_call_ids=["c1"]),
        said("user", "a reminder of the harness's"),
        said("assistant", "I am done", action="submit", tool_calls=[tool("c2", "submit")]),
    ]
    found = foreign(history, tmp_path)
    assert (found.task, found.model, found.harness) == ("django__django-1", "acme/m", "SWE-agent 1.1.0")
    assert found.told["exit_status"] == "submitted" and found.told["instance_cost"] == 0.5
    assert found.patch.startswith("--- a")
    assert [event.text for event in found.events if isinstance(event, Told)] == [
        "You help.",
        "Fix it.",
        "a reminder of the harness's",
    ]
    assert [event.arguments["command"] for event in found.events if isinstance(event, CallProposed)] == ["ls", "submit"]
    (answer,) = [event for event in found.events if isinstance(event, ToolReturned)]
    assert (answer.text, answer.seconds) == ("OBSERVATION:\na.py", 0.5)
    assert found.left_out == ["1 messages of demonstrations"]
    assert found.known == {"effects"}, "neither tokens nor money by turn, neither errors nor exit codes"


def test_commands_that_were_read_out_of_words_are_answered_by_the_user(tmp_path: Path) -> None:
    history = [
        said("assistant", "I look\n```\nls\n```", thought="I look", action="ls"),
        said("user", "a.py"),
        said("assistant", "words alone", thought="words alone", action=""),
        said("user", "Your output was not formatted correctly."),
    ]
    found = foreign(history, tmp_path)
    assert [event.text for event in found.events if isinstance(event, ToolReturned)] == ["a.py"]
    assert [event.type for event in found.events][-2:] == ["replied", "told"]
    assert sum(isinstance(event, Replied) for event in found.events) == 2
