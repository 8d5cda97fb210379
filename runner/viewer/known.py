"""What is known of a trial's steps beside its transcript: readers' labels, a replay, what a file held before, what a
twin's names are in the original."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.errors import UserError
from runner.labels.file import LabelFile
from runner.labels.mark import Mark
from runner.labels.steps import current
from runner.reading.marks import Mark as Sign
from runner.reading.originals import Originals
from runner.reading.reader import Reading
from runner.reading.turns import Call, Part
from runner.replay.files import Reconstruction
from runner.replay.seen import Seen, SeenCall, all_seen, transcript_digest
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.twins.back import NamesLost, original_names
from runner.viewer.place import Trial
from runner.viewer.workspaces import Workspaces, text_of

LARGEST = 8_000_000
"""Bytes of a transcript whose files are made again only to show what a call replaced."""


@dataclass(frozen=True)
class Known:
    """`labels`: step → what readers say of it. `before`: step of a `write_file` call → what the file held."""

    labels: Mapping[int, Sequence[Mark]] = field(default_factory=dict)
    replay: Seen | None = None
    """One of this very transcript."""
    before: Mapping[int, str] = field(default_factory=dict)
    originals: Originals = field(default_factory=Originals)

    def said(self, steps: Iterable[int]) -> list[tuple[int, Mark]]:
        """What readers say of these steps, each with its step."""
        return [(step, mark) for step in steps for mark in self.labels.get(step, ())]

    def differing(self, call: Call) -> SeenCall | None:
        """The call as the replay saw it, where it answered otherwise."""
        found = self.replay.differing if self.replay is not None else ()
        return next((seen for seen in found if seen.step == call.step), None)

    def signs(self, reading: Reading) -> list[Sign]:
        """Labelled steps, for the time line."""
        return [
            Sign(step, "label", ", ".join(_in_short(mark) for mark in marks), reading.part_of(step))
            for step, marks in sorted(self.labels.items())
        ]


def known(trial: Trial, parts: Sequence[Part], workspaces: Workspaces, ended: bool) -> Known:
    """Of the parts that are shown; of a trial that has not `ended` the labels alone."""
    labels, (originals, _) = labels_of(trial), originals_of(trial)
    if not ended:
        return Known(labels, originals=originals)
    return Known(labels, _replay(trial), _before(trial, parts, workspaces), originals)


def originals_of(trial: Trial) -> tuple[Originals, str]:
    """The original's names where it ran on a twin, and what is to be said where nobody knows them any more."""
    return told_back(trial.run, trial.row.key)


def told_back(run: RunFolder, key: TrialKey) -> tuple[Originals, str]:
    """The same of a trial by its key."""
    try:
        names = original_names(run, key)
    except NamesLost as error:
        return Originals(), str(error)
    return Originals(names, names.words), ""


def labels_of(trial: Trial) -> dict[int, list[Mark]]:
    """Step → what is said of it, wherever the step was when it was said; nothing where the file cannot be read."""
    found: defaultdict[int, list[Mark]] = defaultdict(list)
    try:
        marks = [mark for mark in LabelFile(trial.run.path).marks() if mark.trial == trial.name]
        now = current(trial.run.path, marks)
    except UserError:  # the page of all labels says so
        return {}
    for mark in marks:
        file, step = now.get(mark.id, (None, -1))
        if file == trial.file:
            found[step].append(mark)
    return dict(found)


def _in_short(mark: Mark) -> str:
    answer = f"right answer: {mark.answer}" if mark.answer else ""
    return f"{mark.label or answer or 'a note'} ({mark.reader})"


def _replay(trial: Trial) -> Seen | None:
    """The latest whole one, else the latest; those of a transcript that has changed since say nothing of it."""
    found = list(all_seen(trial.folder))
    digest = transcript_digest(trial.folder) if found else ""
    same = [seen for seen in found if seen.transcript == digest]
    return next((seen for seen in same if seen.before is None), same[0] if same else None)


def _before(trial: Trial, parts: Sequence[Part], workspaces: Workspaces) -> Mapping[int, str]:
    """What each `write_file` that replaced a file replaced, as far as that is known and is text."""
    calls = [call for part in parts for call in part.calls if call.tool == "write_file" and call.edits]
    if not calls or trial.file.stat().st_size > LARGEST:
        return {}
    try:
        files = workspaces.of(trial.folder)
    except UserError:
        return {}
    found = {call.step: held(files, next(iter(call.fact.targets), ""), call.step - 1) for call in calls}
    return {step: text for step, text in found.items() if text is not None}


def held(files: Reconstruction, path: str, step: int) -> str | None:
    """What a file held once a step was done; None where it was not there, is no text, or nobody knows for certain."""
    if not files.certain_at(step):
        return None
    path = path.removeprefix("/workspace/").removeprefix("./")
    changed = files.changes_at(step)
    entry = changed[path] if path in changed else files.base.get(path)
    return text_of(entry) if entry is not None and not entry.is_link else None
