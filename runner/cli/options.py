"""What several commands have in common."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output.")]


def program() -> str:
    """How the user can call taskfit again from here."""
    return "taskfit" if shutil.which("taskfit") else os.path.relpath(sys.argv[0])
