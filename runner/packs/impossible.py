"""Impossible twins proved and written: scenarios of a pack of their own, beside a copy of the repo that they need."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runner.errors import FileProblem, ScenarioInvalid, UserError
from runner.grading.baseline import both_sides, judge
from runner.scenarios.catalog import CACHES, ScenarioFolder, builtin_root, load_scenario
from runner.scenarios.impossible import Kind, drafts
from runner.scenarios.patches import lay_out
from runner.scenarios.workspace import prepare
from runner.toml import to_toml
from sandboxes.archive import Entry
from sandboxes.images import ImageStore

MOST_DRAFTS = 6
"""Drafts that are tried for one scenario before it is given up."""


def impossible_twin(
    found: ScenarioFolder, kind: Kind, to: Path, images: ImageStore, repeats: int, say: Callable[[str], None]
) -> ScenarioFolder:
    """The first draft that is proved to be impossible, written below `to`; returns it as it is read again.

    Proved is: every deciding test fails at the base, one of them fails with the reference fix as well, and all of them
    come out the same `repeats` times. Raises UserError, and ScenarioInvalid with what the last draft lacked.
    """
    last: ScenarioInvalid | None = None
    for tried, draft in enumerate(drafts(found, kind)):
        folder = to / "scenarios" / draft.id
        if folder.exists():
            raise UserError(f"{folder} is there; remove it to have it made again")
        if tried == MOST_DRAFTS:
            break
        try:
            workspace = prepare(draft, images)
            judge(workspace, *both_sides(images.engine, workspace, repeats))
        except ScenarioInvalid as error:
            say(f"{draft.id}: draft {tried + 1} does not hold ({error.code}): {error.problem}")
            last = error
            continue
        return _written(draft, to, folder)
    assert last is not None
    raise last


def _written(draft: ScenarioFolder, to: Path, folder: Path) -> ScenarioFolder:
    """Whole or not at all. Raises UserError where it cannot be written."""
    files = {
        "scenario.toml": to_toml(draft.scenario),
        "instruction.md": draft.instruction,
        "bug.patch": draft.bug_patch,
        "solution/solution.patch": draft.solution_patch,
    }
    partial = to / ".partial" / draft.id
    try:
        _bring_repo(draft, to)
        shutil.rmtree(partial, ignore_errors=True)
        lay_out({path: Entry(text.encode("utf-8", "surrogateescape")) for path, text in files.items()}, partial)
        lay_out(draft.hidden, partial / "tests")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(folder)
        return replace(load_scenario(folder), folder=folder)
    except (OSError, FileProblem) as error:
        raise UserError(f"{folder} cannot be written: {error}; name another folder with --to") from None
    finally:
        shutil.rmtree(to / ".partial", ignore_errors=True)


def _bring_repo(draft: ScenarioFolder, to: Path) -> None:
    """A copy of the repo, unless it came with taskfit, or is there."""
    here = to / "repos" / draft.repo.name
    if draft.repo.folder.parent == builtin_root() / "repos" or here.exists():
        return
    shutil.copytree(draft.repo.folder, here, symlinks=True, ignore=shutil.ignore_patterns(*CACHES))
