"""Forks on a real engine: another model, prompt or policy goes on from a recorded step, as a run like any."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from filelock import FileLock

from bench.doubling import writer
from bench.program import taskfit
from runner.arms import FaultPattern
from runner.events import AnyEvent
from runner.events.base import Event
from runner.events.calls import CallProposed, FaultDelivered
from runner.events.conversation import Replied, Told
from runner.events.endings import LimitReached
from runner.events.origins import ForkedFrom, TrialStarted
from runner.faults.base import draw, fault_seed
from runner.messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from runner.replay.points import MESSAGES
from runner.results import TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.transcript import read

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("forks")]
E = TypeVar("E", bound=Event)
MODELS = '''\
"""Models that are looked up by name: one leaves a bad state behind, one says what it was told."""

from pathlib import Path

from runner.messages import AssistantMessage, Reply, ToolCall, to_json
from runner.models.scripted import Scripted


def once(*calls):
    return Reply(message=AssistantMessage(text="I look.", tool_calls=calls, native=({"secret": 1},), native_format="x"))


def spoils(opening):
    """Turns: look, break (two calls), draw a number, submit."""
    return Scripted([
        once(ToolCall.of("a", "read_file", path="src/calc.py")),
        once(
            ToolCall.of("b", "edit_file", path="src/calc.py", old="x + 2", new="x - 2"),
            ToolCall.of("c", "run_command", command="date; echo made > src/made.py"),
        ),
        once(ToolCall.of("d", "run_command", command="python3 -c 'import random; print(random.random())'")),
        once(ToolCall.of("e", "submit", summary="spoiled", confidence=0.9)),
    ])


def hears(opening):
    """Mends and submits, and writes down what it is told at the beginning and at the end."""
    def kept(name, call):
        def turn(conversation):
            file = Path(opening.folder) / name
            file.write_bytes(b"[" + b",".join(to_json(message) for message in conversation) + b"]")
            return once(call)
        return turn
    mends = ToolCall.of("m", "edit_file", path="src/calc.py", old="x - 2", new="x * 2")
    submits = ToolCall.of("z", "submit", summary="mended", confidence=0.9)
    return Scripted([kept("first.json", mends), kept("last.json", submits)])


def forever(opening):
    return Scripted([once(ToolCall.of("l", "list_files"))])
'''


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scenario, models, and a run in `origin` that left a bad state."""
    root = tmp_path_factory.mktemp("forks", numbered=True)
    writer(root, "unittest")()
    (root / "mine.py").write_text(MODELS)
    run(root, "run", "--model", "python:mine:spoils", "--scenarios", "scenarios", "--out", "origin")
    return root


