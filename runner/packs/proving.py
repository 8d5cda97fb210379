"""A proposal proved and kept: its environment built, its tests run on both sides as often as asked, then written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from runner.environments import infer, without_lock
from runner.environments.explain import explain
from runner.errors import Rejected, ScenarioInvalid
from runner.frameworks import framework
from runner.frameworks.naming import is_test
from runner.grading.baseline import both_sides, judge, keep, unstable
from runner.grading.grade import Grading
from runner.mining.ambiguity import hints
from runner.packs.discovery import Deciding, deciding
from runner.packs.pack import Pack
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import changes
from runner.scenarios.proposal import Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Limits, TestSpec
from runner.scenarios.workspace import Workspace, prepare
from sandboxes.archive import misplaced, safe_path
from sandboxes.errors import ImageBuildFailed
from sandboxes.images import ImageStore
from sandboxes.modules import NPM

UNKNOWN = "tests-not-known-yet"
"""Stands for the tests that decide until running has found them."""
_CHOOSING = tuple((command,) for command in NPM[1:])
"""Install commands that choose versions by the day."""
UNLOCKED = "its lock file does not do; npm chooses versions by package.json"
SPARE = 4.0
"""A grading, and each test in it, may take so many times what it took while it was proved."""
LONGEST = 3600.0
"""Seconds that a scenario's limits can say."""


@dataclass(frozen=True)
class Terms:
    """How proposals are proved."""

    repeats: int = 3
    """Gradings of base and reference each."""
    seconds: float = 600.0
    """The longest that one test run may take."""


@dataclass(frozen=True)
class Proved:
    """A scenario that holds, and what is known of it."""

    found: ScenarioFolder
    fail_to_pass: int
    pass_to_pass: int
    notes: tuple[str, ...]


def prove(proposal: Proposal, pack: Pack, images: ImageStore, terms: Terms) -> Proved:
    """Prove a proposal and keep it in the pack. Raises Rejected, UserError, EngineUnavailable.

    Where its environment was inferred with packages as of its time and does not do, packages of today are tried.
    """
    for path in {*proposal.base, *proposal.solved, *proposal.hidden}:
        if safe_path(path) != path or path.split("/")[0] == ".git":
            raise Rejected("malformed", f"{path!r:.100} is no path inside a repository")
    for tree in (proposal.base, proposal.solved, proposal.hidden):
        if (bad := misplaced(tree)) is not None:
            raise Rejected("malformed", f"{bad!r:.100} lies below a file or a link")
    problem: Rejected | None = None
    for environment, suite, notes in _environments(proposal):
        try:
            return _prove(proposal, pack, images, terms, environment, suite, notes)
        except Rejected as error:
            if error.code not in ("image-does-not-build", "tests-do-not-run", "reference-fails"):
                raise
            problem = error
    assert problem is not None
    raise problem


def _environments(proposal: Proposal) -> Iterator[tuple[Environment, RepoTests, tuple[str, ...]]]:
    if proposal.environment is not None and proposal.suite is not None:
        yield proposal.environment, proposal.suite, ()
        return
    day = _end_of_month(proposal.provenance.fixed_on or proposal.provenance.public_since)
    guess = infer(proposal.solved, day, proposal.hidden)
    environment = proposal.environment or guess.environment
    suite = proposal.suite or guess.suite
    yield environment, suite, guess.reasons
    if proposal.environment is not None:
        return
    if (unlocked := without_lock(environment)) is not None:
        environment = unlocked
        yield environment, suite, (*guess.reasons, UNLOCKED)
    if environment.as_of is not None and (environment.packages or environment.install[:1] in _CHOOSING):
        today = environment.model_copy(update={"as_of": None})
        yield today, suite, (*guess.reasons, f"packages of {environment.as_of} do not do; these are of today")


