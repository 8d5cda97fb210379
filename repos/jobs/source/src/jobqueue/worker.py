"""Runs handlers on claimed jobs."""

from __future__ import annotations

import enum
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from jobqueue.errors import AbortJob, EncodingError, LeaseLostError, UnknownTaskError
from jobqueue.models import Claim, Job, JobState
from jobqueue.store import DEFAULT_LEASE, DEFAULT_QUEUE, JobStore

log = logging.getLogger(__name__)


class Outcome(enum.Enum):
    """What became of an attempt."""

    DONE = "done"
    RETRIED = "retried"
    DEAD = "dead"
    LOST = "lost"
    """The lease was lost, so that nothing could be recorded."""


class JobContext:
    """What a handler gets to see."""

    def __init__(self, store: JobStore, claim: Claim) -> None:
        self._store = store
        self._lease = claim.lease
        self.job: Job = claim.job

    @property
    def payload(self) -> Any:
        """The payload of the job."""
        return self.job.payload

    @property
    def parent_result(self) -> Any:
        """The result of the job that this one follows."""
        return self._store.parent_result(self.job)

    def heartbeat(self, extend: float = DEFAULT_LEASE) -> None:
        """Say that the job is still being worked on."""
        self._lease = self._store.heartbeat(self._lease, extend=extend)


Handler = Callable[[JobContext], Any]


class HandlerRegistry:
    """Handlers by the name of their task."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def task(self, name: str) -> Callable[[Handler], Handler]:
        """Decorator that registers a handler."""

        def register(handler: Handler) -> Handler:
            if name in self._handlers:
                raise ValueError(f"task {name!r} already has a handler")
            self._handlers[name] = handler
            return handler

        return register

    def find(self, name: str) -> Handler:
        """The handler of a task."""
        try:
            return self._handlers[name]
        except KeyError:
            raise UnknownTaskError(f"no handler for task {name!r}") from None


class Worker:
    """Claims jobs one after the other and records what becomes of them."""

    def __init__(
        self,
        store: JobStore,
        handlers: HandlerRegistry,
        *,
        name: str,
        queues: Sequence[str] = (DEFAULT_QUEUE,),
        lease: float = DEFAULT_LEASE,
    ) -> None:
        self.name = name
        self._store = store
        self._handlers = handlers
        self._queues = tuple(queues)
        self._lease = lease

    def run_once(self) -> Outcome | None:
        """Work on one job; None if there was none."""
        claim = self._store.claim(self.name, queues=self._queues, lease=self._lease)
        if claim is None:
            return None
        try:
            handler = self._handlers.find(claim.job.task)
            result = handler(JobContext(self._store, claim))
        except AbortJob as error:
            return self._record_failure(claim, error, final=True)
        except Exception as error:
            return self._record_failure(claim, error)
        return self._record_success(claim, result)

    def run_until_idle(self) -> Counter[Outcome]:
        """Work until nothing is due; counts the outcomes."""
        outcomes: Counter[Outcome] = Counter()
        while (outcome := self.run_once()) is not None:
            outcomes[outcome] += 1
        return outcomes

    def _record_success(self, claim: Claim, result: Any) -> Outcome:
        try:
            self._store.complete(claim.lease, result)
        except EncodingError as error:
            return self._record_failure(claim, error)
        except LeaseLostError:
            log.warning("%s: job %d was done after its lease was lost", self.name, claim.job.id)
            return Outcome.LOST
        return Outcome.DONE

    def _record_failure(self, claim: Claim, error: Exception, *, final: bool = False) -> Outcome:
        log.info("%s: job %d failed: %r", self.name, claim.job.id, error)
        try:
            state = self._store.fail(claim.lease, f"{type(error).__name__}: {error}", final=final)
        except LeaseLostError:
            log.warning("%s: job %d failed after its lease was lost", self.name, claim.job.id)
            return Outcome.LOST
        return Outcome.DEAD if state is JobState.DEAD else Outcome.RETRIED
