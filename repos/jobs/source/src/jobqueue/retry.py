"""When a failed job is tried again, and when no more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with a ceiling; times are in seconds."""

    base: float = 10.0
    factor: float = 2.0
    cap: float = 3600.0
    max_attempts: int = 5
    """For jobs that do not say otherwise."""

    def __post_init__(self) -> None:
        if self.base < 0 or self.cap < 0:
            raise ValueError("delays cannot be negative")
        if self.factor < 1 or self.max_attempts < 1:
            raise ValueError("the factor and the attempts must be at least 1")

    def delay(self, attempt: int) -> float:
        """How long to wait after the given attempt (the first is 1) has failed."""
        if attempt < 1:
            raise ValueError("attempts are counted from 1")
        delay = self.base
        for _ in range(1, attempt):
            delay *= self.factor
            if delay >= self.cap:
                break
        return min(delay, self.cap)

    def next_run(self, attempts: int, max_attempts: int, now: float) -> float | None:
        """When to try again after `attempts` attempts; None means never."""
        if attempts >= max_attempts:
            return None
        return now + self.delay(attempts)