def run(place: Path, *words: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    done = taskfit(*words, cwd=place, env=os.environ | env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def trial(run: Path, part: str = "", repeat: int = 1) -> Path:
    [found] = [path for path in run.glob("trials/*") if part in path.name and path.name.endswith(f".{repeat}")]
    return found


def events(trial: Path) -> list[AnyEvent]:
    return list(read(trial / "events.jsonl"))


def only(found: Sequence[AnyEvent], kind: type[E]) -> list[E]:
    return [event for event in found if isinstance(event, kind)]


def turns(trial: Path) -> list[int]:
    return [event.step for event in only(events(trial), Replied)]


def verdicts(folder: Path) -> dict[str, str]:
    return {f"{result.key.model}.{result.key.arm}.{result.key.repeat}": result.verdict for result in results(folder)}


def results(folder: Path) -> list[TrialResult]:
    return RunFolder(folder).results()


@pytest.fixture(scope="session")
def forked(place: Path) -> Path:
    """From the bad state, before the number is drawn."""
    origin = trial(place / "origin")
    words = ("--model", "python:mine:hears", "--model", "noop", "--repeats", "2", "--out", "forked")
    run(place, "fork", f"{origin}@{turns(origin)[2]}", *words)
    return place / "forked"


def test_other_models_go_on_from_the_recorded_state_and_are_graded_as_ever(forked: Path) -> None:
    found = verdicts(forked)
    assert len(found) == 4
    for repeat in (1, 2):
        assert found[f"python:mine:hears.control.{repeat}"] == "resolved"
        assert found[f"noop.control.{repeat}"] == "unresolved"
    patch = (trial(forked, "noop") / "patch.diff").read_text()
    assert "+    return x - 2" in patch and "src/made.py" in patch, "an edit, and what a command wrote"


def test_a_fork_names_where_it_comes_from_and_what_was_rebuilt(place: Path, forked: Path) -> None:
    origin = trial(place / "origin")
    found = events(trial(forked, "hears"))
    [event] = only(found, ForkedFrom)
    assert found.index(event) == 1 and isinstance(found[0], TrialStarted)
    step = turns(origin)[2]
    assert (event.trial.name, event.run, event.at_step, event.turns) == (origin.name, "origin", step, 2)
    assert (event.agreed, event.differing, event.limits, event.prompt) == (True, (), "left", "")
    lock = json.loads((forked / "study.lock.json").read_text())
    own = {"limits": "left", "prompt": None, "faults": "left", "anyway": False}
    assert lock["study"]["forks"] == {f"at-{step}": {"trials": [f"{origin}@{step}"], **own}}
    assert set(lock["hashes"]["forks"]) == {f"at-{step}"}
    assert only(found, Told) == [], "nothing but the recorded conversation"
    shown = run(place, "show", str(trial(forked, "hears"))).stdout
    assert f"before step {step}" in shown


def heard(trial: Path, name: str = "first.json") -> list[Message]:
    return MESSAGES.validate_json((trial / name).read_bytes())


def test_the_model_is_told_the_recorded_conversation_without_what_another_provider_alone_can_read(
    place: Path, forked: Path
) -> None:
    said = heard(trial(forked, "hears"))
    kinds = [SystemMessage, UserMessage, AssistantMessage, ToolMessage, AssistantMessage, ToolMessage, ToolMessage]
    assert [type(message) for message in said] == kinds
    recorded = events(trial(place / "origin"))
    assert [m.text for m in said[:2]] == [told.text for told in only(recorded, Told)]
    assert [m.call_id for m in said if isinstance(m, ToolMessage)] == ["earlier-1", "earlier-2", "earlier-3"]
    assert all(m.native == () and m.native_format == "" for m in said if isinstance(m, AssistantMessage))


def test_what_was_left_of_the_limits_is_what_a_fork_has_unless_it_gets_fresh_ones(place: Path) -> None:
    """Of 4 turns two were used."""
    origin = copied(place, "short")
    toml = place / "scenarios" / "doubling" / "scenario.toml"
    before = toml.read_text()
    toml.write_text(before.replace("[limits]", "[limits]\nturns = 4"))
    try:
        at = f"{trial(origin)}@{turns(trial(origin))[2]}"
        for limits, count in (("left", 2), ("fresh", 4)):
            words = ("--model", "python:mine:forever", "--limits", limits, "--anyway", "--out", f"limits-{limits}")
            run(place, "fork", at, *words)
            found = events(trial(place / f"limits-{limits}"))
            assert len(only(found, Replied)) == count
            assert only(found, LimitReached)[0].limit == "turns"
            assert only(found, ForkedFrom)[0].limits == limits
        again = trial(place / "limits-left")
        done = run(place, "fork", f"{again}@end", "--model", "noop", "--anyway", "--out", "no-turns", code=2)
        assert "nothing is left of its 4 turns" in done.stderr and "--limits fresh" in done.stderr
    finally:
        toml.write_text(before)


def copied(place: Path, name: str) -> Path:
    return Path(shutil.copytree(place / "origin", place / name))


def test_a_prompt_takes_the_place_of_the_recorded_system_message_and_a_policy_rules_from_there_on(place: Path) -> None:
    (place / "prompt.md").write_text("Mend it at once.\n")
    rule = 'id = "no-edits"\neffect = ["edit", "protected"]\ndecision = "deny"\n'
    (place / "strict.toml").write_text(f'schema = 1\ndefault = "allow"\n[[rules]]\n{rule}')
    origin = trial(place / "origin")
    words = ("--model", "python:mine:hears", "--prompt", "prompt.md", "--policy", "strict.toml", "--out", "otherwise")
    run(place, "fork", f"{origin}@{turns(origin)[2]}", *words)
    made = trial(place / "otherwise")
    said = heard(made)
    assert [m.text for m in said if isinstance(m, SystemMessage)] == ["Mend it at once.\n"]
    assert isinstance(said[1], UserMessage) and len(said) == 7
    assert len(only(events(made), ForkedFrom)[0].prompt) == 64
    [edit] = [e for e in only(events(made), CallProposed) if e.tool == "edit_file"]
    assert (edit.policy.ruling, edit.policy.rule) == ("deny", "no-edits")
    assert set(verdicts(place / "otherwise").values()) == {"unresolved"}
    (place / "empty.md").write_text(" \n")
    words = ("--model", "noop", "--prompt", "empty.md", "--out", "empty")
    assert "is empty" in run(place, "fork", f"{origin}@{turns(origin)[2]}", *words, code=2).stderr
    words = ("--model", "noop", "--prompt", "/dev/zero", "--out", "endless")
    assert "longer than 1 MiB" in run(place, "fork", f"{origin}@{turns(origin)[2]}", *words, code=2).stderr


def test_a_fork_is_resumed_from_its_own_folder_although_the_recorded_trial_is_gone(place: Path) -> None:
    origin = copied(place, "vanishing")
    at = f"{trial(origin)}@{turns(trial(origin))[2]}"
    words = ("--model", "python:mine:hears", "--repeats", "2", "--max-trials", "1", "--out", "resumed")
    assert "taskfit resume" in " ".join(run(place, "fork", at, *words, code=4).stderr.split())
    assert len(results(place / "resumed")) == 1
    shutil.rmtree(origin)
    run(place, "resume", "resumed", "--max-trials", "9")
    assert list(verdicts(place / "resumed").values()) == ["resolved"] * 2
    kept = next((place / "resumed" / "forks").glob("*/1/conversation.json"))
    kept.write_text(kept.read_text().replace("5", "6"))
    assert "forks" in run(place, "resume", "resumed", "--max-trials", "10", code=2).stderr


def test_forks_at_several_steps_and_fresh_trials_are_arms_of_one_run_that_its_report_compares(place: Path) -> None:
    origin = trial(place / "origin")
    first, second = turns(origin)[1:3]
    words = ("--model", "noop", "--model", "python:mine:hears", "--fresh", "--out", "paths")
    run(place, "fork", f"{origin}@{first}", f"{origin}@{second}", *words)
    report = json.loads(run(place, "report", "paths", "--json").stdout)["models"]
    arms = {"control", f"start_fork-at-{first}", f"start_fork-at-{second}"}
    assert all(set(report[model]["arms"]) == arms for model in report)
    assert verdicts(place / "paths")[f"python:mine:hears.start_fork-at-{second}.1"] == "resolved"
    assert verdicts(place / "paths")["python:mine:hears.control.1"] == "unresolved"
    assert report["noop"]["from_fork"]["trials"] == 2
    assert report["noop"]["fork_cost"]["trials"] == 2


def test_a_study_file_names_forks_with_challenges_behind_them(place: Path) -> None:
    origin = trial(place / "origin")
    step = turns(origin)[2]
    study = {"schema": 1, "models": ["python:mine:hears"], "scenarios": ["scenarios"]}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in study.items())
    text += 'start = ["fork:bad"]\nfeedback = ["prove_it"]\n'
    text += f'[forks.bad]\ntrials = ["origin/trials/{origin.name}@{step}"]\n'
    (place / "study.toml").write_text(text)
    run(place, "run", "study.toml", "--out", "studied")
    assert verdicts(place / "studied") == {
        "python:mine:hears.control.1": "resolved",
        "python:mine:hears.feedback_prove_it.1": "resolved",
    }
    said = heard(trial(place / "studied", "feedback"), "last.json")
    answered = [m.call_id for m in said if isinstance(m, ToolMessage)]
    assert answered == ["earlier-1", "earlier-2", "earlier-3", "m", "z"]
    assert isinstance(said[-1], UserMessage)
    assert run(place, "replay", "studied").returncode == 0


def test_what_a_recorded_trials_fault_had_not_yet_done_is_done_behind_the_step(place: Path) -> None:
    words = ("--model", "python:mine:spoils", "--scenarios", "scenarios", "--faults", "disk_full:explicit:permanent")
    run(place, "run", *words, "--out", "full")
    origin = trial(place / "full", "faults")
    second = turns(origin)[1]
    run(place, "fork", f"{origin}@{second}", "--model", "python:mine:spoils", "--out", "still-full")
    found = events(trial(place / "still-full"))
    assert only(found, ForkedFrom)[0].fault == "disk_full:explicit:permanent"
    assert "its fault goes on" in run(place, "show", str(trial(place / "still-full"))).stdout
    run(place, "fork", f"{origin}@{second}", "--model", "python:mine:spoils", "--faults", "none", "--out", "emptied")
    assert only(events(trial(place / "emptied")), FaultDelivered) == []
    again = ("--model", "noop", "--out", "full-again")
    run(place, "fork", f"{trial(place / 'still-full')}@end", "--anyway", *again)
    assert only(events(trial(place / "full-again")), ForkedFrom)[0].fault == "disk_full:explicit:permanent"
    report = json.loads(run(place, "report", "still-full", "--json").stdout)["models"]["python:mine:spoils"]
    assert report["recovery"]["trials"] == 0, "no arm injected it"


def test_an_arms_fault_is_injected_into_what_follows_a_fork(place: Path) -> None:
    origin = trial(place / "origin")
    text = 'schema = 1\nmodels = ["python:mine:hears"]\nscenarios = ["scenarios"]\nstart = ["fork:bad"]\n'
    key = TrialKey(scenario="doubling", model="m", repeat=1)
    drawn = (draw(FaultPattern(kind="lost_edit"), fault_seed(seed, key)).nth for seed in range(99))
    text += f'faults = ["lost_edit:explicit:permanent"]\nseed = {[*drawn].index(1)}\n'
    text += f'[forks.bad]\ntrials = ["origin/trials/{origin.name}@{turns(origin)[2]}"]\n'
    (place / "faulted.toml").write_text(text)
    run(place, "run", "faulted.toml", "--out", "faulted")
    assert only(events(trial(place / "faulted", "control")), FaultDelivered) == []
    assert only(events(trial(place / "faulted", "faults")), ForkedFrom)[0].fault == ""
    struck = only(events(trial(place / "faulted", "faults")), FaultDelivered)
    report = json.loads(run(place, "report", "faulted", "--json").stdout)["models"]["python:mine:hears"]
    assert [each.fault for each in struck] == ["lost_edit"] and report["recovery"]["trials"] == 1


def test_a_fork_of_a_fork_goes_on_with_both_conversations(place: Path, forked: Path) -> None:
    middle = trial(forked, "hears")
    run(place, "fork", f"{middle}@end", "--model", "python:mine:hears", "--model", "noop", "--out", "twice")
    patch = (trial(place / "twice", "noop") / "patch.diff").read_text()
    assert "+    return x * 2" in patch and "src/made.py" in patch
    own, others = (
        MESSAGES.validate_json(next((run / "forks").glob("*/1/conversation.json")).read_bytes())
        for run in (place / "twice", forked)
    )
    answered = [m.call_id for m in own if isinstance(m, ToolMessage)]
    assert answered == ["earlier-1", "earlier-2", "earlier-3", "m"]
    natives = [bool(m.native) for m in own if isinstance(m, AssistantMessage)]
    assert natives == [False, False, True], "of the first model's turns nothing that it alone can read"
    assert len(own) == len(others) + 2


def test_a_fork_where_the_replay_does_not_agree_is_refused_with_what_differs_or_recorded(place: Path) -> None:
    origin = trial(place / "origin")
    [look, spoil, draw, end] = turns(origin)
    done = run(place, "fork", f"{origin}@{end}", "--model", "noop", "--out", "refused", code=2)
    drawn = next(e.step for e in only(events(origin), CallProposed) if e.step > draw)
    assert f"the call at step {drawn} " in done.stderr and "differs now: the text" in done.stderr
    assert "--anyway" in done.stderr and not (place / "refused" / "study.lock.json").exists()
    run(place, "fork", f"{origin}@{end}", "--model", "noop", "--anyway", "--out", "refused")
    [event] = only(events(trial(place / "refused")), ForkedFrom)
    assert (event.agreed, event.differing) == (False, (drawn,))
    assert look < spoil < draw


def test_a_step_within_a_turn_is_rounded_to_its_beginning_and_others_are_told(place: Path) -> None:
    origin = trial(place / "origin")
    [look, spoil, draw, end] = turns(origin)
    words = ("--model", "oracle", "--model", "repair", "--model", "personality:recovers", "--out", "rounded")
    done = run(place, "fork", f"{origin}@{spoil + 2}", *words)
    assert f"step {spoil + 2} is in the middle of the turn that begins at step {spoil}" in " ".join(done.stderr.split())
    assert only(events(trial(place / "rounded", "oracle")), ForkedFrom)[0].at_step == spoil
    found = verdicts(place / "rounded")
    assert found.pop("repair.control.1") in ("resolved", "unresolved")
    assert set(found.values()) == {"resolved"}, "models that are built in go on from what others said"
    listed = f"it can be forked at {look}, {spoil}, {draw}, {end}"
    for step in ("0", "999"):
        message = run(place, "fork", f"{origin}@{step}", "--model", "noop", code=2).stderr
        assert listed in " ".join(message.split())
    for text in (str(origin), f"{origin}@", f"{origin}@-1", f"{origin}@x"):
        assert "TRIAL@STEP" in run(place, "fork", text, "--model", "noop", code=2).stderr


def edit(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    file.write_text("".join(change(file.read_text().splitlines(keepends=True))))


def test_what_cannot_be_forked_is_a_clear_message(place: Path, tmp_path: Path) -> None:
    origin = copied(place, "broken")
    at = f"{trial(origin)}@{turns(trial(origin))[1]}"
    transcript = trial(origin) / "events.jsonl"
    assert "oracle" in run(place, "fork", at, "--model", "oracel", code=2).stderr
    dead = run(place, "fork", at, "--model", "noop", "--out", "dead", code=2, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert "nowhere" in dead.stderr
    instruction = place / "scenarios" / "doubling" / "instruction.md"
    before = instruction.read_text()
    instruction.write_text("Something else.\n")
    assert "changed since the trial ran" in run(place, "fork", at, "--model", "noop", code=2).stderr
    instruction.write_text(before)
    edit(transcript, lambda lines: [*lines[:3], "garbage\n", *lines[3:]])
    assert "is no event" in run(place, "fork", at, "--model", "noop", code=2).stderr
    edit(transcript, lambda lines: lines[1:])
    assert "events.jsonl" in run(place, "fork", at, "--model", "noop", code=2).stderr
    assert "events.jsonl" in run(place, "fork", f"{tmp_path}@3", "--model", "noop", code=2).stderr


def test_a_transcript_that_breaks_off_is_forked_as_far_as_it_goes(place: Path) -> None:
    origin = trial(copied(place, "torn"))
    last = turns(origin)[2]
    edit(origin / "events.jsonl", lambda lines: [*lines[: last + 2], lines[last + 2][:40]])
    with FileLock(origin.parent.parent / ".lock"):
        assert "is still running" in run(place, "fork", f"{origin}@end", "--model", "noop", code=2).stderr
    run(place, "fork", f"{origin}@end", "--model", "python:mine:hears", "--out", "from-torn")
    assert set(verdicts(place / "from-torn").values()) == {"resolved"}
    assert only(events(trial(place / "from-torn")), ForkedFrom)[0].at_step == last


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('start = ["fork:a"]', "there is no [forks.a]"),
        ('[forks.a]\ntrials = ["x@3"]', "is not used"),
        ('start = ["fork:a"]\n[forks.a]\ntrials = ["x"]', "TRIAL@STEP"),
        ('start = ["fork:A"]\n[forks.A]\ntrials = ["x@3"]', "lower case"),
        ('start = ["fork:a"]\n[forks.a]\ntrials = []', "forks.a.trials"),
        ('start = ["fork:a"]\n[forks.a]\ntrials = ["x@3"]\nlimits = "none"', "forks.a.limits"),
        ('start = ["fork:a"]\n[forks.a]\ntrials = ["x@3"]', "events.jsonl"),
    ],
)
def test_a_fork_in_a_study_that_is_wrong_says_where_and_what(
    place: Path, tmp_path: Path, table: str, said: str
) -> None:
    (tmp_path / "study.toml").write_text(f'schema = 1\nmodels = ["noop"]\nscenarios = ["{place}/scenarios"]\n{table}\n')
    for command in ("plan", "run"):
        done: Any = run(tmp_path, command, "study.toml", code=2)
        assert said in " ".join(done.stderr.split())
