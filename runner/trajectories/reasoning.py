"""What a model thought, on its way into other formats and out of them.

Formats hold it as text: in a field of the message, or in parts of its content, or beside it in blocks. What is
encrypted, and signatures, mean something to the provider alone: an import names them and leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runner.events import AnyEvent
from runner.events.conversation import Replied
from runner.thoughts import parts
from runner.trajectories.base import Losses
from runner.trajectories.reading import REASONING, Place

ENCRYPTED = "encrypted reasoning"
SIGNATURES = "signatures of reasoning"
UNKNOWN = "reasoning in a form that is not known"
FIELDS = ("reasoning_content", "reasoning")
"""Of a message, as text."""
BLOCKS = ("thinking_blocks", "reasoning_details")
"""Of a message, as lists of parts."""


def note(events: Iterable[AnyEvent], losses: Losses, kept: str = "") -> None:
    """Count the turns of which a format holds what was said and thought, and not the provider's own items."""
    turns = (event.reply.message for event in events if isinstance(event, Replied))
    count = sum(bool(message.native and message.native_format) for message in turns)
    losses.add("turns in their provider's own items, with signatures and encrypted reasoning", count, kept)


def held(turn: Replied, pointer: str) -> dict[str, str]:
    """Where the document has the turn's reasoning, which is at `pointer` in it: nowhere as one of several texts."""
    found = parts(turn.reply.message)
    return {f"reply.message.{found[0][0]}": pointer} if len(found) == 1 else {}


def read(message: Place, left_out: list[str], content: str = "content", look: Callable[[str], str] = str) -> str:
    """The reasoning of a foreign turn as text, each of its texts once; what cannot be taken over is named.

    `content` is the member that has the turn's words; `look` finds what stands for a text elsewhere.
    """
    found: dict[str, None] = {}
    for name in FIELDS:
        value = message.maybe(name).value
        if isinstance(value, str):
            found[look(value)] = None
        elif isinstance(value, list):
            found |= {look(_part(part, left_out)): None for part in message.get(name).items()}
        elif value is not None:
            left_out.append(UNKNOWN)
    listed = message.maybe(content)
    blocks = [part for part in (listed.items() if isinstance(listed.value, list) else []) if is_reasoning(part)]
    for name in BLOCKS:
        blocks += message.maybe(name).items()
    found |= {look(_part(part, left_out)): None for part in blocks}
    return "\n\n".join(text for text in found if text.strip())


def items(output: Iterable[Place], left_out: list[str]) -> str:
    """The same of items of the Responses format."""
    texts = [_part(item, left_out) for item in output if is_reasoning(item)]
    return "\n\n".join(text for text in dict.fromkeys(texts) if text.strip())


def is_reasoning(part: Place) -> bool:
    return part.maybe("type").value in REASONING


def _part(part: Place, left_out: list[str]) -> str:
    if isinstance(part.value, str):
        return part.value
    hidden = part.maybe("redacted").value is True
    names = ("summary",) if hidden else ("thinking", "reasoning", "text", "summary", "content")
    text = next(filter(None, (_text(part.maybe(name)) for name in names)), "")
    if hidden or any(part.maybe(name).value for name in ("encrypted_content", "data")):
        left_out.append(ENCRYPTED)
    elif not text and part.value:
        left_out.append(UNKNOWN)
    if part.maybe("signature").value:
        left_out.append(SIGNATURES)
    return text


def _text(place: Place) -> str:
    """A text, or the texts in a list of parts."""
    if isinstance(place.value, str):
        return place.value
    listed = place.items() if isinstance(place.value, list) else []
    values = [part.value if isinstance(part.value, str) else part.maybe("text").value for part in listed]
    return "\n".join(value for value in values if isinstance(value, str))
