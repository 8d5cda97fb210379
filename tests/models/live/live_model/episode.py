"""One small episode that any model can be led through: five of the real tools, over a workspace that is a dictionary.

The answers depend on the calls alone, so that two models that make the same calls read the same conversation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runner.messages import AssistantMessage, Message, SystemMessage, ToolCall, ToolMessage, ToolSpec, UserMessage
from runner.models.base import Model
from runner.tools import toolbox
from runner.tools.base import spec

NAMES = ("list_files", "read_file", "edit_file", "run_tests", "submit")
FILE = "src/calc.py"
SOURCE = "def double(x):\n    return x + 2\n"
OPENING: tuple[Message, ...] = (
    SystemMessage(text="You fix bugs in Python repositories."),
    UserMessage(text=f'Issue: double("ä") gives an error and double(3) gives 5, I expected 6. The code is in {FILE}.'),
    AssistantMessage(
        text="I look at two files first.",
        tool_calls=(ToolCall.of("c-1", "read_file", path=FILE), ToolCall.of("c-2", "read_file", path="README.md")),
    ),
    ToolMessage(call_id="c-1", text="1\tdef double(x):\n2\t    return x + 2"),
    ToolMessage(call_id="c-2", text="README.md does not exist: “no such file”", is_error=True),
)
"""Begins with what an adapter has to carry and a model may never do by itself: text beside two calls, an error."""

NO_CALL = "Your turn held no tool call. Call a tool, or call submit when you are done."


@dataclass(frozen=True)
class Action:
    """One call, as far as it can be compared: ids differ, and so may the spaces between JSON's tokens."""

    name: str
    arguments: Any

    @classmethod
    def of(cls, call: ToolCall) -> Action:
        try:
            return cls(call.name, json.loads(call.arguments))
        except ValueError:
            return cls(call.name, call.arguments)


def specs() -> list[ToolSpec]:
    """What a model is told of the tools of an episode."""
    return [spec(tool) for name, tool in toolbox().items() if name in NAMES]


def play(model: Model, turns: int) -> list[list[Action]]:
    """The calls of each turn; ends with a submission."""
    conversation, files, made = list(OPENING), {FILE: SOURCE}, []
    while len(made) < turns:
        reply = model.reply(conversation, specs())
        conversation.append(reply.message)
        made.append([Action.of(call) for call in reply.message.tool_calls])
        for call, action in zip(reply.message.tool_calls, made[-1], strict=True):
            conversation.append(_answer(call, action, files))
        if not made[-1]:
            conversation.append(UserMessage(text=NO_CALL))
        if any(action.name == "submit" for action in made[-1]):
            break
    return made


def _answer(call: ToolCall, action: Action, files: dict[str, str]) -> ToolMessage:
    arguments = action.arguments if isinstance(action.arguments, dict) else {}
    text = files.get(str(arguments.get("path")), "")
    if action.name == "list_files":
        return ToolMessage(call_id=call.id, text="\n".join(sorted(files)))
    if action.name == "read_file" and text:
        numbered = enumerate(text.splitlines(), 1)
        return ToolMessage(call_id=call.id, text="\n".join(f"{number}\t{line}" for number, line in numbered))
    if action.name == "edit_file" and text.count(str(arguments.get("old"))) == 1:
        files[arguments["path"]] = text.replace(str(arguments["old"]), str(arguments.get("new")))
        return ToolMessage(call_id=call.id, text="changed")
    if action.name == "run_tests":
        fixed = files[FILE] != SOURCE
        return ToolMessage(call_id=call.id, text="2 passed" if fixed else "1 failed, 1 passed")
    return ToolMessage(call_id=call.id, text=f"{action.name} cannot do that; try something else.", is_error=True)


def variety(actions: Sequence[Sequence[Action]]) -> int:
    """How many different calls there are among an episode's."""
    return len({(action.name, json.dumps(action.arguments, sort_keys=True)) for turn in actions for action in turn})
