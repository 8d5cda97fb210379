"""Until when a model's training data go, as its provider says; models that are not here are unknown.

A scenario that became public later cannot have been learnt from. Where a provider names a month, its last day is meant.
Providers also name an earlier date until which knowledge is said to be reliable: that is not this one. Where sources
disagree a model is left out, since what is unknown counts as "may have seen it". `[models.NAME] cut_off` says it for
any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from runner.models.provider.endpoints import Endpoint, endpoint_of

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/models/overview (training data cutoff)"
OPENAI = "https://platform.openai.com/docs/models (knowledge cutoff)"
SNAPSHOT = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}")
"""What may follow a name: the day of a snapshot. Anything else is another model."""


class CutOff(NamedTuple):
    """The last day of the training data, and who says so."""

    day: date
    source: str


KNOWN: Mapping[str, CutOff] = {
    "claude-sonnet-4-5": CutOff(date(2025, 7, 31), ANTHROPIC),
    "claude-haiku-4-5": CutOff(date(2025, 7, 31), ANTHROPIC),
    "claude-opus-4-6": CutOff(date(2025, 8, 31), ANTHROPIC),
    "gpt-5": CutOff(date(2024, 9, 30), OPENAI),
}


def cut_off_of(name: str, tables: Mapping[str, Endpoint]) -> date | None:
    """Of a model of a study: what its table says, else what is known of its id; None where nobody knows."""
    endpoint = endpoint_of(name, tables)
    if endpoint is None:
        return None
    if endpoint.cut_off is not None:
        return endpoint.cut_off
    model = endpoint.model.rpartition("/")[2]
    known = KNOWN.get(SNAPSHOT.sub("", model) if SNAPSHOT.search(model) else model)
    return known.day if known is not None else None
