"""What in a scenario's provenance would lead estimates of memory astray, said before anybody relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from runner.probes.kinds import CANARY, FEWEST_LETTERS
from runner.scenarios.catalog import ScenarioFolder


def doubts(found: ScenarioFolder, today: date) -> tuple[str, ...]:
    """A sentence each, with the key that it is about."""
    return tuple(_doubts(found, today))


def _doubts(found: ScenarioFolder, today: date) -> Iterator[str]:
    origin = found.scenario.provenance
    if origin.undated:
        yield "provenance.public_since is missing: imported, it counts neither as seen nor as unseen"
    for name, day in (("public_since", origin.public_since), ("fixed_on", origin.fixed_on)):
        if day is not None and (day - today).days > 1:  # tomorrow it is somewhere already
            yield f"provenance.{name} = {day} lies in the future"
    secret = origin.canary.removeprefix(CANARY)
    told = "\n".join((found.scenario.title, found.instruction, *found.framings.values())).lower()
    if origin.canary and len(secret) < FEWEST_LETTERS:
        yield f"provenance.canary is too short to be known by nobody else; write {CANARY} and a random UUID"
    elif origin.canary and secret.lower() in told:
        yield "provenance.canary stands in what a model is told, so that knowing it says nothing"
