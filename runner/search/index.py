"""The index of all steps of all runs that were ever searched, in the user's cache folder; it keeps up with them.

It holds words and places, not texts: what is shown of a step is read from its transcript. Processes that write wait
for each other: one transaction for some transcripts, in which each looks again at how far they have been read.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from runner.caching import cache_folder
from runner.events import EVENTS, AnyEvent
from runner.events.endings import TrialFinished
from runner.events.origins import TrialStarted
from runner.regular import opened
from runner.search.entries import entry
from runner.search.excerpts import without_escapes
from runner.search.files import State, goes_on, look, places, tail, whole_lines
from runner.search.store import Store, outgrown

HOLD_SECONDS = 0.5
"""How long one transaction goes on before others get their turn."""

Heard = Callable[[int, int], None]
T = TypeVar("T")


class About(NamedTuple):
    """What a transcript says of its trial, as far as it has got."""

    scenario: str = ""
    model: str = ""
    arm: str = ""
    repeat: int = 0
    attempt: int = 1
    verdict: str = ""


class Kept(NamedTuple):
    """A transcript as the index knows it."""

    id: int
    state: State
    steps: int
    """Lines, those included that are no steps of this version."""
    unread: int
    """Those lines."""
    about: About


class Refreshed(NamedTuple):
    transcripts: int
    """Those that had something new."""
    steps: int
    """Added."""
    unread: int
    """Lines, of all transcripts of these runs, that are no steps of this version."""


class Index:
    """See the module. `file` is the user's own where none is named."""

    def __init__(self, file: Path | None = None) -> None:
        self._store = Store(file or cache_folder() / "search.sqlite")

    @property
    def file(self) -> Path:
        return self._store.file

    def refresh(self, runs: Iterable[Path], heard: Heard | None = None) -> Refreshed:
        """Read what the runs' transcripts have more than at the last time; forget those, and runs, that are gone.

        `heard` is told how many transcripts have been read, and of how many. Raises FileProblem where the index
        cannot be written.
        """
        wanted = [run.resolve() for run in runs]
        done, too_large = self._store.work(lambda db: (_refresh(db, wanted, heard), outgrown(db)))
        if too_large:
            self._store.remove()
            done = self._store.work(lambda db: _refresh(db, wanted, heard))
        return done

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` reads, all of it from one moment. Raises FileProblem for an index that cannot be read."""

        def reading(db: sqlite3.Connection) -> T:
            db.execute("BEGIN")
            return work(db)

        return self._store.work(reading)


def stored_path(run: Path) -> str:
    """A run's folder as the index names it."""
    return os.fsencode(run).decode("utf-8", "backslashreplace")


def storable(text: str) -> str:
    """SQLite takes no half characters, and FTS5 reads no further than a zero."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")


def _refresh(db: sqlite3.Connection, runs: Sequence[Path], heard: Heard | None) -> Refreshed:
    _forget_runs(db)
    ids = {run: _run_id(db, run) for run in runs}
    todo = []
    for run, number in ids.items():
        known = _known(db, number)
        there = set(places(run))
        _forget(db, [known[place].id for place in known.keys() - there])
        for place in sorted(there):
            now, kept = look(run / place / "events.jsonl"), known.get(place)
            if now is not None and (kept is None or (now.st_ino, now.st_size) != kept.state[:2]):
                todo.append((run, number, place))
    added = changed = done = 0
    while done < len(todo):
        db.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + HOLD_SECONDS
        while done < len(todo) and time.monotonic() < until:
            more = _read_on(db, *todo[done])
            added, changed, done = added + more, changed + (more > 0), done + 1
        db.execute("COMMIT")
        if heard is not None:
            heard(done, len(todo))
    marks = ",".join("?" * len(ids))
    unread = db.execute(f"SELECT coalesce(sum(unread), 0) FROM transcripts WHERE run IN ({marks})", [*ids.values()])
    return Refreshed(changed, added, unread.fetchone()[0])


def _run_id(db: sqlite3.Connection, run: Path) -> int:
    path = stored_path(run)
    db.execute("INSERT OR IGNORE INTO runs (path) VALUES (?)", (path,))
    return int(db.execute("SELECT id FROM runs WHERE path = ?", (path,)).fetchone()[0])


KEPT = "id, inode, size, tail, steps, unread, scenario, model, arm, repeat, attempt, verdict"


def _kept(number: int, inode: int, size: int, last: str, steps: int, unread: int, *about: str | int) -> Kept:
    return Kept(number, State(inode, size, last), steps, unread, About._make(about))


def _known(db: sqlite3.Connection, run: int) -> dict[str, Kept]:
    rows = db.execute(f"SELECT place, {KEPT} FROM transcripts WHERE run = ?", (run,))
    return {place: _kept(*row) for place, *row in rows}


def _forget(db: sqlite3.Connection, transcripts: Iterable[int]) -> None:
    for number in transcripts:
        db.execute("DELETE FROM steps WHERE transcript = ?", (number,))
        db.execute("DELETE FROM transcripts WHERE id = ?", (number,))


def _forget_runs(db: sqlite3.Connection) -> None:
    """Those whose folders are no longer there."""
    for number, path in db.execute("SELECT id, path FROM runs").fetchall():
        if not Path(path).is_dir():
            _forget(db, [kept.id for kept in _known(db, number).values()])
            db.execute("DELETE FROM runs WHERE id = ?", (number,))


def _read_on(db: sqlite3.Connection, run: Path, number: int, place: str) -> int:
    """Add what one transcript has more; returns how many steps that was. A file that cannot be read adds nothing."""
    row = db.execute(f"SELECT {KEPT} FROM transcripts WHERE run = ? AND place = ?", (number, place)).fetchone()
    kept = _kept(*row) if row is not None else None
    try:
        with opened(run / place / "events.jsonl") as lines:
            if kept is not None and not goes_on(lines, kept.state):
                _forget(db, [kept.id])
                kept = None
            if kept is None:
                kept = _begun(db, number, place)
            end, step, unread, about = kept.state.end, kept.steps, kept.unread, kept.about
            for line in whole_lines(lines, end):
                end = line.start + line.length
                event = _event(line.text)
                if event is None:
                    unread += 1
                else:
                    about = _about(event, about)
                    _add(db, kept.id, step, line.start, line.length, event)
                step += 1
            state = (os.fstat(lines.fileno()).st_ino, end, tail(lines, end))
    except OSError:
        return 0
    db.execute(
        "UPDATE transcripts SET inode = ?, size = ?, tail = ?, steps = ?, unread = ?, "
        "scenario = ?, model = ?, arm = ?, repeat = ?, attempt = ?, verdict = ? WHERE id = ?",
        (*state, step, unread, *about, kept.id),
    )
    return step - kept.steps


def _begun(db: sqlite3.Connection, run: int, place: str) -> Kept:
    marks = ",".join("?" * 13)
    cursor = db.execute(
        f"INSERT INTO transcripts (run, place, {KEPT.removeprefix('id, ')}) VALUES ({marks})",
        (run, place, 0, 0, "", 0, 0, *About()),
    )
    return Kept(int(cursor.lastrowid or 0), State(0, 0, ""), 0, 0, About())


def _add(db: sqlite3.Connection, transcript: int, step: int, start: int, length: int, event: AnyEvent) -> None:
    *fields, text = map(storable, entry(event))
    cursor = db.execute(
        "INSERT INTO steps (transcript, step, start, length, type, tool, errors, effects) VALUES (?,?,?,?,?,?,?,?)",
        (transcript, step, start, length, *fields),
    )
    db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (cursor.lastrowid, without_escapes(text)))


def _event(text: bytes) -> AnyEvent | None:
    try:
        return EVENTS.validate_json(text) if text else None
    except ValidationError:
        return None


def _about(event: AnyEvent, before: About) -> About:
    match event:
        case TrialStarted(key=key):
            named = (storable(key.scenario), storable(key.model), storable(key.arm))
            return About(*named, min(key.repeat, 2**31), max(0, min(event.attempt, 2**31)), before.verdict)
        case TrialFinished():
            return before._replace(verdict=event.verdict)
        case _:
            return before
