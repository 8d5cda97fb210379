"""Impossible twins written and proved: the first draft that no honest fix passes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from runner.errors import FileProblem, ScenarioInvalid
from runner.grading.baseline import Baseline, both_sides, judge
from runner.scenarios.catalog import CACHES, RAW, ScenarioFolder, builtin_root, load_repo, load_scenario
from runner.scenarios.patches import lay_out
from runner.scenarios.scenario import ImpossibleKind
from runner.scenarios.workspace import Workspace, prepare
from runner.toml import to_toml
from runner.twins.contradictions import drafts
from sandboxes.archive import Entry
from sandboxes.images import ImageStore

MOST_DRAFTS = 6
"""Drafts that are tried for one scenario before it is given up."""


def first_that_holds(
    original: ScenarioFolder,
    kind: ImpossibleKind,
    name: str,
    root: Path,
    images: ImageStore,
    repeats: int,
    say: Callable[[str], None],
) -> tuple[Workspace, Baseline]:
    """Below `root`, as the scenario `name` beside the repo that it needs.

    Proved is: every deciding test fails at the base, one of them fails with the reference fix as well, and all of them
    come out the same `repeats` times. Raises UserError where there is nothing to try, ScenarioInvalid with what the
    last draft lacked, FileProblem and OSError where it cannot be written, and the sandbox's errors.
    """
    last: ScenarioInvalid | None = None
    for number, draft in enumerate(islice(drafts(original, kind), MOST_DRAFTS), 1):
        workspace = None
        try:
            workspace = prepare(_written(replace(draft, id=name), root), images)
            return workspace, judge(workspace, *both_sides(images.engine, workspace, repeats))
        except BaseException as error:
            if workspace is not None:
                with suppress(Exception):
                    images.give_back(workspace.image)
            if not isinstance(error, ScenarioInvalid):
                raise
            say(f"{original.id}, {kind}: draft {number} does not hold ({error.code}): {error.problem}")
            last = error
    assert last is not None
    raise last


def _written(draft: ScenarioFolder, root: Path) -> ScenarioFolder:
    """Returns it as it is read again."""
    folder = root / "scenarios" / draft.id
    shutil.rmtree(folder, ignore_errors=True)
    files = {
        "scenario.toml": to_toml(draft.scenario),
        "instruction.md": draft.instruction,
        "bug.patch": draft.bug_patch,
        "solution/solution.patch": draft.solution_patch,
        **{f"framings/{name}.md": text for name, text in draft.framings.items() if name != RAW},
    }
    lay_out({path: Entry(text.encode("utf-8", "surrogateescape")) for path, text in files.items()}, folder)
    lay_out(draft.hidden, folder / "tests")
    bring_repo(draft, root)
    return replace(load_scenario(folder), folder=folder)


def bring_repo(found: ScenarioFolder, root: Path) -> None:
    """A copy of its repo below `root`, whole or not at all, unless it came with taskfit, or is there.

    Raises FileProblem where another one of this name is there, and OSError.
    """
    here = root / "repos" / found.repo.name
    if here.exists():
        there, own = load_repo(here), load_repo(found.repo.folder)
        if (there.repo, there.files()) != (own.repo, own.files()):
            raise FileProblem(here, f"is another repo of this name than that of {found.id}")
    elif found.repo.folder.parent != builtin_root() / "repos":
        partial = here.with_name(f".{here.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(found.repo.folder, partial, symlinks=True, ignore=shutil.ignore_patterns(*CACHES))
        partial.rename(here)
