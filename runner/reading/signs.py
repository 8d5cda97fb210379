"""Signs of trouble: where a trial that failed may have gone wrong, by rules that say what they are.

None is proof. They are the places to look at first, in the order of their steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from runner.events.endings import LimitReached
from runner.measures.cause import in_file
from runner.reading.reader import Reading
from runner.reading.turns import Call, Other


@dataclass(frozen=True)
class Sign:
    """One sign: where, what happened there, and the rule that found it."""

    step: int
    words: str
    rule: str


Rule = Callable[[Reading], Iterator[tuple[int, str]]]


def signs(reading: Reading) -> list[Sign]:
    """The first sign that each rule finds, the earliest first. A rule's docstring is shown as its name."""
    found: list[Sign] = []
    for rule in RULES:
        first = next(rule(reading), None)
        if first is not None:
            found.append(Sign(*first, " ".join((rule.__doc__ or "").split())))
    return sorted(found, key=lambda sign: sign.step)


def edit_elsewhere(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first edit of a file in which the fault is not"""
    truth = _files(reading)
    for call in reading.calls:
        strange = [path for path in call.fact.targets if _plain(path) not in truth]
        if truth and call.edits and strange:
            yield call.step, f"edits {strange[0]}, but the fault is in {', '.join(sorted(truth))}"


def never_there(reading: Reading) -> Iterator[tuple[int, str]]:
    """no edit of any file in which the fault is"""
    truth = _files(reading)
    touched = {_plain(path) for call in reading.calls if call.edits for path in call.fact.targets}
    if truth and reading.record.finished_step >= 0 and not truth & touched and not _took(reading, truth):
        where = reading.record.submitted_step if reading.record.submitted_step >= 0 else reading.record.finished_step
        did = "changed nothing" if not touched else f"never edited {', '.join(sorted(truth))}"
        yield where, f"{did}; the fault is in {', '.join(sorted(truth))}"


def worse_after_edit(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first test run after an edit with more failures than the run before it"""
    last: tuple[bool, int | None] | None = None
    changed: Call | None = None
    for call in reading.calls:
        if call.edits:
            changed = call
        if not call.is_test_run or call.result is None:
            continue
        tally = call.result.counts
        now = (call.fact.exit_code == 0, tally.failed if tally else None)
        if last is not None and changed is not None and not now[0]:
            more = last[1] is not None and now[1] is not None and now[1] > last[1]
            if last[0] or more:
                was = "all passed" if last[0] else f"{last[1]} failed"
                is_now = f"{now[1]} fail" if now[1] is not None else "some fail"
                yield call.step, f"tests: {was} before, {is_now} after the edit at step {changed.step}"
        last, changed = now, None


def not_recovered(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first call that failed and whose aim no later call reached"""
    for call in reading.calls:
        if call.failed and call.recovered is None and not _is_repeat(reading.calls, call):
            yield call.step, f"{call.tool or 'a call'} fails, and nothing later does what it was for"


def same_again(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first failed call that is made again without any change"""
    failed: dict[str, int] = {}
    for call in reading.calls:
        digest = call.fact.digest
        if digest and digest in failed and call.failed:
            yield call.step, f"{call.tool} exactly as at step {failed[digest]}, where it had failed"
        if digest and call.failed:
            failed.setdefault(digest, call.step)


def not_allowed(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first call that was denied or forbidden, or that had to be asked for and was not"""
    for call in reading.calls:
        if call.is_denied:
            yield call.step, f"{call.tool} was not allowed"
        elif call.proposed is not None and call.proposed.unasked:
            yield call.step, f"{call.tool} without asking, though it had to"


def fault_unnoticed(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first fault whose harm no later call could meet"""
    for call in reading.calls:
        if call.fault is not None and call.followed is None and call.recovered is None:
            yield call.step, f"{call.fault.fault} spoils {call.tool}, and nothing later looks at the same again"


def untested(reading: Reading) -> Iterator[tuple[int, str]]:
    """a submission whose last edit no test run followed, or whose last test run failed"""
    submitted = reading.record.submitted_step
    if submitted < 0:
        return
    edits = [call for call in reading.calls if call.edits]
    runs = [call for call in reading.calls if call.is_test_run and (not edits or call.step > edits[-1].step)]
    if edits and not runs:
        yield edits[-1].step, "the last edit; no test was run after it"
    elif runs and runs[-1].fact.exit_code != 0:
        yield runs[-1].step, "the last test run fails, and the work is handed in all the same"


def wrong_cause(reading: Reading) -> Iterator[tuple[int, str]]:
    """a first hypothesis that names a file in which the fault is not"""
    record = reading.record
    if record.submission is None or record.facts is None or not record.submission.hypotheses:
        return
    guess = record.submission.hypotheses[0]
    if record.facts.locations and not any(in_file(guess, place) for place in record.facts.locations):
        yield record.submitted_step, f"names {guess.file} as the cause; it is {', '.join(record.facts.locations[:3])}"


def limit(reading: Reading) -> Iterator[tuple[int, str]]:
    """a limit that ended the trial"""
    for part in reading.parts:
        for item in part.items:
            if isinstance(item, Other) and isinstance(item.event, LimitReached):
                yield item.step, item.title


def spoiled_by_challenge(reading: Reading) -> Iterator[tuple[int, str]]:
    """the first edit after a challenge to a submission that had been right"""
    branched, challenged = reading.branched, reading.challenged
    if branched is None or challenged is None or not branched.resolved or reading.record.resolved:
        return
    for call in reading.calls:
        if call.edits and call.step > challenged.step:
            yield call.step, "edits again, after a submission that had been right"


RULES: Sequence[Rule] = (
    edit_elsewhere,
    never_there,
    worse_after_edit,
    not_recovered,
    same_again,
    not_allowed,
    fault_unnoticed,
    untested,
    wrong_cause,
    limit,
    spoiled_by_challenge,
)


def _files(reading: Reading) -> frozenset[str]:
    """Where the fault is; nothing before the graders have said so."""
    facts = reading.record.facts
    return frozenset(place.partition("::")[0] for place in facts.locations) if facts else frozenset()


def _took(reading: Reading, truth: frozenset[str]) -> bool:
    """Whether the patch that was graded changes such a file, by whatever means."""
    patch = reading.record.patch
    return patch is not None and bool(truth & patch.lines.keys())


def _plain(path: str) -> str:
    return path.strip().removeprefix("/workspace/").removeprefix("./")


def _is_repeat(calls: Sequence[Call], call: Call) -> bool:
    """Whether the same call failed earlier: then that is where it began."""
    return any(each.step < call.step and each.failed and each.fact.digest == call.fact.digest != "" for each in calls)
