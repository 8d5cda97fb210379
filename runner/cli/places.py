"""Runs, trials and steps as people name them on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.runs.folder import RunFolder

RUNS = Path("runs")


def runs_of(paths: Sequence[Path]) -> list[RunFolder]:
    """Runs' folders, or those within folders of runs. Raises UserError for a path that is no run and holds none."""
    from runner.errors import UserError
    from runner.runs.folder import LOCK, RunFolder

    found: dict[Path, RunFolder] = {}
    for path in paths:
        here = path.resolve()
        inside = [here] if (here / LOCK).is_file() else sorted(file.parent for file in here.glob(f"*/{LOCK}"))
        if not inside:
            hint = "; start a run with `taskfit demo` or `taskfit run`" if path.name == RUNS.name else ""
            raise UserError(f"{path} is no run's folder (it has no {LOCK}), and no folder of runs either{hint}")
        for folder in inside:
            found.setdefault(folder, RunFolder(folder))
    return list(found.values())


def transcript_of(trial: Path) -> Path:
    """Of a trial, by its folder, its name in the latest run, or its transcript. Raises UserError, UnknownName."""
    from runner.errors import UnknownName, UserError
    from runner.runs.folder import latest_run

    for candidate in (trial, trial / "events.jsonl"):
        if candidate.is_file():
            return candidate
    if trial.is_dir():
        raise UserError(f"{trial} holds no events.jsonl; name a trial's folder, as in {trial}/trials/…")
    if len(trial.parts) > 1:
        raise UserError(f"{trial} is not there; name a trial's folder, or a trial of the latest run by its name alone")
    run = latest_run(RUNS)
    file = run.path / "trials" / trial.name / "events.jsonl"
    if file.is_file():
        return file
    known = [path.parent.name for path in run.path.glob("trials/*/events.jsonl")]
    raise UnknownName(f"trial in {run.path}", str(trial), known)


def with_step(trial: str) -> tuple[Path, int | None]:
    """`TRIAL@STEP` or `TRIAL`.

    >>> with_step("runs/a/trials/s.m.control.1@17")
    (PosixPath('runs/a/trials/s.m.control.1'), 17)
    """
    name, at, step = trial.rpartition("@")
    return (Path(name), int(step)) if at and step.isascii() and step.isdigit() else (Path(trial), None)
