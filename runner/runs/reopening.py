"""A run taken up again: as its lock describes it, refused where what was held constant changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from runner.approvers.base import Approver
from runner.approvers.policy import load_policy
from runner.errors import UserError
from runner.replay.forks import Forks
from runner.runs.budget import Budget
from runner.runs.folder import RunFolder
from runner.runs.lock import differing, lock_of
from runner.runs.observer import Observer
from runner.runs.run import Run, begun
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from runner.toml import validated
from runner.twins.back import keep_names
from runner.twins.serving import twins_of
from sandboxes.client import Engine
from sandboxes.images import ImageStore
from sandboxes.site import Site

Caps = Mapping[str, float | int | str]
"""Names of a budget's fields, and what they are to be."""


def study_of(folder: RunFolder, caps: Caps | None = None) -> Study:
    """The study of a run, from its lock, with other caps where `caps` has some.

    Raises UserError for a damaged lock, and for caps that cannot be.
    """
    if "imported" in folder.lock():
        raise UserError(
            f"{folder.path} holds imported trajectories, which other harnesses made: nothing can go on there"
        )
    study = validated(folder.lock_file, folder.whole_lock().study, Study)
    if caps:
        budget = validated(folder.lock_file, study.budget.model_dump() | dict(caps), Budget)
        study = study.model_copy(update={"budget": budget})
    return begun(study) if caps and "until" in caps else study


def reopened(
    folder: RunFolder,
    engine: Engine,
    observer: Observer,
    human: Approver | None,
    caps: Caps | None = None,
    site: Site | None = None,
) -> Run:
    """A run as its lock describes it, with other caps where `caps` has some; they are kept in the lock.

    Raises UserError for a damaged lock, for caps that cannot be, and where what was held constant changed.
    """
    lock = folder.whole_lock()
    study = study_of(folder, caps)
    scenarios = {name: load_scenario(place) for name, place in lock.folders.items()}
    policy = load_policy(Path(study.policy) if study.policy else None)
    images = ImageStore(engine, observer.say)
    twins = twins_of(
        study.perturbation, scenarios, study.seed, images, observer.say, threading.Event(), lock.twins.folders
    )
    now = lock_of(study, policy, scenarios, engine.description, Forks(folder.path, study.forks).digests, twins)
    if changed := differing(lock.hashes, now["hashes"]):
        raise UserError(
            f"{folder.path} cannot go on: changed since it began: {', '.join(changed)}. "
            "Restore them, or start a new run; results of both would not be comparable."
        )
    keep_names(folder.path, twins)
    if caps:
        whole = folder.lock()
        whole["study"]["budget"] = study.budget.model_dump(mode="json")
        folder.write_lock(whole)
    renewed = not {"usd", "tokens"}.isdisjoint(caps or ())
    return Run(study, folder, scenarios, policy, human, engine, observer, renewed=renewed, site=site, twins=twins)
