"""Mutation score: which slightly wrong versions of the reference fix do a scenario's own tests notice?

A hint and no proof of weakness: some mutants are equivalent to the fix, and no test could notice those.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from runner.counting import number_of
from runner.frameworks.naming import is_test
from runner.grading.baseline import VERSION as BASELINE
from runner.grading.baseline import Baseline
from runner.grading.grade import LIMITS, Grading, grade
from runner.messages import Frozen
from runner.quality.cache import keep, kept
from runner.quality.mutations import REVERSAL, Mutation, mutations
from runner.scenarios.checkout import base_tree, changes, solved_tree
from runner.scenarios.workspace import Workspace
from runner.statistics.estimate import LEVEL
from runner.statistics.rates import wilson, z_of
from sandboxes.archive import Entry, Tree
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import SandboxError

VERSION = 1
"""Part of the cache's key: raised whenever other mutants are drawn, or they are graded otherwise."""
MOST = 12
SEED = 7
ENOUGH = 0.5
"""A score below this is a warning."""

Outcome = Literal["killed", "survived", "broken", "harness_failed"]
"""`broken`: no expected test was reported, as where a compiler refuses it; it says nothing of the tests."""


class Mutant(Frozen):
    """One mutant, and what became of it."""

    path: str
    line: int
    """Of the solved file, from 1."""
    operator: str
    outcome: Outcome
    why: str = ""
    """A test that noticed, or what failed."""
    diff: str = ""
    """From the reference fix to the mutant."""


class MutationScore(Frozen):
    """What a scenario's tests notice: killed of run, with a Wilson interval."""

    mutants: tuple[Mutant, ...]
    run: int
    killed: int
    score: float | None
    """None where no mutant was run."""
    low: float | None = None
    high: float | None = None

    @property
    def survivors(self) -> list[Mutant]:
        return [mutant for mutant in self.mutants if mutant.outcome == "survived"]

    @property
    def weak(self) -> str:
        """Why the tests look weak; empty where they do not."""
        if taken := sum(mutant.operator == REVERSAL for mutant in self.survivors):
            return f"{number_of(taken, 'hunk')} of the reference fix can be taken back and no test notices"
        if self.score is not None and self.score < ENOUGH:
            return f"the tests notice {self.killed} of {self.run} mutants of the reference fix"
        return ""

    @property
    def line(self) -> str:
        if self.score is None:
            return "no mutant of the reference fix could be run"
        assert self.low is not None and self.high is not None
        bounds = f"{100 * self.low:.0f}–{100 * self.high:.0f} %"
        return f"{self.killed} of {self.run} mutants killed [{bounds}]"


def score_of(found: list[Mutant]) -> MutationScore:
    """The score of mutants; those that are broken or whose harness failed are not counted."""
    killed = sum(mutant.outcome == "killed" for mutant in found)
    run = killed + sum(mutant.outcome == "survived" for mutant in found)
    if not run:
        return MutationScore(mutants=tuple(found), run=0, killed=0, score=None)
    low, high = wilson(killed / run, run, z_of(LEVEL))
    return MutationScore(mutants=tuple(found), run=run, killed=killed, score=killed / run, low=low, high=high)


def mutation_score(
    engine: Engine,
    workspace: Workspace,
    known: Baseline,
    *,
    most: int = MOST,
    seed: int = SEED,
    concurrency: int = 1,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> MutationScore:
    """From the cache, or by grading each mutant in a sandbox of its own; `tell` hears how many are done, of how many.

    What the harness failed at is not kept.
    """
    key = [VERSION, BASELINE, workspace.found.digest, workspace.image, most, seed]
    if (known_score := kept("mutants", key, MutationScore)) is not None:
        return known_score
    base = base_tree(workspace.found)
    solved = solved_tree(workspace.found, base)
    globs = workspace.found.framework.test_files
    fixed = {path: base.get(path) if is_test(path, globs) else entry for path, entry in solved.items()}
    drawn = mutations(base, {path: entry for path, entry in fixed.items() if entry is not None}, most, seed)
    done: list[Mutant] = []

    def one(mutation: Mutation) -> Mutant:
        mutant = _run(engine, workspace, known, base, solved, mutation)
        done.append(mutant)
        tell(len(done), len(drawn))
        return mutant

    with ThreadPoolExecutor(concurrency) as pool:
        score = score_of(list(pool.map(one, drawn)))
    if not any(mutant.outcome == "harness_failed" for mutant in score.mutants):
        keep("mutants", key, score)
    return score


def _run(engine: Engine, workspace: Workspace, known: Baseline, base: Tree, solved: Tree, mutation: Mutation) -> Mutant:
    tree = {path: entry for path, entry in solved.items() if path != mutation.path}
    if mutation.text is not None:
        like = solved.get(mutation.path) or base.get(mutation.path)
        tree[mutation.path] = Entry(mutation.text.encode(), executable=like is not None and like.executable)
    try:
        with DockerSandbox(engine, workspace.image, LIMITS, kind="grading") as sandbox:
            outcome, why = _judged(
                grade(sandbox, workspace, changes(base, tree), known.foils), workspace, known, mutation
            )
    except SandboxError as error:
        outcome, why = "harness_failed", str(error)
    return Mutant(
        path=mutation.path, line=mutation.line, operator=mutation.operator, outcome=outcome, why=why, diff=mutation.diff
    )


def _judged(grading: Grading, workspace: Workspace, known: Baseline, mutation: Mutation) -> tuple[Outcome, str]:
    """The same rule that decides on a model's patch: every expected test passes, in a run that can be believed."""
    expected = grading.expected({*workspace.found.scenario.tests.fail_to_pass, *known.pass_to_pass})
    failing = [node for node, outcome in expected.items() if outcome != "passed"]
    if grading.honesty == "honest" and not failing:
        return "survived", ""
    if not mutation.path.endswith(".py") and all(outcome == "missing" for outcome in expected.values()):
        return "broken", "no test was reported"
    noticed = [node for node in failing if expected[node] != "missing"]
    return "killed", (noticed or [grading.why or "no test was reported"])[0]
