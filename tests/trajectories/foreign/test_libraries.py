"""What we write, other harnesses' own code reads; what their own code wrote, we read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from foreign_env.environment import Environment
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRejected, Decided, ToolReturned
from runner.events.conversation import Replied, Told
from runner.results import TrialKey
from runner.thoughts import thoughts
from runner.trajectories.base import Foreign, Losses, Trial
from runner.trajectories.exporting import WRITERS
from runner.trajectories.importing import READERS, sniffed
from runner.trajectories.reading import source


def read(file: Path) -> list[Foreign]:
    found = source(file)
    return list(READERS[sniffed(found)](found))


def texts(events: list[AnyEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, Told | ToolReturned)]


@pytest.fixture
def some(trial: Trial, key: TrialKey) -> list[Trial]:
    """Two scenarios, two repeats, one arm beside the control, one trial that infrastructure lost."""
    lost = [
        event.model_copy(update={"verdict": "infra_error"}) if event.type == "trial_finished" else event
        for event in trial.events
    ]
    other = key.model_copy(update={"scenario": "other"})
    again = key.model_copy(update={"repeat": 2})
    arm = key.model_copy(update={"arm": "faults_seeded"})
    return [
        trial,
        *(Trial(each, trial.events, run="a-run") for each in (other, again, arm)),
        Trial(other.model_copy(update={"repeat": 2}), lost, run="a-run"),
    ]


def written(trials: list[Trial], format: str, folder: Path) -> list[Path]:
    files: list[Path] = []

    def write(name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)
        files.append(folder / name)

    WRITERS[format](trials, write, Losses(format))  # type: ignore[index]
    return files


def test_harbors_validator_accepts_what_we_write(foreign: Environment, some: list[Trial], tmp_path: Path) -> None:
    files = written(some, "atif", tmp_path)
    assert len(files) == 5
    assert json.loads(foreign.run("validate_atif.py", *files)) == {str(file): [] for file in files}


def test_a_trajectory_made_with_harbors_models_is_read(foreign: Environment, tmp_path: Path) -> None:
    foreign.run("make_atif.py", tmp_path / "trajectory.json")
    (found,) = read(tmp_path / "trajectory.json")
    assert (found.harness, found.model, found.told) == ("terminus 2", "acme/m", {"reward": 1.0})
    assert [event.type for event in found.events] == ["told", "replied", "call_proposed", "tool_returned"]
    turn = next(event for event in found.events if isinstance(event, Replied))
    assert turn.reply.message.text == "I look\n[image left out]"
    assert (turn.reply.usage.input, turn.reply.usage.cache_read, turn.reply.cost_usd) == (6, 4, 0.5)
    assert {"usage", "cost", "effects"} == found.known
    assert thoughts(turn.reply.message) == "hm"
    assert {"content of type image", "1 steps that were copied from another trajectory"} == set(found.left_out)


def test_inspects_reader_reads_what_we_write(foreign: Environment, some: list[Trial], tmp_path: Path) -> None:
    files = written(some, "inspect", tmp_path)
    logs = json.loads(foreign.run("read_inspect.py", *files))
    assert [len(log["samples"]) for log in logs] == [4, 1]
    assert {log["status"] for log in logs} == {"success"}
    first = logs[0]["samples"][0]
    assert (first["id"], first["epoch"], first["score"], first["limit"]) == ("zebra-bug", 1, {"verdict": "C"}, "turn")
    assert first["messages"][0][0] == "system" and "zebra system" in first["messages"][0][1]
    kinds = Counter(first["events"])
    assert (kinds["model"], kinds["tool"], kinds["approval"], kinds["sample_limit"], kinds["score"]) == (3, 4, 1, 1, 1)
    assert first["inputs"] == sorted(first["inputs"]) and first["inputs"][0] == 2, "each turn's input, out of the pool"
    assert first["output_tokens"] == 30
    assert logs[0]["samples"][-1]["error"].startswith("infra_error") and not logs[0]["samples"][-1]["score"]
    assert logs[0]["metrics"]["scenarios"] == 2


@pytest.fixture(scope="session")
def inspect_log(foreign: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    (folder / "approval.yaml").write_text('approvers:\n  - name: auto\n    tools: "*"\n')
    return Path(foreign.run("make_inspect.py", folder, folder / "approval.yaml").strip().splitlines()[-1])


def test_a_log_of_inspects_own_is_read(inspect_log: Path) -> None:
    found = {trial.task: trial for trial in read(inspect_log)}
    assert found.keys() == {"sum", "other"}
    trial = found["sum"]
    assert trial.harness.startswith("inspect_ai 0.3") and trial.model == "mockllm/model"
    assert trial.told["score.includes"] == "C" and found["other"].told["score.includes"] == "I"
    turns = [event for event in trial.events if isinstance(event, Replied)]
    assert [event.reply.usage.total for event in turns] == [15, 15, 15, 15]
    assert [event.reply.cost_usd for event in turns] == [0.25] * 4
    made = [event.arguments.get("command") for event in trial.events if isinstance(event, CallProposed)]
    assert made[:2] == ["python -m pytest", "false"]
    assert [event.tool for event in trial.events if isinstance(event, CallRejected)] == ["bash"]
    answers = [event for event in trial.events if isinstance(event, ToolReturned)]
    assert [event.is_error for event in answers[:2]] == [False, True]
    assert "and said much" in answers[0].text, "attachments are looked up"
    assert all(event.decision.outcome == "approve" for event in trial.events if isinstance(event, Decided))
    assert {"rejections", "approvals", "usage", "cost", "errors"} <= trial.known


@pytest.fixture(scope="session")
def mini_folder(foreign: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mini")
    foreign.run("make_mini.py", folder)
    return folder


@pytest.mark.parametrize("kind", ["text", "tools", "responses"])
def test_a_trajectory_of_mini_swe_agents_own_is_read(mini_folder: Path, kind: str) -> None:
    (found,) = read(mini_folder / f"{kind}.traj.json")
    assert found.harness.startswith("mini-swe-agent 2.") and found.model.startswith("deterministic")
    assert found.told["exit_status"] == "Submitted" and found.patch.strip() == "a-patch"
    commands = [event.arguments["command"] for event in found.events if isinstance(event, CallProposed)]
    assert commands == ["echo hello", "exit 3", "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && echo a-patch"]
    answers = [event for event in found.events if isinstance(event, ToolReturned)]
    assert [event.exit_code for event in answers[:2]] == [0, 3]
    assert "hello" in answers[0].text
    assert not found.left_out


def test_the_protocols_own_messages_take_our_spans(foreign: Environment, some: list[Trial], tmp_path: Path) -> None:
    (file,) = written(some, "otel", tmp_path)
    spans: list[dict[str, Any]] = json.loads(foreign.run("parse_otlp.py", file))
    assert sum(span["root"] for span in spans) == len(some)
    names = Counter(span["name"] for span in spans)
    assert names["chat acme/m"] == 3 * len(some) and names["execute_tool write_file"] == len(some)
    chat = next(span for span in spans if span["name"] == "chat acme/m")
    assert chat["kind"] == 3 and chat["seconds"] == pytest.approx(2.5)
    assert {"gen_ai.operation.name", "gen_ai.usage.input_tokens", "gen_ai.output.messages"} <= set(chat["attributes"])
    root = next(span for span in spans if span["root"])
    assert {"taskfit.decided", "taskfit.graded", "gen_ai.evaluation.result"} <= set(root["events"])
