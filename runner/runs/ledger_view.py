"""A ledger looked at from outside: read-only, nothing held between two looks, so that a run is never disturbed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runner.errors import FileProblem
from runner.results import TrialKey
from runner.runs.ledger import Row

BUSY_SECONDS = 5.0


@dataclass(frozen=True)
class Look:
    """A ledger as it stood at one moment."""

    rows: tuple[Row, ...]
    """All trials, in order."""
    usd: dict[str, float]
    """Model → US dollars spent or reserved."""


def look(file: Path) -> Look:
    """Raises FileProblem where there is no ledger, or one that cannot be read."""
    if not file.is_file():
        raise FileProblem(file, "is not there; has the run begun?")
    try:
        with _opened(file) as db:
            db.execute("BEGIN")
            rows = db.execute(
                "SELECT position, scenario, model, arm, repeat, state, attempts, verdict FROM trials ORDER BY position"
            ).fetchall()
            spent = db.execute(
                "SELECT model, total(coalesce(spent, reserved)) FROM spending JOIN trials ON trial = position "
                "GROUP BY model"
            ).fetchall()
    except sqlite3.Error as error:
        raise FileProblem(file, f"cannot be read: {error}") from None
    return Look(
        tuple(
            Row(position, TrialKey(scenario=scenario, model=model, arm=arm, repeat=repeat), state, attempts, verdict)
            for position, scenario, model, arm, repeat, state, attempts, verdict in rows
        ),
        dict(spent),
    )


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """In a folder that cannot be written to, a ledger that nobody has open any more is read as a plain file."""
    address = f"file:{quote(str(file.resolve()))}"
    with closing(sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as db:
        try:
            db.execute("SELECT 1 FROM trials LIMIT 1")
        except sqlite3.OperationalError:
            if any(file.with_name(f"{file.name}-{kind}").exists() for kind in ("wal", "journal")):
                raise
        else:
            yield db
            return
    plain = f"{address}?mode=ro&immutable=1"
    with closing(sqlite3.connect(plain, uri=True, isolation_level=None)) as db:
        yield db
