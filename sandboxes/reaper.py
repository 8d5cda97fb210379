"""Removes the containers that a dead run left."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandboxes.client import Engine, translated
from sandboxes.errors import SandboxDied
from sandboxes.owner import KIND, LABEL, NAME, is_alive, me


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
    """Every container that taskfit made and nobody removed; none that somebody else runs of an image of ours."""
    return [
        Leftover(
            id=container["Id"],
            name=container["Labels"][NAME],
            kind=container["Labels"].get(KIND, "?"),
            run=container["Labels"].get("taskfit.run", ""),
            alive=is_alive(container["Labels"][LABEL]),
        )
        for container in _labelled(engine, [LABEL])
    ]


def reap(engine: Engine) -> list[Leftover]:
    """Remove the containers whose process is dead; returns them."""
    dead = [container for container in containers(engine) if not container.alive]
    for container in dead:
        _remove(engine, container.id)
    return dead


def remove_own(engine: Engine, trial: str | None = None) -> None:
    """Remove every container that this process made, or those of one trial."""
    wanted = [f"{LABEL}={me()}", *([] if trial is None else [f"taskfit.trial={trial}"])]
    for container in _labelled(engine, wanted):
        _remove(engine, container["Id"])


def _labelled(engine: Engine, labels: Sequence[str]) -> list[dict[str, Any]]:
    """The containers with all of these labels that are theirs, not their image's: which go with their own name."""
    with translated():
        found = engine.api.containers(all=True, filters={"label": [*labels, NAME]})
    return [each for each in found if f"/{each['Labels'][NAME]}" in (each.get("Names") or ())]


def _remove(engine: Engine, container: str) -> None:
    """Gone already, or just being removed by another thread, is as good as removed."""
    with contextlib.suppress(SandboxDied), translated():
        engine.api.remove_container(container, force=True, v=True)
