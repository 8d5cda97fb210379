"""`taskfit demo`: everything from an empty machine to a scored table, without a key."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from runner.cli.options import Json
from runner.cli.run import run

MODELS = ("oracle", "repair", "noop")
SCENARIOS = (
    "jobs-attempt-limit",
    "memo-double-load",
    "memo-expiry-edge",
    "month-end-recurrence",
    "router-error-cookies",
)


def demo(
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/DATE-demo when left out.")] = None,
    json: Json = False,
) -> None:
    """Three models that need no key against a few of the built-in scenarios, in real sandboxes."""
    from runner.runs.folder import free

    folder = out or free(Path("runs", f"{date.today()}-demo"))
    run(model=list(MODELS), scenario=list(SCENARIOS), concurrency=2, out=folder, json=json)
