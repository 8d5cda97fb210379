"""Removes the containers that a dead run left."""

from __future__ import annotations

from dataclasses import dataclass

from docker.errors import NotFound

from sandboxes.client import Engine, translated
from sandboxes.owner import KIND, LABEL, is_alive


@dataclass(frozen=True)
class Leftover:
    """A container of ours."""

    id: str
    name: str
    kind: str
    run: str
    alive: bool
    """Whether the process that made it still runs."""


def containers(engine: Engine) -> list[Leftover]:
    """Every container that taskfit made and nobody removed."""
    with translated():
        found = engine.api.containers(all=True, filters={"label": LABEL})
    return [
        Leftover(
            id=container["Id"],
            name=(container.get("Names") or [container["Id"][:12]])[0].lstrip("/"),
            kind=container["Labels"].get(KIND, "?"),
            run=container["Labels"].get("taskfit.run", ""),
            alive=is_alive(container["Labels"][LABEL]),
        )
        for container in found
    ]


def reap(engine: Engine) -> list[Leftover]:
    """Remove the containers whose process is dead; returns them."""
    dead = [container for container in containers(engine) if not container.alive]
    for container in dead:
        with translated():
            try:
                engine.api.remove_container(container.id, force=True, v=True)
            except NotFound:
                continue
    return dead
