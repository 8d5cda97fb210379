"""What a run mends by itself, and what holds it back: on a real engine, with models that misbehave on purpose."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.doubling import OF_UNITTEST
from bench.program import taskfit
from runner.approvers.policy import PolicyApprover, load_policy
from runner.errors import ProviderDown, ProviderRefused, UserError
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.base import Opening
from runner.models.scripted import Scripted
from runner.results import TrialKey
from runner.runs.breaker import Breaker
from runner.runs.budget import Amounts, Budget
from runner.runs.crew import LOSSES
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.observer import Quiet
from runner.runs.reopening import reopened
from runner.runs.run import Run
from runner.runs.runlog import LOG, Happened, RunLog, read_log
from runner.runs.running import Patience, Running
from runner.scenarios.catalog import load_scenario
from runner.scenarios.scenario import Limits
from runner.studies.study import Study
from sandboxes.client import Engine

pytestmark = pytest.mark.engine

LIST = ToolCall.of("l", "list_files")
SUBMIT = ToolCall.of("s", "submit", summary="done", confidence=0.5)
down = threading.Event()
hanging = threading.Event()
busy = threading.Event()


class Silent(Quiet):
    """An Observer that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.on_phase: Callable[[TrialKey, str], None] = lambda key, phase: None

    def phase(self, key: TrialKey, phase: str) -> None:
        self.on_phase(key, phase)

    def say(self, text: str) -> None:
        self.said.append(text)


def out_of_reach(opening: Opening) -> Scripted:
    """While `down` is set its provider does not answer."""

    def turn(conversation: Any) -> Reply:
        if down.is_set():
            raise ProviderDown("overloaded")
        return Reply(message=AssistantMessage(tool_calls=(SUBMIT,)))

    return Scripted([turn])


def refuses(opening: Opening) -> Scripted:
    """Nobody has paid for it."""

    def turn(conversation: Any) -> Reply:
        raise ProviderRefused("the account has no credit")

    return Scripted([turn])


def hangs_once(opening: Opening) -> Scripted:
    """Its first turn in this process never ends."""

    def turn(conversation: Any) -> Reply:
        if not hanging.is_set():
            hanging.set()
            time.sleep(600)
        return Reply(message=AssistantMessage(tool_calls=(SUBMIT,)))

    return Scripted([LIST, turn])


def endless(opening: Opening) -> Scripted:
    """Works on and on while `busy` is set."""

    def turn(conversation: Any) -> Reply:
        if busy.is_set():
            opening.stop.wait(1.0)
        return Reply(message=AssistantMessage(tool_calls=(LIST if busy.is_set() else SUBMIT,)))

    return Scripted([turn])


def priced(opening: Opening) -> Scripted:
    return Scripted([LIST, LIST, SUBMIT], usd_per_turn=0.01)


def answers_once(opening: Opening) -> Scripted:
    """Its provider serves the first turn, for money, and none behind it."""

    def turn(conversation: Any) -> Reply:
        raise ProviderDown("overloaded by long conversations")

    return Scripted([LIST, turn], usd_per_turn=0.01)


def here(name: str) -> str:
    return f"python:{__name__}:{name}"


@pytest.fixture(autouse=True)
def importable() -> None:
    """Tests are no package; `python:` models need this module under its name."""
    sys.modules.setdefault(__name__, sys.modules[out_of_reach.__module__])


NewRun = Callable[..., Run]


@pytest.fixture
def new_run(engine: Engine, tmp_path: Path, write_scenario: Callable[..., Path]) -> NewRun:
    def make(*models: str, **study: Any) -> Run:
        place = write_scenario(**study.pop("files", {}))
        policy = load_policy()
        folder = RunFolder(tmp_path / "out")
        folder.path.mkdir()
        more = {name: study.pop(name) for name in ("patience", "breaker") if name in study}
        run = Run(
            Study(models=models, **study), folder, {"doubling": load_scenario(place)}, policy,
            PolicyApprover(policy), engine, Silent(), **more,
        )  # fmt: skip
        run.plan()
        return run

    return make


def resumed(run: Run, **caps: Any) -> Run:
    return reopened(run.folder, run.engine, Silent(), run.human, caps)


def verdicts(run: Run) -> list[str | None]:
    ledger = Ledger(run.folder.ledger_file)
    return [row.verdict for row in ledger.rows()]


def log(run: Run) -> list[Happened]:
    return list(read_log(run.folder.path / LOG))


def once_logged(run: Run, kind: str, times: int, then: Callable[[], None]) -> None:
    """Do something as soon as the run's log has so many lines of a kind."""
    while sum(each.kind == kind for each in log(run)) < times:
        time.sleep(0.05)
    then()


