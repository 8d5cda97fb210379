"""An issue in several framings: the same facts, told by somebody else. Codes of problems are stable:

missing             a framing has no file, or the scenario names no facts to hold framings to
fact-missing        a framing lacks a fact of the issue (`[framing] facts` in scenario.toml)
leaks-identifier    a framing has a name out of the reference patch that the issue does not have
too-alike           a paraphrase repeats the issue: more than 60 % of its runs of five words are the issue's own
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from runner.arms import Framing
from runner.scenarios.catalog import ScenarioFolder
from runner.errors import UnknownName, UserError
from runner.scenarios.leaks import is_telling, mentions, words
from runner.messages import Frozen
from runner.prompts import templates

CLEAN = "clean"
FRAMINGS = get_args(Framing)
"""`raw` is the issue as reported, `clean` a template around it; the others are files in `framings/`."""
ALIKE = 0.6
"""The largest share of a paraphrase's shingles that may be the issue's own."""
SHINGLE = 5
"""Words."""

Code = Literal["missing", "fact-missing", "leaks-identifier", "too-alike"]


class Problem(Frozen):
    """What is wrong with a framing."""

    scenario: str
    code: Code
    framing: str
    """Empty for what concerns all of them."""
    problem: str

    @property
    def line(self) -> str:
        return ": ".join(part for part in (self.scenario, self.framing, self.problem) if part)


def framed(found: ScenarioFolder, name: str) -> str:
    """The issue in a framing. Raises UserError: an unknown name, or a file that is yet to be written."""
    if name == CLEAN:
        return templates()["clean.md"].replace("{instruction}", found.instruction.strip())
    if name in found.framings:
        return found.framings[name]
    if name not in FRAMINGS:
        raise UnknownName("framing", name, {*FRAMINGS, *found.framings})
    raise UserError(f"scenario {found.id!r} is not told as {name!r}; write {_file(found, name)}")


def told(found: ScenarioFolder) -> list[str]:
    """The names of all framings that a scenario has."""
    return [CLEAN, *found.framings]


def check(found: ScenarioFolder) -> list[Problem]:
    """What is wrong with a scenario's framings."""

    def problem(code: Code, framing: str, text: str) -> Problem:
        return Problem(scenario=found.id, code=code, framing=framing, problem=text)

    problems = []
    facts = found.scenario.framing.facts
    if not facts:
        file = found.folder / "scenario.toml"
        problems.append(problem("missing", "", f"no facts; write [framing] facts = [...] into {file}"))
    for name in FRAMINGS:
        if name != CLEAN and name not in found.framings:
            problems.append(problem("missing", name, f"write {_file(found, name)}"))
    leaked = _names(found.solution_patch) - words(found.instruction)
    files = {file for file in _files(found.solution_patch) if not mentions(found.instruction, file)}
    for name in told(found):
        text = framed(found, name)
        flat = " ".join(text.split())
        problems += [
            problem("fact-missing", name, f"lacks {fact!r}")
            for fact in facts
            if not re.search(fact, flat, re.IGNORECASE)
        ]
        if name == CLEAN:
            continue
        leaks = sorted(leaked & words(text)) + sorted(file for file in files if mentions(text, file))
        problems += [
            problem("leaks-identifier", name, f"has {leak!r} of the reference patch, which the issue does not have")
            for leak in leaks
        ]
        share = shared(text, found.instruction)
        if name.startswith("paraphrase-") and share > ALIKE:
            share_text = f"{share:.0%} of its runs of {SHINGLE} words are the issue's own (at most {ALIKE:.0%})"
            problems.append(problem("too-alike", name, share_text))
    return problems


def shared(text: str, original: str) -> float:
    """The share of a text's shingles that are the original's as well, 0 to 1."""
    own = _shingles(text)
    return len(own & _shingles(original)) / len(own) if own else 0.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    """All runs of five words, without case and punctuation; a shorter text is one run."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))} if words else set()


def _file(found: ScenarioFolder, name: str) -> Path:
    return found.folder / "framings" / f"{name}.md"


def _changes(patch: str) -> Iterator[str]:
    """The added and removed lines of a patch, without their sign; headers are none."""
    for line in patch.splitlines():
        if line[:1] in ("+", "-") and not re.match(r"(--- |\+\+\+ )(a/|b/|/dev/null)", line):
            yield line[1:]


def _files(patch: str) -> set[str]:
    """The names of the files that a patch touches, without their folders."""
    return {path.rsplit("/", 1)[-1] for path in re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", patch, re.MULTILINE)}


def _names(patch: str) -> set[str]:
    """Identifiers on a patch's lines and in the names of its files: four letters or more, no common English word."""
    found = words("\n".join(_changes(patch)))
    for file in _files(patch):
        found |= words(file.rsplit(".", 1)[0])
    return {word for word in found if is_telling(word)}
