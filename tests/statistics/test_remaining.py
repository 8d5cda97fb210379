"""The time to finish: covers what comes at the promised rate, and knows what it cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from runner.statistics.remaining import remaining


@pytest.mark.parametrize("took", [{}, {"m": []}, {"m": [3.0]}])
def test_one_trial_foretells_nothing(took: dict[str, list[float]]) -> None:
    assert remaining(took, {"m": 5}, {}, 2) is None


def test_equal_trials_leave_no_doubt() -> None:
    found = remaining({"m": [10.0] * 5}, {"m": 6}, {"m": [4.0, 99.0]}, 2)
    assert found == pytest.approx(((60 - 4 - 10) / 2,) * 3)


def test_a_model_without_trials_takes_the_mean_of_all() -> None:
    found = remaining({"m": [10.0, 20.0]}, {"new": 4}, {}, 1)
    assert found is not None and found.value == pytest.approx(60.0)


def test_no_more_workers_count_than_there_are_trials() -> None:
    found = remaining({"m": [10.0] * 3}, {"m": 1}, {}, 64)
    assert found is not None and found.value == pytest.approx(10.0)


def test_it_is_never_less_than_nothing() -> None:
    found = remaining({"m": [1.0, 50.0]}, {"m": 3}, {"m": [200.0] * 3}, 1)
    assert found is not None and found.low == 0.0 <= found.value <= found.high


@pytest.mark.parametrize(("done", "left"), [(5, 20), (20, 100), (60, 10)])
def test_the_interval_covers_the_work_that_is_left_at_its_level(done: int, left: int) -> None:
    """Two models of different pace, durations skewed as real ones are."""
    drawn = np.random.default_rng(5)
    hits, rounds = 0, 1500
    for _ in range(rounds):
        took = {name: list(drawn.gamma(4, scale, done)) for name, scale in (("a", 10), ("b", 40))}
        found = remaining(took, {"a": left, "b": left}, {}, 1)
        assert found is not None
        true = drawn.gamma(4, 10, left).sum() + drawn.gamma(4, 40, left).sum()
        hits += found.low <= true <= found.high
    assert 0.90 <= hits / rounds <= 0.98
