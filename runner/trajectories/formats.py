"""Which files are trajectories of others, and which format reads each."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from runner.errors import FileProblem, UserError
from runner.trajectories import atif, inspect_log, mini, sweagent
from runner.trajectories.base import Importer, ImportFormat, Source
from runner.trajectories.reading import Place, document

READERS: Mapping[ImportFormat, Importer] = {
    "atif": atif.read,
    "inspect": inspect_log.read,
    "sweagent": sweagent.read,
    "mini": mini.read,
}
ENDINGS = (".eval", ".traj", ".traj.json", "trajectory.json")
"""Of the files of a folder that are taken."""
MOST_FILES = 10_000


def sniffed(found: Source) -> ImportFormat:
    """The format of a file, by what is in it. Raises FileProblem where it is none of ours."""
    if zipfile.is_zipfile(found.path):
        return "inspect"
    whole = Place(found.path, document(found))
    match whole.value:
        case {"schema_version": str(version)} if version.startswith("ATIF-"):
            return "atif"
        case {"eval": dict(), "version": _}:
            return "inspect"
        case {"history": list(), "info": dict()}:
            return "sweagent"
        case {"messages": list(), "info": dict()} | {"trajectory_format": str()}:
            return "mini"
    raise FileProblem(found.path, f"is none of {', '.join(READERS)}; name its format with --from if it is one")


def files_of(places: Iterable[Path]) -> Iterator[Path]:
    """The files that are meant: those that are named, and of a folder, those whose names are trajectories'.

    Raises UserError for a place that is not there, and for a folder of too many.
    """
    for place in places:
        if place.is_dir():
            found = sorted(path for path in place.rglob("*") if path.name.endswith(ENDINGS) and path.is_file())
            if not found:
                raise UserError(f"{place} holds no {', '.join(ENDINGS)}; name the files themselves")
            if len(found) > MOST_FILES:
                raise UserError(f"{place} holds {len(found):,} trajectories; at most {MOST_FILES:,} are taken at once")
            yield from found
        elif place.exists():
            yield place
        else:
            raise UserError(f"{place} is not there")
