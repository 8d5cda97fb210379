"""A model's turn as it came: bounded before it is kept, its calls parsed, its silence explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationError

from runner.events.calls import CallRejected
from runner.messages import AssistantMessage, Reply, ToolCall, shorten
from runner.models.formats.textcalls import calls_as_text
from runner.tools.base import AnyTool, Arguments

MAX_TEXT = 64 * 1024
"""Characters of a model's text, or of one call's arguments, that are kept."""
MAX_CALLS = 32
"""Calls of one turn that are looked at."""


def bounded(message: AssistantMessage) -> AssistantMessage:
    """The message with over-long parts shortened, so that no model can fill the transcript or the memory."""
    calls = tuple(
        call.model_copy(
            update={"id": call.id[:200], "name": call.name[:200], "arguments": _shortened_arguments(call.arguments)}
        )
        for call in message.tool_calls[:MAX_CALLS]
    )
    left_out = max(0, len(message.tool_calls) - MAX_CALLS)
    return message.model_copy(
        update={"text": shorten(message.text, MAX_TEXT), "tool_calls": calls, "left_out": left_out}
    )


def _shortened_arguments(arguments: str) -> str:
    """Large but honest edits pass; beyond a mebibyte the text is cut and no longer parses."""
    return arguments if len(arguments) <= 1 << 20 else shorten(arguments, MAX_TEXT)


def parse(call: ToolCall, tools: Mapping[str, AnyTool]) -> tuple[AnyTool, Arguments] | CallRejected:
    """The tool and its typed arguments, or why not and what to do instead."""
    reason: Literal["parse", "schema", "unknown_tool"]
    tool = tools.get(call.name)
    if tool is None:
        reason = "unknown_tool"
        message = f"There is no tool {shorten(call.name, 80)!r}. The tools are: {', '.join(tools)}."
    else:
        try:
            return tool, tool.arguments.model_validate(json.loads(call.arguments))
        except ValidationError as error:
            reason = "schema"
            message = f"{call.name}: {first(error)}. Its arguments are: {', '.join(tool.arguments.model_fields)}."
        except (ValueError, RecursionError) as error:
            reason = "parse"
            message = (
                f"{call.name}: the arguments are no valid JSON ({shorten(str(error), 200)}). Send one JSON object."
            )
    return CallRejected(call_id=call.id, tool=call.name, arguments=call.arguments, reason=reason, message=message)


def silence(reply: Reply) -> CallRejected:
    """A turn without a call: say which of its reasons it had, and what to do."""
    if written := calls_as_text(reply.message.text):
        message = (
            f"You wrote a call of {written[0][:100]} as text; nothing was run. Call tools through the tool-calling "
            "interface of this API, not in the text of your answer."
        )
        return of_turn("as_text", message, written[0][:200])
    if reply.stop == "length":
        return of_turn(
            "cut", "Your turn was cut at the output limit before it called a tool. Think shorter, then call."
        )
    return of_turn("no_call", "Your turn held no tool call. Call a tool, or call submit when you are done.")


def of_turn(reason: Literal["no_call", "too_many", "as_text", "cut"], message: str, tool: str = "") -> CallRejected:
    """A rejection of a turn as a whole."""
    return CallRejected(call_id="", tool=tool, arguments="", reason=reason, message=message)


def first(error: ValidationError) -> str:
    """The first thing that is wrong, in a line."""
    found = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in found["loc"]) or "arguments"
    return f"{where}: {found['msg']}"
