"""Impossible twins as a pack of their own: proved, and written beside a copy of the repo that they need."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from runner.errors import FileProblem, UserError
from runner.grading import baseline
from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.scenarios.scenario import ImpossibleKind
from runner.twins.impossible import bring_repo, first_that_holds
from sandboxes.images import ImageStore


def impossible_twin(
    found: ScenarioFolder, kind: ImpossibleKind, to: Path, images: ImageStore, repeats: int, say: Callable[[str], None]
) -> ScenarioFolder:
    """The first draft that is proved to be impossible, written below `to` whole or not at all, and read again.

    Raises UserError, and ScenarioInvalid with what the last draft lacked.
    """
    name = f"{found.id}-{kind.replace('_', '-')}"
    folder = to / "scenarios" / name
    if folder.exists():
        raise UserError(f"{folder} is there; remove it to have it made again")
    partial = to / ".partial" / f"{name}.{os.getpid()}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        made, known = first_that_holds(found, kind, name, partial, images, repeats, say)
        baseline.keep(made, known)
        bring_repo(made.found, to)
        folder.parent.mkdir(parents=True, exist_ok=True)
        made.found.folder.rename(folder)
        return replace(load_scenario(folder), folder=folder)
    except (OSError, FileProblem) as error:
        raise UserError(f"{folder} cannot be written: {error}; name another folder with --to") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):  # somebody else works there
            partial.parent.rmdir()
