"""Where sandboxes live: the machine that a trial's sandboxes share, and all machines of a run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from sandboxes.base import Sandbox, SandboxLimits
from sandboxes.client import Engine


@dataclass(frozen=True)
class Change:
    """Something that happened to a machine, told while a run goes on."""

    kind: Literal["node_joined", "node_lost"]
    text: str
    """A sentence for people."""


def gradings(cpus: int | None) -> int:
    """How many gradings a machine with so many processors runs at a time."""
    return max(2, cpus or 2)


class Place(Protocol):
    """One machine's engine, for one trial, with the image that its sandboxes start from."""

    @property
    def grading(self) -> AbstractContextManager[object]:
        """Held during a grading: more at a time than a machine has processors would starve each other."""
        ...

    def open(
        self, limits: SandboxLimits, kind: str, *, run: str = "", trial: str = "", runtime: str | None = None
    ) -> Sandbox:
        """A new sandbox; `kind`, `run` and `trial` are its labels. Raises SandboxDied, EngineUnavailable."""
        ...


class Site(Protocol):
    """All the machines of a run. Thread-safe."""

    @property
    def engine(self) -> Engine:
        """The one that images are built on, and scenarios proved."""
        ...

    @property
    def description(self) -> str:
        """Which engines there are, for people and for a run's lock."""
        ...

    @property
    def places(self) -> int | None:
        """How many trials the machines that are there take at a time; None where only the study says so."""
        ...

    def check(self) -> None:
        """Raises EngineUnavailable while no machine can be used."""
        ...

    def place(self, image: str) -> AbstractContextManager[Place]:
        """A machine that has the image, for as long as a trial needs it. Raises SandboxDied, EngineUnavailable."""
        ...

    def reap(self) -> list[str]:
        """Remove the containers that dead processes left; returns their names."""
        ...

    def remove(self, trial: str | None = None) -> None:
        """Remove every container that this process made, or those of one trial, wherever they are."""
        ...

    def listen(self, hear: Callable[[Change], None]) -> None:
        """From now on changes are told to `hear`, from any thread."""
        ...

    def close(self) -> None:
        """Let go of the machines, nothing of this process's left on them. May be called twice."""
        ...
