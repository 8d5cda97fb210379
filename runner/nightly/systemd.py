"""A systemd user timer and its service. systemd.service(5), systemd.timer(5), systemd.syntax(7)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from runner.errors import UserError
from runner.exits import CAPPED, INTERRUPTED
from runner.nightly.plan import Job, Plan
from runner.nightly.when import named


def plan(job: Job, home: Path, environment: Mapping[str, str] = os.environ) -> Plan:
    """`environment` may name another folder for the user's settings. Raises UserError for a program that systemd does
    not start."""
    if set(job.command[0]) & set("'\""):
        raise UserError(f"{job.command[0]}: systemd starts no program whose path holds quotes; use --kind cron")
    settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    units = settings / "systemd" / "user"
    unit = f"taskfit-{job.name}"
    timer = f"{unit}.timer"
    reload = ("systemctl", "--user", "daemon-reload")
    return Plan(
        files={units / f"{unit}.service": _service(job), units / timer: _timer(job)},
        activate=(reload, ("systemctl", "--user", "enable", "--now", timer)),
        deactivate=(("systemctl", "--user", "disable", "--now", timer),),
        notes=(
            f"What it prints: journalctl --user -u {unit}",
            "A user's timers stop when the user logs out, unless: loginctl enable-linger",
        ),
    )


def _service(job: Job) -> str:
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in job.variables.items())
    command = " ".join(_quoted(word) for word in job.command)
    return (
        f"[Unit]\nDescription=taskfit: the study {job.name} at night\n\n"
        f"[Service]\nType=exec\nWorkingDirectory={_escaped(str(job.folder))}\n{variables}"
        f"ExecStart=:{command}\n"
        f"KillMode=mixed\nTimeoutStopSec=120\nSuccessExitStatus={CAPPED} {INTERRUPTED}\n"
    )


def _timer(job: Job) -> str:
    """A night that was slept through is caught up with only where it has an end: the command itself looks whether
    that has passed."""
    days = ",".join(day.capitalize() for day in named(job.hours.days))
    persistent = "true" if job.hours.until is not None else "false"
    return (
        f"[Unit]\nDescription=taskfit: the study {job.name} every night\n\n"
        f"[Timer]\nOnCalendar={days} *-*-* {job.hours.at:%H:%M}:00\nAccuracySec=1min\nPersistent={persistent}\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _quoted(word: str) -> str:
    """The `:` before the command keeps `$` as it is; `%` is doubled everywhere."""
    return '"' + _escaped(word).replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
