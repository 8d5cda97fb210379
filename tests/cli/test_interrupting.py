"""What is interrupted before it is a run says so, and what to do; twins in the making are finished and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import typer

from runner.cli.run import Session
from runner.exits import INTERRUPTED
from runner.runs.folder import RunFolder
from runner.runs.run import Run
from runner.scenarios.catalog import load_scenario
from runner.studies.study import Study
from runner.twins.serving import twins_of
from sandboxes.images import ImageStore


class Planning:
    """A run that a person stops while it is planned."""

    def plan(self) -> None:
        raise KeyboardInterrupt


def test_a_run_that_is_stopped_while_it_is_planned_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    study, folder = Study(models=("noop",)), RunFolder(tmp_path / "run")
    with pytest.raises(typer.Exit) as ended, Session(folder, study, study.notify, True) as session:
        session.plan(cast("Run", Planning()))
    assert ended.value.exit_code == INTERRUPTED
    assert (
        "interrupted before the run began; what was made is kept: give the same command again" in capfd.readouterr().err
    )
    with folder.held():
        pass


class Interrupting(ImageStore):
    """Images that a person's interrupt comes upon."""

    def __init__(self) -> None: ...

    def __getattribute__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_whoever_waits_for_twins_is_told_why(write_scenario: Callable[..., Path]) -> None:
    said: list[str] = []
    found = load_scenario(write_scenario())
    with pytest.raises(KeyboardInterrupt):
        twins_of(["rename"], {found.id: found}, 3, Interrupting(), said.append, threading.Event())
    assert said[-1] == "interrupted: the twins that are being made are finished first, and kept"
