"""A run's trials as records, read from its folder one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import get_args

from runner.errors import FileProblem, UserError
from runner.events.grading import ProbeKind
from runner.labels.file import LabelFile
from runner.labels.judging import Judgements, judgements
from runner.measures.readers import with_readers
from runner.measures.record import Record, record
from runner.regular import content
from runner.results import FreshInputs, TrialKey, TrialResult
from runner.runs.folder import RunFolder
from runner.transcript import read

PROBE = "probe_"
"""How the name of a probe begins, where a trial has its arm's."""
FRESH = "fresh.json"
"""In a trial's folder: what a check with fresh inputs found (`runner.quality.special_casing`)."""


def records(folder: RunFolder, problem: Callable[[str], None]) -> Iterator[Record]:
    """Every finished trial; `problem` is told of each file that cannot be read, and the trial counts as far as it can.

    A trial whose transcript and result are both beyond reading is left out. Raises FileProblem where the run itself is.
    """
    planned = folder.keys()
    judged = _judged(folder, problem)
    for key in planned:
        result = _result(folder, key, problem)
        try:
            found = _from_transcript(folder, key, result)
        except FileProblem as error:
            problem(str(error))
            found = record(key, (), result) if result is not None else None
        if found is not None:
            found.fresh_inputs = _fresh(folder.trial(key) / FRESH, problem)
            yield with_readers(found, judged.get(key.name, {}))


def _fresh(file: Path, problem: Callable[[str], None]) -> FreshInputs | None:
    """None where no check was made, or nobody can read what it found."""
    try:
        return FreshInputs.model_validate_json(content(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        problem(f"{file}: cannot be read: {str(error).splitlines()[0]}")
        return None


def probes(folder: RunFolder, problem: Callable[[str], None]) -> Iterator[Record]:
    """Every blind probe of the run's models and scenarios that was asked (`runner.probes`)."""
    for key in probe_keys(folder.keys()):
        try:
            found = _from_transcript(folder, key, None)
        except FileProblem as error:
            problem(str(error))
            continue
        if found is not None and found.probed is not None:
            yield found


def probe_keys(planned: Iterable[TrialKey]) -> list[TrialKey]:
    """Where probes of these trials' models and scenarios are, once they are asked."""
    both = dict.fromkeys((key.scenario, key.model) for key in planned)
    return [
        TrialKey(scenario=scenario, model=model, arm=f"{PROBE}{kind}", repeat=1)
        for scenario, model in both
        for kind in get_args(ProbeKind)
    ]


def _judged(folder: RunFolder, problem: Callable[[str], None]) -> Judgements:
    """What readers say of the trials' approvals; nothing where it cannot be read."""
    try:
        return judgements(folder.path, LabelFile(folder.path).marks(problem))
    except UserError as error:
        problem(str(error))
        return {}


def _result(folder: RunFolder, key: TrialKey, problem: Callable[[str], None]) -> TrialResult | None:
    try:
        return folder.result(key)
    except FileProblem as error:
        problem(str(error))
        return None


def _from_transcript(folder: RunFolder, key: TrialKey, result: TrialResult | None) -> Record | None:
    """None for a trial that has not ended."""
    file = folder.trial(key) / "events.jsonl"
    try:
        found = record(key, read(file), result)
    except FileNotFoundError:
        return record(key, (), result) if result is not None else None
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error}") from None
    if found.transcribed and found.key != key:
        raise FileProblem(file, f"is of another trial, {found.key.name}")
    if found.finished_step < 0 and result is not None:
        raise FileProblem(file, "ends before its trial does")
    return found if found.finished_step >= 0 else None
