"""A scenario made ready to run: its image, the pristine files in it, the reference fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from runner.scenarios.catalog import HISTORY, ScenarioFolder
from runner.scenarios.checkout import base_tree, changes, difference, solved_tree, with_history
from runner.environments.explain import explain
from runner.errors import ScenarioInvalid
from runner.scenarios.repo import Environment
from sandboxes.archive import Entry, Tree
from sandboxes.errors import ImageBuildFailed
from sandboxes.images import ImageStore
from sandboxes.recipe import Dockerfile, Recipe


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

    @cached_property
    def reference_patch(self) -> str:
        return self.patch(self.reference)

    def patch(self, changed: Mapping[str, Entry | None]) -> str:
        """Changes to the base as git shows them; empty where there are none."""
        touched = {path: self.pristine[path] for path in changed if path in self.pristine}
        return difference(touched, {path: entry for path, entry in changed.items() if entry is not None})


def prepare(found: ScenarioFolder, images: ImageStore) -> Workspace:
    """Check out the base, apply the reference, build what is missing. Raises ScenarioInvalid, EngineUnavailable."""
    base = base_tree(found)
    solved = solved_tree(found, base)
    environment = found.repo.repo.environment
    images = replace(images, seconds=environment.minutes * 60)
    try:
        image = images.workspace(
            images.environment(recipe(environment, found.repo.folder)),
            base,
            environment.install,
            with_history,
            found.repo.name,
            environment.variables,
            environment.as_of,
        )
    except ImageBuildFailed as error:
        raise ScenarioInvalid(found.id, "image-does-not-build", explain(error, environment)) from error
    return Workspace(found, image, images.snapshot(image), changes(base, solved))


def recipe(environment: Environment, folder: Path) -> Recipe:
    """What `[environment]` says of the image; `folder` is repo.toml's.

    A Dockerfile sees neither the bases of other scenarios, later ones among them, nor what changes with each of them.
    """
    written = environment.dockerfile
    return Recipe(
        system=environment.system,
        packages=environment.packages,
        python=environment.python,
        node=environment.node,
        as_of=environment.as_of,
        dockerfile=Dockerfile(folder, written, (HISTORY, "repo.toml")) if written is not None else None,
        variables=environment.variables,
    )