def test_a_model_whose_provider_is_down_pauses_the_others_go_on_and_no_trial_is_charged(
    new_run: NewRun, tmp_path: Path
) -> None:
    down.set()
    breaker = Breaker(RunLog(tmp_path / "out" / LOG), first=1.0, longest=2.0, random=random.Random(1))
    run = new_run(here("out_of_reach"), "noop", repeats=4, concurrency=2, breaker=breaker)
    threading.Thread(target=once_logged, args=(run, "provider_down", 2, down.clear), daemon=True).start()
    run.work()
    assert verdicts(run) == ["unresolved"] * 8
    kinds = [each.kind for each in log(run)]
    assert {"provider_down", "provider_probe", "provider_back", "ended"} <= set(kinds)
    assert kinds.index("provider_down") < kinds.index("provider_back")
    back = next(each for each in log(run) if each.kind == "provider_back")
    assert back.model == here("out_of_reach") and back.seconds is not None


def test_a_provider_that_stays_down_or_refuses_is_given_up_and_its_trials_stay_planned(
    new_run: NewRun, tmp_path: Path
) -> None:
    down.set()
    breaker = Breaker(RunLog(tmp_path / "out" / LOG), first=0.1, longest=0.2, most_probes=3)
    run = new_run(here("out_of_reach"), here("refuses"), "noop", repeats=2, breaker=breaker)
    run.work()
    assert verdicts(run) == [None, None, "unresolved"] * 2
    assert set(run.refused) == {here("out_of_reach"), here("refuses")}
    given_up = [each.model for each in log(run) if each.kind == "provider_given_up"]
    assert sorted(given_up) == [here("out_of_reach"), here("refuses")]
    assert "ended" not in [each.kind for each in log(run)], "every trial is said to be done"
    down.clear()
    resumed(run).work()
    assert verdicts(run) == ["unresolved", None, "unresolved"] * 2


def test_a_trial_that_its_provider_serves_for_a_while_each_time_is_not_begun_for_ever(
    new_run: NewRun, tmp_path: Path
) -> None:
    breaker = Breaker(RunLog(tmp_path / "out" / LOG), after=1, first=0.1, longest=0.2)
    run = new_run(here("answers_once"), breaker=breaker)
    run.work()
    (row,) = Ledger(run.folder.ledger_file).rows()
    assert (row.verdict, row.attempts) == ("infra_error", LOSSES + run.study.infra_retries + 1)


def test_a_trial_that_hangs_is_reported_with_its_stack_and_tried_once_more(new_run: NewRun) -> None:
    hanging.clear()
    files = {"scenario.toml": scenario_with("minutes = 0.1\n")}
    run = new_run(here("hangs_once"), "noop", files=files, concurrency=2, patience=Patience(60.0, 3.0, 2.0))
    began = time.monotonic()
    run.work()
    assert time.monotonic() - began < 400, "nobody waits for the thread that hangs"
    assert verdicts(run) == ["unresolved", "unresolved"]
    stuck = next(each for each in log(run) if each.kind == "stuck")
    assert "its last event was tool_returned" in stuck.text
    assert "in turn" in stuck.detail and "time.sleep(600)" in stuck.detail
    assert [each.kind for each in log(run)] == ["started", "stuck", "abandoned", "retried", "ended"]
    [first, _] = run.folder.results()
    assert first.attempt == 2
    assert (run.folder.trial(first.key) / "attempts/1/events.jsonl").is_file()


def test_a_container_that_is_frozen_is_removed_and_its_trial_tried_again(new_run: NewRun) -> None:
    frozen: list[str] = []

    class ShortOnceFrozen(Patience):
        def of(self, limits: Limits, approval: float) -> Callable[[Running], float]:
            usual = super().of(limits, approval)
            return lambda running: 5.0 if frozen and running.attempt == 1 else usual(running)

    run = new_run("oracle", patience=ShortOnceFrozen())
    api = run.engine.api

    def freeze(key: TrialKey, phase: str) -> None:
        if phase == "working" and not frozen:
            [found] = [
                each["Id"]
                for each in api.containers(filters={"label": f"taskfit.run={run.folder.path.name}"})
                if each["Labels"]["taskfit.kind"] == "sandbox" and each["Labels"]["taskfit.trial"] == key.name
            ]
            frozen.append(found)
            api.pause(found)

    run.observer.on_phase = freeze  # type: ignore[attr-defined]
    began = time.monotonic()
    run.work()
    assert time.monotonic() - began < 400
    assert verdicts(run) == ["resolved"]
    assert "retried" in [each.kind for each in log(run)]
    assert frozen[0] not in [each["Id"] for each in api.containers(all=True)]


