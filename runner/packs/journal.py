"""What was tried and how it ended, one JSON line each, so that a second run does only what is new."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError, field_validator

from runner.errors import UserError
from runner.messages import Frozen
from runner.visible import visible

OK = "ok"
PASSING = frozenset({"harness-failed", "source-unavailable", "duplicate"})
"""Codes that may be otherwise next time."""


class Outcome(Frozen):
    """How one lead ended."""

    key: str
    """See `runner.scenarios.proposal.Lead`."""
    terms: str
    """A digest of what was asked for: other terms are another question."""
    id: str
    label: str
    code: str
    """`ok`, or one of `runner.scenarios.proposal.CODES`."""
    sentence: str = ""
    notes: tuple[str, ...] = ()
    fail_to_pass: int = 0
    pass_to_pass: int = 0
    leak: float | None = None
    seconds: float = 0.0
    """From loading it to keeping it."""

    @field_validator("label", "sentence")
    @classmethod
    def _shown(cls, text: str) -> str:
        """Commits and test runs say anything; what is invisible becomes an escape here, once for all readers."""
        return visible(text, newlines=True)

    @property
    def ok(self) -> bool:
        return self.code == OK


@dataclass(frozen=True)
class Journal:
    """A pack's `journal.jsonl`; threads may share it."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def known(self, terms: str) -> dict[str, Outcome]:
        """Key → the last outcome under these terms, or under any terms where it was kept.

        What may be otherwise next time is not known.
        """
        found = {each.key: each for each in self._read() if each.terms == terms or each.ok}
        return {key: each for key, each in found.items() if each.code not in PASSING}

    def note(self, outcome: Outcome) -> None:
        """Raises UserError where the file cannot be written to."""
        try:
            with self._lock, self.file.open("ab+") as handle:
                handle.seek(0, 2)
                if handle.tell():
                    handle.seek(-1, 2)
                    if handle.read(1) != b"\n":
                        handle.write(b"\n")
                handle.write(outcome.model_dump_json(exclude_defaults=True).encode() + b"\n")
        except OSError as error:
            raise UserError(f"{self.file} cannot be written to: {error}; what is kept so far is whole") from None

    def _read(self) -> Iterator[Outcome]:
        """Every line that is whole: one that a crash tore says nothing."""
        if not self.file.exists():
            return
        for line in self.file.read_bytes().splitlines():
            try:
                yield Outcome.model_validate(json.loads(line))
            except (ValueError, ValidationError):
                continue
