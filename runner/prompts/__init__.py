"""What every model is told first. The files' hashes are part of a run's lock."""

from __future__ import annotations

import re
from pathlib import Path

from runner.messages import Message, SystemMessage, UserMessage
from runner.scenario import Scenario

HERE = Path(__file__).parent


def opening_messages(scenario: Scenario, instruction: str) -> list[Message]:
    """The system and the user message of a trial. The scenario's truth and tests are not in them."""
    system = _fill(
        "system.md",
        writable=", ".join(scenario.scope.writable) or "nothing",
        protected=", ".join(scenario.scope.protected) or "nothing",
        turns=str(scenario.limits.turns),
        minutes=f"{scenario.limits.minutes:g}",
    )
    task = _fill("task.md", title=scenario.title, instruction=instruction.strip())
    return [SystemMessage(text=system), UserMessage(text=task)]


def templates() -> dict[str, str]:
    """Every template's text by file name."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*.md"))}


def _fill(name: str, **values: str) -> str:
    """The template with `{key}` replaced in one pass, so that no value is searched for keys."""
    text = (HERE / name).read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)
