"""Unfair comparisons are refused with the reason; fair ones are not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.approvers.policy import PolicyApprover, load_policy
from runner.events.conversation import Replied
from runner.messages import AssistantMessage, Reply
from runner.results import TrialKey
from runner.runs import lock as lock_module
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.observer import Quiet
from runner.runs.run import Run
from runner.scenarios.catalog import load_scenario
from runner.studies.fairness import Fairness, Side, between, within
from runner.studies.study import Study
from runner.transcript import Transcript

WriteScenario = Callable[..., Path]
Planned = Callable[..., RunFolder]
POLICY = 'schema = 1\n[[rules]]\nid = "a"\neffect = "read"\ndecision = "allow"\n'


@pytest.fixture
def planned(tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario]) -> Planned:
    """A run that was planned: its lock and ledger are real, its trials are not there yet."""

    def plan(
        name: str,
        model: str = "noop",
        files: Mapping[str, str] | None = None,
        image: str = "sha256:1",
        engine: str = "engine 1",
        scenario: str = "doubling",
        **study: Any,
    ) -> RunFolder:
        root = tmp_path / name
        folder = scenario_writer(root)(scenario, **(files or {}))
        policy = load_policy(Path(study["policy"]) if "policy" in study else None)
        run = Run(
            study=Study(models=(model,), **study),
            folder=RunFolder(root / "run"),
            scenarios={scenario: load_scenario(folder)},
            policy=policy,
            human=PolicyApprover(policy),
            engine=SimpleNamespace(description=engine),  # type: ignore[arg-type]
            observer=Quiet(),
        )
        run.folder.path.mkdir()
        run.plan()
        ledger = Ledger(run.folder.ledger_file)
        ledger.pin_image(scenario, image)
        ledger.close()
        return run.folder

    return plan


def judged(first: RunFolder, second: RunFolder) -> Fairness:
    return between(Side.of(first), Side.of(second))


def test_two_runs_that_differ_in_the_model_alone_are_comparable(planned: Planned) -> None:
    found = judged(planned("a", "noop"), planned("b", "oracle"))
    assert (found.verdict, found.differences) == ("comparable", ())


SCENARIO = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
[scope]
writable = ["src/**"]
protected = ["tests/**", "pyproject.toml"]
[limits]
command_seconds = 20
test_seconds = 5
turns = {turns}
"""
UNFAIR: dict[str, tuple[dict[str, Any], str, str]] = {
    "another instruction": ({"files": {"instruction.md": "Fix double().\n"}}, "told.doubling.control", "told the same"),
    "other hidden tests": (
        {"files": {"tests/tests/test_hidden.py": "def test_three():\n    assert True\n"}},
        "scenarios.doubling",
        "files, tests or instruction",
    ),
    "more turns": ({"files": {"scenario.toml": SCENARIO.format(turns=80)}}, "limits.doubling", "turns, minutes"),
    "a factor on the limits": ({"limits": (2.0,)}, "arms.control", "means something else"),
    "another image": ({"image": "sha256:2"}, "images.doubling", "other package versions"),
    "another runtime": ({"runtime": "runsc"}, "sandbox", "another runtime"),
    "another approver": ({"approver": "permissive"}, "approver", "somebody else answered"),
    "another mode of asking": ({"approvals": ("must_ask",)}, "told.doubling.control", "told the same"),
    "one that states its confidence early": ({"early_confidence": True}, "tools", "other tools"),
    "a reviewer that reads less": ({"reviewer": {"prose": False}}, "reviewer", "reviewer was asked otherwise"),
    "other faults of the same name": ({"faults": ("seeded",), "seed": 8}, "seed", "other faults were drawn"),
    "no scenario in common": ({"scenario": "tripling"}, "scenario sets", "no scenario in common"),
}


