"""What a model thought, where its provider shows it: read from a turn in the provider's own items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.messages import AssistantMessage


def thoughts(message: AssistantMessage) -> str:
    """Reasoning of any of the three formats, as text; empty for none, and for what is encrypted."""
    return "\n\n".join(text for item in message.native for text in _of(item) if text)


def _of(item: dict[str, Any]) -> Iterator[str]:
    if item.get("type") == "thinking":  # Messages
        yield _text(item.get("thinking"))
    elif item.get("type") == "reasoning":  # Responses
        for name in ("summary", "content"):
            listed = item.get(name)
            for part in listed if isinstance(listed, list) else []:
                yield _text(part.get("text")) if isinstance(part, dict) else ""
    else:  # Chat
        yield _text(item.get("reasoning_content")) or _text(item.get("reasoning"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
