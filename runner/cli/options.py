"""What several commands have in common."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.report.privacy import Mode

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output.")]

Redact = Annotated[
    bool,
    typer.Option("--redact", help="For sharing: what is private under pseudonyms; the numbers stay."),
]
Public = Annotated[bool, typer.Option("--public", help="For sharing: without the scenarios that are not built in.")]


def privacy(redact: bool, public: bool) -> Mode:
    """What the two flags come to. Raises UserError for both."""
    from runner.errors import UserError

    if redact and public:
        raise UserError("--redact keeps private scenarios under pseudonyms, --public leaves them out; give one")
    return "redacted" if redact else "public" if public else "local"


def program() -> str:
    """How the user can call taskfit again from here."""
    return "taskfit" if shutil.which("taskfit") else os.path.relpath(sys.argv[0])
