"""What every step of a trial has."""

from __future__ import annotations

from runner.messages import Frozen


class Event(Frozen):
    step: int = -1
    """Place in the transcript, from 0; given by the transcript when the event is appended."""
    at: str = ""
    """UTC, ISO 8601."""
    seconds: float = 0.0
    """How long this step took, where it took time."""
