"""What the harness and a model say to each other, but for the answers of tools."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from runner.arms import ChallengeKind
from runner.events.base import Event
from runner.messages import Reply


class Told(Event):
    """The harness said something to the model that is no tool result."""

    type: Literal["told"] = "told"
    role: Literal["system", "user"]
    text: str


class Challenged(Event):
    """What was said to a submission."""

    type: Literal["challenged"] = "challenged"
    challenge: ChallengeKind
    text: str


class Replied(Event):
    type: Literal["replied"] = "replied"
    turn: int
    reply: Reply


class ConfidenceStated(Event):
    """Before the first edit, where the study asks for it."""

    type: Literal["confidence_stated"] = "confidence_stated"
    confidence: float = Field(ge=0, le=1)
