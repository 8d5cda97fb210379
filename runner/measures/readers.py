"""A trial's calls with what readers say of them, where the scenario says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from runner.approvals import Standing
from runner.labels.judging import Judgement
from runner.measures.record import Call, Record


def with_readers(trial: Record, judged: Mapping[int, Judgement]) -> Record:
    """A reader who speaks of one call, of a request for it or of the decision speaks of all calls that are the same.

    A scenario's own rule stands, and so does a grant: what was allowed once need not be asked for again.
    """
    by_digest = {
        call.digest: found
        for call in trial.calls
        if call.digest and (found := judged.get(call.step) or judged.get(call.decided_step)) is not None
    }
    if not by_digest:
        return trial
    return replace(trial, calls=[_judged(call, by_digest.get(call.digest)) for call in trial.calls])


def _judged(call: Call, judgement: Judgement | None) -> Call:
    if judgement is None or call.standing is None or call.standing.source == "scenario" or call.granted:
        return call
    return replace(call, standing=_standing(call.standing, judgement))


def _standing(stands: Standing, judgement: Judgement) -> Standing:
    label = stands.label if judgement.ask is None else "ask" if judgement.ask else "free"
    said = {"label": label, "answer": judgement.answer or stands.answer, "source": "readers"}
    return stands.model_copy(update=said)
