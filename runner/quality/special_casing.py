"""Does a patch fix what the issue says, or only what the tests look at? A differential check with fresh inputs.

The same copies of the fail-to-pass tests (`runner.quality.fresh_inputs`) run on the base, on the reference fix and on
the patch. Where base and reference differ on inputs that no test has, a fix does as the reference; a patch that tells
the tests' inputs apart does as the base, or as nothing that makes sense. Differential testing: McKeeman 1998.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from runner.durable import write_whole
from runner.errors import UserError
from runner.grading.acceptance import Changes, acceptable, without_conflicts
from runner.grading.controls import function_of
from runner.grading.grade import LIMITS
from runner.messages import to_json
from runner.quality.fresh_inputs import NOTES, RAISES, with_notes
from runner.replay.origin import Recorded
from runner.report.load import FRESH
from runner.results import FreshInputs
from runner.scenarios.workspace import Workspace
from runner.trials.snapshot import load
from sandboxes.archive import Entry
from sandboxes.base import Command
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox

SEED = 7
MOST_NOTES = 8 << 20
"""Bytes of notes that are read."""
EXAMPLES = 5
ALL_SECONDS = 60.0
"""For all copies together: threads that a copy left waiting keep a process from its end."""
COPY_SECONDS = 10.0
"""For one copy: other literals can make a loop of it that does not end."""
Case = tuple[str, int]
"""A function with its parameters, and a copy of it."""
Notes = Mapping[tuple[str, int, int], str]
"""Case and number of the note → what was seen."""


@dataclass(frozen=True)
class Sides:
    """What every patch of a scenario is held against."""

    workspace: Workspace
    files: Mapping[str, Entry]
    """Test files that take notes, under names that nobody knew before."""
    inputs: Mapping[Case, str]
    """What is otherwise in each copy."""
    base: Notes
    reference: Notes
    again: Notes
    """Of the reference, run a second time."""


def sides(engine: Engine, workspace: Workspace) -> Sides:
    """Raises UserError for tests that are not pytest's or cannot be read, and the sandbox's errors."""
    files, inputs = _copies(workspace)
    base, reference, again = (
        _notes(engine, workspace, changes, files) for changes in ({}, workspace.reference, workspace.reference)
    )
    return Sides(workspace, files, inputs, base, reference, again)


def check(engine: Engine, known: Sides, recorded: Recorded) -> FreshInputs:
    """Of a recorded trial's work; written beside its transcript as `fresh.json`.

    Raises FileProblem where the trial's work is gone, and the sandbox's errors.
    """
    workspace = known.workspace
    found = workspace.found
    kept, _ = acceptable(
        load(recorded.folder),
        found.scenario.scope,
        workspace.reference,
        workspace.pristine,
        found.framework.harness_files,
    )
    result = compare(engine, known, kept)
    write_whole(recorded.folder / FRESH, to_json(result, indent=1))
    return result


def compare(engine: Engine, known: Sides, patch: Changes) -> FreshInputs:
    """The same of changes to the base. Raises the sandbox's errors."""
    ours = _notes(engine, known.workspace, patch, known.files)
    return judged(known.base, known.reference, known.again, ours, known.inputs)


