"""The hard limits of a run: what it may take in all, of each model and of each scenario, and until when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any, Self

from pydantic import Field, StrictFloat, StrictInt, field_validator

from runner.errors import UserError
from runner.messages import Frozen
from runner.results import TrialKey

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class Amounts(Frozen):
    """What may be used up. A limit that is left out is none."""

    usd: StrictFloat | None = Field(default=None, ge=0, allow_inf_nan=False)
    """A hard stop: reserved before each call, never exceeded."""
    tokens: StrictInt | None = Field(default=None, ge=0)
    """Likewise, in and out: the cap where nobody knows a price."""
    trials: StrictInt | None = Field(default=None, ge=0)
    """Trials that are begun; one that is tried again counts once."""

    @property
    def hold(self) -> bool:
        """Whether they limit anything."""
        return (self.usd, self.tokens, self.trials) != (None, None, None)


class Budget(Amounts):
    """`[budget]` of a study: the amounts of all models together, and more."""

    minutes: StrictFloat | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Of the whole run, resumes included; a suspended machine's sleep does not count."""
    until: str | None = None
    """07:00, the next one after the start, or a date and time; local where it names no offset."""
    grace_minutes: StrictFloat = Field(default=2.0, ge=0, le=120, allow_inf_nan=False)
    """How long running trials may go on after `minutes` or `until`; then they stop and go back to planned."""
    free_gb: StrictFloat | None = Field(default=None, ge=0, allow_inf_nan=False)
    """No trial starts with less free space on disk; the lesser of 2 GB and 5 % of the disk when left out."""
    models: dict[str, Amounts] = Field(default_factory=dict)
    """Tables `[budget.models."NAME"]`."""
    scenarios: dict[str, Amounts] = Field(default_factory=dict)
    """Tables `[budget.scenarios."GLOB"]`: for each scenario of such a name by itself."""

    @field_validator("until", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """TOML has times of its own: 07:00:00 without quotes."""
        return value.isoformat() if isinstance(value, time | datetime) else value

    @field_validator("until")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        if value is not None:
            _parsed(value)
        return value

    def check_names(self, models: Iterable[str], scenarios: Iterable[str]) -> None:
        """Raises UserError for a table that caps nothing of this study."""
        models, scenarios = list(models), list(scenarios)
        for name in self.models:
            if name not in models:
                raise UserError(f'[budget.models."{name}"] caps no model of this study; they are {", ".join(models)}')
        for glob in self.scenarios:
            if not any(fnmatchcase(name, glob) for name in scenarios):
                raise UserError(f'[budget.scenarios."{glob}"] matches no scenario of this study')

    def caps(self, key: TrialKey) -> tuple[Cap, ...]:
        """Every cap that holds for a trial, the run's first."""
        found = [Cap("the run", self)]
        if key.model in self.models:
            found.append(Cap(f"model {key.model}", self.models[key.model], model=key.model))
        found += [
            Cap(f"scenario {key.scenario}", amounts, scenario=key.scenario)
            for glob, amounts in self.scenarios.items()
            if fnmatchcase(key.scenario, glob)
        ]
        return tuple(cap for cap in found if cap.amounts.hold)

    def begun(self, now: datetime) -> Self:
        """The budget with `until` as the moment that it means for a run that starts now.

        Raises UserError for a moment that has passed.
        """
        if self.until is None:
            return self
        moment = next_moment(self.until, now)
        if moment <= now:
            raise UserError(f"until {self.until} has passed; name a later time, or a time of day such as 07:00")
        return self.model_copy(update={"until": moment.isoformat(timespec="seconds")})


@dataclass(frozen=True)
class Cap:
    """Amounts, and whose: of the trials of a model, of a scenario, or of all."""

    where: str
    amounts: Amounts
    model: str | None = None
    scenario: str | None = None

    @classmethod
    def of(cls, usd: float | None = None, tokens: int | None = None, trials: int | None = None) -> Sequence[Cap]:
        """The caps of a run that has no others."""
        return (cls("the run", Amounts(usd=usd, tokens=tokens, trials=trials)),)


def next_moment(until: str, now: datetime) -> datetime:
    """The moment that `until` means, with its offset; `now` needs one."""
    parsed = _parsed(until)
    if isinstance(parsed, datetime):
        return parsed.astimezone()
    local = now.astimezone()
    for days in (0, 1):
        day = local.date() + timedelta(days=days)
        moment = datetime.combine(day, parsed).astimezone()
        if moment > now:
            break
    return moment


def time_of_day(until: str) -> time | None:
    """The time of day, to the minute, that `until` names; None for a date, and for nothing."""
    parsed = _parsed(until) if until else None
    return parsed.replace(second=0, microsecond=0) if isinstance(parsed, time) else None


def _parsed(until: str) -> time | datetime:
    """Raises ValueError, with what would be right."""
    if clock := _CLOCK.fullmatch(until.strip()):
        return time(int(clock[1]), int(clock[2]))
    for read in (time.fromisoformat, datetime.fromisoformat):
        try:
            found = read(until.strip())
        except ValueError:
            continue
        if isinstance(found, time) and found.tzinfo is None:
            return found
        if isinstance(found, datetime) and re.search(r"\d[T ]\d", until):
            return found
    raise ValueError('write a local time of day such as "07:00", or a date and time such as "2026-12-24T07:00"')
