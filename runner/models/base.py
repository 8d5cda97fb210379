"""A model: something that reads a conversation and answers with text and tool calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runner.messages import Message, Reply, ToolSpec


@dataclass(frozen=True)
class Opening:
    """What a model is made with, once per trial."""

    scenario: str
    seed: int
    reference: Callable[[], Mapping[str, bytes | None]]
    """The reference fix as path → new content (None: deleted), which is how a study proves its own harness. Raises
    ModelFault for every model but `oracle`."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the run stops: whoever waits gives up."""
    folder: Path | None = None
    """The trial's, where a provider's exchanges are kept."""


class Model(Protocol):
    """One conversation's model; made anew for each trial, used by one thread."""

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        """The next turn. Raises ModelFault when the provider failed."""
        ...

    def worst_case_usd(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> float:
        """The most that the next `reply` can cost in US dollars, so that it can be reserved beforehand."""
        ...

    def worst_case_tokens(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        """Likewise the most tokens that it can take, in and out."""
        ...


class KeylessModel:
    """Base of the models that cost nothing."""

    def worst_case_usd(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> float:
        return 0.0

    def worst_case_tokens(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        return 0


ModelFactory = Callable[[Opening], Model]
