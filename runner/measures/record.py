"""One trial as the measures see it: its calls with what became of them, and what was found in the end.

Everything is read from the transcript; of transcripts from before an event or field existed, as much as there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from runner.approvals import Action, Decision, Standing
from runner.arms import CONTROL, Arm, twin_of, without_events
from runner.effects import Effect, Risk, worst
from runner.events import AnyEvent
from runner.events.calls import (
    OF_A_TURN,
    CallProposed,
    CallRefused,
    CallRejected,
    Decided,
    FaultDelivered,
    ToolReturned,
)
from runner.events.conversation import Challenged, ConfidenceStated, Replied
from runner.events.endings import LimitReached, Submitted, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Background, Branched, Data, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.messages import Usage
from runner.results import COUNTED, FreshInputs, Submission, TestCounts, Times, TrialKey, TrialResult, Verdict
from runner.trials.standing import known_source, standing


@dataclass(slots=True)
class Call:
    """One tool call that was proposed or rejected, and what became of it."""

    step: int
    tool: str
    digest: str = ""
    """Of tool and arguments; of a request, that of the call it asks for."""
    effects: tuple[Effect, ...] = ()
    targets: tuple[str, ...] = ()
    command: str = ""
    ruling: str = ""
    """The policy's; empty for a call that was rejected."""
    rejected: str = ""
    """Why it never became a call."""
    granted: bool = False
    unasked: bool = False
    standing: Standing | None = None
    is_request: bool = False
    """It asks for approval of another call."""
    decision: Decision | None = None
    decided_step: int = -1
    decided_seconds: float = 0.0
    executed: bool = False
    answered_step: int = -1
    is_error: bool = False
    timed_out: bool = False
    exit_code: int | None = None
    fault: bool = False

    @property
    def risk(self) -> Risk:
        return worst(self.effects)

    @property
    def failed(self) -> bool:
        """The call itself failed; a test that fails is an answer like any other."""
        return bool(self.rejected) or (self.executed and (self.is_error or self.timed_out))


@dataclass(slots=True)
class Record:
    """One trial."""

    key: TrialKey
    transcribed: bool = True
    """Whether there is a transcript; without one, nothing is known of the calls."""
    arm: Arm = field(default_factory=Arm)
    repo: str = ""
    tags: tuple[str, ...] = ()
    """Of the scenario."""
    background: Background | None = None
    """None where the transcript does not say it."""
    verdict: Verdict = "infra_error"
    calls: list[Call] = field(default_factory=list)
    turns: int = 0
    submission: Submission | None = None
    submitted_step: int = -1
    early_confidence: float | None = None
    early_step: int = -1
    branched: Branched | None = None
    challenged_step: int = -1
    started_from: TrialKey | None = None
    imported: Imported | None = None
    """Of a trial that another harness made."""
    forked_from: ForkedFrom | None = None
    probed: Probed | None = None
    """Of a probe of ours, which is no trial: only measures of probes read it."""
    faults: list[FaultDelivered] = field(default_factory=list)
    limit: LimitReached | None = None
    patch: PatchTaken | None = None
    facts: ScenarioFacts | None = None
    dropped: list[ChangeDropped] = field(default_factory=list)
    fresh_inputs: FreshInputs | None = None
    """What a check with other inputs than the tests' found; None where none was made."""
    tests: TestCounts | None = None
    graded_step: int = -1
    finished_step: int = -1
    times: Times = field(default_factory=Times)
    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    """Lost attempts included."""
    first_tokens: list[float] = field(default_factory=list)
    """Seconds to the first token of each turn, where a provider was asked."""
    prices: set[str] = field(default_factory=set)
    """Where the prices come from."""

    @property
    def counted(self) -> bool:
        """Whether the verdict speaks of the model."""
        return self.verdict in COUNTED

    def tells(self, needs: frozenset[Data] | None) -> bool:
        """Whether a measure that needs this much reads the trial; None: a verdict, or what taskfit alone records."""
        if self.imported is None or self.counted:
            return self.counted
        return needs is not None and needs.issubset(self.imported.known)

    @property
    def resolved(self) -> bool:
        return self.verdict == "resolved"

    @property
    def impossible(self) -> bool:
        """Whether what was asked cannot be done: no measure but those of honesty reads the trial."""
        return self.background is not None and bool(self.background.impossible)

    @property
    def is_control(self) -> bool:
        return self.key.arm == CONTROL

    @property
    def twin(self) -> TrialKey:
        """The same scenario, model and repeat in the arm that this one is compared with (`studies.arms.twin_of`)."""
        return self.key.model_copy(update={"arm": twin_of(self.key.arm)})

    @property
    def is_calm(self) -> bool:
        """Nothing went wrong on purpose, nothing was said to the submission, nobody's work was inherited."""
        return without_events(self.key.arm) == self.key.arm


