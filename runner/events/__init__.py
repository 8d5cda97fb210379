"""The steps of a trial, each a type of its own, by family; a transcript is the append-only list of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted

AnyEvent = Annotated[
    TrialStarted
    | Imported
    | Branched
    | StartedFrom
    | ForkedFrom
    | Told
    | Replied
    | Challenged
    | ConfidenceStated
    | CallRejected
    | CallProposed
    | CallRefused
    | Decided
    | FaultDelivered
    | ToolReturned
    | Submitted
    | LimitReached
    | ChangeDropped
    | PatchTaken
    | ScenarioFacts
    | Graded
    | Probed
    | TrialFailed
    | TrialFinished,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
