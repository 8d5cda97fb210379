"""Every error that taskfit raises on purpose.

    TaskfitError
    ├── UserError               the user's input is wrong: exit 2, a message, no traceback
    │   ├── FileProblem         a file of the user's: names file, key, what was found, what would be right
    │   │   └── LedgerDamaged   a run's ledger is none any more; a resume makes it again
    │   ├── UnknownName         a scenario, repo, model or run that is not there; names the nearest ones
    │   ├── RunHeld             another process works in this run's folder
    │   └── CapReached          a cap of the run's is used up: nothing can be begun
    ├── ScenarioInvalid         a scenario does not hold what it promises; its trials are `invalid_scenario`
    ├── Rejected                a commit or a foreign task that is no scenario: a stable code and a sentence
    ├── ModelFault              the model's provider or implementation failed; the trial is `infra_error`
    │   ├── AnswerCut           an answer broke off and may have been paid for; the turn is asked for again
    │   ├── ProviderDown        overloaded or out of reach: waiting may help, and the model's trials pause
    │   └── ProviderRefused     billing or authentication: none of the model's trials can go on
    ├── BudgetExhausted         the next call, or the next trial, could pass a cap of the run's, so it was not made
    └── Interrupted             the run or the trial is to stop; the trial goes back to `planned`

Errors of isolation (`sandboxes.errors`) stand apart: `sandboxes` knows nothing of the runner.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class TaskfitError(Exception):
    """Base of all errors raised on purpose by the runner."""


class UserError(TaskfitError):
    """The user's input is wrong; the message says what, where, and what to do."""


class FileProblem(UserError):
    """A file that the user wrote cannot be used."""

    def __init__(self, path: Path, problem: str, key: str = "") -> None:
        where = f"{path}: {key}: " if key else f"{path}: "
        super().__init__(where + problem)
        self.path = path
        self.key = key


class LedgerDamaged(FileProblem):
    """A run's ledger is none any more."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            path,
            f"is no sound ledger: {found}; `taskfit resume {path.parent}` makes it again out of the trials' results",
        )


class UnknownName(UserError):
    """A name that leads nowhere, with the names that are near it."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3) or known[:8]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"no {kind} named {name!r}{hint}")


class RunHeld(UserError):
    """Another process works in this run's folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"{folder} is in use by process {holder}; wait for it, or stop it, or name another --out")


class CapReached(UserError):
    """A cap of the run's was used up before anything could be begun; the message says how to give more."""


class ScenarioInvalid(TaskfitError):
    """A scenario does not hold what it promises.

    `code` is stable (see `runner.quality.validation`), so that tables and scripts can rely on it.
    """

    def __init__(self, scenario: str, code: str, problem: str) -> None:
        super().__init__(f"scenario {scenario}: {code}: {problem}")
        self.scenario = scenario
        self.code = code
        self.problem = problem


class Rejected(TaskfitError):
    """Something proposed as a scenario is none.

    `code` is stable and one of `runner.scenarios.proposal.CODES`; `sentence` says why, in words that a maintainer would
    agree with.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class ModelFault(TaskfitError):
    """The provider or the implementation of a model failed; never the model's own fault."""


class AnswerCut(ModelFault):
    """An answer broke off: what was reserved for it counts as spent, and the turn is asked for again."""


class ProviderDown(ModelFault):
    """The provider is overloaded or out of reach, however often it was asked: waiting may help."""


class ProviderRefused(ModelFault):
    """Billing or authentication: no waiting helps, and none of the model's trials can go on."""


class BudgetExhausted(TaskfitError):
    """The next call, or the next trial, could pass a cap of the run's, so it was not made.

    `where` names the cap: the run, a model, a scenario; `what` is usd, tokens or trials.
    """

    def __init__(self, problem: str, where: str = "the run", what: str = "usd") -> None:
        super().__init__(problem)
        self.where = where
        self.what = what

    @property
    def name(self) -> str:
        """The cap's, whatever the call was."""
        return f"{self.what} of {self.where}"


class Interrupted(TaskfitError):
    """The run or the trial is to stop: by the user, a cap, or because it was stuck."""


def is_full(error: Exception) -> bool:
    """Whether a disk, or a quota, is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "full" in str(error)