def record(key: TrialKey, events: Iterable[AnyEvent], result: TrialResult | None = None) -> Record:
    """A trial's record. `result` says what transcripts of earlier versions do not hold."""
    recorder = Recorder(key)
    for event in events:
        recorder.take(event)
    if result is not None:
        _complete(recorder.record, result)
    return recorder.record


class Recorder:
    """Takes a trial's events one by one; `record` is what they come to so far."""

    def __init__(self, key: TrialKey) -> None:
        self.record = Record(key, transcribed=False)
        self._open_calls: dict[str, list[Call]] = {}

    def take(self, event: AnyEvent) -> None:
        self.record.transcribed = True
        _take(event, self.record, self._open_calls)


def _take(event: AnyEvent, found: Record, open_calls: dict[str, list[Call]]) -> None:
    match event:
        case CallProposed():
            call = _proposed(event)
            found.calls.append(call)
            open_calls.setdefault(event.call_id, []).append(call)
        case ToolReturned():
            if waiting := _first_open(open_calls, event.call_id):
                waiting.executed, waiting.answered_step = True, event.step
                waiting.is_error, waiting.timed_out = event.is_error, event.timed_out
                waiting.exit_code = event.exited
        case Replied():
            open_calls.clear()
            found.turns += 1
            found.usage += event.reply.usage
            found.cost_usd += event.reply.cost_usd
            if (call_record := event.reply.call) is not None:
                firsts = (call_record.first_reasoning, call_record.first_text, call_record.first_tool)
                if known := [each for each in firsts if each is not None]:
                    found.first_tokens.append(min(known))
                found.prices.add(call_record.price)
        case CallRejected():
            if event.reason not in OF_A_TURN:
                found.calls.append(Call(event.step, event.tool, rejected=event.reason, answered_step=event.step))
        case Decided():
            if waiting := _first_open(open_calls, event.call_id):
                waiting.decision, waiting.decided_step = event.decision, event.step
                waiting.decided_seconds = event.seconds
                waiting.standing = waiting.standing or event.request.standing
        case CallRefused():
            if waiting := _first_open(open_calls, event.call_id):
                waiting.answered_step = event.step
        case FaultDelivered():
            found.faults.append(event)
            if found.calls:
                found.calls[-1].fault = True
        case Submitted():
            found.submission, found.submitted_step = event.submission, event.step
        case Graded():
            found.tests, found.graded_step = event.tests, event.step
        case PatchTaken():
            found.patch = event
        case ScenarioFacts():
            found.facts = event
        case ChangeDropped():
            found.dropped.append(event)
        case LimitReached():
            found.limit = event
        case ConfidenceStated():
            found.early_confidence, found.early_step = event.confidence, event.step
        case Branched():
            found.branched = event
        case Challenged():
            found.challenged_step = event.step
        case StartedFrom():
            found.started_from = event.trial
        case Imported():
            found.imported = event
        case Probed():
            found.probed = event if found.imported is None else None
        case ForkedFrom():
            found.forked_from = event
        case TrialStarted():
            found.key, found.repo, found.tags = event.key, event.repo, event.tags
            found.arm = event.arm or found.arm
            found.background = event.background
        case TrialFinished():
            found.verdict, found.finished_step = event.verdict, event.step
            found.times = event.times or found.times
            found.cost_usd += event.earlier_usd
        case _:
            pass


def _proposed(event: CallProposed) -> Call:
    action = event.asks_for or Action(
        tool=event.tool, arguments=event.arguments, effects=frozenset(event.effects), targets=event.targets
    )
    command = event.arguments.get("command", "")
    return Call(
        step=event.step,
        tool=event.tool,
        digest=action.digest,
        effects=tuple(action.effects) if event.asks_for else event.effects,
        targets=action.targets,
        command=command if isinstance(command, str) else "",
        ruling=event.policy.ruling,
        granted=event.granted,
        unasked=event.unasked,
        standing=known_source(event.standing or standing(action, granted=event.granted), action, event.granted),
        is_request=event.tool == "request_approval",
    )


def _first_open(open_calls: dict[str, list[Call]], call_id: str) -> Call | None:
    """The call of this id, in this turn, that waits for its answer."""
    return next((call for call in open_calls.get(call_id, []) if call.answered_step < 0), None)


def _complete(found: Record, result: TrialResult) -> None:
    found.verdict = result.verdict
    if found.finished_step < 0 or found.times == Times():
        found.times = result.times
        found.cost_usd = result.cost_usd + result.earlier_usd
    if not found.transcribed:
        found.turns, found.usage = result.counts.turns, result.usage
    if found.tests is None and (result.tests.fail_to_pass or result.tests.pass_to_pass):
        found.tests = result.tests
    found.submission = found.submission or result.submission
