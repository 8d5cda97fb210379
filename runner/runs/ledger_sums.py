"""What is spent or set aside, by trial and under each cap, kept in memory from one transaction of a ledger to the next.

The ledger's file holds the truth, a line a reservation. To add the lines up each time would take longer the longer a
run is, and to write sums beside them would double what goes to the disk. So they are read once, and again after
somebody else wrote.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from runner.errors import BudgetExhausted
from runner.runs.budget import Cap

Taken = tuple[float, int]
"""US dollars and tokens."""
Whose = tuple[str | None, str | None]
"""A model and a scenario, or None for all of them."""
NOTHING: Taken = (0.0, 0)
AHEAD = 0.02
"""Of what a cap leaves: what the calls that are under way at a time may together set aside for further ones."""
USD, TOKENS = "coalesce(spent, reserved)", "coalesce(spent_tokens, reserved_tokens)"
"""Of a call: what it took, or what is set aside for it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A line of the file: a call, or several that were set aside at once."""

    trial: int
    usd: float
    tokens: int


@dataclass
class Sums:
    """Of one connection, which says what it changes; `refresh` comes before anything is asked."""

    db: sqlite3.Connection
    _trials: dict[int, Taken] = field(default_factory=dict)
    _caps: dict[Whose, Taken] = field(default_factory=dict)
    """As far as they were asked for."""
    _whose: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Trial → its model and scenario."""
    _open: dict[int, Call] = field(default_factory=dict)
    """Reservation → what it set aside, where this connection made it."""
    _version: int | None = None
    """Of the file, as it was read."""

    def refresh(self) -> None:
        """Read the file where nothing is known of it, or another connection has written since."""
        version = int(self.db.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            self.forget()
            query = f"SELECT trial, total({USD}), total({TOKENS}) FROM spending GROUP BY trial"
            self._trials = {trial: (usd, int(tokens)) for trial, usd, tokens in self.db.execute(query)}
            query = "SELECT position, model, scenario FROM trials"
            self._whose = {trial: (model, scenario) for trial, model, scenario in self.db.execute(query)}
            self._version = version

    def forget(self) -> None:
        """What was said did not come to the disk."""
        self._version = None
        self._caps.clear()
        self._open.clear()

    def of_trial(self, trial: int) -> Taken:
        return self._trials.get(trial, NOTHING)

    def of(self, cap: Cap | None) -> Taken:
        """What a cap's trials took; all trials where none is given."""
        whose = (None, None) if cap is None else (cap.model, cap.scenario)
        if whose not in self._caps:
            each = [taken for trial, taken in self._trials.items() if _holds(whose, self._whose.get(trial))]
            self._caps[whose] = sum(usd for usd, _ in each), sum(tokens for _, tokens in each)
        return self._caps[whose]

    def fitting(self, cap: Cap, usd: float, tokens: int, calls: int, others: int) -> int:
        """For how many of so many calls may be set aside at once under a cap; what costs nothing passes even at one.

        Raises BudgetExhausted where not even one fits.
        """
        most, further = cap.amounts, float(calls)
        if not ((most.usd is not None and usd > 0) or (most.tokens is not None and tokens > 0)):
            return calls
        taken, used = self.of(cap)
        if most.usd is not None and usd > 0:
            if taken + usd > most.usd:
                problem = (
                    f"the next call could cost {usd:.4f} USD; {taken:.4f} of {most.usd:.4f} USD are spent or reserved"
                )
                raise BudgetExhausted(f"{problem} ({cap.where})", cap.where, "usd")
            further = min(further, (most.usd - taken - usd) * AHEAD / usd)
        if most.tokens is not None and tokens > 0:
            if used + tokens > most.tokens:
                problem = f"the next call could take {tokens} tokens; {used} of {most.tokens} are used or reserved"
                raise BudgetExhausted(f"{problem} ({cap.where})", cap.where, "tokens")
            further = min(further, (most.tokens - used - tokens) * AHEAD / tokens)
        return min(calls, 1 + int(further / (others + 1)))

    def call(self, reservation: int) -> Call | None:
        """What stands in the file for it; None where it has no such line."""
        if (known := self._open.get(reservation)) is not None:
            return known
        query = f"SELECT trial, {USD}, {TOKENS} FROM spending WHERE id = ?"
        found = self.db.execute(query, (reservation,)).fetchone()
        return None if found is None else Call(*found)

    def reserved(self, reservation: int, call: Call) -> None:
        """A line is new."""
        self._open[reservation] = call
        self._add(call.trial, call.usd, call.tokens)

    def settled(self, reservation: int, before: Call, usd: float, tokens: int) -> None:
        """A line was changed."""
        self._open.pop(reservation, None)
        self._add(before.trial, usd - before.usd, tokens - before.tokens)

    def _add(self, trial: int, usd: float, tokens: int) -> None:
        taken, used = self.of_trial(trial)
        self._trials[trial] = taken + usd, used + tokens
        for whose, (taken, used) in self._caps.items():
            if _holds(whose, self._whose.get(trial)):
                self._caps[whose] = taken + usd, used + tokens


def _holds(whose: Whose, of: tuple[str, str] | None) -> bool:
    """Whether a cap holds for a trial of this model and scenario; for one that nobody planned only the run's does."""
    model, scenario = of or ("", "")
    return whose[0] in (None, model) and whose[1] in (None, scenario)


def trials_of(cap: Cap) -> tuple[str, tuple[str, ...]]:
    """The trials of a cap, as a condition and its values."""
    named = {"model": cap.model, "scenario": cap.scenario}
    given = {column: value for column, value in named.items() if value is not None}
    return " AND ".join(["1", *(f"{column} = ?" for column in given)]), tuple(given.values())
