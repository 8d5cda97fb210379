"""How hard scenarios were in past runs: read from the ledgers alone, since one query says what became of each trial."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from runner.arms import CONTROL
from runner.errors import UserError
from runner.messages import Frozen
from runner.results import COUNTED
from runner.runs.folder import LOCK, RunFolder
from runner.runs.ledger import Ledger
from runner.scenarios.catalog import ScenarioFolder
from runner.statistics.estimate import LEVEL
from runner.statistics.rates import rate, wilson, z_of
from runner.trials.attempt import knows_reference


class Difficulty(Frozen):
    """The share of trials that resolved a scenario, control arm, over models."""

    resolved: float
    low: float
    high: float
    models: int
    trials: int

    @property
    def text(self) -> str:
        """As in `40 % [12–77] n=5`; n is the number of trials."""
        return f"{100 * self.resolved:.0f} % [{100 * self.low:.0f}–{100 * self.high:.0f}] n={self.trials}"


def difficulties(
    runs: Path, scenarios: Mapping[str, ScenarioFolder], problem: Callable[[str], None]
) -> dict[str, Difficulty]:
    """Scenario → its difficulty, of those that were tried in the runs of a folder; `problem` hears of unreadable runs.

    Models that know the answer or do nothing are left out, and so are trials of another scenario of the same name:
    a run's scenario is this one where its folder or its content is the same.
    """
    outcomes: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(runs.glob(f"*/{LOCK}")):
        try:
            _read(RunFolder(file.parent), scenarios, outcomes)
        except UserError as error:
            problem(str(error))
    return {name: _difficulty(list(of.values())) for name, of in outcomes.items()}


def _read(
    run: RunFolder, scenarios: Mapping[str, ScenarioFolder], outcomes: Mapping[str, Mapping[str, list[float]]]
) -> None:
    if not run.ledger_file.is_file():
        return
    lock = run.whole_lock()
    hashes = lock.hashes.get("scenarios")
    hashes = hashes if isinstance(hashes, dict) else {}
    same = {
        name
        for name, found in scenarios.items()
        if lock.folders.get(name) == found.folder or (name in hashes and hashes[name] == found.digest)
    }
    ledger = Ledger(run.ledger_file)
    try:
        rows = ledger.rows()
    finally:
        ledger.close()
    for row in rows:
        key = row.key
        if key.scenario not in same or key.arm != CONTROL or key.model == "noop" or knows_reference(key.model):
            continue
        if row.verdict in COUNTED:
            outcomes[key.scenario][key.model].append(float(row.verdict == "resolved"))


def _difficulty(outcomes: list[list[float]]) -> Difficulty:
    """Over models as over scenarios elsewhere; of a single model, over its trials."""
    trials = sum(map(len, outcomes))
    estimate = rate(outcomes)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        share = sum(map(sum, outcomes)) / trials
        low, high = wilson(share, trials, z_of(LEVEL))
        return Difficulty(resolved=share, low=low, high=high, models=len(outcomes), trials=trials)
    return Difficulty(
        resolved=estimate.value, low=estimate.low, high=estimate.high, models=len(outcomes), trials=trials
    )
