"""What a run tells whoever looks on."""

from __future__ import annotations

from typing import Protocol

from runner.results import TrialKey, TrialResult
from runner.runs.ledger import Row


class Observer(Protocol):
    """Told what happens, from any thread."""

    def planned(self, rows: list[Row]) -> None: ...

    def phase(self, key: TrialKey, phase: str) -> None:
        """A trial begins a phase: preparing, starting, working, waiting (for a person), queued, grading."""
        ...

    def finished(self, result: TrialResult, committed_usd: float) -> None: ...

    def released(self, key: TrialKey) -> None:
        """A trial goes back to planned, perhaps to be tried again."""
        ...

    def say(self, text: str) -> None:
        """Something that the user should know."""
        ...


class Quiet:
    """An Observer that says nothing."""

    def planned(self, rows: list[Row]) -> None: ...

    def phase(self, key: TrialKey, phase: str) -> None: ...

    def finished(self, result: TrialResult, committed_usd: float) -> None: ...

    def released(self, key: TrialKey) -> None: ...

    def say(self, text: str) -> None: ...
