"""Money and tokens of a run: set aside in the ledger before a call is made, under every cap that holds for its trial.

While there is plenty, a trial sets aside a few calls at a time and makes them out of that advance. A call that does not
fit under a cap first has all advances given back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.errors import BudgetExhausted, Interrupted
from runner.results import TrialKey
from runner.runs.advance import Advance
from runner.runs.budget import Budget, Cap
from runner.runs.ledger import Ledger, Row
from runner.trials.agent import Reserve

LOOK_SECONDS = 0.5
CALLS_AT_A_TIME = 3
"""Worst cases that a trial sets aside at once. Models mostly take a fifth of it, or less: that is a dozen calls."""


@dataclass
class Purse:
    """Shared by all trials of a process; thread-safe.

    A call that does not fit while others still run waits for them: most take less than was set aside for them. Once
    none runs and it still does not fit, the cap holds for that model: `closed` says why.
    """

    ledger: Ledger
    budget: Budget
    closed: dict[tuple[str, str], BudgetExhausted] = field(default_factory=dict)
    """Whose cap, and the model for which it holds → what it said."""
    _under_way: dict[object, TrialKey] = field(default_factory=dict)
    """Calls for which money is set aside, or is just being asked for → whose."""
    _advances: dict[TrialKey, Advance] = field(default_factory=dict)
    """What a trial's next calls can be made out of."""
    _forgotten: int = 0
    """Calls that were settled so far."""
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def holds(self, row: Row) -> BudgetExhausted | None:
        """The cap that keeps a trial from starting. One on trials keeps none that was begun before."""
        for cap in self.budget.caps(row.key):
            closed = self.closed.get((cap.where, row.key.model))
            if closed is not None and not (closed.what == "trials" and row.attempts):
                return closed
        return None

    def begins(self, row: Row) -> int:
        """Start a trial under its caps; the number of the attempt. Raises BudgetExhausted."""
        try:
            return self.ledger.start(row.position, self.budget.caps(row.key))
        except BudgetExhausted as error:
            self.closed.setdefault((error.where, row.key.model), error)
            raise

    def reserve_for(self, row: Row, stop: threading.Event) -> Reserve:
        """What the trial reserves with. It raises BudgetExhausted, and Interrupted where the trial is to stop."""
        caps = self.budget.caps(row.key)

        def reserve(usd: float, tokens: int) -> Callable[[float, int], None]:
            if stop.is_set():
                raise Interrupted("stopped before a call")
            call = object()
            advance = self._begun(call, row, usd, tokens) or self._set_aside(call, row, usd, tokens, caps, stop)

            def settle(spent: float, used: int) -> None:
                try:
                    with self._changed:
                        advance.settle((usd, tokens), (spent, used))
                        closed, held, others = advance.closed, advance.held, len(self._under_way) - 1
                    if closed:
                        self.ledger.settle(advance.reservation, *held, others=others)
                finally:
                    self._forget(call)

            return settle

        return reserve

    def ended(self, key: TrialKey) -> None:
        """The trial makes no more calls; what it never settled stays spent."""
        with self._changed:
            self._close(key)
            for call in [each for each, whose in self._under_way.items() if whose == key]:
                del self._under_way[call]
                self._forgotten += 1
            self._changed.notify_all()

    def committed(self) -> float:
        """US dollars that were spent, or are set aside for calls that are under way."""
        return self._but_idle(0, self.ledger.committed)

    def left(self) -> str:
        """What the run's own caps leave, in words; empty where it has none."""
        amounts, run = self.budget, Cap("the run", self.budget)
        parts = []
        if amounts.usd is not None:
            parts.append(f"{max(0.0, amounts.usd - self.committed()):.4f} of {amounts.usd:.4f} USD")
        if amounts.tokens is not None:
            used = self._but_idle(1, self.ledger.committed_tokens)
            parts.append(f"{max(0, amounts.tokens - int(used))} of {amounts.tokens} tokens")
        if amounts.trials is not None:
            parts.append(f"{max(0, amounts.trials - self.ledger.begun(run))} of {amounts.trials} trials")
        return ", ".join(parts)

    def _but_idle(self, which: int, committed: Callable[[], float]) -> float:
        """Without what is set aside for calls that nobody has made yet.

        The ledger is asked outside of the lock, where no call waits for its disk; advances that come or go meanwhile
        are counted as spent.
        """
        before = self._idle(which)
        found = committed()
        return found - min(before, self._idle(which))

    def _idle(self, which: int) -> float:
        with self._changed:
            return sum(advance.idle[which] for advance in self._advances.values())

    def _begun(self, call: object, row: Row, usd: float, tokens: int) -> Advance | None:
        """Make a call out of the trial's advance; None where that does not cover it."""
        with self._changed:
            advance = self._advances.get(row.key)
            if advance is None or not advance.covers(usd, tokens):
                return None
            advance.begin(usd, tokens)
            self._under_way[call] = row.key
            return advance

    def _set_aside(
        self, call: object, row: Row, usd: float, tokens: int, caps: tuple[Cap, ...], stop: threading.Event
    ) -> Advance:
        """Make a call out of a new advance.

        The ledger is asked outside of the lock, so that it can write what several trials want together.
        """
        while True:
            if stop.is_set():
                raise Interrupted("stopped while waiting for money that others had set aside")
            with self._changed:
                self._close(row.key)
                others, forgotten = len(self._under_way), self._forgotten
                self._under_way[call] = row.key
            try:
                reservation, calls = self.ledger.advance(row.position, usd, tokens, caps, others, CALLS_AT_A_TIME)
            except BudgetExhausted as error:
                with self._changed:
                    self._under_way.pop(call, None)
                    self._changed.notify_all()
                    if self._gives_back() or self._forgotten != forgotten:
                        continue  # a call was settled meanwhile, or an advance given back, and may have left something
                    if not self._others(error.where, caps):
                        self.closed[error.where, row.key.model] = error
                        stop.set()  # also where it was the approver's call, whose errors the gate takes for no answer
                        raise
                    self._changed.wait(LOOK_SECONDS)
            except BaseException:
                self._forget(call)
                raise
            else:
                advance = Advance(reservation, calls * usd, calls * tokens, closed=calls == 1)
                with self._changed:
                    advance.begin(usd, tokens)
                    if not advance.closed:
                        self._close(row.key)  # of another call of the same trial, made at the same time
                        self._advances[row.key] = advance
                return advance

    def _close(self, key: TrialKey) -> None:
        """Give back what is idle in a trial's advance, with whatever the ledger writes next."""
        if (advance := self._advances.pop(key, None)) is not None:
            advance.closed = True
            self.ledger.settle(advance.reservation, *advance.held, others=1)

    def _gives_back(self) -> bool:
        """Close all advances; whether any left something."""
        left = any(advance.idle != (0.0, 0) for advance in self._advances.values())
        for key in list(self._advances):
            self._close(key)
        return left

    def _others(self, where: str, caps: tuple[Cap, ...]) -> bool:
        """Whether calls under the same cap are under way."""
        cap = next(cap for cap in caps if cap.where == where)
        return any(
            cap.model in (None, key.model) and cap.scenario in (None, key.scenario) for key in self._under_way.values()
        )

    def _forget(self, call: object) -> None:
        with self._changed:
            self._under_way.pop(call, None)
            self._forgotten += 1
            self._changed.notify_all()
