"""A line of the user's crontab. crontab(5)."""

from __future__ import annotations

import shlex

from runner.errors import UserError
from runner.nightly.plan import Job, Plan

LONGEST = 990
"""Characters of a command that every cron takes."""


def plan(job: Job) -> Plan:
    """Raises UserError for a command that is too long for a crontab."""
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in job.variables.items())
    command = (
        f"cd {shlex.quote(str(job.folder))} && {variables}{shlex.join(job.command)} "
        f"</dev/null >>{shlex.quote(str(job.log))} 2>&1"
    ).replace("%", "\\%")
    if len(command) > LONGEST:
        raise UserError(f"the command takes {len(command)} characters, cron {LONGEST}; use --kind systemd")
    at = job.hours.at
    line = f"{at.minute} {at.hour} * * {_days(job.hours.days)} {command}"
    return Plan(
        crontab=f"{mark(job.name)}\n{line}\n",
        notes=(f"What it prints: {job.log}", "cron does not catch up with a night that the machine slept through"),
    )


def mark(name: str) -> str:
    """The comment above a study's line."""
    return f"# taskfit nightly {name}"


def without(crontab: str, name: str) -> str:
    """A crontab less the study's two lines; whatever else it holds stays as it is."""
    kept: list[str] = []
    lines = iter(crontab.splitlines(keepends=True))
    for line in lines:
        if line.rstrip("\r\n") == mark(name):
            next(lines, None)
            continue
        kept.append(line)
    return "".join(kept)


def added(crontab: str, plan: Plan, name: str) -> str:
    """A crontab with the study's lines at its end, in place of older ones."""
    rest = without(crontab, name)
    return rest + ("\n" if rest and not rest.endswith("\n") else "") + plan.crontab


def _days(days: tuple[int, ...]) -> str:
    """cron counts days from Sunday."""
    return "*" if len(days) == 7 else ",".join(str((day + 1) % 7) for day in days)
