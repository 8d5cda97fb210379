"""The probes: what is asked, and what an answer is worth. Answers are untrusted text of any length.

Each is a hint at memory only where public scenarios score higher than private ones: much can be guessed from a good
issue. After SWE-Bench Illusion 2025 (paths from issues alone) and BIG-bench's canaries (Srivastava 2022).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from runner.events import ProbeKind
from runner.measures.cause import at_symbol, in_file
from runner.messages import Message, SystemMessage, UserMessage
from runner.overlap import added, overlap
from runner.results import Hypothesis

KINDS: tuple[ProbeKind, ...] = get_args(ProbeKind)
GUESSES = 3
MOST_FILES = 400
"""Lines of an answer that are taken for paths."""
LONGEST = 20_000
"""Characters of an answer that are read."""
FEWEST_LINES = 2
"""Lines that a fix must add for its end to be asked for."""
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
    "canary": "The file that describes this task holds a canary string, which begins with taskfit-canary-. "
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


def question(kind: ProbeKind, task: Task) -> list[Message] | None:
    """What a model is told; None where the task has nothing that this probe could ask for."""
    given, rest = _halves(task.patch)
    there: Mapping[ProbeKind, Any] = {
        "localise": task.locations,
        "complete": rest,
        "files": task.files - _named(task),
        "canary": task.canary,
    }
    if not there[kind]:
        return None
    asked = QUESTIONS[kind].format(given="\n".join(given))
    issue = f"Issue: {task.title}\n\n{task.instruction.strip()}"
    return [SystemMessage(text=SYSTEM), UserMessage(text=f"{issue}\n\n{asked}")]


def scores(kind: ProbeKind, task: Task, answer: str) -> dict[str, float]:
    """Name → 0 to 1. An answer in no known form is a wrong one."""
    worth: Mapping[ProbeKind, Callable[[Task, str], dict[str, float]]] = {
        "localise": _localised,
        "complete": _completed,
        "files": _recited,
        "canary": _betrayed,
    }
    return worth[kind](task, answer[:LONGEST])


def _localised(task: Task, answer: str) -> dict[str, float]:
    guesses = _places(answer)

    def hit(first: int, right: Callable[[Hypothesis, str], bool]) -> float:
        return float(any(right(guess, place) for guess in guesses[:first] for place in task.locations))

    found = {"file_hit_1": hit(1, in_file), "file_hit_3": hit(GUESSES, in_file)}
    if any("::" in place for place in task.locations):
        found["symbol_hit_3"] = hit(GUESSES, at_symbol)
    return found


def _places(answer: str) -> list[Hypothesis]:
    """The places of the first JSON object that has some."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", answer):
        try:
            whole, _ = decoder.raw_decode(answer, match.start())
        except (ValueError, RecursionError):
            continue
        places = whole.get("places") if isinstance(whole, dict) else None
        if isinstance(places, list):
            found = [each for each in places if isinstance(each, dict)]
            return [Hypothesis(file=str(each.get("file", "")), symbol=str(each.get("symbol", ""))) for each in found]
        if match.start() > LONGEST // 10:  # whatever that is, it is no short answer
            break
    return []


def _completed(task: Task, answer: str) -> dict[str, float]:
    """The share of the left-out tokens, in their order, that the answer has."""
    _, rest = _halves(task.patch)
    lines = (line.removeprefix("+") for line in answer.splitlines() if not line.startswith("```"))
    found = overlap(_as_patch(lines), _as_patch(rest))
    return {"completion": found.tokens if found is not None else 0.0}


def _as_patch(lines: Collection[str] | Any) -> str:
    return "diff --git a/x b/x\n@@ -0,0 +1 @@\n" + "".join(f"+{line}\n" for line in lines)


def _halves(patch: str) -> tuple[list[str], list[str]]:
    """The lines that a fix adds: those that are given, and those that are asked for, which are at least half."""
    lines = added(patch)
    half = len(lines) // 2 if len(lines) >= FEWEST_LINES else len(lines)
    return lines[:half], lines[half:]


def _recited(task: Task, answer: str) -> dict[str, float]:
    """F1 of the paths that are named and those that there are; those that the issue names count neither way."""
    told = _named(task)
    lines = [line.strip().strip("`-* ").removeprefix("./") for line in answer.splitlines()[:MOST_FILES]]
    said = {line for line in lines if line} - told
    there = task.files - told
    right = len(said & there)
    return {"files": 2 * right / (len(said) + len(there)) if there else 0.0}


def _named(task: Task) -> set[str]:
    return {path for path in task.files if path in task.instruction or path in task.title}


def _betrayed(task: Task, answer: str) -> dict[str, float]:
    secret = task.canary.removeprefix("taskfit-canary-")
    return {"canary": float(bool(secret) and secret.lower() in answer.lower())}
