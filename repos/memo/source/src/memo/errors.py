"""The errors of the cache."""

from __future__ import annotations


class MemoError(Exception):
    """Base class of all errors of this package."""


class ConfigurationError(MemoError, ValueError):
    """A bound, a time to live or a tag that makes no sense."""


class UnusableKey(MemoError, TypeError):
    """Arguments that cannot be made into a key."""


class ReentrantLoad(MemoError, RuntimeError):
    """A loader asked for the very key it is loading."""
