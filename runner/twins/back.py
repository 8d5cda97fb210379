"""The way back from a twin's names to its original's, kept in the run's folder: a run is read where no cache is.

It is one file a twin (`twins/SCENARIO~PERTURBATION.json`), the same that the cache has beside it. Runs from before
there were such files are read by the cache's, as long as that is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.arms import ORIGINAL, perturbation_of
from runner.durable import write_whole
from runner.errors import FileProblem, UserError
from runner.messages import to_json
from runner.regular import opened
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.twins.cache import ABOUT
from runner.twins.serving import Twins, subject_name

FOLDER = "twins"
LARGEST = 8_000_000
"""Bytes of one map."""
LONGEST = 400
"""Characters of a name or path."""
MOST = 100_000
"""Names of one map."""
_NAME = re.compile(r"\w[\w./-]*")
"""An identifier, a path, or a dotted one."""


class NamesLost(UserError):
    """Nobody knows any more what a twin's names were in its original."""


def keep_names(run: Path, twins: Twins) -> None:
    """Write them where they are not yet. Raises FileProblem where that fails, and for a link in their place."""
    folder = run / FOLDER
    for perturbation, abouts in twins.abouts.items():
        for scenario, about in abouts.items():
            file, content = folder / f"{subject_name(scenario, perturbation)}.json", to_json(about, indent=1)
            if folder.is_symlink() or file.is_symlink():
                raise FileProblem(folder, "is a link or holds one, and twins' names live in their run; remove it")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if not file.is_file() or file.read_bytes() != content:
                    write_whole(file, content)
            except OSError as error:
                raise FileProblem(file, f"cannot be written: {error.strerror or error}") from None


class Names(dict[str, str]):
    """New → old; `words` are the new ones that are no names of code but words of what it says."""

    def __init__(self, names: Mapping[str, str] | None = None, words: Iterable[str] = ()) -> None:
        super().__init__(names or {})
        self.words = frozenset(words)


def original_names(run: RunFolder, key: TrialKey) -> Names:
    """What a trial ran on has these names in its original; none for one that ran on an original.

    Raises NamesLost where neither the run nor the cache has a sound map any more.
    """
    perturbation = perturbation_of(key.arm)
    if perturbation == ORIGINAL:
        return Names()
    name = subject_name(key.scenario, perturbation)
    cached, seed = _planned(run, key.scenario, perturbation)
    for file in (_kept(run, name), cached):
        if file is not None and (found := _read(file)) is not None:
            return found
    again = f"taskfit scenarios twin {key.scenario:.200} --kind {perturbation:.80} --seed {seed}"
    raise NamesLost(
        f"{run.path} keeps no map from the names of {name:.200} to its original's, and the cache has none either; "
        f"`{again}` makes the twin again, and with it the map"
    )


def _planned(run: RunFolder, scenario: str, perturbation: str) -> tuple[Path | None, str]:
    """Where the cache had the map when the run was planned, and the seed of its twins."""
    try:
        lock = run.whole_lock()
    except UserError:
        return None, "SEED"
    place = lock.twins.folders.get(perturbation, {}).get(scenario)
    seed = lock.study.get("seed")
    found = place.parents[1] / ABOUT if place is not None and len(place.parents) > 1 else None
    return found, str(seed) if isinstance(seed, int) else "SEED"


def _kept(run: RunFolder, name: str) -> Path | None:
    """Where the run has it; None for a name, out of a transcript, that would lead elsewhere."""
    leads_out = Path(name).name != name or "\0" in name or (run.path / FOLDER).is_symlink()
    return None if leads_out else run.path / FOLDER / f"{name}.json"


def _read(file: Path) -> Names | None:
    """What may be shown of a map, which may be anybody's; None for no map."""
    try:
        with opened(file) as stream:
            data = stream.read(LARGEST + 1)
        told = json.loads(data) if len(data) <= LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    names = told.get("names") if isinstance(told, dict) else None
    if not isinstance(names, dict) or len(names) > MOST:
        return None
    words = told.get("words") if isinstance(told, dict) else None
    words = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    return Names({new: old for new, old in names.items() if _is_name(new) and _is_name(old)}, words)


def _is_name(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST and _NAME.fullmatch(text) is not None
