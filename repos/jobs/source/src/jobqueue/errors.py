"""Everything this package raises on purpose."""

from __future__ import annotations


class JobQueueError(Exception):
    """Base of all errors of this package."""


class EncodingError(JobQueueError):
    """A payload or result cannot be stored as JSON."""


class JobNotFoundError(JobQueueError):
    """There is no job of that id."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"no job {job_id}")
        self.job_id = job_id


class JobStateError(JobQueueError):
    """The job is not in a state that allows the operation."""


class LeaseLostError(JobQueueError):
    """The lease is no longer the one under which the job is held."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"the lease on job {job_id} was lost")
        self.job_id = job_id


class PoolExhaustedError(JobQueueError):
    """All connections of the pool are in use."""


class DatabaseBusyError(JobQueueError):
    """Another process kept the database locked for too long."""


class ScheduleError(JobQueueError):
    """A schedule is unknown or makes no sense."""


class UnknownTaskError(JobQueueError):
    """No handler is registered for the job's task."""


class AbortJob(Exception):
    """Raised by a handler to give up for good, whatever attempts are left."""
