"""What is known of a scenario without running it: where it comes from, its age, what was proved, how hard it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from runner.counting import number_of
from runner.frameworks import framework
from runner.messages import Frozen
from runner.quality.difficulty import Difficulty, difficulties
from runner.quality.proofs import Standing, standing
from runner.scenarios.catalog import ScenarioFolder

DAYS_A_MONTH = 365.25 / 12


class Overview(Frozen):
    """One scenario in a list."""

    id: str
    title: str
    repo: str
    tags: tuple[str, ...]
    framework: str
    language: str
    origin: str
    built_in: bool
    since: date
    """When the fix became public; where it never did, when the scenario was written to disk last."""
    public: bool
    """Whether `since` is the former."""
    standing: Standing
    difficulty: Difficulty | None
    """None where no model tried it in the runs at hand."""
    folder: str

    def age(self, today: date) -> str:
        """As in `12 days`, `5 months`, `2 years`."""
        days = max(0, (today - self.since).days)
        for unit, length in (("year", 365.25), ("month", DAYS_A_MONTH)):
            if days >= 2 * length:
                return f"{int(days / length)} {unit}s"
        return number_of(days, "day")


def overviews(scenarios: Sequence[ScenarioFolder], runs: Path, problem: Callable[[str], None]) -> list[Overview]:
    """Everything of each scenario; `problem` hears of runs that cannot be read."""
    known = difficulties(runs, {found.id: found for found in scenarios}, problem)
    return [overview(found, known.get(found.id)) for found in scenarios]


def overview(found: ScenarioFolder, difficulty: Difficulty | None = None) -> Overview:
    scenario, suite = found.scenario, found.repo.repo.tests
    public = scenario.provenance.public_since
    return Overview(
        id=found.id,
        title=scenario.title,
        repo=scenario.repo,
        tags=scenario.tags,
        framework=suite.framework,
        language=framework(suite.framework).language,
        origin=scenario.provenance.origin,
        built_in=found.is_built_in,
        since=public or _written(found.folder),
        public=public is not None,
        standing=standing(found),
        difficulty=difficulty,
        folder=str(found.folder),
    )


def _written(folder: Path) -> date:
    return datetime.fromtimestamp((folder / "scenario.toml").stat().st_mtime, UTC).date()
