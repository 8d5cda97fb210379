"""Logs of Inspect (inspect_ai), read: `.eval`, a zip archive with a header and a member a sample, or the same as JSON.

A sample is a trial: its messages are the conversation, its events say what approvers answered and which calls failed.
Texts may stand in `attachments`, messages of events in a pool; both are looked up.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, get_args

from runner.approvals import Outcome
from runner.errors import FileProblem
from runner.events.origins import Data
from runner.messages import StopReason, ToolCall, Usage
from runner.trajectories import beside, reasoning
from runner.trajectories.base import Foreign, Source, seconds_since
from runner.trajectories.building import Builder, TooLong
from runner.trajectories.reading import Place, content, document, parsed, scalar
from runner.trajectories.zipped import Archive

ATTACHED = "attachment://"
STOPS: dict[str, StopReason] = {
    "stop": "end_turn",
    "max_tokens": "length",
    "model_length": "context",
    "tool_calls": "tool_calls",
    "content_filter": "refusal",
}
READ = frozenset({"model", "tool", "approval", "score", "error", "sample_limit", "sample_init"})
"""Events that are taken over, or told; spans, states and the like only frame them."""
FRAMES = frozenset({"span_begin", "span_end", "state", "store", "step", "logger"})


def read(source: Source) -> Iterator[Foreign]:
    """Every sample of a log."""
    if not zipfile.is_zipfile(source.path):
        whole = Place(source.path, document(source))
        for sample in whole.get("samples").objects():
            yield _sample(sample, whole)
        return
    with Archive(source.path) as archive:
        names = archive.names()
        start = "header.json" if "header.json" in names else "_journal/start.json"
        if start not in names:
            raise FileProblem(source.path, "has neither header.json nor _journal/start.json; it is no log of Inspect's")
        header = Place(source.path, parsed(source.path, archive.read(start), start))
        samples = [name for name in names if name.startswith("samples/") and name.endswith(".json")]
        for name in samples:
            value = parsed(source.path, archive.read(name), name)
            yield _sample(Place(source.path, value, name), header)


def _sample(sample: Place, header: Place) -> Foreign:
    spec = header.get("eval")
    versions = spec.maybe("packages")
    found = Foreign(
        "inspect",
        harness=" ".join(
            filter(None, ["inspect_ai", versions.maybe("inspect_ai").name(), spec.maybe("solver").name()])
        ),
        task=sample.get("id").name(),
        model=spec.maybe("model").name(),
        seconds=sample.get("total_time").number(),
    )
    found.told["task"] = spec.maybe("task").name()
    for name, score in _members(sample.get("scores")):
        found.told[f"score.{name}"[:80]] = scalar(score.maybe("value").value)
    if sample.get("error").is_there:
        found.told["error"] = scalar(sample.get("error").maybe("message").value)
    if sample.get("limit").is_there:
        found.told["limit"] = scalar(sample.get("limit").maybe("type").value)
    kept = sample.get("store").maybe(beside.NAME)
    if kept.is_there:
        found.beside = (kept.value, sample.value)
        found.harness = kept.maybe("made_by").name() or found.harness
    events = _Events(sample, found)
    builder = Builder()
    try:
        _conversation(sample, events, builder, found)
    except TooLong as error:
        sample.wrong(str(error))
    found.events = builder.events
    told: set[Data] = {"rejections", "approvals"} if events.are_there else set()
    found.known = builder.known(*told)
    found.left_out += builder.left_out()
    return found


class _Events:
    """What a sample's events say beside its messages, by the ids of messages and calls."""

    def __init__(self, sample: Place, found: Foreign) -> None:
        self.models: dict[str, Place] = {}
        self.tools: dict[str, Place] = {}
        self.approvals: defaultdict[str, list[Place]] = defaultdict(list)
        other: Counter[str] = Counter()
        listed = sample.get("events").objects()
        self.are_there = bool(listed)
        for event in listed:
            kind = event.get("event").name()
            if kind == "model":
                choices = event.get("output").maybe("choices").objects()
                message = choices[0].get("message") if choices else Place(sample.path, None)
                self.models[message.maybe("id").name()] = event
            elif kind == "tool":
                self.tools[event.get("id").name()] = event
            elif kind == "approval":
                self.approvals[event.get("call").maybe("id").name()].append(event)
            elif kind not in READ | FRAMES:
                other[kind] += 1
        found.left_out += [f"{count} events of type {kind}" for kind, count in sorted(other.items())]