def scenario_with(limits: str) -> str:
    return OF_UNITTEST["scenario.toml"].replace("[limits]\n", f"[limits]\n{limits}")


def test_no_more_trials_are_begun_than_the_cap_has_and_a_resume_asks_for_more(new_run: NewRun) -> None:
    run = new_run("noop", repeats=3, budget=Budget(trials=2))
    run.work()
    assert verdicts(run) == ["unresolved", "unresolved", None]
    assert dict(run.held) == {"the run has begun the 2 trials that it may": 1}
    assert run.left == "0 of 2 trials"
    with pytest.raises(UserError, match=r"2 trials are used up; give more: taskfit resume .* --max-trials"):
        resumed(run).work()
    resumed(run, trials=3).work()
    assert verdicts(run) == ["unresolved"] * 3
    assert json.loads(run.folder.lock_file.read_text())["study"]["budget"]["trials"] == 3


def test_a_models_cap_keeps_its_trials_planned_and_the_others_go_on(new_run: NewRun) -> None:
    budget = Budget(models={here("priced"): Amounts(usd=0.04)})
    run = new_run(here("priced"), "noop", repeats=3, concurrency=1, budget=budget)
    run.work()
    assert verdicts(run) == ["unresolved", "unresolved", None, "unresolved", None, "unresolved"]
    assert sum(run.held.values()) == 2
    ledger = Ledger(run.folder.ledger_file)
    assert ledger.committed() == pytest.approx(0.04)


def test_at_the_end_of_its_hours_running_trials_go_back_to_planned_and_a_resume_goes_on(new_run: NewRun) -> None:
    busy.set()
    run = new_run(here("endless"), repeats=4, concurrency=2, budget=Budget(minutes=0.3, grace_minutes=0.02))
    started = time.monotonic()
    run.work()
    assert time.monotonic() - started < 400
    assert verdicts(run) == [None] * 4 and sum(run.held.values()) == 4
    assert all("0.3 minutes" in why for why in run.held)
    assert {"draining", "stopped_late", "capped"} <= {each.kind for each in log(run)}
    with pytest.raises(UserError, match=r"time is used up .*--max-minutes"):
        resumed(run).work()
    busy.clear()
    resumed(run, minutes=30.0).work()
    assert verdicts(run) == ["unresolved"] * 4


def test_until_is_a_moment_from_the_start_on_and_stays_it_over_a_resume(new_run: NewRun) -> None:
    wanted = (datetime.now().astimezone() + timedelta(hours=1)).replace(microsecond=0)
    run = new_run("noop", budget=Budget(until=wanted.strftime("%H:%M:%S")))
    kept = json.loads(run.folder.lock_file.read_text())["study"]["budget"]["until"]
    assert datetime.fromisoformat(kept) == wanted
    lock = json.loads(run.folder.lock_file.read_text())
    lock["study"]["budget"]["until"] = "2026-01-01T07:00:00+00:00"
    run.folder.write_lock(lock)
    with pytest.raises(UserError, match=r"time is used up .*--until"):
        resumed(run).work()


def test_a_disk_below_the_floor_lets_no_trial_start_until_there_is_room(new_run: NewRun, tmp_path: Path) -> None:
    run = new_run("noop", budget=Budget(free_gb=1e6))
    said: list[str] = run.observer.said  # type: ignore[attr-defined]

    def stop() -> None:
        while not said:
            time.sleep(0.05)
        run.stop.set()

    threading.Thread(target=stop, daemon=True).start()
    run.work()
    assert verdicts(run) == [None]
    assert "GB left, less than" in said[0]


def test_the_command_says_which_cap_held_what_is_left_and_how_to_go_on(
    tmp_path: Path, write_scenario: Callable[..., Path], engine: Engine
) -> None:
    places, out = str(write_scenario().parent), str(tmp_path / "out")
    words = ("--scenarios", places, "--repeats", "2", "--out", out)
    done = taskfit("run", "--model", "noop", *words, "--max-trials", "1")
    assert done.returncode == 4, done.stderr
    assert "taskfit: 1 trials stay planned: the run has begun the 1 trials that it may" in done.stderr
    assert "Left: 0 of 1 trials. Go on, with more where a cap held: " in done.stderr
    assert f"taskfit resume {out}" in done.stderr
    again = taskfit("resume", out)
    assert again.returncode == 4 and "--max-trials" in again.stderr
    assert [each.kind for each in read_log(Path(out) / LOG)][-2:] == ["resumed", "capped"]
    bad = taskfit("resume", out, "--until", "noon")
    assert bad.returncode == 2 and "budget.until: write a local time of day" in bad.stderr
    last = taskfit("resume", out, "--max-trials", "5")
    assert last.returncode == 0, last.stderr
