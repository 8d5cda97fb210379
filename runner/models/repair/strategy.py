"""Generate and validate: run, locate, read, mutate, try, submit.

The search is that of mutation-based repair (Debroy and Wong, "Using Mutation to Automatically Suggest Fixes
for Faulty Programs", ICST 2010): single changes at suspicious lines, the failing tests first, the whole suite for
those that pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.models.repair import answers, conclusions, spectrum
from runner.models.repair.affinity import Affinity
from runner.models.repair.attempts import Attempts, Candidate
from runner.models.repair.conclusions import Conclusion
from runner.models.repair.dialogue import Ask, Dialogue, Turn, run_tests, show_diff
from runner.models.repair.mutants import applied, meaning, mutants, surroundings
from runner.models.repair.patches import edits
from runner.models.repair.ranking import Ranked, ranked
from runner.models.repair.spectrum import Spectrum

PYTHON = "Python"
FILES = 6
"""Most files that are read and mutated."""
PAGE = 250
"""Lines of a file read at once, so that an answer stays below 16 KB."""
PAGES = 8
"""Turns spent on reading, at most; what is longer is left out."""
BATCHES = 12
"""Turns spent on searching, about; a larger budget makes larger batches."""
SMALLEST = 5
"""Fewest candidates of a turn."""
FAILING = 12
"""Most failing tests that candidates are tried with; the whole suite decides afterwards."""
REFUSALS = 2
"""Edits of a file that may fail before it is left alone."""


@dataclass(frozen=True)
class Fault:
    """What the first run showed."""

    failing: tuple[str, ...]
    output: str
    diff: str
    passed: bool


def converse(report: str, budget: int, language: str) -> Dialogue[None]:
    """The whole conversation: a repair, a submission, and a fresh look whenever more is said after that."""
    if language == PYTHON:
        conclusion = yield from repair(report, budget)
    else:
        conclusion = conclusions.unchanged(f"this is a {language} repository, and only Python can be mutated here.")
    while True:
        yield Turn(conclusion.summary, [conclusion.submission()])
        run, _ = yield Turn("Asked again after submitting: looking again.", [run_tests(), show_diff()])
        conclusion = conclusions.reviewed(conclusion, answers.green(run.text))


def repair(report: str, budget: int) -> Dialogue[Conclusion]:
    """Looks for a single change that turns the suite green, and makes it."""
    fault = yield from look()
    if fault.passed:
        return conclusions.unchanged("every visible test passes, so there is no failing test to search with.")
    if not fault.failing:
        return conclusions.unchanged("the tests could not be run, or say nothing of which of them fail.")
    located = yield from locate(fault)
    sources = yield from read(located.files()[:FILES])
    around = surroundings(sources.values())
    found = [mutant for path, text in sources.items() for mutant in mutants(path, text, around)]
    ranking = ranked(found, located.scores, sources, Affinity(sources, f"{report}\n{fault.output}"))
    if not ranking:
        return conclusions.unchanged("no line of the source could be connected with the failing tests.")
    attempts = Attempts(sources, fault.diff)
    failing = tuple(test for test in fault.failing if test in located.failed) or fault.failing
    passing = yield from search(attempts, candidates(ranking, sources), failing[:FAILING], budget)
    suspects = conclusions.suspects(ranking)
    for chosen in passing:
        if attempts.clean and (yield from attempts.accept(chosen)):
            others = [other for other in passing if other is not chosen]
            return conclusions.repaired(chosen, others, fault.failing, suspects, attempts.tried)
    if not attempts.clean:
        return conclusions.left_dirty(attempts.tried, suspects)
    return conclusions.unchanged(f"{attempts.tried} single changes were tried.", suspects)


def look() -> Dialogue[Fault]:
    """The first run of the suite, repeated once when it gives no answer."""
    for why in ("Running the whole suite first.", "That gave no answer; once more."):
        run, diff = yield Turn(why, [run_tests(), show_diff()])
        if not run.is_error and not diff.is_error and answers.exit_code(run.text) is not None:
            break
    return Fault(answers.failing(run.text), run.text, diff.text, answers.green(run.text))


def locate(fault: Fault) -> Dialogue[Spectrum]:
    """The spectrum of the suite; from the tracebacks alone where it cannot be measured."""
    probe = Ask("run_command", {"command": spectrum.command(), "timeout_seconds": spectrum.SECONDS})
    (answer,) = yield Turn("Measuring which lines the failing and the passing tests execute.", [probe])
    measured = spectrum.measured(answer.text)
    return measured if measured.scores else spectrum.guessed(answers.frames(fault.output))


def read(paths: Sequence[str]) -> Dialogue[dict[str, str]]:
    """The text of the files, page by page and all at the same time; without those that could not be read."""
    lines: dict[str, dict[int, str]] = {path: {} for path in paths}
    total: dict[str, int] = {}
    for _ in range(PAGES):
        open_ = [path for path in paths if total.get(path, 1) > len(lines[path])]
        if not open_:
            break
        asks = [Ask("read_file", {"path": path, "start_line": len(lines[path]) + 1, "lines": PAGE}) for path in open_]
        replies = yield Turn("Reading the suspicious files.", asks)
        for path, answer in zip(open_, replies, strict=True):
            shown = {} if answer.is_error else answers.numbered(answer.text)
            while len(lines[path]) + 1 in shown:
                lines[path][len(lines[path]) + 1] = shown[len(lines[path]) + 1]
            total[path] = answers.extent(answer.text) or len(lines[path])
    return {
        path: "\n".join(lines[path].values()) + "\n"
        for path in paths
        if lines[path] and len(lines[path]) == total[path]
    }


def candidates(ranking: Sequence[Ranked], sources: Mapping[str, str]) -> Iterator[Candidate]:
    """The ranked mutants that are programs, each program once, and none that is the original."""
    seen = {meaning(text) for text in sources.values()} | {None}
    for one in ranking:
        mutant = one.mutant
        key = meaning(applied(sources[mutant.path], mutant.splices))
        if key not in seen:
            seen.add(key)
            yield Candidate(mutant, one.suspicion, edits(mutant.path, sources[mutant.path], mutant.splices))


def search(
    attempts: Attempts, queue: Iterator[Candidate], failing: Sequence[str], budget: int
) -> Dialogue[list[Candidate]]:
    """The candidates of the first batch that holds some with which the whole suite passes."""
    size = max(SMALLEST, -(-budget // BATCHES))
    while attempts.clean and attempts.tried < budget:
        tried = _batch(attempts, queue, min(size, budget - attempts.tried))
        if not tried:
            break
        verdicts = yield from attempts.each(tried, failing, f"Trying {len(tried)} candidates with the failing tests.")
        hits = [one for one, verdict in zip(tried, verdicts, strict=True) if verdict]
        if hits and attempts.clean:
            whole = yield from attempts.each(hits, (), f"{len(hits)} pass; trying them with the whole suite.")
            passing = [one for one, verdict in zip(hits, whole, strict=True) if verdict]
            if passing and attempts.clean:
                return passing
    return []


def _batch(attempts: Attempts, queue: Iterator[Candidate], size: int) -> list[Candidate]:
    """The next candidates that are worth a try, at most one of them perhaps endless, and none once one was."""
    batch: list[Candidate] = []
    looping = attempts.endless
    for one in queue:
        if attempts.refused.get(one.mutant.path, 0) < REFUSALS and not (looping and one.mutant.looping):
            batch.append(one)
            looping |= one.mutant.looping
        if len(batch) == size:
            break
    return batch
