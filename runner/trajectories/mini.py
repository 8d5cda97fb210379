"""Trajectories of mini-swe-agent: `trajectory_format` mini-swe-agent-1 and 1.1, and files from before it was named.

A list of messages in the manner of chat completions, each with an `extra` of any content, and an `info`. Version 2 of
the agent calls a tool `bash`; version 1 writes one command in a fenced block, and is answered by the user. Our own
events are in `info.taskfit`.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from runner import __version__
from runner.events.calls import ToolReturned
from runner.events.conversation import Replied
from runner.events.endings import LimitReached, Submitted, TrialFailed
from runner.messages import ToolCall, Usage, to_plain
from runner.thoughts import thoughts
from runner.trajectories import beside, reasoning
from runner.trajectories.base import Foreign, Losses, Source, Trial, Write
from runner.trajectories.blocks import Block, Made, blocks
from runner.trajectories.building import Builder, TooLong
from runner.trajectories.reading import Place, content, document, scalar

FORMAT = "mini-swe-agent-1.1"
KEPT = "info.taskfit"
NATIVE = frozenset({"told", "challenged", "replied", "tool_returned", "call_refused", "call_rejected"})
FENCED = re.compile(r"```(?:bash|sh|mswea_bash_command)[^\S\n]*\n(.*?)```", re.DOTALL)
"""A command in a text; each character is looked at once, whoever wrote it."""


def export(trials: Iterable[Trial], write: Write, losses: Losses) -> None:
    """A file a trial: `TRIAL.traj.json`."""
    for trial in trials:
        write(f"{trial.key.name}.traj.json", to_plain(trajectory(trial, losses)))


def trajectory(trial: Trial, losses: Losses) -> dict[str, Any]:
    """A trial in the agent's own shape."""
    messages: list[dict[str, Any]] = []
    held: beside.Held = {}
    for block in blocks(trial.events):
        held[block.head.step] = {block.field: f"/messages/{len(messages)}/content"}
        message: dict[str, Any] = {"role": block.role, "content": block.text}
        messages.append(message)
        if isinstance(block.head, Replied):
            message |= _calls(block, len(messages) - 1, held, losses)
            message["extra"]["cost"] = block.head.reply.cost_usd
            message["extra"]["response"] = {"model": block.head.reply.model_id, "usage": _usage(block.head.reply.usage)}
            _stamp(message, block.head.at)
            if thought := thoughts(block.head.reply.message):
                message["reasoning_content"] = thought
                where = f"/messages/{len(messages) - 1}/reasoning_content"
                held[block.head.step] |= reasoning.held(block.head, where)
        for made in block.calls:
            if made.answer is not None:
                held[made.answer.step] = {made.field: f"/messages/{len(messages)}/content"}
                messages.append(_answer(made))
    status = _status(trial)
    messages.append({"role": "exit", "content": status, "extra": {"exit_status": status, "submission": trial.patch}})
    losses.events(trial.events, NATIVE, KEPT)
    reasoning.note(trial.events, losses, KEPT)
    record = trial.record
    whole: dict[str, Any] = {
        "info": {
            "model_stats": {"instance_cost": record.cost_usd, "api_calls": record.turns},
            "config": {
                "agent": {},
                "agent_type": "taskfit",
                "model": {"model_name": trial.key.model},
                "environment": {},
            },
            "mini_version": "",
            "exit_status": status,
            "submission": trial.patch,
        },
        "messages": messages,
        "trajectory_format": FORMAT,
        "instance_id": trial.key.scenario,
    }
    kept = beside.pack(trial.events, held, whole)
    whole["info"][beside.NAME] = {"made_by": f"taskfit {__version__}", "verdict": record.verdict, **kept}
    return whole


def _calls(block: Block, at: int, held: beside.Held, losses: Losses) -> dict[str, Any]:
    actions, calls = [], []
    for made in block.calls:
        calls.append(
            {
                "id": made.call.id,
                "type": "function",
                "function": {"name": made.call.name, "arguments": made.call.arguments},
            }
        )
        where = f"/messages/{at}/tool_calls/{made.at}/function/arguments"
        held[block.head.step][f"reply.message.tool_calls.{made.at}.arguments"] = where
        command = made.proposed.arguments.get("command") if made.proposed is not None else None
        if made.proposed is not None:
            held[made.proposed.step] = {"arguments": f"loads:{where}"}
        if isinstance(command, str):
            actions.append({"command": command, "tool_call_id": made.call.id})
        else:
            losses.add("calls of tools that are no shell, as actions", kept="tool_calls")
    return {**({"tool_calls": calls} if calls else {}), "extra": {"actions": actions}}


def _answer(made: Made) -> dict[str, Any]:
    answer = made.answer
    code = answer.exit_code if isinstance(answer, ToolReturned) else None
    extra: dict[str, Any] = {"raw_output": made.text, "returncode": code, "is_error": made.is_error}
    message = {"role": "tool", "tool_call_id": made.call.id, "content": made.text, "extra": extra}
    _stamp(message, answer.at if answer is not None else "")
    return message


def _stamp(message: dict[str, Any], at: str) -> None:
    try:
        message["extra"]["timestamp"] = datetime.fromisoformat(at).timestamp()
    except ValueError:
        return


def _usage(usage: Usage) -> dict[str, Any]:
    prompt = usage.input + usage.cache_read + usage.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }


def _status(trial: Trial) -> str:
    for event in reversed(trial.events):
        match event:
            case Submitted():
                return "Submitted"
            case LimitReached():
                return "TimeExceeded" if event.limit == "minutes" else "LimitsExceeded"
            case TrialFailed():
                return event.kind
    return ""