@pytest.mark.parametrize("what", UNFAIR)
def test_an_unfair_pair_is_refused_with_the_reason(planned: Planned, what: str) -> None:
    changes, field, why = UNFAIR[what]
    usual: dict[str, Any] = {"faults": ("seeded",)} if "faults" in changes else {}
    found = judged(planned("a", **usual), planned("b", "oracle", **changes))
    assert found.verdict == "not comparable"
    [named] = [each for each in found.differences if each.field == field]
    assert named.severity == "refuse" and why in named.why
    assert named.before != named.after


def test_another_policy_is_refused(planned: Planned, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    found = judged(planned("a"), planned("b", policy=str(file)))
    assert found.verdict == "not comparable"
    assert {each.field for each in found.differences} >= {"policy"}


@pytest.mark.parametrize("field", ["prompts.system.md", "challenges.prove_it.md", "grading", "tools"])
def test_what_a_later_version_changed_is_refused_by_its_name(planned: Planned, field: str) -> None:
    """Prompts, challenges and the grading program are files of taskfit's own: their hashes tell versions apart."""
    first, second = planned("a"), planned("b")
    lock = json.loads(second.lock_file.read_text())
    place, _, name = field.partition(".")
    if name:
        lock["hashes"][place][name] = "0" * 64
    else:
        lock["hashes"][place] = "0" * 64
    lock["taskfit"] = "9.9"
    second.lock_file.write_text(json.dumps(lock))
    found = judged(first, second)
    assert found.verdict == "not comparable"
    assert [each.field for each in found.differences if each.severity == "refuse"] == [field]
    assert [each.field for each in found.differences if each.severity == "caveat"] == ["taskfit"]


def test_the_same_model_with_other_settings_is_refused_and_another_model_is_not(planned: Planned) -> None:
    table = {"base_url": "http://127.0.0.1:1/v1", "model": "m", "temperature": 0.0}
    first = planned("a", "house", endpoints={"house": table})
    found = judged(first, planned("b", "house", endpoints={"house": {**table, "temperature": 1.0}}))
    assert [each.field for each in found.differences] == ["models.house"]
    assert found.verdict == "not comparable"
    other = judged(first, planned("c", "other", endpoints={"other": {**table, "temperature": 1.0}}))
    assert other.verdict == "comparable"


def test_what_changes_no_outcome_is_a_caveat(planned: Planned) -> None:
    found = judged(planned("a"), planned("b", repeats=3, concurrency=9, engine="engine 2"))
    assert found.verdict == "comparable with caveats"
    assert {each.field for each in found.differences} == {"repeats", "trials at a time", "engine"}


def test_arms_that_only_one_run_has_are_left_out_with_a_word(planned: Planned) -> None:
    found = judged(planned("a"), planned("b", feedback=("prove_it",)))
    [difference] = found.differences
    assert (difference.field, difference.severity, difference.after) == ("arm sets", "caveat", "feedback_prove_it")


def test_a_model_that_its_provider_changed_overnight_is_a_caveat_that_names_the_trials(planned: Planned) -> None:
    table = {"base_url": "http://127.0.0.1:1/v1", "model": "m"}
    run = planned("a", "house", endpoints={"house": table}, repeats=3)
    for repeat, served in enumerate(["m-0901", "m-0901", "m-1101"], start=1):
        key = TrialKey(scenario="doubling", model="house", repeat=repeat)
        with Transcript(run.trial(key) / "events.jsonl") as transcript:
            reply = Reply(message=AssistantMessage(), model_id=served)
            transcript.append(Replied(turn=1, reply=reply))
    [caveat] = within(Side.of(run)).differences
    assert caveat.severity == "caveat" and caveat.field == "served.house"
    assert "doubling.house.control.3" in caveat.why and "control.1" not in caveat.why


def test_every_hash_of_the_lock_has_its_reason() -> None:
    from runner.studies.fairness import REFUSE

    source = Path(lock_module.__file__).read_text()
    hashed = source.split('"hashes": {')[1].split('"engine"')[0]
    names = {line.strip().split('"')[1] for line in hashed.splitlines() if line.startswith(" " * 12 + '"')}
    assert names and names <= set(REFUSE)
