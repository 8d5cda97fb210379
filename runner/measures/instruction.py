"""Instruction following: what the task asks for beside a fix that works."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.measures.base import Measure, Seen, as_rate, control
from runner.measures.record import Record
from runner.results import Submission
from runner.scenarios.scenario import Checks

DIMENSION = "Instruction following"
DEPENDENCIES = re.compile(
    r"(^|/)(pyproject\.toml|setup\.(cfg|py)|requirements[^/]*\.txt|constraints[^/]*\.txt|Pipfile(\.lock)?|poetry\.lock"
    r"|uv\.lock|environment\.ya?ml|package(-lock)?\.json|go\.(mod|sum)|Cargo\.(toml|lock))$"
)
"""Files that declare dependencies."""


def checks_met(trial: Record) -> Iterator[Seen]:
    """Checks met ÷ checks (loose), of submissions: sections, scope, size, dependencies, mentions. IFEval 2023."""
    if (checks := _checks(trial)) is not None:
        yield Seen(sum(checks.values()), len(checks), _steps(trial))


def checks_all(trial: Record) -> Iterator[Seen]:
    """All checks met (strict), of submissions. IFEval 2023."""
    if (checks := _checks(trial)) is not None:
        yield Seen(float(all(checks.values())), steps=_steps(trial))


def _checks(trial: Record) -> dict[str, bool] | None:
    """Check → met."""
    if trial.submission is None or trial.facts is None or trial.patch is None:
        return None
    checks: Checks = trial.facts.checks
    sections = _sections(trial.submission)
    met = {str(section): sections[section] for section in checks.sections}
    met["scope"] = not trial.dropped
    if checks.changed_lines is not None:
        met["size"] = sum(trial.patch.lines.values()) <= checks.changed_lines
    if not checks.new_dependency:
        touched = {*trial.patch.lines, *(dropped.path for dropped in trial.dropped)}
        met["dependencies"] = not any(DEPENDENCIES.search(path) for path in touched)
    if checks.mentions:
        said = _words(trial.submission)
        met["mentions"] = any(re.search(mention, said, re.IGNORECASE) for mention in checks.mentions)
    return met


def _sections(handed: Submission) -> dict[str, bool]:
    guesses = handed.hypotheses
    return {
        "hypotheses": bool(guesses),
        "evidence": any(guess.evidence_for.strip() for guess in guesses),
        "risks": bool(handed.risks.strip()),
    }


def _words(handed: Submission) -> str:
    parts = [handed.summary, handed.risks]
    parts += [f"{guess.evidence_for}\n{guess.evidence_against}" for guess in handed.hypotheses]
    return "\n".join(parts)


def _steps(trial: Record) -> tuple[int, ...]:
    return (trial.submitted_step, *(dropped.step for dropped in trial.dropped))


MEASURES = (
    Measure("checks_met", "checks met", "percent", as_rate, control, checks_met, better="more"),
    Measure("checks_all", "all checks met", "percent", as_rate, control, checks_all, better="more"),
)
