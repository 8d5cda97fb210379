"""A twin proved in containers: its tests come out as the original's do, before and after the reference fix."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from runner.errors import ScenarioInvalid
from runner.grading.baseline import Baseline, both_sides, judge
from runner.grading.grade import Grading
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.framings import check
from runner.scenarios.workspace import Workspace
from runner.twins.base import TwinRefused
from runner.twins.texts import WORD
from sandboxes.client import Engine

_MISSED = re.compile(r"^E .*(?:attribute|name|argument|KeyError:) '(\w+)'", re.MULTILINE)
"""The name that Python says it did not find."""


class Unlike(TwinRefused):
    """A twin's tests do not come out as the original's; `seen` is what was said of it, in the order of its worth."""

    def __init__(self, sentence: str, seen: Sequence[str]) -> None:
        super().__init__("unlike", sentence)
        self.seen = seen

    def pointed_at(self, names: Mapping[str, str], touched: Collection[str] = ()) -> frozenset[str]:
        """The original's names, or paths, that the failure points at, by either (`names` is new → old).

        Where no name is pointed at, a file of `touched` may be, by the errors or by the ids of the tests that differ.
        """
        known: dict[str, set[str]] = {}
        for new, old in names.items():
            for name in (old, new):
                known.setdefault(_plain(name), set()).add(old)
        files: dict[str, set[str]] = {}
        for path in touched:
            files.setdefault(_plain(path), set()).add(path)
        for pointers in (known, files):
            for text in self.seen:
                words = {*WORD.findall(text), *(name for name in pointers if " " in name and name in text)}
                if found := {old for word in words for old in pointers.get(word, ())}:
                    return frozenset(found)
        return frozenset()


def _plain(name: str) -> str:
    """A name as an error may say it: a path by its file's alone, a place by its path."""
    return name.partition("::")[0].rsplit("/", 1)[-1].removesuffix(".py")


def prove(engine: Engine, workspace: Workspace, original: ScenarioFolder, known: Baseline) -> Baseline:
    """What a twin's tests do; `known` is what the original's do. Raises Unlike, and the sandbox's errors.

    The base fails the same tests (so that doing nothing resolves nothing), the reference passes them, the same others
    pass before and after, and every framing tells the facts that it told.
    """
    _check_told(workspace.found, original)
    before, after = both_sides(engine, workspace, 1)
    try:
        found = judge(workspace, before, after)
    except ScenarioInvalid as error:
        raise Unlike(error.problem[:500], [*_seen(workspace, known, before[0], after[0]), error.problem]) from error
    if differing := sorted(known.pass_to_pass ^ found.pass_to_pass):
        lost = sorted(known.pass_to_pass - found.pass_to_pass)
        what = "passes no longer before and after" if lost else "passes, and there was none of this id"
        sentence = f"{(lost or differing)[0]} {what}"
        raise Unlike(sentence, [*_seen(workspace, known, before[0], after[0]), "\n".join(differing)])
    return found


def _check_told(twin: ScenarioFolder, original: ScenarioFolder) -> None:
    earlier = {(problem.code, problem.framing) for problem in check(original)}
    new = [problem for problem in check(twin) if (problem.code, problem.framing) not in earlier]
    if new:
        raise Unlike(new[0].line, [" ".join(re.findall(r"'(.*?)'", problem.problem)) for problem in new])


def _seen(workspace: Workspace, known: Baseline, before: Grading, after: Grading) -> Iterator[str]:
    """Texts that may name what went wrong: the errors of tests that should pass, then their code, then the output."""
    wanted: dict[int, Collection[str]] = {
        0: known.pass_to_pass,
        1: {*known.pass_to_pass, *workspace.found.scenario.tests.fail_to_pass},
    }
    said = [
        grading.failures.get(node, "")
        for side, grading in enumerate((before, after))
        for node, outcome in grading.expected(wanted[side]).items()
        if outcome in ("failed", "error")
    ]
    yield " ".join(name for text in said for name in _MISSED.findall(text))
    for sign in ("E", ">"):
        yield "\n".join(line for text in said for line in text.splitlines() if line.startswith(sign))
    for grading in (before, after):
        if grading.honesty != "honest":
            yield "\n".join(re.findall(r"^(?:E |\w*Error).*$", grading.output, re.MULTILINE))
    missing = {node for node, outcome in after.expected(wanted[1]).items() if outcome == "missing"}
    yield "\n".join(sorted(missing))
    yield "\n".join(
        sorted(
            node
            for side, grading in enumerate((before, after))
            for node, outcome in grading.expected(wanted[side]).items()
            if outcome in ("failed", "error")
        )
    )
