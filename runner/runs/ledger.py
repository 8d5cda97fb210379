"""A run's ledger: every trial's state and every reserved and spent cent, in one SQLite file.

planned ──start──▶ running ──finish──▶ done
   ▲                  │                  │
   ├──── release ◀────┤                  │      (interrupted, or its process died)
   ├──── fail ◀───────┘                  │      (infrastructure failed; counted, and tried again)
   └──── reopen ◀────────────────────────┘      (to be tried once more)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from runner.errors import BudgetExhausted, FileProblem, LedgerDamaged
from runner.results import TrialKey, Verdict
from runner.runs.budget import Cap
from runner.runs.ledger_file import LedgerFile
from runner.runs.ledger_sums import Call, Sums, trials_of

State = Literal["planned", "running", "done"]
STATES: frozenset[str] = frozenset(get_args(State))
VERDICTS: frozenset[str | None] = frozenset((None, *get_args(Verdict)))


@dataclass(frozen=True)
class Row:
    """One trial's line."""

    position: int
    key: TrialKey
    state: State
    attempts: int
    verdict: Verdict | None
    failures: int = 0
    """Attempts that ended in infra_error and were tried again."""


def sound(
    file: Path,
    position: int,
    scenario: str,
    model: str,
    arm: str,
    repeat: int,
    state: Any,
    attempts: int,
    verdict: Any,
    failures: int = 0,
) -> Row:
    """A line of a ledger, which may be anybody's. Raises LedgerDamaged for one that no run has written."""
    try:
        key = TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise LedgerDamaged(file, f"the {first['loc'][0]} of trial {position}: {first['msg']}") from None
    if state not in STATES or verdict not in VERDICTS:
        raise LedgerDamaged(file, f"trial {position} is {state} with the verdict {verdict}, which no trial can be")
    return Row(position, key, state, attempts, verdict, failures)


def is_no_text(error: Exception) -> bool:
    """Whether an error is of text that is none, rather than of a file that cannot be read right now."""
    return isinstance(error, sqlite3.OperationalError) and "decode" in str(error)


