"""Links followed: what a call reaches is judged where its paths really lead, not only by what they are called."""

from __future__ import annotations

import os
import posixpath

from runner.commands.access import reading, writing
from runner.commands.paths import is_temporary
from runner.effects import Effect
from runner.tools.base import WORKSPACE, Reach, Workbench

CHANGES = frozenset({Effect.EDIT, Effect.OUT_OF_SCOPE, Effect.PROTECTED, Effect.OUTSIDE, Effect.UNKNOWN})
LONGEST = 4096


def followed(reach: Reach, bench: Workbench) -> Reach:
    """The reach with the effects of the places to which links lead added to it; never fewer effects than before."""
    paths = [target for target in reach.targets if _is_path(target)]
    if not paths:
        return reach
    effects, targets = set(reach.effects), list(reach.targets)
    for path, real in zip(paths, bench.sandbox.resolve(paths), strict=True):
        place = _relative(real)
        if place == _relative(f"{WORKSPACE}/{path}" if not path.startswith("/") else path):
            continue
        effects |= writing(real, bench.scope) if _may_change(path, reach) else reading(real)
        targets.append(place)
    return Reach(frozenset(effects), tuple(dict.fromkeys(targets)), reach.preview)


def _may_change(path: str, reach: Reach) -> bool:
    """Whether the call may write there; a write to a temporary file counts as running something."""
    return bool(reach.effects & CHANGES) or (Effect.RUN in reach.effects and is_temporary(path))


def _is_path(target: str) -> bool:
    """Whether a target can be a path at all; hosts and programs are looked for as paths, and not found."""
    if not target or target.startswith(("~", "-")) or "\0" in target or len(target) >= LONGEST:
        return False
    try:
        return bool(os.fsencode(target))
    except UnicodeEncodeError:
        return False


def _relative(path: str) -> str:
    """Relative to the workspace; absolute outside."""
    plain = posixpath.normpath(path)
    return plain.removeprefix(WORKSPACE + "/") if plain != WORKSPACE else "."
