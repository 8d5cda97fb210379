"""A time limit for an approver: no answer is not a denial, but nothing is made without one."""

from __future__ import annotations

import queue
import threading

from runner.approvals import Decision, Request
from runner.approvers.base import Approver


class Timed:
    """Waits `seconds` for an answer. An approver that answers later is not heard; its thread ends with it.

    The approver is asked one request at a time: while a late one keeps it busy, the next waits, and is not asked at
    all once its own time is up.
    """

    def __init__(self, inner: Approver, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds
        self._busy = threading.Lock()

    def decide(self, request: Request) -> Decision:
        """Raises what the approver raised in time."""
        answers: queue.SimpleQueue[Decision | BaseException] = queue.SimpleQueue()
        given_up = threading.Event()

        def ask() -> None:
            with self._busy:
                if given_up.is_set():
                    return
                try:
                    answers.put(self._inner.decide(request))
                except BaseException as error:
                    answers.put(error)

        threading.Thread(target=ask, name="approver", daemon=True).start()
        try:
            answer = answers.get(timeout=self._seconds)
        except queue.Empty:
            given_up.set()
            reason = f"no answer within {self._seconds:g} s"
            return Decision(outcome="escalate", approver="none", reason=reason)
        if isinstance(answer, BaseException):
            raise answer
        return answer
