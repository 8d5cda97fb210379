"""A launchd agent of the user's. launchd.plist(5)."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path

from runner.nightly.plan import Job, Plan


def plan(job: Job, home: Path) -> Plan:
    label = f"taskfit.nightly.{job.name}"
    file = home / "Library" / "LaunchAgents" / f"{label}.plist"
    domain = f"gui/{os.getuid()}"
    return Plan(
        files={file: _agent(job, label)},
        activate=(("launchctl", "bootstrap", domain, str(file)),),
        deactivate=(("launchctl", "bootout", f"{domain}/{label}"),),
        notes=(f"What it prints: {job.log}", "It starts while you are logged in; a sleeping Mac starts it on waking"),
    )


def _agent(job: Job, label: str) -> str:
    """launchd counts days from Sunday."""
    at = job.hours.at
    starts = [{"Weekday": (day + 1) % 7, "Hour": at.hour, "Minute": at.minute} for day in job.hours.days]
    agent = {
        "Label": label,
        "ProgramArguments": list(job.command),
        "WorkingDirectory": str(job.folder),
        "EnvironmentVariables": dict(job.variables),
        "StartCalendarInterval": starts,
        "StandardOutPath": str(job.log),
        "StandardErrorPath": str(job.log),
        "ExitTimeOut": 120,
    }
    return plistlib.dumps(agent).decode("utf-8")
