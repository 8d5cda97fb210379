"""Where a step, its whole text and its files are found: by the server, or within one exported page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from runner.viewer.known import Known
from runner.viewer.place import Trial, trial_href


class Links(Protocol):
    @property
    def known(self) -> Known:
        """What is known of the steps beside the transcript."""

    def anchor(self, step: int) -> str:
        """The id of an element."""

    def step(self, step: int) -> str:
        """The address of a step among its turns."""

    def whole(self, step: int) -> str:
        """The address of a step's whole text; empty where there is none, as for the others below."""

    def files(self, step: int) -> str:
        """The address of the workspace's files at a step."""

    def label(self, step: int) -> str:
        """The address of the form that labels a step."""

    def beside(self, name: str) -> str:
        """The address of another trial of the run with this one beside it."""


@dataclass(frozen=True)
class Served:
    trial: Trial
    known: Known = field(default_factory=Known)

    def anchor(self, step: int) -> str:
        return f"s{step}"

    def step(self, step: int) -> str:
        return self.trial.step_href(step)

    def whole(self, step: int) -> str:
        return f"{self.trial.href}/steps/{step}"

    def files(self, step: int) -> str:
        return f"{self.trial.href}/files?step={step}"

    def label(self, step: int) -> str:
        return f"{self.trial.href}/steps/{step}/labels"

    def beside(self, name: str) -> str:
        return f"{trial_href(self.trial.slug, name)}/beside?with={quote(self.trial.name, safe='')}"


@dataclass(frozen=True)
class Exported:
    """Several trials may be on one page: `number` tells them apart."""

    number: int
    known: Known = field(default_factory=Known)

    def anchor(self, step: int) -> str:
        return f"r{self.number}s{step}"

    def step(self, step: int) -> str:
        return f"#{self.anchor(step)}"

    def whole(self, step: int) -> str:
        return ""

    def files(self, step: int) -> str:
        return ""

    def label(self, step: int) -> str:
        return ""

    def beside(self, name: str) -> str:
        return ""