class Ledger(LedgerFile):
    """Safe to use from any thread. Each change is on disk before its method returns; `settle` says when it is not.

    Raises LedgerDamaged for a file that is no sound ledger, FileProblem for one that cannot be used; it is left as it
    is.
    """

    def plan(self, keys: Iterable[TrialKey]) -> None:
        """Write the trials in the order in which they are to run; those already there stay as they are.

        Raises FileProblem where the disk does not take them.
        """
        lines = [(key.scenario, key.model, key.arm, key.repeat) for key in keys]
        try:
            with self._transaction() as db:
                db.executemany("INSERT OR IGNORE INTO trials (scenario, model, arm, repeat) VALUES (?, ?, ?, ?)", lines)
                self._sums.forget()
        except sqlite3.Error as error:
            raise FileProblem(self._file, f"cannot be written: {error}") from None

    def rows(self) -> list[Row]:
        """All trials, in order. Raises LedgerDamaged."""
        try:
            with self._reading() as db:
                found = db.execute(
                    "SELECT position, scenario, model, arm, repeat, state, attempts, verdict, failures "
                    "FROM trials ORDER BY position"
                ).fetchall()
        except sqlite3.OperationalError as error:
            if not is_no_text(error):
                raise
            raise LedgerDamaged(self._file, str(error)) from None
        return [sound(self._file, *line) for line in found]

    def start(self, position: int, caps: Iterable[Cap] = ()) -> int:
        """Mark a planned trial as running; returns the number of this attempt, from 1.

        Raises BudgetExhausted where it would be one trial more than a cap has.
        """
        with self._transaction() as db:
            for cap in caps:
                if cap.amounts.trials is not None and self._begun(cap, position) >= cap.amounts.trials:
                    problem = f"{cap.where} has begun the {cap.amounts.trials} trials that it may"
                    raise BudgetExhausted(problem, cap.where, "trials")
            changed = db.execute(
                "UPDATE trials SET state = 'running', attempts = attempts + 1 "
                "WHERE position = ? AND state = 'planned' RETURNING attempts",
                (position,),
            ).fetchone()
        if changed is None:
            raise ValueError(f"trial {position} is not planned")
        return int(changed[0])

    def finish(self, position: int, verdict: Verdict, attempt: int | None = None, seconds: float | None = None) -> None:
        """Mark a running trial as done; `seconds` is what the attempt took but for waiting for people.

        Raises ValueError for one that does not run, or runs in another `attempt` by now; its verdict stays.
        """
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE trials SET state = 'done', verdict = ?, seconds = ? "
                "WHERE position = ? AND state = 'running' AND coalesce(?, attempts) = attempts",
                (verdict, seconds, position, attempt),
            ).rowcount
        if not changed:
            raise ValueError(f"trial {position} is not running")

    def adopt(self, position: int, verdict: Verdict, attempt: int, seconds: float) -> None:
        """Mark a trial as done that the ledger knows nothing of, as its result says."""
        with self._transaction() as db:
            db.execute(
                "UPDATE trials SET state = 'done', verdict = ?, attempts = ?, seconds = ? WHERE position = ?",
                (verdict, attempt, seconds, position),
            )

    def fail(self, position: int) -> None:
        """Put a running trial whose infrastructure failed back to planned, and count that."""
        with self._transaction() as db:
            db.execute(
                "UPDATE trials SET state = 'planned', failures = failures + 1 WHERE position = ? AND state = 'running'",
                (position,),
            )

    def release(self, position: int) -> None:
        """Put a running trial back to planned."""
        with self._transaction() as db:
            db.execute("UPDATE trials SET state = 'planned' WHERE position = ? AND state = 'running'", (position,))

    def reopen(self, position: int) -> None:
        """Put a finished trial back to planned, to be tried once more; any other stays as it is."""
        with self._transaction() as db:
            db.execute(
                "UPDATE trials SET state = 'planned', verdict = NULL, failures = 0 "
                "WHERE position = ? AND state = 'done'",
                (position,),
            )

    def reserve(self, position: int, usd: float, tokens: int = 0, caps: Iterable[Cap] = (), others: int = 0) -> int:
        """Set money and tokens aside before a call; returns the reservation. Raises BudgetExhausted past a cap.

        `others`: calls under way beside this one. With many of them it waits a moment to be written with theirs.
        """
        return self.advance(position, usd, tokens, caps, others, 1)[0]

    def advance(
        self, position: int, usd: float, tokens: int, caps: Iterable[Cap], others: int, calls: int
    ) -> tuple[int, int]:
        """Likewise, for up to so many such calls at once; returns the reservation, and for how many it is.

        What is set aside beyond the first call is small beside what each cap leaves: all advances together take a few
        per cent of it, and near a cap there are none.
        """
        granted = calls

        def change(db: sqlite3.Connection, sums: Sums) -> int:
            nonlocal granted
            for cap in caps:
                granted = min(granted, sums.fitting(cap, usd, tokens, calls, others))
            query = "INSERT INTO spending (trial, reserved, reserved_tokens) VALUES (?, ?, ?)"
            reservation = int(db.execute(query, (position, granted * usd, granted * tokens)).lastrowid or 0)
            sums.reserved(reservation, Call(position, granted * usd, granted * tokens))
            return reservation

        return self._together(change, others), granted

    def settle(self, reservation: int, usd: float, tokens: int = 0, others: int = 0) -> None:
        """What the call really took. A reservation never settled (a crash) stays committed in full.

        With `others` under way it returns before this is on disk: it goes there with their next change, or with the
        end of its trial. Reads see it all the same.
        """

        def change(db: sqlite3.Connection, sums: Sums) -> int:
            if not usd >= 0:
                raise ValueError(f"a call cannot have taken {usd} USD")
            if (call := sums.call(reservation)) is not None:
                query = "UPDATE spending SET spent = ?, spent_tokens = ? WHERE id = ?"
                db.execute(query, (usd, tokens, reservation))
                sums.settled(reservation, call, usd, tokens)
            return 0

        if others > 0:
            self._later(change)
        else:
            self._together(change, 0)

    def committed(self, position: int | None = None, cap: Cap | None = None) -> float:
        """US dollars spent or still reserved, by one trial, by those of a cap, or by all."""
        with self._adding_up() as sums:
            return (sums.of(cap) if position is None else sums.of_trial(position))[0]

    def committed_tokens(self, cap: Cap | None = None) -> int:
        """Tokens used or still reserved."""
        with self._adding_up() as sums:
            return sums.of(cap)[1]

    @contextmanager
    def _adding_up(self) -> Iterator[Sums]:
        with self._reading():
            self._sums.refresh()
            yield self._sums

    def begun(self, cap: Cap) -> int:
        """Trials that were ever started."""
        with self._reading():
            return self._begun(cap, None)

    def _begun(self, cap: Cap, but: int | None) -> int:
        where, which = trials_of(cap)
        query = f"SELECT count(*) FROM trials WHERE {where} AND attempts > 0 AND position IS NOT ?"
        return int(self._db.execute(query, (*which, but)).fetchone()[0])

    def paying(self) -> set[str]:
        """The models whose calls cost something."""
        with self._reading():
            query = "SELECT DISTINCT model FROM trials JOIN spending ON trial = position WHERE reserved > 0"
            return {str(model) for (model,) in self._db.execute(query)}

    def durations(self) -> list[tuple[TrialKey, float]]:
        """Each trial that is done and says how long it took, with its seconds."""
        query = (
            "SELECT scenario, model, arm, repeat, seconds FROM trials WHERE state = 'done' AND seconds > 0 "
            "ORDER BY position"
        )
        with self._reading() as db:
            found = db.execute(query).fetchall()
        return [
            (TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat), seconds)
            for scenario, model, arm, repeat, seconds in found
        ]

    def begin_session(self) -> int:
        """A process begins to work on the run."""
        with self._transaction() as db:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            return int(db.execute("INSERT INTO sessions (started) VALUES (?)", (started,)).lastrowid or 0)

    def worked(self, session: int, seconds: float) -> None:
        """How long a process has worked so far."""
        with self._transaction() as db:
            db.execute("UPDATE sessions SET seconds = ? WHERE id = ?", (seconds, session))

    def earlier_seconds(self, session: int) -> float:
        """How long all processes but this one worked."""
        with self._reading():
            query = "SELECT total(seconds) FROM sessions WHERE id != ?"
            return float(self._db.execute(query, (session,)).fetchone()[0])

    def pin_image(self, scenario: str, image: str) -> str:
        """The image id that the scenario's first trial had; `image` where this is the first."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO images VALUES (?, ?)", (scenario, image))
            return str(db.execute("SELECT image FROM images WHERE scenario = ?", (scenario,)).fetchone()[0])

    def images(self) -> dict[str, str]:
        """Scenario → id of the image that its trials ran on."""
        with self._reading():
            return dict(self._db.execute("SELECT scenario, image FROM images ORDER BY scenario").fetchall())
