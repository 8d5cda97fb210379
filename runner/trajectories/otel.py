"""Trials as OpenTelemetry traces after the semantic conventions for generative AI (their state of version 1.41).

A trial is a trace: a root span `invoke_agent`, below it a span `chat` a turn and a span `execute_tool` a call. The
verdict is the event `gen_ai.evaluation.result` of the root; whatever the conventions have no name for is an event
`taskfit.TYPE` there. Written after OTLP's JSON mapping (ids in hexadecimal, 64-bit integers as texts), one request a
line, which is what collectors' file exporters write and their file receivers read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from runner import __version__
from runner.events import AnyEvent
from runner.events.calls import ToolReturned
from runner.events.conversation import Replied
from runner.messages import Reply, StopReason, to_plain
from runner.thoughts import parts
from runner.trajectories import reasoning
from runner.trajectories.base import Losses, Trial, Write
from runner.trajectories.blocks import Block, Made, blocks

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"
FILE = "traces.jsonl"
KEPT = "events taskfit.* of the root span"
NATIVE = frozenset(
    {"told", "challenged", "replied", "tool_returned", "call_refused", "call_rejected", "trial_finished"}
)
INTERNAL, CLIENT = 1, 3
"""Kinds of spans."""
ERROR = 2
"""A status."""
FINISHED: dict[StopReason, str] = {
    "end_turn": "stop",
    "tool_calls": "tool_call",
    "length": "length",
    "refusal": "content_filter",
    "context": "length",
}


def export(trials: Iterable[Trial], write: Write, losses: Losses) -> None:
    """One file of lines, a trial each."""
    write(FILE, b"".join(to_plain(request(trial, losses)) + b"\n" for trial in trials))


def request(trial: Trial, losses: Losses) -> dict[str, Any]:
    """An ExportTraceServiceRequest with one trial's trace."""
    losses.events(trial.events, NATIVE, KEPT)
    reasoning.note(trial.events, losses)
    key = trial.key
    resource = {"service.name": "taskfit", "service.version": __version__, "taskfit.run": trial.run}
    scope = {"name": "taskfit", "version": __version__}
    spans = list(_Trace(trial).spans())
    losses.add("turns whose earlier messages are in earlier spans only", sum(s["kind"] == CLIENT for s in spans) - 1)
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({**resource, "taskfit.scenario": key.scenario})},
                "scopeSpans": [{"scope": scope, "spans": spans, "schemaUrl": SCHEMA_URL}],
                "schemaUrl": SCHEMA_URL,
            }
        ]
    }


