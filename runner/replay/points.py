"""Where a recorded trial can be forked, and what was said and used up to there."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from runner.errors import FileProblem, UserError
from runner.events import AnyEvent
from runner.events.calls import ToolReturned
from runner.events.conversation import Replied
from runner.events.endings import LimitReached
from runner.messages import AssistantMessage, Frozen, Message, ToolCall, ToolMessage, to_json
from runner.regular import content
from runner.replay.origin import Recorded
from runner.trials.conversation import until_submission

CONVERSATION = "conversation.json"
MESSAGES: TypeAdapter[list[Message]] = TypeAdapter(list[Message])
END = "end"
"""Instead of a step: the last turn's beginning, or the end of a trial that submitted nothing."""
ODD = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
SHOWN = 12
"""Steps that a message lists."""


@dataclass(frozen=True)
class Place:
    """A trial and a step of it, as a user writes them: TRIAL@STEP."""

    trial: Path
    step: int | None
    """None: `end`."""

    @classmethod
    def parse(cls, text: str) -> Place:
        """Raises UserError for what is no TRIAL@STEP."""
        trial, at, step = text.rpartition("@")
        if not at or not trial or not (step == END or (step.isascii() and step.isdecimal() and len(step) < 10)):
            raise UserError(f"{text:.300}: write TRIAL@STEP, as in runs/…/trials/NAME@12, or TRIAL@{END}")
        return cls(Path(trial), None if step == END else int(step))


def points(events: Sequence[AnyEvent]) -> list[int]:
    """The steps that a trial can be forked at: each turn's beginning, and the end of one that ended at a limit.

    A fork at a step goes on from all that was recorded before it. The last turn of a transcript that breaks off is
    whole as far as its own beginning.
    """
    found = [event.step for event in events if isinstance(event, Replied)]
    limit = next((event for event in events if isinstance(event, LimitReached)), None)
    if limit is not None and limit.limit in ("turns", "usd", "format_errors"):
        found.append(limit.step)
    return found


def fork_step(recorded: Recorded, step: int | None) -> tuple[int, str]:
    """The step to fork at, and a sentence where it is not the one asked for. Raises UserError for no such step."""
    found = points(recorded.events)
    where = f"it can be forked at {_listed(found)}" if found else "its model never had a turn, so it cannot be forked"
    if not found:
        raise UserError(f"{recorded.folder}: {where}")
    if step is None:
        return found[-1], ""
    if step >= len(recorded.events):
        raise UserError(f"{recorded.folder} has no step {step}, its last is {len(recorded.events) - 1}; {where}")
    if step < found[0]:
        raise UserError(f"{recorded.folder}: before step {found[0]} its model had said nothing; {where}")
    at = max(each for each in found if each <= step)
    if at == step:
        return at, ""
    return at, f"step {step} is in the middle of the turn that begins at step {at}: forked at {at}"


def conversation(recorded: Recorded, before: int) -> list[Message]:
    """What was said and answered before a step, in what the trial itself went on from as well. Raises FileProblem."""
    own = until_submission(recorded.events[:before])
    if (trunk := recorded.trunk()) is not None:
        return [*conversation(trunk, len(trunk.events)), *own]
    if (forked := recorded.forked) is None:
        return own
    said = read_conversation(recorded.fork(forked.fork))
    return [*(said if forked.trial.model == recorded.started.key.model else for_another(said)), *own]


def read_conversation(folder: Path) -> list[Message]:
    """The conversation that was kept with a fork. Raises FileProblem."""
    file = folder / CONVERSATION
    try:
        return MESSAGES.validate_json(content(file))
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise FileProblem(file, f"is no conversation: {error.errors(include_url=False)[0]['msg']}") from None


def write_conversation(folder: Path, said: Sequence[Message]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONVERSATION).write_bytes(b"[" + b",\n".join(to_json(message) for message in said) + b"]\n")


def for_another(said: Sequence[Message]) -> list[Message]:
    """For another model than the one that spoke, in whatever wire format it speaks.

    What only the speaker's own provider can read (reasoning, signatures) goes. Ids and names of calls become such as
    every provider takes, each id once: some allow letters, digits, hyphens and underscores alone.
    """
    found: list[Message] = []
    waiting: list[tuple[str, str]] = []
    ids = (f"earlier-{number}" for number in itertools.count(1))
    for message in said:
        if isinstance(message, AssistantMessage):
            waiting = [(call.id, next(ids)) for call in message.tool_calls]
            calls = tuple(_plain(call, new) for call, (_, new) in zip(message.tool_calls, waiting, strict=True))
            found.append(message.model_copy(update={"tool_calls": calls, "native": (), "native_format": ""}))
        elif isinstance(message, ToolMessage):
            known = next((each for each in waiting if each[0] == message.call_id), None)
            if known is not None:
                waiting.remove(known)
                found.append(message.model_copy(update={"call_id": known[1]}))
        else:
            found.append(message)
    return found


def _plain(call: ToolCall, call_id: str) -> ToolCall:
    name = ODD.sub("_", call.name)[:LONGEST_NAME] or "unnamed"
    return call.model_copy(update={"id": call_id, "name": name})


class Used(Frozen):
    """What a trial had used of its limits before a step."""

    turns: int = 0
    seconds: float = 0.0
    """Of the model's and the tools' work."""
    usd: float = 0.0


def used(events: Sequence[AnyEvent], before: int, earlier: Used) -> Used:
    """Likewise as the loop counts it: waiting for providers and approvers is no work."""
    turns, seconds, usd = earlier.turns, earlier.seconds, earlier.usd
    for event in events[:before]:
        if isinstance(event, Replied):
            turns += 1
            seconds += event.seconds - (event.reply.call.waited if event.reply.call else 0.0)
            usd += event.reply.cost_usd
        elif isinstance(event, ToolReturned) and event.tool != "request_approval":
            seconds += event.seconds
    return Used(turns=turns, seconds=max(0.0, seconds), usd=usd)


def prefix_digest(events: Sequence[AnyEvent], before: int) -> str:
    """SHA-256 of the steps before this one, each as a line of JSON."""
    parts = hashlib.sha256()
    for event in events[:before]:
        parts.update(to_json(event) + b"\n")
    return parts.hexdigest()


def _listed(steps: Sequence[int]) -> str:
    if len(steps) <= SHOWN:
        return ", ".join(map(str, steps))
    return f"{', '.join(map(str, steps[: SHOWN - 1]))}, … {steps[-1]}"
