"""What every model is told first. The files' hashes are part of a run's lock."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from runner.arms import Mode
from runner.messages import Message, SystemMessage, UserMessage
from runner.scenarios.scenario import Limits, Scenario

HERE = Path(__file__).parent


def opening_messages(
    scenario: Scenario,
    instruction: str,
    limits: Limits,
    language: str = "Python",
    mode: Mode = "gate",
    rules: Sequence[str] = (),
    early_confidence: bool = False,
) -> list[Message]:
    """The system and the user message of a trial. The scenario's truth and tests are not in them.

    `rules` says in words when a model has to ask, for the mode `must_ask`.
    """
    approvals = _fill(f"approvals_{mode}.md", rules="\n".join(f"  - {rule}" for rule in rules))
    system = _fill(
        "system.md",
        language=language,
        writable=", ".join(scenario.scope.writable) or "nothing",
        protected=", ".join(scenario.scope.protected) or "nothing",
        approvals=approvals.rstrip("\n"),
        turns=str(limits.turns),
        minutes=f"{limits.minutes:g}",
        early_confidence="\n" + _fill("early_confidence.md").rstrip("\n") if early_confidence else "",
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
