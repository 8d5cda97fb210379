"""Two source releases of a package: the tests of the new one against the code of the old one.

base      the old release
solved    the code of the new one, with the old one's tests, documents and metadata
hidden    the new one's tests that changed
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pathspec
from packaging.version import InvalidVersion, Version

from runner.errors import Rejected, UserError
from runner.importers.base import clean, digest_of, python_test, slug, split, text_only, title_of
from runner.importers.changelog import said_between
from runner.importers.index import Release, files_of, index_name, releases
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.scenario import Provenance
from sandboxes.archive import Entry
from sandboxes.errors import ArchiveRefused

DOCUMENTS = ("/doc/", "/docs/", "/PKG-INFO", "/README*", "/CHANGE*", "/CHANGELOG*", "/HISTORY*", "/NEWS*", "/AUTHORS*")
"""What stays as the old release has it."""
GENERATED = ("*.egg-info/", "*.pyc", "__pycache__/")
"""What building made, in neither."""
_DOCUMENTS = pathspec.PathSpec.from_lines("gitignore", DOCUMENTS)
_GENERATED = pathspec.PathSpec.from_lines("gitignore", GENERATED)


def leads(name: str, old: str, new: str, *, instruction: str = "") -> Iterator[Lead]:
    """One lead for the pair; `instruction` instead of what the changelog says. Raises UserError."""
    found = releases(name)
    before, after = _named(name, found, old), _named(name, found, new)
    if not before.version < after.version:
        raise UserError(f"{old} is not older than {new}; name the old release first")
    id = slug(f"{name}-{after.version}")
    key = digest_of(before.sha256, after.sha256, instruction)
    yield Lead(id, f"{name} {before.version} → {after.version}", key, _Load(id, name, before, after, instruction))


def _named(name: str, found: list[Release], version: str) -> Release:
    try:
        wanted = Version(version)
    except InvalidVersion:
        raise UserError(f"{version!r} is no version of a package") from None
    for release in found:
        if release.version == wanted:
            return release
    near = [str(release.version) for release in found if release.version.major == wanted.major]
    known = ", ".join((near or [str(release.version) for release in found])[-8:]) or "none at all"
    raise UserError(f"{name} {version} has no source release at {index_name()}; some that there are: {known}")


@dataclass(frozen=True)
class _Load:
    id: str
    name: str
    old: Release
    new: Release
    instruction: str

    def __call__(self) -> Proposal:
        base, whole = _files(self.old), _files(self.new)
        fixed = {path: entry for path, entry in whole.items() if not _DOCUMENTS.match_file(path) or python_test(path)}
        fixed |= {path: entry for path, entry in base.items() if _DOCUMENTS.match_file(path) and not python_test(path)}
        solved, hidden = split(base, fixed)
        text_only(base, solved)
        notes: list[str] = []
        told, title = self._told(whole, notes)
        return Proposal(
            id=self.id,
            title=title_of(title, self.id),
            instruction=clean(told),
            repo=slug(self.name),
            base=base,
            solved=solved,
            hidden=hidden,
            provenance=Provenance(
                origin="imported",
                source=f"{self.name}, releases {self.old.version} and {self.new.version}",
                instance=f"{self.name}=={self.new.version}",
                public_since=self.new.uploaded,
                instruction="written" if self.instruction else "imported",
            ),
            notes=tuple(notes),
        )

    def _told(self, whole: Mapping[str, Entry], notes: list[str]) -> tuple[str, str]:
        """The instruction, and of what its title is made."""
        if self.instruction:
            return self.instruction, self.instruction
        said = said_between(whole, self.old.version, self.new.version)
        if said is None:
            sentence = f"no changelog in {self.new.name} tells what {self.new.version} fixes; give the instruction"
            raise Rejected("instruction-thin", sentence)
        if said.entries > 1:
            notes.append(
                f"the fix holds {said.entries} changes of the changelog, and all of them are asked for at once"
            )
        return said.text, said.first


def _files(release: Release) -> dict[str, Entry]:
    try:
        found = files_of(release)
    except (ArchiveRefused, UserError) as error:
        raise Rejected("source-unavailable", str(error)) from None
    return {path: entry for path, entry in found.items() if not _GENERATED.match_file(path)}
