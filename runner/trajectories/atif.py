"""ATIF, Harbor's Agent Trajectory Interchange Format (RFC 0001 in Harbor's repository), version 1.7.

A prompt or a turn is a step; a turn's calls are its `tool_calls`, their answers its `observation`. `extra` may hold
anything, on every level, and holds our own events once, at the root.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from runner import __version__
from runner.events.conversation import Replied
from runner.messages import StopReason, ToolCall, Usage, to_plain
from runner.thoughts import thoughts
from runner.trajectories import beside, reasoning
from runner.trajectories.base import Foreign, Losses, Source, Trial, Write
from runner.trajectories.blocks import Block, blocks
from runner.trajectories.building import Builder, TooLong
from runner.trajectories.reading import Place, content, document, scalar

SCHEMA = "ATIF-v1.7"
"""The version that is written."""
LATEST = "ATIF-v1.8"
"""The last one that is known: 1.7, and sound as content."""
KEPT = "extra.taskfit of the trajectory"
NATIVE = frozenset({"told", "challenged", "replied", "tool_returned", "call_refused"})


def export(trials: Iterable[Trial], write: Write, losses: Losses) -> None:
    """A file a trial: `TRIAL.trajectory.json`, which ends as its other writers name theirs."""
    for trial in trials:
        whole = trajectory(trial, losses)
        if whole is None:
            losses.add("trials in which nothing was said")
        else:
            write(f"{trial.key.name}.trajectory.json", to_plain(whole))


def trajectory(trial: Trial, losses: Losses) -> dict[str, Any] | None:
    """A trial as a trajectory; None where it has no step, which the format demands."""
    steps: list[dict[str, Any]] = []
    held: beside.Held = {}
    for block in blocks(trial.events):
        at = len(steps)
        held[block.head.step] = {block.field: f"/steps/{at}/message"}
        step: dict[str, Any] = {"step_id": at + 1}
        if block.head.at:
            step["timestamp"] = block.head.at
        steps.append(step | {"source": {"assistant": "agent"}.get(block.role, block.role), "message": block.text})
        if isinstance(block.head, Replied):
            step = steps[-1]
            step |= _turn(block, block.head, at, held, losses)
    if not steps:
        return None
    losses.events(trial.events, NATIVE, KEPT)
    reasoning.note(trial.events, losses, KEPT)
    usage, key = trial.record.usage, trial.key
    whole: dict[str, Any] = {
        "schema_version": SCHEMA,
        "session_id": f"{trial.run}/{key.name}" if trial.run else key.name,
        "trajectory_id": key.name,
        "agent": {"name": "taskfit", "version": __version__, "model_name": key.model},
        "steps": steps,
        "final_metrics": {
            "total_prompt_tokens": usage.input + usage.cache_read + usage.cache_write,
            "total_completion_tokens": usage.output,
            "total_cached_tokens": usage.cache_read,
            "total_cost_usd": trial.record.cost_usd,
            "total_steps": len(steps),
        },
        "extra": {
            "scenario": key.scenario,
            "arm": key.arm,
            "repeat": key.repeat,
            "verdict": trial.record.verdict,
            "reason": trial.finished.reason if trial.finished is not None else "",
        },
    }
    whole["extra"][beside.NAME] = beside.pack(trial.events, held, whole)
    return whole


def _turn(block: Block, head: Replied, at: int, held: beside.Held, losses: Losses) -> dict[str, Any]:
    usage = head.reply.usage
    step: dict[str, Any] = {
        "llm_call_count": 1,
        "metrics": {
            "prompt_tokens": usage.input + usage.cache_read + usage.cache_write,
            "completion_tokens": usage.output,
            "cached_tokens": usage.cache_read,
            "cost_usd": head.reply.cost_usd,
        },
    }
    if thought := thoughts(head.reply.message):
        step["reasoning_content"] = thought
        held[head.step] |= reasoning.held(head, f"/steps/{at}/reasoning_content")
    if head.reply.model_id:
        step["model_name"] = head.reply.model_id
    if block.calls:
        step["tool_calls"] = [
            {"tool_call_id": made.call.id, "function_name": made.call.name, "arguments": _arguments(made.call, losses)}
            for made in block.calls
        ]
    results: list[dict[str, Any]] = []
    for made in block.calls:
        where = f"/steps/{at}/tool_calls/{made.at}/arguments"
        held[head.step][f"reply.message.tool_calls.{made.at}.arguments"] = f"dumps:{where}"
        if made.proposed is not None:
            held[made.proposed.step] = {"arguments": where}
        if made.answer is not None:
            held[made.answer.step] = {made.field: f"/steps/{at}/observation/results/{len(results)}/content"}
            results.append({"source_call_id": made.call.id, "content": made.text})
            if made.is_error:
                results[-1]["extra"] = {"is_error": True}
                losses.add("marks of failed calls", kept="extra.is_error of observation results")
    if results:
        step["observation"] = {"results": results}
    return step


def _arguments(call: ToolCall, losses: Losses) -> dict[str, Any]:
    try:
        found = json.loads(call.arguments, parse_constant=lambda text: text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    losses.add("arguments that are no JSON object", kept="arguments.text")
    return {"text": call.arguments}


def read(source: Source) -> Iterator[Foreign]:
    """The one trajectory of a file; steps that were copied from another trajectory are left out."""
    whole = Place(source.path, document(source))
    version = whole.get("schema_version").text()
    if not version.startswith("ATIF-"):
        whole.get("schema_version").wrong("does not begin with ATIF-; this is no ATIF trajectory")
    agent = whole.get("agent")
    found = Foreign(
        "atif",
        harness=" ".join(filter(None, [agent.maybe("name").name(), agent.maybe("version").name()])),
        model=agent.maybe("model_name").name(),
    )
    extra = whole.get("extra")
    found.task = extra.maybe("scenario").name() if beside.NAME in (extra.value or {}) else ""
    if extra.maybe(beside.NAME).is_there:
        found.beside = (extra.maybe(beside.NAME).value, whole.value)
    found.told = {name: scalar(value) for name, value in _told(extra)}
    builder, copied = Builder(), 0
    try:
        for step in whole.get("steps").objects():
            if step.get("is_copied_context").value is True:
                copied += 1
            else:
                _step(step, builder, found)
    except TooLong as error:
        whole.get("steps").wrong(str(error))
    if copied:
        found.left_out.append(f"{copied} steps that were copied from another trajectory")
    if _is_later(version):
        found.left_out.append(f"whatever {version[:40]} has that {LATEST}, as which it was read, has not")
    for name in ("subagent_trajectories", "continued_trajectory_ref"):
        if whole.get(name).is_there:
            found.left_out.append(name.replace("_", " "))
    found.events, found.known = builder.events, builder.known()
    found.left_out += builder.left_out()
    yield found


def _is_later(version: str) -> bool:
    """Whether a version is none that is known here: a later one, or one that is no number."""
    given, known = (re.fullmatch(r"ATIF-v(\d{1,4})\.(\d{1,4})", each) for each in (version, LATEST))
    return given is None or known is None or tuple(map(int, given.groups())) > tuple(map(int, known.groups()))


def _told(extra: Place) -> Iterator[tuple[str, Any]]:
    for name in ("reward", "rewards", "resolved", "verdict", "reason", "exit_status", "score"):
        if (value := extra.maybe(name).value) is not None and value != "":
            yield name, value


def _step(step: Place, builder: Builder, found: Foreign) -> None:
    at = step.get("timestamp").text()
    who = step.get("source").text()
    text = content(step.get("message"), found.left_out, turn=who == "agent")
    if who in ("system", "user"):
        builder.told("system" if who == "system" else "user", text, at)
        return
    if who != "agent":
        step.get("source").wrong(f"is {who[:80]!r}; system, user or agent was expected")
    thought = reasoning.read(step, found.left_out, "message")
    calls = [
        ToolCall(
            id=call.get("tool_call_id").name(),
            name=call.get("function_name").name(),
            arguments=json.dumps(call.get("arguments").value or {}),
        )
        for call in step.get("tool_calls").objects()
    ]
    metrics = step.get("metrics")
    prompt, cached = metrics.maybe("prompt_tokens").count(), metrics.maybe("cached_tokens").count() or 0
    completion = metrics.maybe("completion_tokens").count()
    usage = None
    if prompt is not None and completion is not None:
        usage = Usage(input=max(0, prompt - cached), cache_read=cached, output=completion)
    usd = metrics.maybe("cost_usd").number()
    stop: StopReason = "tool_calls" if calls else "end_turn"
    builder.turn(text, calls, usage, usd, stop, step.get("model_name").name(), at=at, reasoning=thought)
    answers = step.get("observation").maybe("results").objects()
    for call in calls:
        builder.made(call, at)
        mine = next((each for each in answers if each.get("source_call_id").value == call.id), None)
        if mine is not None:
            answers.remove(mine)
            failed = mine.get("extra").maybe("is_error").value
            told = content(mine.get("content"), found.left_out)
            builder.answer(call, told, failed if isinstance(failed, bool) else None, at=at)
    for each in answers:
        builder.told("user", content(each.get("content"), found.left_out), at)