def _conversation(sample: Place, events: _Events, builder: Builder, found: Foreign) -> None:
    attachments = sample.get("attachments").value
    texts = attachments if isinstance(attachments, dict) else {}
    waiting: list[ToolCall] = []
    turns = 0
    for message in sample.get("messages").objects():
        role = message.get("role").text()
        text = _attached(content(message.get("content"), found.left_out, turn=role == "assistant"), texts)
        if role == "assistant":
            turns += 1
            thought = reasoning.read(message, found.left_out, look=lambda text: _attached(text, texts))
            waiting = _turn(message, text, thought, events, builder, texts)
        elif role == "tool":
            wanted = message.get("tool_call_id").name()
            call = next((each for each in waiting if each.id == wanted), None)
            if call is None:
                call = ToolCall(id=wanted, name=message.get("function").name(), arguments="{}")
            _answered(message, call, text, events, builder)
        elif role in ("system", "user"):
            builder.told("system" if role == "system" else "user", text)
        else:
            message.get("role").wrong(f"is {role[:80]!r}; system, user, assistant or tool was expected")
    if len(events.models) > turns:
        found.left_out.append(f"{len(events.models) - turns} calls of models that are not among the messages")


def _turn(
    message: Place, text: str, thought: str, events: _Events, builder: Builder, texts: dict[str, Any]
) -> list[ToolCall]:
    calls = []
    for call in message.get("tool_calls").objects():
        arguments = _looked_up(call.get("arguments").value, texts)
        calls.append(ToolCall(id=call.get("id").name(), name=call.get("function").name(), arguments=arguments))
    event = events.models.get(message.get("id").name())
    usage, usd, seconds, at, stop = None, None, 0.0, "", "tool_calls" if calls else "end_turn"
    if event is not None:
        output = event.get("output")
        usage, usd = _usage(output.maybe("usage")), output.maybe("usage").maybe("total_cost").number()
        at = event.get("completed").text() or event.get("timestamp").text()
        seconds = seconds_since(event.get("timestamp").text(), event.get("completed").text())
        stop = (output.maybe("choices").objects() or [output])[0].maybe("stop_reason").name()
    model = message.get("model").name()
    builder.turn(text, calls, usage, usd, STOPS.get(stop, "end_turn"), model, seconds=seconds, at=at, reasoning=thought)
    return calls


def _answered(message: Place, call: ToolCall, text: str, events: _Events, builder: Builder) -> None:
    error = message.get("error")
    kind = error.maybe("type").name()
    event = events.tools.get(call.id)
    at, seconds = "", 0.0
    if event is not None:
        at = event.get("completed").text() or event.get("timestamp").text()
        seconds = event.get("working_time").number() or 0.0
    said = error.maybe("message").value
    text = text or (said if isinstance(said, str) else "")
    if kind == "parsing":
        builder.rejected(call, text, "schema", at)
        return
    builder.made(call, at)
    for asked in events.approvals.pop(call.id, []):
        decision = asked.get("decision").name()
        outcome: Outcome = "deny" if decision == "reject" else _outcome(asked, decision)
        reason = asked.get("explanation").text()
        builder.decided(call, asked.get("approver").name(), outcome, reason, asked.get("timestamp").text())
    builder.answer(call, text, error.is_there, timed_out=kind == "timeout", seconds=seconds, at=at)


def _outcome(asked: Place, decision: str) -> Outcome:
    for known in get_args(Outcome):
        if decision == known:
            outcome: Outcome = known
            return outcome
    return asked.get("decision").wrong(f"is {decision!r}; approve, modify, reject, escalate or terminate was expected")


def _usage(usage: Place) -> Usage | None:
    """Inspect's `input_tokens` are those that no cache gave or took."""
    given, output = usage.maybe("input_tokens").count(), usage.maybe("output_tokens").count()
    if given is None or output is None:
        return None
    return Usage(
        input=given,
        output=output,
        cache_read=usage.maybe("input_tokens_cache_read").count() or 0,
        cache_write=usage.maybe("input_tokens_cache_write").count() or 0,
        reasoning=usage.maybe("reasoning_tokens").count() or 0,
    )


def _attached(text: str, attachments: dict[str, Any]) -> str:
    if not text.startswith(ATTACHED):
        return text
    found = attachments.get(text[len(ATTACHED) :])
    return found if isinstance(found, str) else text


def _looked_up(arguments: Any, attachments: dict[str, Any]) -> str:
    if isinstance(arguments, dict):
        arguments = {
            name: _attached(value, attachments) if isinstance(value, str) else value
            for name, value in arguments.items()
        }
    return json.dumps(arguments if arguments is not None else {})


def _members(place: Place) -> Iterator[tuple[str, Place]]:
    if isinstance(place.value, dict):
        for name in list(place.value)[:50]:
            yield name, place.get(name)
