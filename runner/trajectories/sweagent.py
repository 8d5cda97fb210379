"""SWE-agent's `.traj`: `history`, the messages; `trajectory`, an action and its observation a step; `info`.

A step has one action, so a turn of several calls becomes several steps, of which the first has the words. Our own
events are in `info.taskfit`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from runner import __version__
from runner.events.calls import ToolReturned
from runner.events.conversation import Replied
from runner.events.endings import LimitReached, Submitted, TrialFailed
from runner.messages import ToolCall, to_plain
from runner.thoughts import parts
from runner.trajectories import beside, reasoning
from runner.trajectories.base import Foreign, Losses, Source, Trial, Write
from runner.trajectories.blocks import Block, Made, blocks
from runner.trajectories.building import Builder, TooLong
from runner.trajectories.reading import Place, content, document, scalar

AGENT = "main"
KEPT = "info.taskfit"
NATIVE = frozenset({"told", "challenged", "replied", "tool_returned", "call_refused", "call_rejected"})
EXITS = {"usd": "exit_cost", "context": "exit_context", "format_errors": "exit_format"}
"""Our limits → SWE-agent's word for its own; of the others, `exit_` and ours."""


def export(trials: Iterable[Trial], write: Write, losses: Losses) -> None:
    """A file a trial: `TRIAL.traj`."""
    for trial in trials:
        write(f"{trial.key.name}.traj", to_plain(trajectory(trial, losses), 2))


def trajectory(trial: Trial, losses: Losses) -> dict[str, Any]:
    """A trial in SWE-agent's shape."""
    history: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    held: beside.Held = {}
    for block in blocks(trial.events):
        at = len(history)
        held[block.head.step] = {block.field: f"/history/{at}/content"}
        item: dict[str, Any] = {"role": block.role, "content": block.text, "agent": AGENT}
        history.append(item)
        if not isinstance(block.head, Replied):
            item["message_type"] = "system_prompt" if block.role == "system" else "observation"
            continue
        item |= {"message_type": "action", "thought": block.text, "action": "\n".join(map(_action, block.calls))}
        if thought := [{"type": "thinking", "thinking": text} for _, text in parts(block.head.reply.message)]:
            item["thinking_blocks"] = thought
            held[block.head.step] |= reasoning.held(block.head, f"/history/{at}/thinking_blocks/0/thinking")
        if block.calls:
            item["tool_calls"] = [_call(made, at, block, held) for made in block.calls]
        if not block.calls:
            steps.append(_step(block, None))
        for made in block.calls:
            steps.append(_step(block, made))
            if made.answer is not None:
                held[made.answer.step] = {made.field: f"/history/{len(history)}/content"}
                history.append(_observation(made))
        losses.add("calls beyond a turn's first, each a step without words", max(0, len(block.calls) - 1), "trajectory")
    losses.events(trial.events, NATIVE, KEPT)
    reasoning.note(trial.events, losses, KEPT)
    record = trial.record
    whole: dict[str, Any] = {
        "environment": "taskfit",
        "trajectory": steps,
        "history": history,
        "info": {
            "exit_status": _status(trial),
            "submission": trial.patch or None,
            "model_stats": {
                "instance_cost": record.cost_usd,
                "tokens_sent": record.usage.input + record.usage.cache_read + record.usage.cache_write,
                "tokens_received": record.usage.output,
                "api_calls": record.turns,
            },
        },
        "replay_config": None,
    }
    named = {"scenario": trial.key.scenario, "model": trial.key.model, "verdict": record.verdict}
    kept = beside.pack(trial.events, held, whole)
    whole["info"][beside.NAME] = {"made_by": f"taskfit {__version__}", **named, **kept}
    return whole


def _action(made: Made) -> str:
    """A command as a command, another tool as its name and arguments."""
    command = made.proposed.arguments.get("command") if made.proposed is not None else None
    return command if isinstance(command, str) else f"{made.call.name} {made.call.arguments}".strip()


def _call(made: Made, at: int, block: Block, held: beside.Held) -> dict[str, Any]:
    where = f"/history/{at}/tool_calls/{made.at}/function/arguments"
    held[block.head.step][f"reply.message.tool_calls.{made.at}.arguments"] = where
    if made.proposed is not None:
        held[made.proposed.step] = {"arguments": f"loads:{where}"}
    function = {"name": made.call.name, "arguments": made.call.arguments}
    return {"id": made.call.id, "type": "function", "function": function}


