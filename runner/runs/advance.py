"""What one line of the ledger holds for several calls of a trial, so that few calls need a write of their own.

Calls take less than their worst case, which is set aside: an advance of three worst cases pays for a dozen calls. On
disk it stands in full until it is closed. A crash therefore leaves more than was spent, never less; by how much, the
ledger bounds (`Ledger.advance`).
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 1 << 53
"""Dollars or tokens of one call: what a float can count one by one, and a ledger can hold many of."""


@dataclass
class Advance:
    """Not thread-safe: whoever shares it holds a lock. Amounts are US dollars and tokens."""

    reservation: int
    usd: float
    tokens: int
    closed: bool
    """Pays for no further call; each change of what it holds goes to the ledger."""
    _usd: float = 0.0
    _tokens: int = 0
    """What settled calls took, and the worst case of those under way."""

    def covers(self, usd: float, tokens: int) -> bool:
        """Whether a call of that worst case fits beside what it holds."""
        return not self.closed and self._usd + usd <= self.usd and self._tokens + tokens <= self.tokens

    def begin(self, usd: float, tokens: int) -> None:
        """A call of that worst case is made."""
        self._usd += usd
        self._tokens += tokens

    def settle(self, worst: tuple[float, int], took: tuple[float, int]) -> None:
        """A call is over; one that took more than its worst case may close the advance. Raises ValueError."""
        if not 0 <= took[0] <= MOST or not 0 <= took[1] <= MOST:
            raise ValueError(f"a call cannot have taken {took[0]} USD and {took[1]} tokens")
        self._usd += took[0] - worst[0]
        self._tokens += took[1] - worst[1]
        self.closed = self.closed or self._usd > self.usd or self._tokens > self.tokens

    @property
    def held(self) -> tuple[float, int]:
        """What its calls took, or may still take."""
        return max(0.0, self._usd), self._tokens

    @property
    def idle(self) -> tuple[float, int]:
        """What is set aside for calls that nobody has made yet."""
        return (0.0, 0) if self.closed else (self.usd - self._usd, self.tokens - self._tokens)
