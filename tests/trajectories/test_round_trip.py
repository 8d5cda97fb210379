"""A trial of ours in each format and back: all events, and without our own notes beside them, the conversation."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from runner.errors import UserError
from runner.events import AnyEvent
from runner.events.conversation import Challenged, Told
from runner.events.endings import Submitted, TrialFinished
from runner.events.origins import Imported, TrialStarted
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.reopening import study_of
from runner.search.query import TYPES
from runner.trajectories.base import LABELS, Foreign, ImportFormat, Losses, Trial
from runner.trajectories.exporting import WRITERS, export
from runner.trajectories.formats import READERS, sniffed
from runner.trajectories.importing import Intake, restore
from runner.trajectories.reading import source
from runner.transcript import read
from runner.trials.conversation import until_submission

FORMATS: tuple[ImportFormat, ...] = get_args(ImportFormat)


def exported(trial: Trial, format: ImportFormat, folder: Path) -> Path:
    written: dict[str, bytes] = {}
    WRITERS[format]([trial], written.__setitem__, Losses(format))
    ((name, data),) = written.items()
    (folder / name).write_bytes(data)
    return folder / name


def imported(file: Path) -> Foreign:
    found = source(file)
    (trial,) = READERS[sniffed(found)](found)
    restore(trial, found)
    return trial


def without_notes(file: Path) -> None:
    """Remove taskfit's own events from an exported file."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(each) for name, each in value.items() if name != "taskfit"}
        return [strip(each) for each in value] if isinstance(value, list) else value

    if not zipfile.is_zipfile(file):
        file.write_text(json.dumps(strip(json.loads(file.read_text()))))
        return
    data = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(strip(json.loads(old.read(name)))))
    file.write_bytes(data.getvalue())


def test_the_transcript_has_every_type_of_event(trial: Trial) -> None:
    assert {event.type for event in trial.events} == LABELS.keys() == set(TYPES)


@pytest.mark.parametrize("format", FORMATS)
def test_every_event_comes_back_as_it_was(format: ImportFormat, trial: Trial, tmp_path: Path) -> None:
    back = imported(exported(trial, format, tmp_path))
    kinds = (TrialStarted, TrialFinished, Imported)
    assert back.events == [event for event in trial.events if not isinstance(event, kinds)]
    assert back.origin == trial.started
    assert back.ending == trial.finished
    assert not back.left_out


@pytest.mark.parametrize("format", FORMATS)
def test_what_the_format_holds_is_not_written_twice(format: ImportFormat, trial: Trial, tmp_path: Path) -> None:
    once = "a prompt that is written once"
    events = [
        event.model_copy(update={"text": once}) if event.type == "told" and event.role == "system" else event
        for event in trial.events
    ]
    file = exported(Trial(trial.key, events), format, tmp_path)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            sample = json.loads(archive.read(next(name for name in archive.namelist() if name.startswith("samples/"))))
            text = json.dumps(sample["messages"]) + json.dumps(sample["store"])
    else:
        text = file.read_text()
    assert text.count(once) == 1


@pytest.mark.parametrize("format", FORMATS)
def test_without_our_notes_the_conversation_comes_back(format: ImportFormat, trial: Trial, tmp_path: Path) -> None:
    file = exported(trial, format, tmp_path)
    without_notes(file)
    back = imported(file)

    def said(events: Iterable[AnyEvent]) -> list[tuple[str, str]]:
        """All of it, challenges as what they are to a model: words of the user's."""
        told = [
            Told(role="user", text=event.text) if isinstance(event, Challenged) else event
            for event in events
            if not isinstance(event, Submitted)
        ]
        return [(message.role, message.text) for message in until_submission(told)]

    assert said(back.events) == said(trial.events)
    assert {"submitted", "graded", "trial_finished", "decided"}.isdisjoint(
        {event.type for event in back.events} - ({"decided"} if format == "inspect" else set())
    )


@pytest.mark.parametrize("format", FORMATS)
def test_losses_name_each_kind_that_the_format_has_no_field_for(format: ImportFormat, trial: Trial) -> None:
    again = replace(trial, key=trial.key.model_copy(update={"repeat": trial.key.repeat + 1}))
    losses = export([trial, again], format, lambda name, data: None)
    said = "\n".join(losses.sentences())
    assert "2 faults injected on purpose" in said
    assert "2 gradings" in said
    assert "prompts" not in said
    assert ("approval decisions" in said) == (format != "inspect")


@pytest.mark.parametrize("format", FORMATS)
def test_an_imported_run_has_no_verdict_but_what_was_told(
    format: ImportFormat, key: TrialKey, trial: Trial, tmp_path: Path
) -> None:
    file = exported(trial, format, tmp_path)
    intake = Intake(RunFolder(tmp_path / "run"))
    intake.run.path.mkdir()
    intake.take([file])
    assert not intake.problems
    (there,) = intake.trials
    assert there == key
    events = list(read(intake.run.trial(there) / "events.jsonl"))
    marks = [event for event in events if isinstance(event, Imported)]
    assert [event.step for event in events] == list(range(len(events)))
    assert len(marks) == 1 and marks[0].told["verdict" if format != "inspect" else "score.verdict"] in ("resolved", "C")
    assert [event.verdict for event in events if isinstance(event, TrialFinished)] == ["imported"]
    assert intake.run.results()[0].verdict == "imported"
    intake.take([file])
    assert intake.known_already == [file]
    with pytest.raises(UserError, match="nothing can go on there"):
        study_of(intake.run)


def test_trials_alike_become_repeats_also_in_a_later_import(key: TrialKey, trial: Trial, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    for repeat in (1, 2, 3):
        file = exported(
            Trial(key, [*trial.events[:-1], trial.events[-1].model_copy(update={"seconds": repeat})]), "mini", tmp_path
        )
        intake = Intake(run)
        intake.take([file])
        assert [each.repeat for each in intake.trials] == [repeat]
    assert [result.key.repeat for result in run.results()] == [1, 2, 3]