def read(source: Source) -> Iterator[Foreign]:
    """The one trajectory of a file."""
    whole = Place(source.path, document(source))
    info = whole.get("info")
    config = info.maybe("config")
    found = Foreign(
        "mini",
        harness=f"mini-swe-agent {info.maybe('mini_version').name()}".strip(),
        task=whole.get("instance_id").name(),
        model=config.maybe("model").maybe("model_name").name(),
        patch=info.maybe("submission").text() if isinstance(info.maybe("submission").value, str) else "",
    )
    for name in ("exit_status", "resolved", "reward"):
        if info.maybe(name).is_there:
            found.told[name] = scalar(info.maybe(name).value)
    kept = info.maybe(beside.NAME)
    if kept.is_there:
        found.harness = kept.maybe("made_by").name()
        found.told["verdict"] = scalar(kept.maybe("verdict").value)
    if kept.is_there:
        found.beside = (kept.value, whole.value)
    builder = Builder()
    try:
        _conversation(whole.get("messages").objects(), builder, found)
    except TooLong as error:
        whole.get("messages").wrong(str(error))
    found.events, found.known = builder.events, builder.known()
    found.left_out += builder.left_out()
    yield found


def _conversation(messages: list[Place], builder: Builder, found: Foreign) -> None:
    waiting: list[ToolCall] = []
    written = False  # whether the calls are commands in the turn's text
    for message in messages:
        at = _time(message.get("extra").maybe("timestamp"))
        role = "assistant" if message.get("object").value == "response" else message.get("role").text()
        if role == "assistant":
            waiting = _turn(message, builder, found, at)
            written = not (message.get("tool_calls").is_there or message.get("output").is_there)
        elif role in ("tool", "user") and waiting and _answers(message, role, written):
            wanted = message.get("tool_call_id").name()
            call = next((each for each in waiting if each.id == wanted), waiting[0])
            waiting.remove(call)
            _answered(message, call, builder, found, at)
        elif message.get("type").value == "function_call_output":
            wanted = message.get("call_id").name()
            if answered := next((each for each in waiting if each.id == wanted), None):
                waiting.remove(answered)
                builder.answer(
                    answered, content(message.get("output"), found.left_out), exit_code=_code(message), at=at
                )
        elif role in ("system", "user"):
            builder.told("system" if role == "system" else "user", content(message.get("content"), found.left_out), at)
        elif role != "exit":
            message.get("role").wrong(f"is {role[:80]!r}; system, user, assistant, tool or exit was expected")


def _answers(message: Place, role: str, written: bool) -> bool:
    """Whether a message is the answer to a call; in version 1 every message of the user's after a command is one."""
    extra = message.get("extra")
    return role == "tool" or extra.maybe("raw_output").is_there or (written and not extra.is_there)


def _answered(message: Place, call: ToolCall, builder: Builder, found: Foreign, at: str) -> None:
    failed = message.get("extra").maybe("is_error").value
    exception = message.get("extra").maybe("exception_info").value
    text = content(message.get("content"), found.left_out)
    code = _code(message)
    told = failed if isinstance(failed, bool) else (bool(exception) if code is not None else None)
    builder.answer(call, text, told, code, at=at)


def _code(message: Place) -> int | None:
    found = message.get("extra").maybe("returncode").value
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 1 << 31 else None


def _turn(message: Place, builder: Builder, found: Foreign, at: str) -> list[ToolCall]:
    text, calls = content(message.get("content"), found.left_out, turn=True), []
    output = message.get("output").objects() if message.get("output").is_there else []
    thought = reasoning.items(output, found.left_out) if output else reasoning.read(message, found.left_out)
    for item in output:
        kind = item.get("type").name()
        if kind == "function_call":
            calls.append(_tool(item.get("call_id"), item.get("name"), item.get("arguments")))
        elif kind == "message":
            text += content(item.get("content"), found.left_out)
        elif not reasoning.is_reasoning(item):
            found.left_out.append(f"output of type {kind or 'unknown'}")
    for call in message.get("tool_calls").objects():
        function = call.get("function")
        calls.append(_tool(call.get("id"), function.maybe("name"), function.maybe("arguments")))
    extra = message.get("extra")
    if not calls:
        commands = [action.get("command").text() for action in extra.maybe("actions").objects()]
        if not extra.is_there:
            commands = [each[1].strip("\n") for each in itertools.islice(FENCED.finditer(text), 1)]
        calls = [ToolCall.of(f"{len(builder.events)}-{at}", "bash", command=each) for at, each in enumerate(commands)]
    usage = extra.maybe("response").maybe("usage")
    cost = extra.maybe("cost").number()
    model = extra.maybe("response").maybe("model").name()
    builder.turn(
        text, calls, _tokens(usage), cost, "tool_calls" if calls else "end_turn", model, at=at, reasoning=thought
    )
    for each in calls:
        builder.made(each, at)
    return calls


def _tool(id: Place, name: Place, arguments: Place) -> ToolCall:
    given = arguments.value
    return ToolCall(id=id.name(), name=name.name(), arguments=given if isinstance(given, str) else json.dumps(given))


def _tokens(usage: Place) -> Usage | None:
    prompt = usage.maybe("prompt_tokens").count() or usage.maybe("input_tokens").count()
    output = usage.maybe("completion_tokens").count() or usage.maybe("output_tokens").count()
    if prompt is None or output is None:
        return None
    cached = usage.maybe("prompt_tokens_details").maybe("cached_tokens").count() or 0
    return Usage(input=max(0, prompt - cached), cache_read=cached, output=output)


def _time(place: Place) -> str:
    seconds = place.value
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 1e11:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return ""
