"""A run's ledger: every trial's state and every reserved and spent cent, in one SQLite file.

planned ──start──▶ running ──finish──▶ done
   ▲                  │                  │
   ├──── release ◀────┘                  │      (interrupted, or its process died)
   └──── reopen ◀────────────────────────┘      (to be tried once more)
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runner.errors import BudgetExhausted, FileProblem
from runner.results import TrialKey, Verdict

State = Literal["planned", "running", "done"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    position INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL, model TEXT NOT NULL, arm TEXT NOT NULL, repeat INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'done')),
    attempts INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    UNIQUE (scenario, model, arm, repeat)
);
CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trials (position),
    reserved REAL NOT NULL CHECK (reserved >= 0),
    spent REAL CHECK (spent >= 0),
    reserved_tokens INTEGER NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
    spent_tokens INTEGER CHECK (spent_tokens >= 0)
);
CREATE TABLE IF NOT EXISTS images (scenario TEXT PRIMARY KEY, image TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Row:
    """One trial's line."""

    position: int
    key: TrialKey
    state: State
    attempts: int
    verdict: Verdict | None


class Ledger:
    """Safe to use from any thread. Each change is committed, and on disk, before its method returns.

    Raises FileProblem for a file that is no sound ledger; that file is left as it is.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
        except sqlite3.Error as error:
            raise FileProblem(file, f"cannot be opened: {error}") from None
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(SCHEMA)
            self._add_missing_columns()
            found = str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.Error as error:
            found = str(error)
        if found != "ok":
            self._db.close()
            raise FileProblem(file, f"is no sound ledger: {found}")

    def _add_missing_columns(self) -> None:
        """A ledger that was written before tokens were reserved."""
        known = {row[1] for row in self._db.execute("PRAGMA table_info(spending)")}
        for name in {"reserved_tokens", "spent_tokens"} - known:
            default = " NOT NULL DEFAULT 0" if name == "reserved_tokens" else ""
            self._db.execute(f"ALTER TABLE spending ADD COLUMN {name} INTEGER{default}")

    def plan(self, keys: Iterable[TrialKey]) -> None:
        """Write the trials in the order in which they are to run; those already there stay as they are."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO trials (scenario, model, arm, repeat) VALUES (?, ?, ?, ?)",
                [(key.scenario, key.model, key.arm, key.repeat) for key in keys],
            )

    def rows(self) -> list[Row]:
        """All trials, in order."""
        with self._lock:
            found = self._db.execute(
                "SELECT position, scenario, model, arm, repeat, state, attempts, verdict FROM trials ORDER BY position"
            ).fetchall()
        return [
            Row(
                position,
                TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat),
                state,
                attempts,
                verdict,
            )
            for position, scenario, model, arm, repeat, state, attempts, verdict in found
        ]

    def start(self, position: int) -> int:
        """Mark a planned trial as running; returns the number of this attempt, from 1."""
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE trials SET state = 'running', attempts = attempts + 1 "
                "WHERE position = ? AND state = 'planned' RETURNING attempts",
                (position,),
            ).fetchone()
        if changed is None:
            raise ValueError(f"trial {position} is not planned")
        return int(changed[0])

    def finish(self, position: int, verdict: Verdict) -> None:
        """Mark a running trial as done. Raises ValueError for one that does not run; its verdict stays."""
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE trials SET state = 'done', verdict = ? WHERE position = ? AND state = 'running'",
                (verdict, position),
            ).rowcount
        if not changed:
            raise ValueError(f"trial {position} is not running")

    def release(self, position: int) -> None:
        """Put a running trial back to planned."""
        with self._transaction() as db:
            db.execute("UPDATE trials SET state = 'planned' WHERE position = ? AND state = 'running'", (position,))

    def reopen(self, position: int) -> None:
        """Put a finished trial back to planned, to be tried once more; any other stays as it is."""
        with self._transaction() as db:
            db.execute(
                "UPDATE trials SET state = 'planned', verdict = NULL WHERE position = ? AND state = 'done'", (position,)
            )

    def reserve(
        self, position: int, usd: float, cap: float | None, tokens: int = 0, token_cap: int | None = None
    ) -> int:
        """Set money and tokens aside before a call; returns the reservation. Raises BudgetExhausted past a cap."""
        with self._transaction() as db:
            if cap is not None and usd > 0 and self.committed() + usd > cap:
                raise BudgetExhausted(
                    f"the next call could cost {usd:.4f} USD; "
                    f"{self.committed():.4f} of {cap:.4f} USD are spent or reserved"
                )
            if token_cap is not None and tokens > 0 and self.committed_tokens() + tokens > token_cap:
                raise BudgetExhausted(
                    f"the next call could take {tokens} tokens; "
                    f"{self.committed_tokens()} of {token_cap} are used or reserved"
                )
            cursor = db.execute(
                "INSERT INTO spending (trial, reserved, reserved_tokens) VALUES (?, ?, ?)", (position, usd, tokens)
            )
            return int(cursor.lastrowid or 0)

    def settle(self, reservation: int, usd: float, tokens: int = 0) -> None:
        """What the call really took. A reservation never settled (a crash) stays committed in full."""
        with self._transaction() as db:
            db.execute("UPDATE spending SET spent = ?, spent_tokens = ? WHERE id = ?", (usd, tokens, reservation))

    def committed(self, position: int | None = None) -> float:
        """US dollars spent or still reserved, by one trial or by all."""
        query = "SELECT total(coalesce(spent, reserved)) FROM spending WHERE ? IS NULL OR trial = ?"
        with self._lock:
            return float(self._db.execute(query, (position, position)).fetchone()[0])

    def committed_tokens(self) -> int:
        """Tokens used or still reserved."""
        with self._lock:
            query = "SELECT coalesce(sum(coalesce(spent_tokens, reserved_tokens)), 0) FROM spending"
            return int(self._db.execute(query).fetchone()[0])

    def pin_image(self, scenario: str, image: str) -> str:
        """The image id that the scenario's first trial had; `image` where this is the first."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (scenario, image))
            return str(db.execute("SELECT image FROM images WHERE scenario = ?", (scenario,)).fetchone()[0])

    def images(self) -> dict[str, str]:
        """Scenario → id of the image that its trials ran on."""
        with self._lock:
            return dict(self._db.execute("SELECT scenario, image FROM images ORDER BY scenario").fetchall())

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
