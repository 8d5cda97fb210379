"""A person who is not there right now: the request waits in the run's folder for an answer, or the end of its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from pydantic import Field, StrictFloat, StrictInt

from runner.approvals import Decision, Request
from runner.approvers.base import Approver
from runner.approvers.questions import Otherwise, Questions
from runner.errors import Interrupted
from runner.messages import Frozen
from runner.results import TrialKey

POLL_SECONDS = 0.25
"""How soon an answer is noticed."""

Aside = Callable[[], AbstractContextManager[None]]
"""While it is held, the trial's place is another one's."""


class QueueSettings(Frozen):
    """`[queue]` of a study."""

    seconds: StrictFloat = Field(default=3600.0, gt=0, le=30 * 86_400)
    """How long a request waits for a person."""
    otherwise: Otherwise = "escalate"
    """What stands after that. `escalate` is no answer, which is not a denial; the call is not made either way."""
    open: StrictInt | None = Field(default=None, ge=1, le=1024)
    """Trials begun and not ended at most, those that wait for a person among them, each with its sandbox; four times
    the concurrency when left out."""


class Queued:
    """Asks through the run's folder (`runner.approvers.questions`); the trial's place goes to another one meanwhile."""

    def __init__(
        self, questions: Questions, trial: TrialKey, settings: QueueSettings, stop: threading.Event, aside: Aside
    ) -> None:
        self._questions = questions
        self._trial = trial
        self._settings = settings
        self._stop = stop
        self._aside = aside

    def decide(self, request: Request) -> Decision:
        """Raises Interrupted at a stop, which withdraws the request; FileProblem for an answer that cannot be read."""
        seconds, otherwise = self._settings.seconds, self._settings.otherwise
        with self._aside():
            deadline = time.monotonic() + seconds
            asked = self._questions.ask(self._trial, request, seconds, otherwise).id
            while (decision := self._questions.answer(asked)) is None:
                if self._stop.wait(min(POLL_SECONDS, max(0.0, deadline - time.monotonic()))):
                    self._questions.withdraw(asked)
                    raise Interrupted("stopped while a request waited for a person")
                if time.monotonic() >= deadline:
                    reason = f"no answer within {seconds:g} s"
                    return self._questions.settle(asked, Decision(outcome=otherwise, approver="none", reason=reason))
            return decision


class SettingAside:
    """Any other approver that may keep a trial waiting: the trial's place goes to another one meanwhile."""

    def __init__(self, inner: Approver, aside: Aside) -> None:
        self._inner = inner
        self._aside = aside

    def decide(self, request: Request) -> Decision:
        with self._aside():
            return self._inner.decide(request)
