"""Workspaces that failed trials of an earlier run left: where the trials of the arm `start = "failed"` begin."""

from __future__ import annotations

from pathlib import Path

from runner.arms import of_twin
from runner.errors import UserError
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.trials.setting import LeftBehind
from runner.trials.snapshot import FILE, load


class Leftovers:
    """The failed trials of a run that changed something and whose workspace was kept, by scenario; none of twins."""

    def __init__(self, run: Path) -> None:
        """Raises UserError where `run` is no run's folder, or holds nothing of the kind."""
        self._run = RunFolder(run)
        self._failed: dict[str, list[TrialKey]] = {}
        for result in self._run.results():
            kept = (self._run.trial(result.key) / FILE).exists()
            if result.verdict == "unresolved" and result.changed_files and kept and not of_twin(result.key.arm):
                self._failed.setdefault(result.key.scenario, []).append(result.key)
        if not self._failed:
            raise UserError(f"{run}: no failed trial there changed anything, so none can be started from")

    def __contains__(self, scenario: object) -> bool:
        return scenario in self._failed

    def of(self, scenario: str, repeat: int) -> LeftBehind:
        """The same one for every model."""
        failed = self._failed[scenario]
        key = failed[(repeat - 1) % len(failed)]
        return LeftBehind(key, load(self._run.trial(key)))
