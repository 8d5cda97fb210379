"""A foreign conversation as events of ours, one after the other; each text bounded, each command's effects read.

The effects of a shell command are read from its words, as of our own trials, with the whole workspace writable, for
nobody knows here what the task protected. Of other tools nothing is known but their names.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Literal

from runner.approvals import Action, Decision, Outcome, Request, Verdict
from runner.commands.classify import classify
from runner.effects import Effect
from runner.events import AnyEvent
from runner.events.calls import CallProposed, CallRejected, Decided, ToolReturned
from runner.events.conversation import Replied, Told
from runner.events.origins import Data
from runner.messages import AssistantMessage, Reply, StopReason, ToolCall, Usage
from runner.scenarios.scenario import Scope

LONGEST = 1 << 20
"""Characters of one text."""
MOST_EVENTS = 100_000
NOT_OURS = Verdict(ruling="allow", rule="imported", reason="another harness let it pass; its rules are not known")
SHELLS = frozenset({"bash", "bash_session", "shell", "run_command", "execute_bash", "terminal", "run_shell_command"})


class TooLong(Exception):
    """A trajectory has more events than are read."""


class Builder:
    """Collects events; what is not told stays at its default, and `known` says so."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self._cut = 0
        self._calls: list[CallProposed] = []
        self._has: Counter[str] = Counter()
        """Of turns, calls and answers: how many there are, and how many tell something."""

    def _add(self, event: AnyEvent, at: str) -> None:
        if len(self.events) >= MOST_EVENTS:
            raise TooLong(f"has more than {MOST_EVENTS:,} steps")
        self.events.append(event.model_copy(update={"at": at[:40]}))

    def told(self, role: Literal["system", "user"], text: str, at: str = "") -> None:
        self._add(Told(role=role, text=self._bounded(text)), at)

    def turn(
        self,
        text: str,
        calls: list[ToolCall],
        usage: Usage | None = None,
        usd: float | None = None,
        stop: StopReason = "tool_calls",
        model: str = "",
        seconds: float = 0.0,
        at: str = "",
        reasoning: str = "",
    ) -> None:
        """A turn, and what was thought in it; None where nobody counted tokens or money."""
        self._has["turns"] += 1
        self._has["usage"] += usage is not None
        self._has["cost"] += usd is not None
        kept = tuple(
            ToolCall(id=call.id[:200], name=call.name[:200], arguments=self._bounded(call.arguments)) for call in calls
        )
        reply = Reply(
            message=AssistantMessage(
                text=self._bounded(text),
                tool_calls=kept,
                native=({"reasoning_content": self._bounded(reasoning)},) if reasoning else (),
            ),
            usage=usage or Usage(),
            cost_usd=max(0.0, usd or 0.0),
            stop=stop,
            model_id=model,
        )
        self._add(Replied(turn=self._has["turns"], reply=reply, seconds=seconds), at)

    def made(self, call: ToolCall, at: str = "") -> None:
        """A call that was carried out."""
        arguments = _object(call.arguments)
        effects, targets = _reach(call.name, arguments)
        self._has["calls"] += 1
        self._has["effects"] += bool(effects)
        proposed = CallProposed(
            call_id=call.id[:200],
            tool=call.name[:200],
            arguments=arguments,
            effects=effects,
            targets=targets,
            policy=NOT_OURS,
        )
        self._calls.append(proposed)
        self._add(proposed, at)

    def rejected(
        self, call: ToolCall, message: str, reason: Literal["parse", "unknown_tool", "schema"], at: str
    ) -> None:
        """A call that never became an action."""
        self._has["rejections"] += 1
        self._add(
            CallRejected(
                call_id=call.id[:200],
                tool=call.name[:200],
                arguments=self._bounded(call.arguments),
                reason=reason,
                message=self._bounded(message),
            ),
            at,
        )

    def decided(self, call: ToolCall, approver: str, outcome: Outcome, reason: str, at: str = "") -> None:
        """Somebody was asked about a call."""
        self._has["approvals"] += 1
        arguments = _object(call.arguments)
        effects, targets = _reach(call.name, arguments)
        action = Action(tool=call.name[:200], arguments=arguments, effects=frozenset(effects), targets=targets)
        decision = Decision(outcome=outcome, approver=approver, reason=self._bounded(reason))
        request = Request(action=action, trigger="gate", rule="imported")
        event = Decided(call_id=call.id[:200], request=request, decision=decision, action_digest=action.digest)
        self._add(event, at)

    def answer(
        self,
        call: ToolCall,
        text: str,
        is_error: bool | None = None,
        exit_code: int | None = None,
        timed_out: bool = False,
        seconds: float = 0.0,
        at: str = "",
    ) -> None:
        """What a call came to; None where nobody says whether it failed, or how it ended."""
        self._has["answers"] += 1
        self._has["errors"] += is_error is not None
        self._has["exit_codes"] += exit_code is not None
        self._add(
            ToolReturned(
                call_id=call.id[:200],
                tool=call.name[:200],
                text=self._bounded(text),
                is_error=bool(is_error),
                timed_out=timed_out,
                exit_code=exit_code,
                seconds=max(0.0, seconds),
            ),
            at,
        )

    def known(self, *more: Data) -> frozenset[Data]:
        """What every turn, call or answer tells; what a format tells by its nature is `more`."""
        has = self._has
        found: set[Data] = set(more)
        wholes: tuple[tuple[Data, str], ...] = (
            ("usage", "turns"),
            ("cost", "turns"),
            ("effects", "calls"),
            ("errors", "answers"),
            ("exit_codes", "answers"),
        )
        found |= {data for data, whole in wholes if has[whole] and has[data] == has[whole]}
        return frozenset(found)

    def left_out(self) -> list[str]:
        return [f"{self._cut} texts were cut at {LONGEST:,} characters"] if self._cut else []

    def _bounded(self, text: str) -> str:
        if len(text) <= LONGEST:
            return text
        self._cut += 1
        return f"{text[:LONGEST]}\n… {len(text) - LONGEST:,} characters left out …"


def _object(arguments: str) -> dict[str, Any]:
    try:
        found = json.loads(arguments, parse_constant=lambda text: None) if arguments.strip() else {}
    except (ValueError, RecursionError):
        found = arguments
    return found if isinstance(found, dict) else {"input": found}


def _reach(tool: str, arguments: dict[str, Any]) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """What a shell command would do; nothing is known of other tools."""
    command = arguments.get("command", arguments.get("cmd"))
    if tool.lower() not in SHELLS or not isinstance(command, str) or len(command) > 64 * 1024:
        return (), ()
    found = classify(command, Scope())
    return tuple(sorted(found.effects)), found.targets[:100]
