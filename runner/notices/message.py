"""What is told: counts, and names only where the study says so. Never a word out of a transcript."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runner.messages import Frozen, shorten
from runner.notices.settings import Occasion

LONGEST_REASON = 8000
"""Characters of a reason in a variable: the kernel refuses a program with one of more than 128 KiB."""


class Tally(Frozen):
    """One model's trials."""

    planned: int
    done: int
    resolved: int


class Names(Frozen):
    """What is told only where `names = true`."""

    run: str
    folder: str
    models: dict[str, Tally]
    reason: str = ""


class Message(Frozen):
    """The JSON that is posted, and given to a command."""

    format: Literal[1] = Field(default=1, alias="schema")
    event: Occasion
    ended: bool
    """Whether the run is over with it: the last message of this process."""
    at: str
    """UTC, ISO 8601."""
    planned: int
    done: int
    resolved: int
    lost: int
    """Trials that ended in infra_error or invalid_scenario, which no model is blamed for."""
    usd: float
    usd_cap: float | None = None
    seconds: float | None = None
    """Since the process began."""
    text: str
    """The same in a sentence."""
    names: Names | None = None

    def variables(self) -> dict[str, str]:
        """For a command's environment; no value holds a NUL."""
        plain: dict[str, object] = {
            "EVENT": self.event,
            "ENDED": "yes" if self.ended else "no",
            "TEXT": self.text,
            "PLANNED": self.planned,
            "DONE": self.done,
            "RESOLVED": self.resolved,
            "LOST": self.lost,
            "USD": f"{self.usd:.4f}",
        }
        if self.names is not None:
            plain |= {
                "RUN": self.names.run,
                "FOLDER": self.names.folder,
                "REASON": shorten(self.names.reason, LONGEST_REASON),
            }
        return {f"TASKFIT_{name}": str(value).replace("\0", "") for name, value in plain.items()}


WORDS: dict[Occasion, str] = {
    "done": "the run is done",
    "paused": "the run, or a model of it, stands still and goes on by itself",
    "resumed": "what stood still goes on",
    "capped": "the run has reached its limit",
    "failed": "the run stopped before its end",
    "interrupted": "the run was interrupted and can be gone on with",
}
CAP_BEGINS = "a limit begins to hold trials back, the others go on"


def sentence(event: Occasion, ended: bool, done: int, planned: int, resolved: int, lost: int, usd: float) -> str:
    """One line without a name in it."""
    words = WORDS[event] if ended or event != "capped" else CAP_BEGINS
    lost_too = f", {lost} lost to infrastructure" if lost else ""
    return f"taskfit: {words}: {done} of {planned} trials, {resolved} resolved{lost_too}, {usd:.2f} USD"