def _step(block: Block, made: Made | None) -> dict[str, Any]:
    first = made is None or made.at == 0
    answer = made.answer if made is not None else None
    return {
        "action": _action(made) if made is not None else "",
        "observation": (made.text if made is not None else None) or "",
        "response": block.text if first else "",
        "thought": block.text if first else "",
        "execution_time": answer.seconds if isinstance(answer, ToolReturned) else 0.0,
        "state": {},
        "query": [],
        "extra_info": {"is_error": made.is_error} if made is not None and made.answer is not None else {},
    }


def _observation(made: Made) -> dict[str, Any]:
    return {
        "role": "tool",
        "content": made.text,
        "agent": AGENT,
        "message_type": "observation",
        "tool_call_ids": [made.call.id],
    }


def _status(trial: Trial) -> str:
    for event in reversed(trial.events):
        match event:
            case Submitted():
                return "submitted"
            case LimitReached():
                return EXITS.get(event.limit, f"exit_{event.limit}")
            case TrialFailed():
                return "exit_error"
    return ""


def read(source: Source) -> Iterator[Foreign]:
    """The one trajectory of a file, from its history; demonstrations are left out."""
    whole = Place(source.path, document(source))
    info = whole.get("info")
    kept = info.maybe(beside.NAME)
    submission = info.maybe("submission").value
    version = info.maybe("swe_agent_version").name()
    found = Foreign(
        "sweagent",
        harness=kept.maybe("made_by").name() or f"SWE-agent {version}".strip(),
        task=kept.maybe("scenario").name() or source.path.name.removesuffix(".traj"),
        model=kept.maybe("model").name() or _model(whole),
        patch=submission if isinstance(submission, str) else "",
    )
    for place, name in ((info, "exit_status"), (kept, "verdict"), (info, "resolved")):
        if place.maybe(name).is_there:
            found.told[name] = scalar(place.maybe(name).value)
    stats = info.maybe("model_stats")
    for name in ("instance_cost", "tokens_sent", "tokens_received", "api_calls"):
        if (number := stats.maybe(name).number()) is not None:
            found.told[name] = number
    if kept.is_there:
        found.beside = (kept.value, whole.value)
    builder = Builder()
    try:
        _conversation(whole, builder, found)
    except TooLong as error:
        whole.get("history").wrong(str(error))
    found.events, found.known = builder.events, builder.known()
    found.left_out += builder.left_out()
    yield found


def _model(whole: Place) -> str:
    """Out of the configuration to replay with, which some versions keep as JSON text."""
    config = whole.get("replay_config").value
    if isinstance(config, str):
        try:
            config = json.loads(config)
        except (ValueError, RecursionError):
            return ""
    return Place(whole.path, config, "replay_config").maybe("agent").maybe("model").maybe("name").name()


def _conversation(whole: Place, builder: Builder, found: Foreign) -> None:
    steps = iter(whole.get("trajectory").objects())
    demos, waiting, seconds, answers = 0, list[ToolCall](), list[float](), "user"
    for item in whole.get("history").objects():
        if item.get("is_demo").value is True:
            demos += 1
            continue
        role = item.get("role").text()
        text = content(item.get("content"), found.left_out, turn=role == "assistant")
        if role == "assistant":
            waiting = _calls(item, len(builder.events))
            answers = "tool" if item.get("tool_calls").value else "user"
            seconds = [_seconds(next(steps, None)) for _ in range(max(1, len(waiting)))]
            thought = reasoning.read(item, found.left_out)
            builder.turn(text, waiting, stop="tool_calls" if waiting else "end_turn", reasoning=thought)
            for call in waiting:
                builder.made(call)
        elif waiting and role == answers:
            ids = [each.name() for each in item.get("tool_call_ids").items()]
            at = next((at for at, call in enumerate(waiting) if call.id in ids), 0)
            builder.answer(waiting.pop(at), text, seconds=seconds.pop(at))
        elif role in ("system", "user", "tool"):
            builder.told("system" if role == "system" else "user", text)
        else:
            item.get("role").wrong(f"is {role[:80]!r}; system, user, assistant or tool was expected")
    if demos:
        found.left_out.append(f"{demos} messages of demonstrations")


def _calls(item: Place, number: int) -> list[ToolCall]:
    """A turn's calls: the model's own, or else the command that was read out of its words."""
    calls = []
    for call in item.get("tool_calls").objects():
        function = call.get("function")
        given = function.maybe("arguments").value
        arguments = given if isinstance(given, str) else json.dumps(given)
        calls.append(ToolCall(id=call.get("id").name(), name=function.maybe("name").name(), arguments=arguments))
    action = item.get("action").value
    if not calls and isinstance(action, str) and action.strip():
        calls = [ToolCall.of(f"action-{number}", "bash", command=action)]
    return calls


def _seconds(step: Place | None) -> float:
    return (step.get("execution_time").number() or 0.0) if step is not None else 0.0
