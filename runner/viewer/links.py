"""Where a step, its whole text and its files are found: by the server, or within one exported page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from runner.viewer.place import Trial


class Links(Protocol):
    def anchor(self, step: int) -> str:
        """The id of an element."""

    def step(self, step: int) -> str:
        """The address of a step among its turns."""

    def whole(self, step: int) -> str:
        """The address of a step's whole text; empty where there is none."""

    def files(self, step: int) -> str:
        """The address of the workspace's files at a step; empty where there is none."""


@dataclass(frozen=True)
class Served:
    trial: Trial

    def anchor(self, step: int) -> str:
        return f"s{step}"

    def step(self, step: int) -> str:
        return self.trial.step_href(step)

    def whole(self, step: int) -> str:
        return f"{self.trial.href}/steps/{step}"

    def files(self, step: int) -> str:
        return f"{self.trial.href}/files?step={step}"


@dataclass(frozen=True)
class Exported:
    """Several trials may be on one page: `number` tells them apart."""

    number: int

    def anchor(self, step: int) -> str:
        return f"r{self.number}s{step}"

    def step(self, step: int) -> str:
        return f"#{self.anchor(step)}"

    def whole(self, step: int) -> str:
        return ""

    def files(self, step: int) -> str:
        return ""
