"""What was proved of scenarios on this machine: kept in the cache, so that a pack stays as people wrote it.

A proof is of a content, wherever it lies; that a folder once held a proved content makes another one there stale.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from runner import __version__
from runner.messages import Frozen
from runner.quality.cache import keep, kept
from runner.scenarios.catalog import ScenarioFolder

Status = Literal["proved", "failed", "stale", "unproved"]


class Proof(Frozen):
    """One validation of one content."""

    scenario: str
    code: str
    """`ok`, or why it does not hold (`runner.quality.validation`)."""
    repeats: int
    """Gradings of base and of reference each."""
    at: datetime
    version: str
    """Of taskfit."""


class _Place(Frozen):
    """What a folder held when it was proved last."""

    digest: str
    at: datetime


class Standing(Frozen):
    """What is known of a scenario as it is now."""

    status: Status
    proof: Proof | None = None
    """Of this content; of a stale one, none."""
    proved_at: datetime | None = None
    """Of a stale one: when another content of this folder was proved."""

    @property
    def text(self) -> str:
        """As in `proved 3×`."""
        if self.status == "proved" and self.proof is not None:
            return f"proved {self.proof.repeats}×"
        return self.proof.code if self.status == "failed" and self.proof is not None else self.status


def note(found: ScenarioFolder, code: str, repeats: int) -> None:
    """Keep what a validation found. One with fewer repeats does not replace a longer one that came out alike."""
    digest, now = found.digest, datetime.now(UTC)
    earlier = kept("proofs", [digest], Proof)
    if earlier is None or earlier.code != code or earlier.repeats <= repeats:
        proof = Proof(scenario=found.id, code=code, repeats=repeats, at=now, version=__version__)
        keep("proofs", [digest], proof)
    if code == "ok":
        keep("proofs", ["folder", str(found.folder.resolve())], _Place(digest=digest, at=now))


def standing(found: ScenarioFolder) -> Standing:
    """Whether this very content was proved, another one in this folder was, or none."""
    if (proof := kept("proofs", [found.digest], Proof)) is not None:
        return Standing(status="proved" if proof.code == "ok" else "failed", proof=proof)
    place = kept("proofs", ["folder", str(found.folder.resolve())], _Place)
    return Standing(status="stale", proved_at=place.at) if place is not None else Standing(status="unproved")
