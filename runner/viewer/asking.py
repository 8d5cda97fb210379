"""What waits for a person in a run: requests that somebody would hear the answer to."""

from __future__ import annotations

from collections.abc import Sequence

from runner.approvers.questions import Question, Questions
from runner.errors import UserError
from runner.runs.folder import RunFolder
from runner.runs.holder import holder_of


def is_worked_on(run: RunFolder) -> bool:
    """Whether a process works on it."""
    return holder_of(run).state == "alive"


def waiting(run: RunFolder) -> Sequence[Question]:
    """The oldest first; nothing where no process would hear the answer, or the requests cannot be read."""
    if not is_worked_on(run):
        return ()
    try:
        return Questions(run.path).waiting()
    except UserError:
        return ()
