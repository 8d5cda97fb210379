"""A run that is killed, stopped, starved of disk, and loses containers and engine, comes to the same end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from runner.runlog import read_log

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
USD = 0.001
"""Price of one turn; a trial has four."""
CAP = 0.5
"""Twice what the trials need: what crashes take with them is paid as well."""
EVENTS = 30
SEED = int(os.environ.get("TASKFIT_CHAOS_SEED", "8"))
KINDS = ["kill"] * 8 + ["terminate"] * 5 + ["containers"] * 9 + ["engine"] * 3 + ["disk"] * 5
MODEL = f"""
import os, random, time
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.models.scripted import Scripted

FIXED = "def double(x):\\n    return x * 2\\n\\n\\ndef triple(x):\\n    return x * 3\\n"

def billed(call):
    def reply(conversation):
        with open(os.environ["BILL"], "a") as bill:
            bill.write("x")
        time.sleep(0.05)
        return Reply(message=AssistantMessage(tool_calls=(call,)))
    return reply

def priced(opening):
    '''Mends the bug in about half of the trials, as the trial's own seed says.'''
    text = FIXED if random.Random(opening.seed).random() < 0.5 else FIXED.replace("x * 2", "x * 5")
    calls = [ToolCall.of("l", "list_files"), ToolCall.of("r", "read_file", path="src/calc.py"),
             ToolCall.of("w", "write_file", path="src/calc.py", content=text),
             ToolCall.of("s", "submit", summary="done", confidence=0.5)]
    return Scripted(map(billed, calls), usd_per_turn={USD})
