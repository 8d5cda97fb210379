"""Back-off."""

from __future__ import annotations

from jobqueue import RetryPolicy


def test_delays_double_up_to_the_cap():
    policy = RetryPolicy(base=5.0, factor=2.0, cap=30.0)
    assert [policy.delay(attempt) for attempt in (1, 2, 3, 4, 5)] == [5.0, 10.0, 20.0, 30.0, 30.0]


def test_the_cap_also_holds_for_the_first_delay():
    assert RetryPolicy(base=100.0, cap=30.0).delay(1) == 30.0


def test_many_attempts_do_not_overflow():
    assert RetryPolicy(cap=900.0).delay(5_000) == 900.0


def test_next_run_is_after_the_delay():
    policy = RetryPolicy(base=5.0, factor=3.0)
    assert policy.next_run(1, 4, now=100.0) == 105.0
    assert policy.next_run(2, 4, now=100.0) == 115.0
