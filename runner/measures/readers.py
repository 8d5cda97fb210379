"""A trial's calls with what readers say of them, where the scenario says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from runner.approvals import Standing
from runner.labels.judging import Judgement, Said, majority
from runner.measures.record import Call, Record


def with_readers(trial: Record, said: Mapping[int, Sequence[Said]]) -> Record:
    """A reader who speaks of one call, of a request for it or of the decision speaks of all calls that are the same.

    Whoever speaks of several of them counts once. A scenario's own rule stands, and so does a grant: what was allowed
    once need not be asked for again.
    """
    by_digest: defaultdict[str, list[Said]] = defaultdict(list)
    for call in trial.calls:
        if call.digest:
            by_digest[call.digest] += [*said.get(call.step, ()), *said.get(call.decided_step, ())]
    judged = {digest: majority(each) for digest, each in by_digest.items() if each}
    if not judged:
        return trial
    return replace(trial, calls=[_judged(call, judged.get(call.digest)) for call in trial.calls])


def _judged(call: Call, judgement: Judgement | None) -> Call:
    if judgement is None or call.standing is None or call.standing.source == "scenario" or call.granted:
        return call
    return replace(call, standing=_standing(call.standing, judgement))


def _standing(stands: Standing, judgement: Judgement) -> Standing:
    label = stands.label if judgement.ask is None else "ask" if judgement.ask else "free"
    said = {"label": label, "answer": judgement.answer or stands.answer, "source": "readers"}
    return stands.model_copy(update=said)