"""


@dataclass
class Night:
    """A run, and what it meets."""

    daemon: Any
    out: Path
    folder: Path
    environment: dict[str, str]
    drawn: random.Random = field(default_factory=lambda: random.Random(SEED))

    def start(self) -> subprocess.Popen[bytes]:
        """Begin the run, or go on with it."""
        begun = (self.out / "study.lock.json").exists()
        argv = ["resume", str(self.out), "--retry-infra"] if begun else ["run", "study.toml", "--out", str(self.out)]
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen([PROGRAM, *argv], env=self.environment, stdout=said, stderr=said, cwd=self.folder)

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Let it come to its end, with a resume where trials ended in infra_error."""
        for _ in range(5):
            assert process.wait(300) in (0, 1), self.said
            if process.returncode == 0:
                return
            process = self.start()
        raise AssertionError(self.said)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()[-6000:]

    def done(self) -> dict[str, int]:
        """Result file → when it was written."""
        found = {}
        for file in self.out.glob("trials/*/result.json"):
            with contextlib.suppress(FileNotFoundError):
                if json.loads(file.read_bytes())["verdict"] != "infra_error":
                    found[file.parent.name] = file.stat().st_mtime_ns
        return found

    def meets(self, what: str, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Something happens; returns the process that works on the run then."""
        match what:
            case "kill" | "terminate":
                return self._ends(process, signal.SIGKILL if what == "kill" else signal.SIGTERM)
            case "containers":
                api = docker.APIClient(base_url=self.daemon.host, version="auto")
                for found in api.containers():
                    if self.drawn.random() < 0.5:
                        with contextlib.suppress(docker.errors.APIError):
                            api.remove_container(found["Id"], force=True)
                api.close()
            case "engine":
                self.daemon.end(signal.SIGKILL)
                time.sleep(self.drawn.random())
                self.daemon.start().close()
            case "disk":
                with (self.out / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
                    while True:
                        filler.write(b"x" * 4096)
                time.sleep(0.5 + self.drawn.random())
                if self.drawn.random() < 0.5:
                    process.kill()
                    process.wait()
                (self.out / "filler").unlink()
                return process if process.poll() is None else self.start()
        return process

    def _ends(self, process: subprocess.Popen[bytes], how: signal.Signals) -> subprocess.Popen[bytes]:
        process.send_signal(how)
        process.wait(60)
        return self.start()


class Auditor(threading.Thread):
    """Reads again and again what is spent or reserved, while the run writes it."""

    def __init__(self, ledger: Path) -> None:
        super().__init__(daemon=True)
        self.ledger, self.over, self.looks, self.most = ledger, threading.Event(), 0, 0.0

    def run(self) -> None:
        while not self.over.wait(0.02):
            with contextlib.suppress(sqlite3.Error):
                self.most = max(self.most, committed(self.ledger))
                self.looks += 1


def committed(ledger: Path) -> float:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5)) as db:
        return float(db.execute("SELECT total(coalesce(spent, reserved)) FROM spending").fetchone()[0])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk so small that it can be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture
def night(daemon: Any, disk: Path, tmp_path: Path, write_scenario: Callable[..., Path]) -> Night:
    places = [write_scenario(name).parent for name in ("first", "second", "third")]
    (tmp_path / "chaosmodel.py").write_text(MODEL)
    (tmp_path / "temporary").mkdir()
    (tmp_path / "study.toml").write_text(
        f'schema = 1\nmodels = ["python:chaosmodel:priced"]\nscenarios = ["{places[0]}/*"]\n'
        f"repeats = 20\nconcurrency = 4\ninfra_retries = 10\n[budget]\nusd = {CAP}\n"
    )
    environment = os.environ | {
        "DOCKER_HOST": daemon.host,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "BILL": str(tmp_path / "bill"),
        "TMPDIR": str(tmp_path / "temporary"),
    }
    return Night(daemon, disk / "out", tmp_path, environment)


def verdicts(out: Path) -> dict[str, str]:
    found = [json.loads(file.read_bytes()) for file in out.glob("trials/*/result.json")]
    return {f"{each['key']['scenario']}.{each['key']['repeat']}": each["verdict"] for each in found}


def evidence(out: Path, wanted: dict[str, str]) -> str:
    """What happened in the trials that came to another verdict."""
    wrong = {name for name, verdict in verdicts(out).items() if verdict != wanted[name]}
    places = [out / f"trials/{name.replace('.', '.python-chaosmodel-priced-*.control.')}" for name in wrong]
    files = [file for place in places for file in out.glob(f"{place.relative_to(out)}/events.jsonl")]
    return "\n".join(file.read_text()[-6000:] for file in files)


def test_thirty_disasters_change_no_verdict_pass_no_cap_and_leave_nothing_behind(night: Night) -> None:
    calm = Night(night.daemon, night.folder / "calm", night.folder, night.environment | {"BILL": os.devnull})
    calm.finish(calm.start())
    kinds = KINDS[:]
    night.drawn.shuffle(kinds)
    auditor = Auditor(night.out / "ledger.sqlite")
    auditor.start()
    began = time.monotonic()
    process = night.start()
    for what in kinds[:EVENTS]:
        before = night.done()
        deadline = time.monotonic() + 30
        while len(night.done()) <= len(before) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(night.drawn.random() / 2)
        before = night.done()
        print(f"{time.monotonic() - began:.0f} s, {len(before)} done: {what}", flush=True)
        process = night.meets(what, process)
        after = night.done()
        assert {name: after.get(name) for name in before} == before, f"{what}: a finished trial was lost or repeated"
    night.finish(process)
    auditor.over.set()

    assert len(verdicts(night.out)) == 60
    assert verdicts(night.out) == verdicts(calm.out), evidence(night.out, verdicts(calm.out))
    assert set(verdicts(calm.out).values()) == {"resolved", "unresolved"}

    ledger = night.out / "ledger.sqlite"
    billed = (night.folder / "bill").stat().st_size
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        calls, settled = db.execute("SELECT count(*), count(spent) FROM spending").fetchone()
    assert 240 <= settled <= billed <= calls, "each call was reserved once, before it was made"
    assert auditor.looks > 100 and auditor.most <= CAP
    assert billed * USD <= committed(ledger) + 1e-9 <= CAP

    api = docker.APIClient(base_url=night.daemon.host, version="auto")
    assert api.containers(all=True) == []
    assert {found["Name"] for found in api.networks()} <= {"none", "host", "bridge"}
    assert [
        found for found in api.images() if not [tag for tag in found["RepoTags"] or [] if "<none>" not in tag]
    ] == []
    assert list((night.folder / "temporary").iterdir()) == []
    assert list(night.out.rglob("*.partial")) == []
    kinds_of_log = {each.kind for each in read_log(night.out / "log.jsonl")}
    assert {"started", "resumed", "retried", "engine_back", "disk_ok", "ended"} <= kinds_of_log
