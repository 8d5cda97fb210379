"""A job queue in one SQLite file."""

from jobqueue.clock import Clock, ManualClock, SystemClock
from jobqueue.database import ConnectionPool, Database
from jobqueue.errors import AbortJob, DatabaseBusyError, EncodingError, JobNotFoundError
from jobqueue.errors import JobQueueError, JobStateError, LeaseLostError
from jobqueue.errors import PoolExhaustedError, ScheduleError, UnknownTaskError
from jobqueue.models import Claim, Failure, Job, JobState, Lease
from jobqueue.retry import RetryPolicy
from jobqueue.scheduler import Schedule, Scheduler
from jobqueue.stats import QueueStats, collect_stats
from jobqueue.store import JobStore
from jobqueue.worker import HandlerRegistry, JobContext, Outcome, Worker

__all__ = [
    "AbortJob", "Claim", "Clock", "ConnectionPool", "Database", "DatabaseBusyError",
    "EncodingError", "Failure", "HandlerRegistry", "Job", "JobContext", "JobNotFoundError",
    "JobQueueError", "JobState", "JobStateError", "JobStore", "Lease", "LeaseLostError",
    "ManualClock", "Outcome", "PoolExhaustedError", "QueueStats", "RetryPolicy", "Schedule",
    "ScheduleError", "Scheduler", "SystemClock", "UnknownTaskError", "Worker", "collect_stats",
]
