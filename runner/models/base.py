"""A model: something that reads a conversation and answers with text and tool calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from runner.messages import AssistantMessage, Message, Reply, ToolSpec


class Known(NamedTuple):
    """What personalities know of their task beside its fix."""

    public: bool
    """Its fix is public, and it stands in the form in which that is."""
    possible: bool


def _nothing_known() -> Known:
    return Known(public=False, possible=True)


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
    arm: str = "control"
    known: Callable[[], Known] = _nothing_known
    """Raises ModelFault like `reference`."""


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


@runtime_checkable
class TakesUp(Protocol):
    """A model that can take up a conversation which another instance of it had, without being played it again."""

    def take_up(self, conversation: Sequence[Message]) -> None: ...


def take_up(model: Model, conversation: Sequence[Message], tools: Sequence[ToolSpec], since: int = 0) -> None:
    """Bring a new model to where another instance of it was after a conversation; its own turns begin at `since`.

    One that does not say how is asked for each of its turns again, which must cost nothing; what it answers is not
    heard. Raises what `reply` raises.
    """
    if isinstance(model, TakesUp):
        model.take_up(conversation)
        return
    for position, message in enumerate(conversation):
        if position >= since and isinstance(message, AssistantMessage):
            model.reply(conversation[:position], tools)


ModelFactory = Callable[[Opening], Model]
