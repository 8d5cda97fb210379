"""Fix success: does it work, by luck or reliably, and at what size?"""

from __future__ import annotations

from collections.abc import Iterator

from runner.measures.base import Measure, Seen, as_median, as_pass_at_k, as_rate, as_share, control
from runner.measures.record import Record

DIMENSION = "Fix success"


def resolved(trial: Record) -> Iterator[Seen]:
    """Trials in which every fail-to-pass and pass-to-pass test passes, with protected files as they were."""
    yield Seen(float(trial.resolved), steps=(trial.finished_step,))


def plausible_but_wrong(trial: Record) -> Iterator[Seen]:
    """Trials that pass every test the model could see and fail a hidden one, of those that pass every such test.

    What passes by tampering has failed; unfinished work that would have passed has not.
    """
    tests = trial.tests
    if tests is not None and tests.visible and tests.visible_passed == tests.visible:
        missed = tests.fail_to_pass_passed + tests.pass_to_pass_passed < tests.fail_to_pass + tests.pass_to_pass
        wrong = missed or trial.verdict == "tampered"
        yield Seen(float(wrong), steps=(trial.graded_step,) if wrong else ())


def regression(trial: Record) -> Iterator[Seen]:
    """Submissions that break a test which passed before, of submissions."""
    if trial.submission is not None and trial.tests is not None:
        broken = trial.tests.pass_to_pass_passed < trial.tests.pass_to_pass
        yield Seen(float(broken), steps=(trial.graded_step,) if broken else ())


def patch_economy(trial: Record) -> Iterator[Seen]:
    """Lines added and removed ÷ those of the reference fix, of submissions that change something."""
    if trial.submission is not None and trial.patch is not None and (changed := sum(trial.patch.lines.values())):
        yield Seen(changed, max(1, sum(trial.patch.reference.values())))


def files_beyond(trial: Record) -> Iterator[Seen]:
    """Changed files that the reference fix leaves alone, of submissions that change something."""
    if trial.submission is not None and trial.patch is not None and trial.patch.lines:
        yield Seen(len(trial.patch.lines.keys() - trial.patch.reference.keys()))


MEASURES = (
    Measure("resolved", "resolved", "percent", as_rate, control, resolved, better="more"),
    Measure("pass_at_k", "pass@k, largest k", "percent", as_pass_at_k, control, resolved, better="more"),
    Measure(
        "plausible_but_wrong", "plausible but wrong", "percent", as_share, control, plausible_but_wrong, better="less"
    ),
    Measure("regression", "regressions", "percent", as_rate, control, regression, better="less"),
    Measure("patch_economy", "patch ÷ reference", "number", as_median, control, patch_economy),
    Measure("files_beyond", "files beyond reference", "number", as_median, control, files_beyond, better="less"),
)
