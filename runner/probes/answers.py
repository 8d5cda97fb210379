"""What an answer to a probe is worth. Answers are untrusted text of any length, in whatever form a model likes.

What counts is whether a model knows, not how neatly it says so: marks around a path or a list are passed over. Saying
much does not help either: places count up to the third, paths up to the hundredth, and whatever is wrong besides counts
against what is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from runner.events.grading import ProbeKind
from runner.measures.cause import at_symbol, in_file, plain_path
from runner.overlap import overlap
from runner.probes.kinds import MOST_PATHS, Task
from runner.results import Hypothesis

GUESSES = 3
LONGEST = 20_000
"""Characters of an answer that are read."""
FENCE = "```"
_MARK = re.compile(r"[\s│├└─|`]*([-*+•]|\d{1,3}[.)])?[\s│├└─|]+")
"""What may stand before a path: a bullet, a number, the branches of a tree."""
_REMARK = re.compile(r"(\s+([-–—#(:]|//|<-)|:\s).*$")
"""And what may stand behind it."""


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

    def hit(first: int, places: Iterable[str], right: Callable[[Hypothesis, str], bool]) -> float:
        return float(any(right(guess, place) for place in places for guess in guesses[:first]))

    found = {"file_hit_1": hit(1, task.places, in_file), "file_hit_3": hit(GUESSES, task.places, in_file)}
    if task.symbols:
        found["symbol_hit_3"] = hit(GUESSES, task.symbols, at_symbol)
    return found


def _places(answer: str) -> list[Hypothesis]:
    """Those of the first JSON object that lists some; else the objects with a file, in their order."""
    decoder = json.JSONDecoder()
    alone: list[Hypothesis] = []
    at = answer.find("{")
    while at >= 0:
        end = at + 1
        try:
            whole, found = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            whole, found = {}, end
        if isinstance(places := whole.get("places"), list):
            return [_place(each) for each in places if isinstance(each, dict | str)]
        if "file" in whole:
            alone.append(_place(whole))
            end = found
        at = answer.find("{", end)
    return alone


def _place(said: Mapping[str, Any] | str) -> Hypothesis:
    if isinstance(said, str):
        return Hypothesis(file=said)
    return Hypothesis(file=str(said.get("file", "")), symbol=str(said.get("symbol", "")))


def _completed(task: Task, answer: str) -> dict[str, float]:
    """How alike the answer and the left-out lines are, token by token: saying more than there is costs as well."""
    given, rest = task.halves()
    lines = [line.removeprefix("+") for line in answer.splitlines() if not line.startswith(FENCE)]
    plain = [" ".join(line.split()) for line in lines]
    if plain[: len(given)] == given:  # it says again what it was given
        plain = plain[len(given) :]
    found = overlap(_as_patch(plain), _as_patch(rest))
    return {"completion": found.tokens if found is not None else 0.0}


def _as_patch(lines: Iterable[str]) -> str:
    return "diff --git a/x b/x\n@@ -0,0 +1 @@\n" + "".join(f"+{line}\n" for line in lines)


def _recited(task: Task, answer: str) -> dict[str, float]:
    """F1 of the paths that are named and as many of those that there are; those that the issue names count neither way.

    A hundred paths are asked for, so that a repository of thousands can be known as well as a small one.
    """
    there = task.untold
    told = task.files - there
    lines = answer.splitlines() if "\n" in answer.strip() else answer.split(",")
    named = (_path(line) for line in lines if not line.strip().startswith(FENCE))
    said = list(dict.fromkeys(path for path in named if path and path not in told))[:MOST_PATHS]
    right = len(there.intersection(said))
    return {"files": 2 * right / (len(said) + min(len(there), MOST_PATHS)) if there else 0.0}


def _path(line: str) -> str:
    """The path in a line of a list, of a tree, or of JSON; empty where there is none."""
    text = _REMARK.sub("", _MARK.sub("", f" {line}", count=1))
    path = plain_path(text.strip("[]{}, \"'`*"))
    return "" if path == "." else path


def _betrayed(task: Task, answer: str) -> dict[str, float]:
    return {"canary": float(bool(task.secret) and task.secret.lower() in answer.lower())}
