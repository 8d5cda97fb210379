"""The steps of a trial, each a type of its own; a transcript is the append-only list of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from runner.approvals import Action, Decision, Request, Standing
from runner.approvals import Verdict as PolicyVerdict
from runner.effects import Effect
from runner.messages import Frozen, Reply
from runner.results import FailureKind, Submission, TestCounts, Times, TrialKey, Verdict
from runner.scenarios.scenario import Checks
from runner.studies.arms import Arm, ChallengeKind, FaultKind, Persistence, Visibility


class Event(Frozen):
    step: int = -1
    """Place in the transcript, from 0; given by the transcript when the event is appended."""
    at: str = ""
    """UTC, ISO 8601."""
    seconds: float = 0.0
    """How long this step took, where it took time."""


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


class Challenged(Event):
    """What was said to a submission."""

    type: Literal["challenged"] = "challenged"
    challenge: ChallengeKind
    text: str


class FaultDelivered(Event):
    """A receipt: a fault that was injected on purpose took effect, in the call whose answer follows."""

    type: Literal["fault_delivered"] = "fault_delivered"
    fault: FaultKind
    visibility: Visibility
    persistence: Persistence
    tool: str
    nth: int
    """Which call of this tool, from 1."""


class ConfidenceStated(Event):
    """Before the first edit, where the study asks for it."""

    type: Literal["confidence_stated"] = "confidence_stated"
    confidence: float = Field(ge=0, le=1)


class Told(Event):
    """The harness said something to the model that is no tool result."""

    type: Literal["told"] = "told"
    role: Literal["system", "user"]
    text: str


class Replied(Event):
    type: Literal["replied"] = "replied"
    turn: int
    reply: Reply


OF_A_TURN = ("no_call", "too_many", "cut")
"""Reasons of a rejection that speak of a turn, not of a call."""


class CallRejected(Event):
    """A call that never became an action; the message is what the model was told."""

    type: Literal["call_rejected"] = "call_rejected"
    call_id: str
    tool: str
    arguments: str
    reason: Literal["parse", "schema", "unknown_tool", "as_text", "no_call", "too_many", "cut"]
    """`as_text`: a call that was written as text; `cut`: the turn hit the output limit before it called a tool."""
    message: str


class CallProposed(Event):
    """A call that parsed, what it would do, and what the policy says of it."""

    type: Literal["call_proposed"] = "call_proposed"
    call_id: str
    tool: str
    arguments: dict[str, Any]
    effects: tuple[Effect, ...]
    targets: tuple[str, ...] = ()
    policy: PolicyVerdict
    granted: bool = False
    """The model had asked for exactly this action before, and got it."""
    unasked: bool = False
    """The policy would have asked; the model had to, and did not. The call was made all the same."""
    standing: Standing | None = None
    """Of the call, or of the one that `request_approval` asks for."""
    asks_for: Action | None = None
    """What `request_approval` is about."""


class CallRefused(Event):
    """A call was not made; the message is what the model was told."""

    type: Literal["call_refused"] = "call_refused"
    call_id: str
    tool: str
    reason: Literal["forbidden", "denied", "arguments"]
    message: str


class Decided(Event):
    """An approver answered; `seconds` is how long everybody waited for it."""

    type: Literal["decided"] = "decided"
    call_id: str
    request: Request
    decision: Decision
    action_digest: str
    became: Action | None = None
    """The call with the approver's arguments; None where it changed none, or they fit nothing."""


class ToolReturned(Event):
    type: Literal["tool_returned"] = "tool_returned"
    call_id: str
    tool: str
    text: str
    is_error: bool = False
    timed_out: bool = False
    exit_code: int | None = None
    """Of a command or a test run."""
    elided_bytes: int = 0

    @property
    def exited(self) -> int | None:
        """The exit code, also of transcripts in which only the text says it."""
        if self.exit_code is not None or self.tool not in ("run_command", "run_tests"):
            return self.exit_code
        if not self.text.startswith("exit code "):
            return None
        word = self.text[len("exit code ") :].split("\n", 1)[0]
        return int(word) if word.isascii() and word.isdecimal() and len(word) < 10 else None


class Submitted(Event):
    type: Literal["submitted"] = "submitted"
    submission: Submission


class LimitReached(Event):
    type: Literal["limit_reached"] = "limit_reached"
    limit: Literal["turns", "minutes", "usd", "budget", "format_errors", "terminated", "context"]
    detail: str


class ChangeDropped(Event):
    """A change of the model's that grading does not take over."""

    type: Literal["change_dropped"] = "change_dropped"
    path: str
    reason: str


class Overlap(Frozen):
    """How much of the reference fix a patch repeats (`runner.overlap`)."""

    verbatim: float = Field(ge=0, le=1)
    """Of the lines that the reference adds and that hold a word, the share that the patch adds as well, but for white
    space."""
    tokens: float = Field(ge=0, le=1)
    """Tokens that both add in the same order, of those of both: twice their number ÷ all. In transcripts of earlier
    versions, of the reference's alone."""


class PatchTaken(Event):
    """The size of what was graded, and of the reference fix: changed lines by file (added and removed together)."""

    type: Literal["patch_taken"] = "patch_taken"
    lines: dict[str, int]
    reference: dict[str, int]
    digest: str = ""
    """SHA-256 of the patch."""
    overlap: Overlap | None = None
    """With the reference fix; None where one of them adds no line, and in transcripts from before it was kept."""


class ScenarioFacts(Event):
    """What only the graders know and the measures need; written once the agent has stopped."""

    type: Literal["scenario_facts"] = "scenario_facts"
    locations: tuple[str, ...]
    """Where the fault is: `file::qualified.symbol`."""
    checks: Checks


class Graded(Event):
    type: Literal["graded"] = "graded"
    outcomes: dict[str, str]
    """Expected node id to passed, failed, error, skipped or missing."""
    canaries: Literal["honest", "missing", "lying"]
    tests: TestCounts | None = None
    """The outcomes by group; None in transcripts from before they were kept."""
    detail: str = ""
    """The end of the test run's output, where it explains a failure."""
    failures: dict[str, str] = Field(default_factory=dict)
    """What the framework says of the first expected tests that failed."""


ProbeKind = Literal["localise", "complete", "files", "canary"]
"""What a model is asked without tools: where the fault is, the rest of the fix, the repository's files, the canary."""


class Probed(Event):
    """What an answer to a blind probe was worth (`runner.probes`)."""

    type: Literal["probed"] = "probed"
    probe: ProbeKind
    scores: dict[str, float]
    """Name → 0 to 1."""


class TrialFailed(Event):
    """The harness, the engine or a provider failed; not the model."""

    type: Literal["trial_failed"] = "trial_failed"
    error: str
    where: str
    kind: FailureKind = "harness"


class TrialFinished(Event):
    type: Literal["trial_finished"] = "trial_finished"
    verdict: Verdict
    reason: str = ""
    times: Times | None = None
    earlier_usd: float = 0.0
    """Spent by attempts before this one."""


AnyEvent = Annotated[
    TrialStarted
    | Imported
    | Branched
    | StartedFrom
    | ForkedFrom
    | Challenged
    | FaultDelivered
    | ConfidenceStated
    | CallRefused
    | PatchTaken
    | ScenarioFacts
    | Told
    | Replied
    | CallRejected
    | CallProposed
    | Decided
    | ToolReturned
    | Submitted
    | LimitReached
    | ChangeDropped
    | Graded
    | Probed
    | TrialFailed
    | TrialFinished,
    Field(discriminator="type"),
]

EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
