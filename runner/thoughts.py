"""What a model thought, where its provider shows it: read from a turn in the provider's own items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.messages import AssistantMessage


def thoughts(message: AssistantMessage) -> str:
    """Reasoning of any of the three formats, as text; empty for none, and for what is encrypted."""
    return "\n\n".join(text for _, text in parts(message))


def parts(message: AssistantMessage) -> list[tuple[str, str]]:
    """The texts of it that are not empty, each with where it stands: `native.0.summary.1.text`."""
    return [
        (f"native.{at}.{path}", value)
        for at, item in enumerate(message.native)
        for path, value in _of(item)
        if isinstance(value, str) and value
    ]


def _of(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if item.get("type") == "thinking":  # Messages
        yield "thinking", item.get("thinking")
    elif item.get("type") == "reasoning":  # Responses
        for name in ("summary", "content"):
            listed = item.get(name)
            for at, part in enumerate(listed if isinstance(listed, list) else []):
                yield f"{name}.{at}.text", part.get("text") if isinstance(part, dict) else None
    else:  # Chat, and imported turns
        name = "reasoning_content" if item.get("reasoning_content") else "reasoning"
        yield name, item.get(name)
