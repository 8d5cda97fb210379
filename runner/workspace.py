"""A scenario made ready to run: its image, the pristine files in it, the reference fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runner.catalog import ScenarioFolder
from runner.checkout import base_tree, changes, solved_tree, with_history
from runner.errors import ScenarioInvalid
from sandboxes.archive import Entry, Tree
from sandboxes.errors import ImageBuildFailed
from sandboxes.images import ImageStore


@dataclass(frozen=True)
class Workspace:
    """Everything about a scenario that all of its trials share."""

    found: ScenarioFolder
    image: str
    """Reference of the image that holds environment and source."""
    pristine: Tree
    """/workspace as the image has it, without .git."""
    reference: Mapping[str, Entry | None]
    """The reference fix as changes to the base."""


def prepare(found: ScenarioFolder, images: ImageStore) -> Workspace:
    """Check out the base, apply the reference, build what is missing. Raises ScenarioInvalid, EngineUnavailable."""
    base = base_tree(found)
    solved = solved_tree(found, base)
    environment = found.repo.repo.environment
    try:
        image = images.workspace(
            images.environment(environment.system, environment.packages),
            base,
            environment.install,
            with_history,
            found.repo.name,
        )
    except ImageBuildFailed as error:
        raise ScenarioInvalid(found.id, "image-does-not-build", str(error)) from error
    return Workspace(found, image, images.snapshot(image), changes(base, solved))
