"""Which trial may start, and whether any may: not past a cap, not too late, not while something is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import CapReached
from runner.runs.breaker import Breaker
from runner.runs.budget import Budget, Cap
from runner.runs.disk import Disk
from runner.runs.held import TIME, Held
from runner.runs.hours import Hours
from runner.runs.ledger import Ledger, Row
from runner.runs.purse import Purse
from runner.runs.schedule import Ruling


@dataclass
class Admission:
    """The rules of a run's schedule (`runner.runs.schedule.Rules`)."""

    breaker: Breaker
    purse: Purse
    hours: Hours
    disk: Disk
    refused: dict[str, str]
    """Model → why its provider serves none of its trials."""
    held: Held
    probes: set[int] = field(default_factory=set)
    """Positions of trials that try whether a provider answers again."""

    def may(self, row: Row) -> Ruling:
        key = row.key
        passage = self.breaker.passage(key.model)
        if passage == "closed_for_good":
            self.refused.setdefault(key.model, "its provider stayed out of reach")
        if key.model in self.refused:
            return "hold"
        if not self.hours.admits(key):
            self.held.add(f"the time is up, or would be before it ended ({self.hours.why()})", TIME)
            return "hold"
        if (cap := self.purse.holds(row)) is not None:
            self.held.add(str(cap), cap.name)
            return "hold"
        return "wait" if passage == "wait" or self.disk.short() else "go"

    def starts(self, row: Row) -> None:
        if self.breaker.taken(row.key.model):
            self.probes.add(row.position)

    def ended(self, row: Row) -> None:
        """The trial's thread is through with it."""
        if row.position in self.probes:
            self.probes.discard(row.position)
            self.breaker.left(row.key.model)


def check_open(budget: Budget, ledger: Ledger, pending: list[Row], hours: Hours, folder: Path) -> None:
    """Raises CapReached where nothing can be begun since a cap of the run is used up."""
    again = f"give more: taskfit resume {folder}"
    if hours.left() <= 0:
        flag = "--until" if "until" in hours.why() else "--max-minutes"
        raise CapReached(f"the run's time is used up ({hours.why()}); {again} {flag} …")
    paying = {row.key.model for row in pending} <= ledger.paying()
    if paying and budget.usd is not None and ledger.committed() >= budget.usd:
        raise CapReached(f"the run's {budget.usd:.2f} USD are used up; {again} --budget …")
    if budget.tokens is not None and ledger.committed_tokens() >= budget.tokens > 0:
        raise CapReached(f"the run's {budget.tokens} tokens are used up; {again} --tokens …")
    begun_before = any(row.attempts for row in pending)
    run = Cap("the run", budget)
    if budget.trials is not None and not begun_before and ledger.begun(run) >= budget.trials:
        raise CapReached(f"the run's {budget.trials} trials are used up; {again} --max-trials …")
