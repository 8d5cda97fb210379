"""Where a trial comes from: its start, and what it goes on from where that is another trial."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from runner.arms import Arm
from runner.events.base import Event
from runner.messages import Frozen
from runner.results import Submission, TrialKey


class Background(Frozen):
    """What measures must know of a trial's task and model beforehand; never shown to a model."""

    public_since: date | None = None
    """When the scenario's fix became public; None: never, unless it is undated."""
    undated: bool = False
    """Nobody knows whether and when it did (`Provenance.undated`)."""
    impossible: str = ""
    """Why what is asked cannot be done, by kind (`runner.scenarios.scenario.Impossible`); empty where it can be."""
    cut_off: date | None = None
    """Of the model's training data, where it is known."""


class TrialStarted(Event):
    type: Literal["trial_started"] = "trial_started"
    key: TrialKey
    attempt: int
    image: str = ""
    """Empty, like `seed` None, where another harness made the trial."""
    seed: int | None = None
    repo: str = ""
    tags: tuple[str, ...] = ()
    arm: Arm | None = None
    """None in transcripts from before there were arms."""
    background: Background | None = None
    """None in transcripts from before it was kept."""


Data = Literal["errors", "exit_codes", "effects", "rejections", "approvals", "usage", "cost", "seconds", "parts"]
"""What a foreign trajectory may tell beside its conversation: of calls, whether they failed, how commands ended, what
they would do, which never became calls, who was asked; of the whole, tokens, money, seconds, and seconds by part."""


class Imported(Event):
    """Another harness made this trial: what follows was read from its file, and nothing was graded here."""

    type: Literal["imported"] = "imported"
    format: str
    source: str
    """The file's name."""
    digest: str
    """SHA-256 of the file."""
    harness: str = ""
    """What made it, with its version, as the file says."""
    told: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    """What that harness says came of it (a reward, an exit status, a verdict); nobody checked it here."""
    known: tuple[Data, ...] = ()
    """What measures may rely on; of the rest nothing is known."""
    left_out: tuple[str, ...] = ()
    """What the file holds and events cannot."""


class Branched(Event):
    """The trial goes on from another one's first submission: same workspace, same conversation."""

    type: Literal["branched"] = "branched"
    trunk: TrialKey
    trunk_step: int
    """Of the submission in the trunk's transcript."""
    resolved: bool
    """y₀: whether that submission passed, graded out of the model's sight."""
    submission: Submission


class StartedFrom(Event):
    """The trial starts in the workspace that a failed trial of another run left, with a conversation of its own."""

    type: Literal["started_from"] = "started_from"
    trial: TrialKey


class ForkedFrom(Event):
    """The trial goes on from a step of a recorded trial: its workspace, made again, and its conversation."""

    type: Literal["forked_from"] = "forked_from"
    fork: str
    """Folder below the run's `forks/` that holds both."""
    trial: TrialKey
    run: str
    """Name of the run that the recorded trial belongs to; empty for none."""
    at_step: int
    """The recorded steps before this one are what the trial goes on from."""
    digest: str
    """SHA-256 of those steps, line by line."""
    turns: int
    """The model's turns among them."""
    agreed: bool
    """Whether each call among them answered the same when it was made again."""
    differing: tuple[int, ...] = ()
    """Steps of the calls that did not."""
    limits: Literal["left", "fresh"]
    """Whether the limits are what the recorded trial had left, or the scenario's own."""
    prompt: str = ""
    """SHA-256 of the text that took the place of the recorded system message; empty where it stayed."""
    fault: str = ""
    """What goes on of the recorded trial's fault, as KIND:VISIBILITY:PERSISTENCE; empty for nothing."""
