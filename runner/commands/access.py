"""What reading or changing one path does: the same judgement for tools as for shell commands."""

from __future__ import annotations

from runner.commands.findings import Action
from runner.commands.paths import Ground, resolve
from runner.effects import Effect
from runner.scenarios.scenario import Scope


def reading(path: str, workspace: str = "/workspace") -> frozenset[Effect]:
    """The effects of reading a path, relative to the workspace or absolute."""
    return _touching(path, Scope(), workspace, Action.READ)


def writing(path: str, scope: Scope, workspace: str = "/workspace") -> frozenset[Effect]:
    """The effects of creating, changing or deleting one file."""
    return _touching(path, scope, workspace, Action.WRITE)


def _touching(path: str, scope: Scope, workspace: str, action: Action) -> frozenset[Effect]:
    ground = Ground(scope, workspace)
    resolved = resolve(path, workspace)
    if ground.is_secret(resolved, glob=False):
        return frozenset({Effect.SECRETS})
    return frozenset(ground.effects(resolved, action, tree=False, glob=False)) or frozenset({Effect.RUN})
