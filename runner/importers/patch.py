"""Scenarios made by hand: a base, a patch that fixes it, and tests in a folder or as another patch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.errors import FileProblem, Rejected, UserError
from runner.importers.base import applied, clean, slug, text_only, title_of
from runner.scenarios.catalog import CACHES
from runner.scenarios.git import GitRefused, git
from runner.scenarios.objects import tree_at
from runner.scenarios.patches import MAX_PATCH
from runner.scenarios.proposal import Proposal
from runner.scenarios.scenario import Provenance
from sandboxes.archive import Tree, read_folder

LEFT_OUT = (".git", ".hg", ".svn", ".venv", "venv", "node_modules", *CACHES)
"""Of a folder that is no repository."""


def proposal_from(place: Path, commit: str, patch: Path, tests: Path, instruction: str, *, id: str = "") -> Proposal:
    """What people hand in as a scenario.

    `place` is a git repository, read at `commit` (its HEAD when empty), or a plain folder, read as it is but for
    `patch` and `tests`, should they lie in it. `tests` is a patch, or a folder that is laid over the root. Raises
    UserError and FileProblem for what cannot be read, Rejected for what makes no scenario.
    """
    base = _base(place, commit, (patch, tests))
    solved = applied(base, _text(patch), patch.name)
    if solved == dict(base):
        raise Rejected("tests-only", f"{patch.name} changes nothing")
    text_only(base, solved)
    if not instruction.strip():
        raise Rejected("instruction-thin", "the instruction is empty")
    title = title_of(instruction, patch.stem)
    return Proposal(
        id=slug(id or title),
        title=title,
        instruction=clean(instruction),
        repo=slug(place.resolve().name),
        base=base,
        solved=solved,
        hidden=_hidden(base, tests),
        provenance=Provenance(origin="patch", source=place.resolve().name, instruction="written"),
    )


def _base(place: Path, commit: str, ours: Sequence[Path]) -> Tree:
    if not place.is_dir():
        raise FileProblem(place, "is no folder")
    if not (place / ".git").exists() and not (place / "objects").is_dir():
        if commit:
            raise UserError(f"{place} is no git repository, so there is no {commit} in it; leave the commit out")
        try:
            there = read_folder(place, LEFT_OUT)
            return {path: entry for path, entry in there.items() if not _is_in(place / path, ours)}
        except OSError as error:
            raise FileProblem(place, f"cannot be read: {error}") from None
    name = commit or "HEAD"
    if name.startswith("-"):
        raise UserError(f"{name!r} is no commit")
    try:
        found = git(place, "rev-parse", "-q", "--verify", f"{name}^{{commit}}").decode().strip()
        return tree_at(place, found, CACHES)
    except GitRefused as error:
        raise UserError(f"{place}: there is no commit {name!r}: {error}") from None


def _is_in(file: Path, places: Sequence[Path]) -> bool:
    """Whether a file is one of these places or below one."""
    here = file.parent.resolve() / file.name
    return any(here.is_relative_to(each.resolve()) for each in places)


def _hidden(base: Tree, tests: Path) -> Tree:
    if tests.is_dir():
        found = read_folder(tests, LEFT_OUT)
    else:
        tested = applied(base, _text(tests), tests.name)
        found = {path: entry for path, entry in tested.items() if base.get(path) != entry}
    if not found:
        raise Rejected("no-tests", f"{tests.name} holds no test")
    return found


def _text(file: Path) -> str:
    """A patch as it is, whatever its encoding: surrogates stand for bytes that are no UTF-8."""
    try:
        if file.stat().st_size > MAX_PATCH:
            raise FileProblem(file, f"has {file.stat().st_size >> 20} MiB; no more than {MAX_PATCH >> 20} are read")
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror}") from None