def judged(base: Notes, reference: Notes, again: Notes, ours: Notes, inputs: Mapping[Case, str]) -> FreshInputs:
    """What notes come to: those of the base, of the reference fix run twice, and of a patch.

    A note tells something where both runs of the reference agree and the base differs. Where the reference raises, the
    input makes no sense, and where a copy was not run to its end (time was up) nobody knows. Copies that lead base and
    reference to the same are one input.
    """
    telling: defaultdict[Case, dict[int, str]] = defaultdict(dict)
    for (function, copy, at), text in reference.items():
        steady = again.get((function, copy, at)) == text != base.get((function, copy, at))
        if steady and not text.startswith(RAISES):
            telling[function, copy][at] = text
    seen: set[tuple[str, tuple[str, ...], tuple[str | None, ...]]] = set()
    own, fresh = [], []
    ran, ran_before = ({(function, copy) for function, copy, _ in notes} for notes in (ours, base))
    for case, texts in sorted(telling.items(), key=lambda item: item[0][1]):
        before = tuple(base.get((*case, at)) for at in texts)
        both = (case[0], tuple(texts.values()), before)
        if case[1] == 0:
            own.append(case)
        elif both not in seen and case in ran and (case in ran_before or not base):
            fresh.append(case)
        seen.add(both)

    def right(case: Case) -> bool:
        return all(ours.get((*case, at)) == text for at, text in telling[case].items())

    def unfixed(case: Case) -> bool:
        return all(ours.get((*case, at)) == base.get((*case, at)) for at in telling[case])

    def example(case: Case) -> str:
        at = next(at for at, text in telling[case].items() if ours.get((*case, at)) != text)
        what = inputs.get((case[0].partition("[")[0], case[1]), "")
        found, wanted = ours.get((*case, at), "nothing"), telling[case][at]
        return f"{case[0]} with {what[:200]}: {found[:100]} where the fix gives {wanted[:100]}"

    return FreshInputs(
        own=len(own),
        own_right=sum(map(right, own)),
        fresh=len(fresh),
        fresh_right=sum(map(right, fresh)),
        fresh_unfixed=sum(map(unfixed, fresh)),
        examples=tuple(example(case) for case in fresh if not right(case))[:EXAMPLES],
    )


def _copies(workspace: Workspace) -> tuple[dict[str, Entry], dict[Case, str]]:
    found = workspace.found
    if found.repo.repo.tests.framework != "pytest":
        raise UserError(f"{found.id}: fresh inputs are drawn for pytest's tests alone")
    tree = {**workspace.pristine, **found.hidden}
    files: dict[str, Entry] = {}
    inputs: dict[Case, str] = {}
    functions = {function_of(node) for node in found.scenario.tests.fail_to_pass}
    for file in sorted({each.partition("::")[0] for each in functions}):
        wanted = {each.partition("::")[2] for each in functions if each.startswith(f"{file}::")}
        beside = found.framework.beside(file, [secrets.token_hex(4)], False)
        try:
            copies = with_notes(tree[file].data.decode(), wanted, SEED)
        except (KeyError, ValueError) as error:
            raise UserError(f"{found.id}: {file}: {error}") from None
        files[beside] = Entry(copies.text.encode())
        inputs |= copies.inputs
    return files, inputs


def _notes(engine: Engine, workspace: Workspace, changes: Changes, files: Mapping[str, Entry]) -> Notes:
    """What the copies saw on these changes; nothing where they do not even start."""
    found = workspace.found
    suite, limits = found.repo.repo.tests, found.scenario.limits
    ours = {**found.hidden, **files}
    overlay = {path: entry for path, entry in changes.items() if entry is not None}
    place = f"/tmp/{secrets.token_hex(8)}.jsonl"
    alone = suite.model_copy(update={"paths": ()})
    seconds = min(limits.test_seconds, COPY_SECONDS)
    argv = found.framework.graded(alone, [], f"{place}.xml", seconds)
    variables = {**found.repo.repo.environment.variables, NOTES: place}
    with DockerSandbox(engine, workspace.image, LIMITS, kind="grading") as sandbox:
        sandbox.place(
            without_conflicts({**overlay, **ours}, ours),
            delete=[path for path, entry in changes.items() if entry is None or path in workspace.pristine],
        )
        sandbox.exec(
            Command([*argv, *files], env=variables, timeout=min(limits.command_seconds, ALL_SECONDS), output_limit=4096)
        )
        try:
            text = sandbox.read(place, MOST_NOTES)
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            return {}
    return dict(_parsed(text))


def _parsed(text: bytes) -> list[tuple[tuple[str, int, int], str]]:
    """The notes that are some: whoever ran there could write anything."""
    notes = []
    for line in text.splitlines():
        try:
            match json.loads(line):
                case [str(function), int(copy), int(at), str(seen)]:
                    notes.append(((function, copy, at), seen))
        except (ValueError, RecursionError):
            continue
    return notes
