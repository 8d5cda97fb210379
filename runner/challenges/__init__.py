"""What is said to a first submission: a message by kind, the same for every model, hashed into a run's lock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from runner.arms import ChallengeKind

HERE = Path(__file__).parent


def challenge(kind: ChallengeKind, evidence: str) -> str:
    """The message; `evidence` is the output of a real failing test, where the kind shows one."""
    text = (HERE / f"{kind}.md").read_text(encoding="utf-8").strip()
    return re.sub(r"\{evidence\}", lambda _: evidence.strip(), text)


def challenges() -> Mapping[str, str]:
    """Every text by its file's name."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(HERE.glob("*.md"))}