def _prove(
    proposal: Proposal,
    pack: Pack,
    images: ImageStore,
    terms: Terms,
    environment: Environment,
    suite: RepoTests,
    notes: Sequence[str],
) -> Proved:
    first = framework(suite.framework).test_files
    limits = (proposal.limits or Limits()).model_copy(update={"command_seconds": terms.seconds})
    tests = TestSpec(fail_to_pass=(f"{_some_test(proposal, first)}::{UNKNOWN}",))
    draft = pack.drafted(proposal, environment, suite, tests, limits)
    workspace = _prepared(draft, images, environment)
    try:
        one_before, one_after = both_sides(images.engine, workspace, 1)
        try:
            decided = _decided(proposal, suite, one_before[0], one_after[0])
        except Rejected as error:
            if error.code in ("base-passes", "reference-fails"):
                _refuse_wavering(proposal, one_before + one_after, both_sides(images.engine, workspace, 1))
            raise
        first_two = [*one_before, *one_after]
        known = _with_tests(workspace, tests.model_copy(update={"fail_to_pass": decided.fail_to_pass}), first_two)
        more_before, more_after = both_sides(images.engine, known, max(1, terms.repeats - 1))
        known = _settled(known, [*one_before, *more_before], [*one_after, *more_after])
        try:
            result = judge(known, more_before, more_after)
        except ScenarioInvalid as error:
            code = error.code if error.code in ("flaky", "base-passes", "reference-fails") else "tests-do-not-run"
            raise Rejected(code, error.problem) from error
        untold = hints(proposal.instruction, proposal.base, proposal.solved, proposal.hidden)
        said = (*proposal.notes, *notes, *decided.notes, *untold)
        found = pack.keep(known.found)
    except BaseException:
        with contextlib.suppress(Exception):
            images.give_back(workspace.image)
        raise
    keep(replace(known, found=found), result)
    return Proved(found, len(found.scenario.tests.fail_to_pass), len(result.pass_to_pass), said)


def _prepared(draft: ScenarioFolder, images: ImageStore, environment: Environment) -> Workspace:
    try:
        return prepare(draft, images)
    except ScenarioInvalid as error:
        cause = error.__cause__
        if isinstance(cause, ImageBuildFailed):
            raise Rejected("image-does-not-build", explain(cause, environment)) from error
        code = "patch-does-not-apply" if "apply" in error.code else "malformed"
        raise Rejected(code, error.problem) from error


def _with_tests(workspace: Workspace, tests: TestSpec, seen: Sequence[Grading]) -> Workspace:
    """The same workspace with what is known of its tests, and limits that leave them room on a slower day."""
    scenario = workspace.found.scenario
    room = {
        "command_seconds": max(Limits().command_seconds, *(SPARE * each.seconds for each in seen)),
        "test_seconds": max(scenario.limits.test_seconds, *(SPARE * each.slowest for each in seen)),
    }
    whole = {name: float(min(LONGEST, round(seconds))) for name, seconds in room.items()}
    limits = scenario.limits.model_copy(update=whole)
    found = replace(workspace.found, scenario=scenario.model_copy(update={"tests": tests, "limits": limits}))
    return replace(workspace, found=found)


def _settled(known: Workspace, before: Sequence[Grading], after: Sequence[Grading]) -> Workspace:
    """What does not come out the same each time decides nothing. Raises Rejected when nothing else is left."""
    wavering = unstable(before) | unstable(after)
    tests = known.found.scenario.tests
    steady = tuple(node for node in tests.fail_to_pass if node not in wavering)
    if not steady:
        times = f"{len(before)} runs each"
        raise Rejected("flaky", f"{tests.fail_to_pass[0]} comes out otherwise from run to run, in {times}")
    settled = tests.model_copy(update={"fail_to_pass": steady, "unstable": tuple(sorted(wavering))})
    return _with_tests(known, settled, [*before, *after])


def _decided(proposal: Proposal, suite: RepoTests, before: Grading, after: Grading) -> Deciding:
    fixed = changes(proposal.base, proposal.solved)
    together = framework(suite.framework).built_together
    return deciding(before, after, proposal.hidden, fixed, proposal.fail_to_pass, together)


def _refuse_wavering(
    proposal: Proposal, first: Sequence[Grading], second: tuple[Sequence[Grading], Sequence[Grading]]
) -> None:
    """Raises Rejected when what decides nothing does so by chance."""
    for one, other in zip(first, (*second[0], *second[1]), strict=True):
        for node in sorted(unstable([one, other])):
            if node.split("::")[0] in proposal.hidden:
                raise Rejected("flaky", f"{node} comes out otherwise from run to run")


def _some_test(proposal: Proposal, globs: Sequence[str]) -> str:
    """A test file that the fix came with: the first that looks like one, beside which control tests can stand."""
    names = tuple(glob for glob in globs if not glob.endswith("/"))
    paths = sorted(path for path, entry in proposal.hidden.items() if not entry.is_link)
    named = [path for path in paths if is_test(path, names) and not path.endswith("conftest.py")]
    if not paths:
        raise Rejected("no-tests", "no test comes with the fix")
    return (named or paths)[0]


def _end_of_month(day: date | None) -> date | None:
    """So that the fixes of one month share one environment; None for a day in this month or to come."""
    if day is None or day >= date.today():
        return None
    first = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return first if first <= date.today() else None
