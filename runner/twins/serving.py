"""The twins that a study's arms ask for: made before its first trial, from the cache where they were made before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from runner.arms import ORIGINAL, Arm, Kind, twin_kinds
from runner.errors import Interrupted, UserError
from runner.scenarios.catalog import ScenarioFolder
from runner.twins.base import TwinRefused
from runner.twins.cache import About, Twin
from runner.twins.making import Maker
from sandboxes.images import ImageStore

AT_A_TIME = 2


@dataclass(frozen=True)
class Twins:
    """What stands for the scenarios in the arms that have twins."""

    found: Mapping[str, Mapping[str, ScenarioFolder]] = field(default_factory=dict)
    """Perturbation → scenario → its twin."""
    abouts: Mapping[str, Mapping[str, About]] = field(default_factory=dict)
    """Perturbation → scenario → how its twin was made, and what its names were."""
    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Perturbation → scenario → why it has none, as `code: sentence`; that arm has no trial of it."""

    def of(self, scenario: ScenarioFolder, arm: Arm) -> ScenarioFolder | None:
        """What the trials of a scenario in an arm run on; None where there is no such twin."""
        if arm.perturbation == ORIGINAL:
            return scenario
        return self.found.get(arm.perturbation, {}).get(scenario.id)

    @property
    def folders(self) -> dict[str, dict[str, str]]:
        return {kind: {name: str(each.folder) for name, each in found.items()} for kind, found in self.found.items()}

    @property
    def digests(self) -> dict[str, dict[str, str]]:
        """Perturbation → scenario → what the lock holds of its twin."""
        return {kind: {name: each.digest for name, each in found.items()} for kind, found in self.found.items()}


def subject_name(scenario: str, perturbation: str) -> str:
    """What a scenario, or its twin, goes by where both are kept.

    >>> subject_name("month-end", "rename"), subject_name("month-end", "original")
    ('month-end~rename', 'month-end')
    """
    return scenario if perturbation == ORIGINAL else f"{scenario}~{perturbation}"


def twins_of(
    perturbations: Iterable[str],
    scenarios: Mapping[str, ScenarioFolder],
    seed: int,
    images: ImageStore,
    say: Callable[[str], None],
    stop: threading.Event,
    wanted: Mapping[str, Container[str]] | None = None,
) -> Twins:
    """Make them all, and say which there cannot be. Raises UserError where a perturbation has none, Interrupted.

    `wanted` holds the scenarios that had one when the run was planned, by perturbation: none comes to it later.
    """
    maker = Maker(images, say)
    found: dict[str, dict[str, ScenarioFolder]] = {}
    abouts: dict[str, dict[str, About]] = {}
    refused: dict[str, dict[str, str]] = {}
    for perturbation in perturbations:
        if not (kinds := twin_kinds(perturbation)):
            continue

        def one(original: ScenarioFolder, kinds: tuple[Kind, ...] = kinds) -> Twin | str:
            if stop.is_set():
                raise Interrupted("stopped while twins were made")
            try:
                return maker.twin(original, kinds, seed)
            except TwinRefused as error:
                say(f"{original.id} has no twin by {'+'.join(kinds)}: {error}")
                return str(error)

        chosen = {
            name: each for name, each in scenarios.items() if wanted is None or name in wanted.get(perturbation, ())
        }
        pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="twin")
        try:
            made = dict(zip(chosen, pool.map(one, chosen.values()), strict=True))
        except KeyboardInterrupt:
            say("interrupted: the twins that are being made are finished first, and kept")
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        found[perturbation] = {name: each.found for name, each in made.items() if isinstance(each, Twin)}
        abouts[perturbation] = {name: each.about for name, each in made.items() if isinstance(each, Twin)}
        refused[perturbation] = {name: each for name, each in made.items() if isinstance(each, str)}
        if not found[perturbation]:
            first = next(iter(refused[perturbation].items()), ("no scenario", "there is none"))
            raise UserError(f"perturbation {perturbation}: no scenario has such a twin; {first[0]}: {first[1]:.300}")
    return Twins(found, abouts, refused)
