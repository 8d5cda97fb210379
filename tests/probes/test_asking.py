"""A round of probes over a run: each is asked once, under a budget, and its number leads to its transcript."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench import program
from bench.doubling import FIX, SCENARIO
from runner.approvers.policy import load_policy
from runner.errors import CapReached
from runner.probes.asking import Till, ask
from runner.report.load import probes
from runner.report.page import html
from runner.report.summary import profiles
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.runs.lock import lock_of
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.studies.study import Study
from runner.transcript import read

WriteScenario = Callable[..., Path]
PUBLIC = SCENARIO + "[truth]\nlocations = ['src/calc.py::double']\n[provenance]\npublic_since = 2024-05-01\n"
PRIVATE = PUBLIC.replace("public_since = 2024-05-01\n", "canary = 'taskfit-canary-77aa0c1e'\n")
MODELS = ("personality:remembers", "personality:reasons")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, scenario_writer: Callable[[Path], WriteScenario]) -> RunFolder:
    """Planned, and none of it worked: probes need no engine."""
    root = tmp_path_factory.mktemp("probes")
    write = scenario_writer(root)
    named = {f"public-{at}": PUBLIC for at in (1, 2)} | {f"private-{at}": PRIVATE for at in (1, 2)}
    scenarios = {name: load_scenario(write(name, **{"scenario.toml": text})) for name, text in named.items()}
    return planned_run(root / "run", Study(models=MODELS), scenarios)


def planned_run(path: Path, study: Study, scenarios: Mapping[str, ScenarioFolder]) -> RunFolder:
    folder = RunFolder(path)
    folder.path.mkdir()
    ledger = Ledger(folder.ledger_file)
    ledger.plan(list(study.keys(scenarios, (), {})))
    ledger.close()
    folder.write_lock(lock_of(study, load_policy(), scenarios, "none"))
    return folder


def taskfit(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return program.taskfit(*arguments, env=env)


@pytest.fixture(scope="module")
def asked(run: RunFolder) -> subprocess.CompletedProcess[str]:
    return taskfit("probe", str(run.path), "--json")


def test_each_probe_is_asked_once(run: RunFolder, asked: subprocess.CompletedProcess[str]) -> None:
    assert asked.returncode == 0, asked.stderr
    found = json.loads(asked.stdout)["probes"]
    kinds = [(each["kind"], each["probe"].partition(".")[0]) for each in found]
    assert len(found) == 2 * 2 * (2 + 3)  # a fix of one line has no end to ask for
    assert ("canary", "private-1") in kinds and ("canary", "public-1") not in kinds
    again = taskfit("probe", str(run.path))
    assert again.returncode == 0
    assert again.stdout.startswith("0 probes asked")


def test_a_private_fix_stays_here_unless_it_is_asked_for(
    tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario]
) -> None:
    fix = FIX.replace("+    return x * 2\n", "+    twice = x\n+    twice *= 2\n+    return twice\n").replace(
        "+1,5 ", "+1,7 "
    )
    write = scenario_writer(tmp_path)
    texts = {"public": PUBLIC, "private": PRIVATE, "cannot": PUBLIC + "[impossible]\nwhy = 'nobody can'\n"}
    scenarios = {
        name: load_scenario(write(name, **{"scenario.toml": text, "solution/solution.patch": fix}))
        for name, text in texts.items()
    }
    folder = planned_run(tmp_path / "run", Study(models=("personality:remembers",)), scenarios)
    first = taskfit("probe", str(folder.path), "--json")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)["probes"]
    asked = {(each["probe"].partition(".")[0], each["kind"]) for each in found}
    assert ("public", "complete") in asked and ("private", "complete") not in asked
    assert {"complete": 1.0}.items() <= {each["kind"]: each.get("completion") for each in found}.items()
    assert "the fixes of 1 private scenarios stayed here: --kind complete sends" in first.stderr
    assert not any(name == "cannot" for name, _ in asked)
    named = taskfit("probe", str(folder.path), "--kind", "complete", "--json")
    assert [each["probe"].partition(".")[0] for each in json.loads(named.stdout)["probes"]] == ["private"]


def test_a_scenario_that_is_gone_keeps_no_other_from_being_asked(
    tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario]
) -> None:
    write = scenario_writer(tmp_path)
    scenarios = {name: load_scenario(write(name, **{"scenario.toml": PUBLIC})) for name in ("a", "b")}
    folder = planned_run(tmp_path / "run", Study(models=("noop",)), scenarios)
    (scenarios["a"].folder / "instruction.md").unlink()
    ended = taskfit("probe", str(folder.path), "--kind", "localise")
    assert ended.returncode == 1
    assert "noop, a: " in ended.stderr and "instruction.md: no such file" in ended.stderr
    assert "noop  b  localise: file_hit_1 0.00" in ended.stdout


def test_the_report_tells_who_remembers_and_leads_to_transcripts(
    run: RunFolder, asked: subprocess.CompletedProcess[str]
) -> None:
    found = profiles(probes(run, print))
    remembers, reasons = (found[name].measures for name in MODELS)
    assert remembers["probe_file_hit_1_seen"].value == 1.0
    assert remembers["probe_file_hit_1_unseen"].value == 0.0
    assert remembers["probe_file_hit_1_gap"].value == 1.0
    assert reasons["probe_file_hit_1_gap"].value == 0.0
    assert remembers["probe_canary_unseen"].value == 0.0
    trial, _, step = remembers["probe_file_hit_1_gap"].evidence[0].partition("#")
    events = list(read(run.path / "trials" / trial / "events.jsonl"))
    assert events[int(step)].type == "probed"
    shown = taskfit("show", str(run.path / "trials" / trial))
    assert "probe localise: file hit 1 1.00" in shown.stdout
    why = taskfit("report", str(run.path), "--why", "probe_file_hit_1_gap")
    assert trial in why.stdout
    page = html(run, print)
    assert "Blind probes" in page and "step-1" in page


def test_probes_are_no_trials(run: RunFolder, asked: subprocess.CompletedProcess[str]) -> None:
    found = profiles(probes(run, print))
    assert {profile.trials for profile in found.values()} == {0}
    assert all(
        finding.value is None for name, finding in found[MODELS[0]].measures.items() if not name.startswith("probe_")
    )


def test_redacted_pages_withhold_what_was_asked(run: RunFolder, asked: subprocess.CompletedProcess[str]) -> None:
    page = html(run, print, "redacted")
    assert "Blind probes" in page
    for secret in ("private-1", "double(3)", "calc.py"):
        assert secret not in page


def test_names_that_lead_nowhere_are_the_users_mistake(run: RunFolder) -> None:
    for wrong in (("--model", "nobody"), ("--kind", "guess")):
        ended = taskfit("probe", str(run.path), *wrong)
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr


MODULE = """
from runner.models.scripted import Scripted
def costs(opening):
    return Scripted(["unknown"], usd_per_turn=0.4)
