"""Reads a transcript into parts, from its file as far as that has come; goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from runner.errors import FileProblem
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, Replied
from runner.events.endings import TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, StartedFrom
from runner.measures.discipline import ran_tests
from runner.measures.record import Record, Recorder
from runner.measures.recovery import episodes, follow_ups
from runner.reading.counts import counts
from runner.reading.excerpt import excerpt
from runner.reading.lines import Lines, parsed
from runner.reading.turns import Call, Damaged, Other, Part, PartKind, Result, Words
from runner.report.steps import parts
from runner.results import TrialKey
from runner.thoughts import thoughts

ENDING = (PatchTaken, ChangeDropped, ScenarioFacts, Graded, TrialFailed, TrialFinished)
MOST_ITEMS = 200
"""Of one part: a turn with more calls, as only other harnesses' have, is shown as several."""
PROMPT = 3.0
"""How much more room a prompt, a challenge and what the model says get than an output."""


@dataclass
class Reading:
    """One trial as it is read."""

    record: Record
    """The same trial as the measures see it."""
    parts: list[Part] = field(default_factory=list)
    branched: Branched | None = None
    forked: ForkedFrom | None = None
    challenged: Challenged | None = None
    graded: Graded | None = None
    finished: TrialFinished | None = None
    failed: TrialFailed | None = None
    steps: int = 0

    @property
    def calls(self) -> list[Call]:
        return [call for part in self.parts for call in part.calls]

    def part_of(self, step: int) -> int:
        """The index of the part that holds a step; the nearest one for a step that there is not."""
        return next((at for at, part in enumerate(self.parts) if step <= part.last), max(0, len(self.parts) - 1))


class Reader:
    """Reads one transcript. Not thread-safe."""

    def __init__(self, file: Path, key: TrialKey) -> None:
        self._file, self._key = file, key
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.lines = Lines(self._file)
        self._recorder = Recorder(self._key)
        self.reading = Reading(self._recorder.record)
        self._open: dict[str, list[Call]] = {}

    def read(self) -> Reading:
        """All that the file holds by now. Raises FileProblem where there is none."""
        if self.lines.replaced():
            self._begin_anew()
        before = self.reading.steps
        for number, line in self.lines.grown():
            try:
                event = parsed(self._file, number, line)
            except FileProblem as error:
                self._room(number, "").items.append(Damaged(number, str(error)))
            else:
                self._take(event)
            self.reading.steps = number + 1
        if self.reading.steps > before:
            self._relate()
        return self.reading

    def _take(self, event: AnyEvent) -> None:
        known = len(self.reading.record.calls)
        self._recorder.take(event)
        fact = self.reading.record.calls[-1] if len(self.reading.record.calls) > known else None
        call = self._belongs_to(event)
        match event:
            case Replied():
                self._begin("turn", event, turn=event.turn).words = _words(event)
                self._open.clear()
            case CallProposed() if fact is not None:
                made = Call(event.step, event.tool, fact, proposed=event)
                self._room(event.step, event.at).items.append(made)
                self._open.setdefault(event.call_id, []).append(made)
            case CallRejected() if fact is not None:
                rejected = Call(event.step, event.tool, fact, rejected=event)
                self._room(event.step, event.at).items.append(rejected)
            case _ if call is not None:
                self._part(event)
                _add(call, event)
            case _:
                self._other(event)
        self._count(event)

    def _other(self, event: AnyEvent) -> None:
        match event:
            case Branched():
                self.reading.branched = event
                self._begin("challenge", event)
            case ForkedFrom():
                self.reading.forked = event
            case Challenged():
                self.reading.challenged = event
                if not self.reading.parts or self.reading.parts[-1].kind != "challenge":
                    self._begin("challenge", event)
            case Graded():
                self.reading.graded = event
            case TrialFinished():
                self.reading.finished = event
            case TrialFailed():
                self.reading.failed = event
            case _:
                pass
        if isinstance(event, ENDING) and (not self.reading.parts or self.reading.parts[-1].kind != "ending"):
            self._begin("ending", event)
        elif isinstance(event, StartedFrom) and not self.reading.parts:
            self._begin("opening", event)
        title, _, body = parts(event)
        self._room(event.step, event.at).items.append(Other(event.step, event, title, excerpt(body, PROMPT)))

    def _count(self, event: AnyEvent) -> None:
        part, record = self.reading.parts[-1], self.reading.record
        part.usd, part.tokens = record.cost_usd, record.usage.total

    def _begin(self, kind: PartKind, event: AnyEvent, turn: int = 0) -> Part:
        self.reading.parts.append(Part(kind, event.step, event.step, event.at, turn))
        return self.reading.parts[-1]

    def _part(self, event: AnyEvent) -> Part:
        return self._last(event.step, event.at)

    def _room(self, step: int, at: str) -> Part:
        """The part that takes one more item: the one that is going on, or, where that is full, its continuation."""
        if self.reading.parts and len((full := self.reading.parts[-1]).items) >= MOST_ITEMS:
            rest = Part(full.kind, step, step, at or full.at, full.turn, usd=full.usd, tokens=full.tokens, goes_on=True)
            self.reading.parts.append(rest)
        return self._last(step, at)

    def _last(self, step: int, at: str) -> Part:
        """The part that is going on, which now reaches to `step`."""
        if not self.reading.parts:
            self.reading.parts.append(Part("opening", step, step, at))
        self.reading.parts[-1].last = step
        return self.reading.parts[-1]

    def _belongs_to(self, event: AnyEvent) -> Call | None:
        """The call, of this turn, that nothing has come back for and that an event is about."""
        match event:
            case Decided() | CallRefused() | ToolReturned():
                called = self._open.get(event.call_id, [])
            case FaultDelivered():
                # the call under way, as for the measures: a receipt names the tool that stands for all of its kind
                called = sorted((call for calls in self._open.values() for call in calls), key=lambda call: -call.step)
            case _:
                return None
        return next((call for call in called if call.result is None and call.refused is None), None)

    def _relate(self) -> None:
        """Which call recovered what had failed, and what followed on a fault."""
        calls = {call.step: call for call in self.reading.calls}
        for call in calls.values():
            call.recovered = call.failed_at = call.followed = None
        for each in episodes(self.reading.record):
            if each.recovered is not None:
                calls[each.step].recovered = each.recovered
                calls[each.recovered].failed_at = each.step
        for spoiled, next_step in follow_ups(self.reading.record):
            calls[spoiled].followed = next_step


def _words(event: Replied) -> Words:
    reply = event.reply
    return Words(
        event.step,
        excerpt(reply.message.text, PROMPT),
        excerpt(thoughts(reply.message), PROMPT),
        reply.stop,
        reply.usage,
        reply.cost_usd,
        event.seconds,
        reply.call.waited if reply.call else 0.0,
        reply.model_id,
    )


def _add(call: Call, event: AnyEvent) -> None:
    match event:
        case Decided():
            call.decided = event
        case FaultDelivered():
            call.fault = event
        case CallRefused():
            call.refused = event
        case ToolReturned():
            call.is_test_run = ran_tests(call.fact)
            call.result = _result(event, call)
        case _:
            pass


def _result(event: ToolReturned, call: Call) -> Result:
    return Result(
        event.step,
        excerpt(event.text),
        event.is_error,
        event.timed_out,
        call.fact.exit_code,
        event.seconds,
        event.elided_bytes,
        counts(event.text) if call.is_test_run else None,
    )