class _Trace:
    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._id = hashlib.sha256(f"{trial.run}\0{trial.key.name}".encode()).hexdigest()[:32]
        self._root = self._span_id("root")
        started = trial.started
        self._provider = _provider(trial)
        self._common = {"gen_ai.conversation.id": trial.key.name}
        self._seed = started.seed if started is not None else None

    def spans(self) -> Iterator[dict[str, Any]]:
        """The root first."""
        trial, record = self._trial, self._trial.record
        usage = record.usage
        system = [block for block in blocks(trial.events) if block.role == "system"]
        yield self._span(
            "invoke_agent taskfit",
            "root",
            INTERNAL,
            (_nanos(trial.began), _nanos(trial.ended)),
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": "taskfit",
                "gen_ai.agent.version": __version__,
                "gen_ai.provider.name": self._provider,
                "gen_ai.request.model": trial.key.model,
                "gen_ai.system_instructions": json.dumps([_part(block.text) for block in system]) if system else None,
                "gen_ai.usage.input_tokens": usage.input + usage.cache_read + usage.cache_write,
                "gen_ai.usage.output_tokens": usage.output,
                "taskfit.scenario": trial.key.scenario,
                "taskfit.arm": trial.key.arm,
                "taskfit.repeat": trial.key.repeat,
                "taskfit.seed": self._seed,
                "taskfit.verdict": record.verdict,
                "taskfit.cost_usd": record.cost_usd,
            },
            events=list(self._events()),
            failed=record.verdict == "infra_error",
        )
        heard: list[dict[str, Any]] = []
        for block in blocks(trial.events):
            if isinstance(block.head, Replied):
                yield self._chat(block, block.head, heard)
                heard = [_response(made) for made in block.calls if made.answer is not None]
                yield from (self._tool(made) for made in block.calls if made.answer is not None)
            elif block.role != "system":
                heard.append({"role": "user", "parts": [_part(block.text)]})

    def _chat(self, block: Block, head: Replied, heard: list[dict[str, Any]]) -> dict[str, Any]:
        reply, call = head.reply, head.reply.call
        usage = reply.usage
        end = _nanos(head.at)
        return self._span(
            f"chat {self._trial.key.model}",
            str(head.step),
            CLIENT,
            (end - round(head.seconds * 1e9), end),
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": self._provider,
                "gen_ai.request.model": call.requested_model if call is not None else self._trial.key.model,
                "gen_ai.response.model": reply.model_id or None,
                "gen_ai.response.id": (call.response_id or None) if call is not None else None,
                "gen_ai.response.finish_reasons": [FINISHED[reply.stop]],
                "gen_ai.usage.input_tokens": usage.input + usage.cache_read + usage.cache_write,
                "gen_ai.usage.output_tokens": usage.output,
                "gen_ai.usage.cache_read.input_tokens": usage.cache_read,
                "gen_ai.usage.cache_creation.input_tokens": usage.cache_write,
                "gen_ai.usage.reasoning.output_tokens": usage.reasoning,
                "gen_ai.input.messages": json.dumps(heard) if heard else None,
                "gen_ai.output.messages": json.dumps([_said(block, reply)]),
                "taskfit.turn": head.turn,
                "taskfit.cost_usd": reply.cost_usd,
            },
        )

    def _tool(self, made: Made) -> dict[str, Any]:
        answer = made.answer
        assert answer is not None
        end = _nanos(answer.at)
        kind = "timeout" if isinstance(answer, ToolReturned) and answer.timed_out else answer.type
        return self._span(
            f"execute_tool {made.call.name}",
            str(answer.step),
            INTERNAL,
            (end - round(answer.seconds * 1e9), end),
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": made.call.name,
                "gen_ai.tool.type": "function",
                "gen_ai.tool.call.id": made.call.id,
                "gen_ai.tool.call.arguments": made.call.arguments,
                "gen_ai.tool.call.result": made.text,
                "error.type": kind if made.is_error else None,
                "taskfit.effects": list(made.proposed.effects) if made.proposed is not None else None,
            },
            failed=made.is_error,
        )

    def _events(self) -> Iterator[dict[str, Any]]:
        for event in self._trial.events:
            if event.type not in NATIVE:
                yield _event(
                    f"taskfit.{event.type}", event, {"taskfit.step": event.step, "taskfit.event": _json(event)}
                )
        finished = self._trial.finished
        if finished is not None and self._trial.record.counted:
            told = {
                "gen_ai.evaluation.name": "resolved",
                "gen_ai.evaluation.score.value": float(self._trial.record.resolved),
                "gen_ai.evaluation.score.label": finished.verdict,
                "gen_ai.evaluation.explanation": finished.reason or None,
            }
            yield _event("gen_ai.evaluation.result", finished, told)

    def _span(
        self,
        name: str,
        of: str,
        kind: int,
        times: tuple[int, int],
        attributes: dict[str, Any],
        events: list[dict[str, Any]] | None = None,
        failed: bool = False,
    ) -> dict[str, Any]:
        return {
            "traceId": self._id,
            "spanId": self._span_id(of),
            **({"parentSpanId": self._root} if of != "root" else {}),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(max(0, min(times))),
            "endTimeUnixNano": str(max(times)),
            "attributes": _attributes({**self._common, **attributes}),
            "events": events or [],
            "status": {"code": ERROR} if failed else {},
        }

    def _span_id(self, of: str) -> str:
        return hashlib.sha256(f"{self._id}\0{of}".encode()).hexdigest()[:16]


def _provider(trial: Trial) -> str:
    """What the conventions call the provider; `taskfit` where none was asked."""
    calls = (event.reply.call for event in trial.events if isinstance(event, Replied))
    return next((call.provider for call in calls if call is not None and call.provider), "taskfit")


def _event(name: str, event: AnyEvent, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"timeUnixNano": str(_nanos(event.at)), "name": name, "attributes": _attributes(attributes)}


def _json(event: AnyEvent) -> str:
    return json.dumps(event.model_dump(mode="json", exclude_defaults=True, exclude={"step", "at"}))


def _part(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def _said(block: Block, reply: Reply) -> dict[str, Any]:
    said = [{"type": "reasoning", "content": text} for _, text in parts(reply.message)]
    said += [_part(block.text)] if block.text else []
    for made in block.calls:
        said.append({"type": "tool_call", "id": made.call.id, "name": made.call.name, "arguments": made.call.arguments})
    return {"role": "assistant", "parts": said, "finish_reason": FINISHED[reply.stop]}


def _response(made: Made) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_call_response", "id": made.call.id, "response": made.text}]}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}


def _nanos(at: str) -> int:
    """Nanoseconds since 1970; 0 where nobody noted the time."""
    try:
        return round(datetime.fromisoformat(at).timestamp() * 1e6) * 1000
    except (ValueError, OverflowError, OSError):
        return 0
