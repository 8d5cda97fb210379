"""An in-process cache with expiry, tags, single-flight loading and statistics."""

from .cache import UNSET, Cache
from .clock import Clock, ManualClock, MonotonicClock
from .decorator import memoize
from .errors import ConfigurationError, MemoError, ReentrantLoad, UnusableKey
from .namespace import Namespace
from .sizing import by_count, by_length, in_bytes
from .stats import Snapshot

__all__ = [
    "UNSET",
    "Cache",
    "Clock",
    "ConfigurationError",
    "ManualClock",
    "MemoError",
    "MonotonicClock",
    "Namespace",
    "ReentrantLoad",
    "Snapshot",
    "UnusableKey",
    "by_count",
    "by_length",
    "in_bytes",
    "memoize",
]
