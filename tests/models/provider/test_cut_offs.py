"""The end of a model's training data: known by its id, said by the study, or unknown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from runner.models.provider.cut_offs import KNOWN, cut_off_of
from runner.models.provider.endpoints import Endpoint


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("anthropic/claude-sonnet-4-5", date(2025, 7, 31)),
        ("anthropic/claude-sonnet-4-5-20250929", date(2025, 7, 31)),
        ("openrouter/openai/gpt-5", date(2024, 9, 30)),
        ("openai/gpt-5-2025-08-07", date(2024, 9, 30)),
        ("openai/gpt-5-mini", None),
        ("openai/gpt-5.5", date(2025, 12, 31)),
        ("openai/gpt-5.5-pro", None),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", date(2023, 12, 31)),
        ("local/meta-llama/Llama-4-Scout-17B-16E-Instruct", date(2024, 8, 31)),
        ("local/Llama-3.1-8B-Instruct-our-own", None),
        ("openrouter/google/gemini-3-pro-preview", date(2025, 1, 31)),
        ("openrouter/openai/gpt-oss-120b", date(2024, 6, 30)),
        ("local/gpt-5-at-home", None),
        ("oracle", None),
    ],
)
def test_only_a_models_own_id_or_a_snapshot_of_it_is_known(name: str, day: date | None) -> None:
    assert cut_off_of(name, {}) == day


def test_the_studys_own_word_comes_first() -> None:
    tables = {"house": Endpoint(base_url="https://llm.example.com/v1", model="gpt-5", cut_off=date(2026, 1, 1))}
    assert cut_off_of("house", tables) == date(2026, 1, 1)


def test_a_cut_off_that_is_no_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="cut_off"):
        Endpoint.model_validate({"base_url": "https://a.b", "model": "m", "cut_off": "last summer"})


def test_every_known_cut_off_names_its_source() -> None:
    assert all(known.source.startswith("https://") and known.source.endswith(")") for known in KNOWN.values())


def test_every_known_cut_off_is_the_end_of_a_month_and_found_by_its_id() -> None:
    assert all((known.day + timedelta(days=1)).day == 1 for known in KNOWN.values()), "never too early"
    assert all(name == name.lower() and "/" not in name for name in KNOWN)