"""


def test_no_call_is_made_that_could_pass_the_budget(
    tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "costly_model.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    found = load_scenario(scenario_writer(tmp_path)("public", **{"scenario.toml": PRIVATE}))
    study, till = Study(models=("python:costly_model:costs",)), Till(0.9)
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(CapReached, match=r"may cost 0\.4000 USD, and 0\.1000 are left"):
        list(ask(folder, study, found, study.models[0], ("localise", "files", "canary"), till))
    assert till.spent == pytest.approx(0.8)
    assert len(list((tmp_path / "run" / "trials").iterdir())) == 2
    rest = list(ask(folder, study, found, study.models[0], ("localise", "files", "canary"), Till(None)))
    assert [probed.probe for _, probed in rest] == ["canary"]


FLOOD = """
from runner.models.scripted import Scripted
def floods(opening):
    return Scripted(["\\x1b[2J\\x1b]0;x\\x07" + '{"places": [{"file": "' * 2_000_000])
"""


def test_an_answer_of_fifty_megabytes_is_cut_and_shown_as_text(
    tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario]
) -> None:
    (tmp_path / "flooding_model.py").write_text(FLOOD)
    model = "python:flooding_model:floods"
    found = {"public": load_scenario(scenario_writer(tmp_path)("public", **{"scenario.toml": PUBLIC}))}
    folder = planned_run(tmp_path / "run", Study(models=(model,)), found)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ended = taskfit("probe", str(folder.path), env={**os.environ, "PYTHONPATH": path})
    assert ended.returncode == 0, ended.stderr
    assert "3 probes asked" not in ended.stdout and "2 probes asked" in ended.stdout
    for file in folder.path.glob("trials/*/events.jsonl"):
        assert file.stat().st_size < 1 << 20
        shown = taskfit("show", str(file.parent))
        assert shown.returncode == 0
        assert "\x1b[2J" not in shown.stdout and "\x1b" not in ended.stdout


def test_a_torn_probe_is_asked_again(tmp_path: Path, scenario_writer: Callable[[Path], WriteScenario]) -> None:
    found = load_scenario(scenario_writer(tmp_path)("public", **{"scenario.toml": PUBLIC}))
    study, folder = Study(models=("noop",)), RunFolder(tmp_path / "run")
    [(key, _)] = ask(folder, study, found, "noop", ("localise",), Till(None))
    torn = folder.trial(key)
    torn.rename(torn.with_name(f"{torn.name}.partial"))
    [(again, probed)] = ask(folder, study, found, "noop", ("localise",), Till(None))
    assert again == key
    assert probed.scores["file_hit_1"] == 0.0
