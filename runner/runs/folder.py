"""A run's folder: where everything is, who holds it, and what it says about its trials."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from runner.errors import FileProblem, LedgerDamaged, RunHeld, UserError
from runner.results import TrialKey, TrialResult
from runner.runs.durable import write_whole
from runner.runs.ledger import Ledger
from runner.runs.ledger_view import look
from runner.scenarios.catalog import validated
from sandboxes.owner import started

LOCK = "study.lock.json"


class LockedTwins(BaseModel):
    """Where the twins of a run's scenarios are."""

    folders: dict[str, dict[str, Path]] = {}
    """Perturbation → scenario → folder."""


class Lock(BaseModel):
    """What a resume needs of the study lock."""

    study: dict[str, Any]
    folders: dict[str, Path]
    """Scenario id → its folder."""
    hashes: dict[str, Any]
    twins: LockedTwins = LockedTwins()


class RunFolder:
    """Paths within a run's folder, and the results in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ledger_file(self) -> Path:
        return self.path / "ledger.sqlite"

    @property
    def lock_file(self) -> Path:
        return self.path / LOCK

    def trial(self, key: TrialKey) -> Path:
        return self.path / "trials" / key.name

    def lock(self) -> dict[str, Any]:
        """The study lock. Raises UserError where this is no run's folder."""
        try:
            lock = json.loads(self.lock_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(f"{self.path} is no run's folder: it has no {LOCK}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise FileProblem(self.lock_file, f"cannot be read: {error}") from None
        if not isinstance(lock, dict) or lock.get("schema") != 1:
            raise FileProblem(self.lock_file, "is no lock of schema 1")
        return lock

    def whole_lock(self) -> Lock:
        """The study lock with everything in it that a resume needs. Raises FileProblem where something is missing."""
        return validated(self.lock_file, self.lock(), Lock)

    def write_lock(self, lock: dict[str, Any]) -> None:
        """Write the study lock, whole or not at all. Raises FileProblem where the disk does not take it."""
        try:
            write_whole(self.lock_file, json.dumps(lock, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise FileProblem(self.lock_file, f"cannot be written: {error}") from None

    def result(self, key: TrialKey) -> TrialResult | None:
        """A trial's result, None while there is none. Raises FileProblem for a damaged one."""
        file = self.trial(key) / "result.json"
        try:
            return TrialResult.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileProblem(file, f"cannot be read: {error}") from None
        except ValidationError as error:
            raise FileProblem(file, f"is no result: {error.errors(include_url=False)[0]['msg']}") from None

    def has_result(self, key: TrialKey) -> bool:
        """Whether a trial has one, sound or not. A `Path` for each of ten thousand would take longer than the look."""
        return os.path.isfile(f"{self.path}/trials/{key.name}/result.json")  # noqa: PTH113

    def results(self) -> list[TrialResult]:
        """Every finished trial's result, in the ledger's order."""
        return [result for key in self.keys() if (result := self.result(key)) is not None]

    def keys(self) -> list[TrialKey]:
        """Every planned trial, also in a folder that cannot be written to."""
        self.lock()
        try:
            ledger = Ledger(self.ledger_file)
        except LedgerDamaged:
            raise
        except FileProblem:
            return [row.key for row in look(self.ledger_file).rows]
        try:
            return [row.key for row in ledger.rows()]
        except sqlite3.OperationalError as error:
            if not is_text(error):
                raise
            raise LedgerDamaged(self.ledger_file, str(error)) from None
        finally:
            ledger.close()

    def set_ledger_aside(self) -> Path:
        """Give a damaged ledger another name, which is returned; it is kept for whoever can read more of it."""
        kept = free(self.path / "ledger-damaged.sqlite")
        for file in sorted(self.path.glob(f"{self.ledger_file.name}*")):
            file.rename(kept.with_name(kept.name + file.name.removeprefix(self.ledger_file.name)))
        return kept

    def forget_plan(self) -> None:
        """Remove a ledger that was written for a lock that never was: its process died in between."""
        for file in self.path.glob(f"{self.ledger_file.name}*"):
            file.unlink()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process, on every machine that sees it where its file system knows locks.

        Raises RunHeld with the holder's pid, FileProblem where nothing can be held or written there.
        """
        holder = self.path / ".holder"
        lock = FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            holder.write_text(f"{os.getpid()}\n{started(os.getpid())}\n{socket.gethostname()}\n")
        except Timeout:
            raise RunHeld(self.path, _named(holder)) from None
        except (OSError, NotImplementedError) as error:  # the latter from a file system without locks
            lock.release()
            raise FileProblem(self.path, f"cannot be worked in: {error}") from None
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def set_aside(self, key: TrialKey, attempt: int) -> None:
        """Keep what an earlier attempt at a trial left, so that the next one starts in a clean folder."""
        folder = self.trial(key)
        left = [path for path in folder.iterdir() if path.name != "attempts"] if folder.is_dir() else []
        if not left:
            return
        kept = folder / "attempts" / str(attempt)
        kept.mkdir(parents=True, exist_ok=True)
        for path in left:
            if path.name.endswith(".partial"):  # a file that a crash kept from getting its name
                path.unlink()
            else:
                path.rename(free(kept / path.name))


def _named(holder: Path) -> str:
    """The holder's process, with its machine where that is another one."""
    with suppress(OSError):
        pid, _, host, *_ = [*holder.read_text(encoding="utf-8", errors="replace").splitlines(), "", "", ""]
        elsewhere = f" on {host}" if host and host != socket.gethostname() else ""
        return f"{pid}{elsewhere}" if pid else "unknown"
    return "unknown"


def is_text(error: sqlite3.Error) -> bool:
    """Whether an error is of text in a ledger that is none, rather than of a file that cannot be read right now."""
    return "decode" in str(error)


def free(path: Path) -> Path:
    """`path`, or with a number behind it where something has that name."""
    candidate, number = path, 2
    while candidate.exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate


def latest_run(runs: Path) -> RunFolder:
    """The run's folder that was changed last. Raises UserError where there is none."""
    found = sorted(runs.glob(f"*/{LOCK}"), key=lambda file: file.stat().st_mtime)
    if not found:
        raise UserError(f"no run in {runs}; start one with `taskfit demo` or `taskfit run`")
    return RunFolder(found[-1].parent)
