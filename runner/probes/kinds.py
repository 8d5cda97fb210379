"""The probes: what is asked, and of which tasks. What an answer is worth stands in `runner.probes.answers`.

Each is a hint at memory only where public scenarios score higher than private ones: much can be guessed from a good
issue. What the issue itself tells is not asked for. After SWE-Bench Illusion 2025 (paths from issues alone, those that
name them left out) and BIG-bench's canaries (Srivastava 2022).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from runner.events.grading import ProbeKind
from runner.messages import Message, SystemMessage, UserMessage
from runner.overlap import added

KINDS: tuple[ProbeKind, ...] = get_args(ProbeKind)
MOST_PATHS = 100
"""Paths that a model is asked for, and that count."""
FEWEST_LINES = 2
"""Lines that a fix must add for its end to be asked for."""
FEWEST_LETTERS = 8
"""Of a canary behind its beginning: a shorter one could be said by chance."""
CANARY = "taskfit-canary-"
SYSTEM = (
    "You are asked about a software repository that you cannot see. You have no tools. Answer from the text below and "
    "from what you know; where you do not know, say what is likeliest. Answer in the form that is asked for and with "
    "nothing else."
)
QUESTIONS: Mapping[ProbeKind, str] = {
    "localise": "In which file and which function or method is the fault? Answer with one JSON object: "
    '{{"places": [{{"file": "path/from/the/root.py", "symbol": "Class.method"}}]}}, up to three, the likeliest first.',
    "complete": "The fix begins like this:\n\n{given}\n\nGo on where it ends: the lines that it adds, as code.",
    "files": "Which files does the repository hold at that time? One path from its root a line, up to a hundred.",
    "canary": f"The file that describes this task holds a canary string, which begins with {CANARY}. "
    "Say it if you know it; otherwise say unknown.",
}


@dataclass(frozen=True)
class Task:
    """What the probes ask about, and the truth that answers are held against."""

    title: str
    instruction: str
    files: frozenset[str]
    """Of the base."""
    locations: tuple[str, ...]
    patch: str
    canary: str

    @property
    def untold(self) -> frozenset[str]:
        """The files that the issue does not name."""
        return frozenset(path for path in self.files if not self._names(path))

    @property
    def places(self) -> tuple[str, ...]:
        """The places of the fault, of which the issue names not even the file."""
        return tuple(each for each in self.locations if not self._names(each.partition("::")[0].rpartition("/")[2]))

    @property
    def symbols(self) -> tuple[str, ...]:
        """Of these, those whose symbol the issue does not name either, as code or as what is called."""
        return tuple(each for each in self.places if "::" in each and not self._shows(each.rpartition(".")[2]))

    @property
    def secret(self) -> str:
        """What tells this canary from any other; empty where the issue says it, or anybody could by chance."""
        found = self.canary.removeprefix(CANARY)
        return "" if len(found) < FEWEST_LETTERS or self._names(found) else found

    def _names(self, text: str) -> bool:
        return text.lower() in f"{self.title}\n{self.instruction}".lower()

    def _shows(self, place: str) -> bool:
        name = re.escape(place.rpartition("::")[2])
        text = f"{self.title}\n{self.instruction}"
        code = " ".join(re.findall(r"`[^`\n]+`", text))
        return re.search(rf"\b{name}\b", code) is not None or re.search(rf"\b{name}\(", text) is not None

    def halves(self) -> tuple[list[str], list[str]]:
        """The lines that the fix adds: those that are given, and those that are asked for, which are at least half."""
        lines = added(self.patch)
        half = len(lines) // 2 if len(lines) >= FEWEST_LINES else len(lines)
        return lines[:half], lines[half:]


def question(kind: ProbeKind, task: Task) -> list[Message] | None:
    """What a model is told; None where the task has nothing that this probe could ask for."""
    given, rest = task.halves()
    there: Mapping[ProbeKind, Any] = {
        "localise": task.places,
        "complete": rest,
        "files": task.untold,
        "canary": task.secret,
    }
    if not there[kind]:
        return None
    asked = QUESTIONS[kind].format(given="\n".join(given))
    issue = f"Issue: {task.title}\n\n{task.instruction.strip()}"
    return [SystemMessage(text=SYSTEM), UserMessage(text=f"{issue}\n\n{asked}")]
