"""Trying candidates so that every turn leaves the workspace as it found it.

Quick edits of the same size are told apart because the sandbox writes no bytecode (PYTHONDONTWRITEBYTECODE);
Python would take it for fresh when the source has the same size and second of modification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.models.repair import answers
from runner.models.repair.dialogue import Ask, Dialogue, Turn, edit_file, run_tests, show_diff
from runner.models.repair.mutants import Mutant
from runner.models.repair.patches import Edit


@dataclass(frozen=True)
class Candidate:
    """A mutant that is a program of its own."""

    mutant: Mutant
    suspicion: float
    edits: tuple[Edit, ...]


class Attempts:
    """Tries candidates in one workspace, and remembers whether it is still clean."""

    def __init__(self, sources: Mapping[str, str], diff: str) -> None:
        self.sources = sources
        """The files as they were read."""
        self.diff = diff
        """What `show_diff` said before anything was tried."""
        self.clean = True
        self.tried = 0
        self.endless = False
        """Whether a run with a candidate did not end by itself."""
        self.refused: dict[str, int] = {}
        """Path → edits of it that were denied or failed."""

    def each(self, candidates: Sequence[Candidate], tests: Sequence[str], why: str) -> Dialogue[list[bool | None]]:
        """Whether `tests` pass with each candidate; None where no answer could be had, not even the second time."""
        verdicts = yield from self._once(candidates, tests, why)
        unknown = [at for at, verdict in enumerate(verdicts) if verdict is None]
        if unknown and self.clean:
            again = [candidates[at] for at in unknown]
            second = yield from self._once(again, tests, "Some calls failed; those candidates once more.")
            for at, verdict in zip(unknown, second, strict=True):
                verdicts[at] = verdict
        self.tried += len(candidates)
        return verdicts

    def _once(self, candidates: Sequence[Candidate], tests: Sequence[str], why: str) -> Dialogue[list[bool | None]]:
        """In one turn, for each candidate: edit, run `tests`, undo. Once a call failed nothing is known of the
        candidates from there on, for the workspace may not have been what it should have been."""
        trials = [candidate.edits for candidate in candidates]
        replies = yield Turn(why, [ask for trial in trials for ask in _asks(trial, tests)])
        verdicts: list[bool | None] = []
        failed: list[Edit] = []
        for trial in trials:
            mine, replies = replies[: 2 * len(trial) + 1], replies[2 * len(trial) + 1 :]
            run = mine.pop(len(trial))
            wrong = [edit for edit, answer in zip(_steps(trial), mine, strict=True) if answer.is_error]
            self.endless |= not run.is_error and answers.exit_code(run.text) is None
            verdicts.append(None if wrong or failed or run.is_error else answers.green(run.text))
            if wrong:
                failed.extend(wrong)
                self.refused[trial[0].path] = self.refused.get(trial[0].path, 0) + 1
        if failed:
            undoing = [edit for trial in trials for edit in _steps(trial)[len(trial) :]]
            yield from self.restore([edit for edit in undoing if edit in failed])
        return verdicts

    def accept(self, candidate: Candidate) -> Dialogue[bool]:
        """Makes the candidate's change for good; unmakes it when the whole suite does not pass with it."""
        why = "Applying the change that made the failing tests pass, then the whole suite."
        replies = yield Turn(why, [*map(edit_file, candidate.edits), run_tests()])
        made = not any(answer.is_error for answer in replies[:-1])
        run = replies[-1]
        if made and (run.is_error or answers.exit_code(run.text) is None):
            (run,) = yield Turn("That run gave no answer; once more.", [run_tests()])
        if made and answers.green(run.text):
            return True
        yield from self.restore([edit.undone() for edit in reversed(candidate.edits)])
        return False

    def restore(self, undoing: Sequence[Edit]) -> Dialogue[None]:
        """Looks whether the workspace is as it was; if not, undoes what stayed, and at last writes files anew."""
        files = sorted({edit.path for edit in undoing} or self.refused.keys() & self.sources.keys())
        anew = [Ask("write_file", {"path": path, "content": self.sources[path]}) for path in files]
        for why, asks in (
            ("An edit failed; is the workspace as it was?", []),
            ("It is not: undoing again.", [edit_file(edit) for edit in undoing]),
            ("Still not: writing the files as they were.", anew),
        ):
            replies = yield Turn(why, [*asks, show_diff()])
            self.clean = not replies[-1].is_error and replies[-1].text.strip() == self.diff.strip()
            if self.clean:
                return


def _asks(trial: Sequence[Edit], tests: Sequence[str]) -> list[Ask]:
    steps = [edit_file(edit) for edit in _steps(trial)]
    return [*steps[: len(trial)], run_tests(tests), *steps[len(trial) :]]


def _steps(trial: Sequence[Edit]) -> list[Edit]:
    """The edits of a trial and their undoing, without the run between them."""
    return [*trial, *(edit.undone() for edit in reversed(trial))]
