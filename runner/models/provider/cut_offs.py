"""Until when a model's training data go, as its provider says; models that are not here are unknown.

A scenario that became public later cannot have been learnt from. Only what a model's maker says is here. Where it names
a month, its last day is meant, and so it is where it names the first of one: OpenAI says June 2024 and Jun 01, 2024 of
the same model. Providers also name an earlier date until which knowledge is said to be reliable: that is not this one.
Where sources disagree a model is left out, since what is unknown counts as "may have seen it". `[models.NAME] cut_off`
says it for any other, and for those that were trained further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from runner.models.provider.endpoints import Endpoint, endpoint_of

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/models/overview (training data cutoff)"
OPENAI = "https://platform.openai.com/docs/models (knowledge cutoff)"
OPENAI_MODELS = "https://developers.openai.com/docs/models (OpenAI, “Models”: knowledge cutoff)"
GPT_OSS = "https://developers.openai.com/api/docs/models/gpt-oss-120b.md (OpenAI, “gpt-oss-120b”: knowledge cutoff)"
GEMINI_3 = "https://ai.google.dev/gemini-api/docs/models/gemini-3-pro-preview (Google, “Gemini 3 Pro”: cutoff)"
META = "https://github.com/meta-llama/llama-models/blob/main/models/{}/MODEL_CARD.md (Meta, “Data Freshness”)"
SNAPSHOT = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}")
"""What may follow a name: the day of a snapshot. Anything else is another model."""


class CutOff(NamedTuple):
    """The last day of the training data, and who says so: where, with the title, and what it is called there."""

    day: date
    source: str


KNOWN: Mapping[str, CutOff] = {
    "claude-sonnet-4-5": CutOff(date(2025, 7, 31), ANTHROPIC),
    "claude-haiku-4-5": CutOff(date(2025, 7, 31), ANTHROPIC),
    "claude-opus-4-6": CutOff(date(2025, 8, 31), ANTHROPIC),
    "gpt-5": CutOff(date(2024, 9, 30), OPENAI),
    "gpt-5.4": CutOff(date(2025, 8, 31), OPENAI_MODELS),
    "gpt-5.5": CutOff(date(2025, 12, 31), OPENAI_MODELS),
    "gpt-oss-120b": CutOff(date(2024, 6, 30), GPT_OSS),
    "gemini-3-pro-preview": CutOff(date(2025, 1, 31), GEMINI_3),
    **dict.fromkeys(
        (f"llama-3.1-{size}-instruct" for size in ("8b", "70b", "405b")),
        CutOff(date(2023, 12, 31), META.format("llama3_1")),
    ),
    "llama-3.3-70b-instruct": CutOff(date(2023, 12, 31), META.format("llama3_3")),
    **dict.fromkeys(
        ("llama-4-scout", "llama-4-scout-17b-16e-instruct", "llama-4-maverick", "llama-4-maverick-17b-128e-instruct"),
        CutOff(date(2024, 8, 31), META.format("llama4")),
    ),
}
"""Id in lower case, without the maker's name before it → its end."""


def cut_off_of(name: str, tables: Mapping[str, Endpoint]) -> date | None:
    """Of a model of a study: what its table says, else what is known of its id; None where nobody knows."""
    endpoint = endpoint_of(name, tables)
    if endpoint is None:
        return None
    if endpoint.cut_off is not None:
        return endpoint.cut_off
    model = endpoint.model.rpartition("/")[2].lower()
    known = KNOWN.get(SNAPSHOT.sub("", model) if SNAPSHOT.search(model) else model)
    return known.day if known is not None else None
