"""A run that meets disasters: what each of them is, the model that works meanwhile, the disk that can be filled."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import docker

from bench.daemon import Daemon, NoSecondEngine
from bench.doubling import writer

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
TRIALS = 60
USD = 0.001
"""Price of one turn; a trial has four."""
CAP = 0.9
"""What 60 trials need, and what 30 disasters can take with them at most: four trials each time."""
SEED = int(os.environ.get("TASKFIT_CHAOS_SEED", "8"))
KINDS = ["kill"] * 8 + ["terminate"] * 5 + ["containers"] * 9 + ["engine"] * 3 + ["disk"] * 5
LOOK_SECONDS = 0.05
"""How often it is looked at what is done and what is spent; a call takes as long."""
LOW, ROOM = "no new trial starts: the disk", "there is room on the disk again"
"""What a run says of a full disk, before and after."""
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

    daemon: Daemon
    out: Path
    folder: Path
    environment: dict[str, str]
    drawn: random.Random = field(default_factory=lambda: random.Random(SEED))
    lived_through_a_full_disk: bool = False

    def start(self) -> subprocess.Popen[bytes]:
        """Begin the run, or go on with it."""
        begun = (self.out / "study.lock.json").exists()
        argv = ["resume", str(self.out), "--retry-infra"] if begun else ["run", "study.toml", "--out", str(self.out)]
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen([PROGRAM, *argv], env=self.environment, stdout=said, stderr=said, cwd=self.folder)

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        """Let it come to its end, with a resume where trials ended in infra_error."""
        for _ in range(5):
            assert process.wait(1500) in (0, 1), self.said
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
                written = file.stat().st_mtime_ns
                if _verdict(file, written) != "infra_error":
                    found[file.parent.name] = written
        return found

    def strikes(self, what: str, process: subprocess.Popen[bytes]) -> tuple[subprocess.Popen[bytes], set[str]]:
        """Something happens some time after one more trial has ended; returns what works on the run then, and the
        trials that were done before and are not, or are done again."""
        before, deadline = self.done(), time.monotonic() + 30
        while len(self.done()) <= len(before) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        time.sleep(self.drawn.random() / 2)
        before = self.done()
        process = self.meets(what, process)
        after = self.done()
        return process, {name for name, written in before.items() if after.get(name) != written}

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
                return self._fills(process)
        return process

    def _fills(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """The disk is full for a while. Until the run has lived through that once, from being told that there is no
        room to going on, it is let live; then it is killed each other time while there is none."""
        lives = not self.lived_through_a_full_disk or self.drawn.random() < 0.5
        low, room = self._heard(LOW), self._heard(ROOM)
        with (self.out / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        time.sleep(0.5 + self.drawn.random())
        if lives:
            self._await(LOW, low, process)
        else:
            process.kill()
            process.wait()
        (self.out / "filler").unlink()
        if lives and self._await(ROOM, room, process):
            self.lived_through_a_full_disk = True
        return process if process.poll() is None else self.start()

    def _heard(self, words: str) -> int:
        return (self.folder / "said").read_text().count(words)

    def _await(self, words: str, before: int, process: subprocess.Popen[bytes]) -> bool:
        """Whether the run says so once more before it ends."""
        deadline = time.monotonic() + 400
        while self._heard(words) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return self._heard(words) > before

    def _ends(self, process: subprocess.Popen[bytes], how: signal.Signals) -> subprocess.Popen[bytes]:
        process.send_signal(how)
        process.wait(600)
        return self.start()


@cache
def _verdict(file: Path, written: int) -> str:
    """Of a result that was written then: read once, since a night looks thousands of times."""
    return str(json.loads(file.read_bytes())["verdict"])


class Auditor(threading.Thread):
    """Reads again and again what is spent or reserved, and how many calls were made, while the run writes it."""

    def __init__(self, ledger: Path, bill: Path) -> None:
        super().__init__(daemon=True)
        self.ledger, self.bill, self.over, self.looks = ledger, bill, threading.Event(), 0
        self.most, self.uncovered = 0.0, 0.0
        """US dollars that were spent or reserved at a time; and those of calls made beyond that."""

    def run(self) -> None:
        while not self.over.wait(LOOK_SECONDS):
            with contextlib.suppress(sqlite3.Error):
                made = billed(self.bill) * USD  # before the ledger is read: what is set aside comes before a call
                found = committed(self.ledger)
                self.most, self.uncovered = max(self.most, found), max(self.uncovered, made - found)
                self.looks += 1


def billed(bill: Path) -> int:
    """Calls that were made."""
    return bill.stat().st_size if bill.exists() else 0


def committed(ledger: Path) -> float:
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=60)) as db:
        return float(db.execute("SELECT total(coalesce(spent, reserved)) FROM spending").fetchone()[0])


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk so small that it can be filled. Raises NoSecondEngine where none can be mounted."""
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(place)], check=False).returncode:
        raise NoSecondEngine("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def night_of(daemon: Daemon, disk: Path, folder: Path) -> Night:
    """Three scenarios and a study over them, whose run will be on the small disk."""
    write = writer(folder, "unittest")
    places = [write(name).parent for name in ("first", "second", "third")]
    (folder / "chaosmodel.py").write_text(MODEL)
    (folder / "temporary").mkdir()
    (folder / "study.toml").write_text(
        f'schema = 1\nmodels = ["python:chaosmodel:priced"]\nscenarios = ["{places[0]}/*"]\n'
        f"repeats = {TRIALS // 3}\nconcurrency = 4\ninfra_retries = 10\n[budget]\nusd = {CAP}\n"
    )
    environment = os.environ | {
        "DOCKER_HOST": daemon.host,
        "XDG_CACHE_HOME": str(folder / "cache"),
        "BILL": str(folder / "bill"),
        "TMPDIR": str(folder / "temporary"),
    }
    return Night(daemon, disk / "out", folder, environment)
