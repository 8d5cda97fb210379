"""The queue simulation behind docs/scale.md agrees with what is known beforehand."""

from __future__ import annotations

import pytest

from bench.queueing import Load, simulate


def test_trials_that_never_queue_take_the_sum_of_their_parts() -> None:
    load = Load(turns=10, think=5.0)
    alone = (
        load.driver_trial
        + 2 * load.start
        + 10 * (5.0 + load.driver_turn + load.ledger_turn + load.command)
        + load.grading
    )
    found = simulate(load, nodes=1, cpus=64, places=8, trials=1600)
    assert found.trials_an_hour == pytest.approx(8 * 3600 / alone, rel=0.05)
    assert found.bottleneck == "the models' thinking"


def test_a_providers_limit_bounds_the_study_whatever_the_machines() -> None:
    load = Load(turns=10, calls_per_minute=600)
    found = simulate(load, nodes=8, cpus=8, places=32, trials=2560)
    assert found.trials_an_hour == pytest.approx(600 * 60 / 10, rel=0.1)
    assert found.bottleneck.startswith("provider's limit")


def test_a_machine_that_is_always_busy_does_what_its_processors_can() -> None:
    load = Load(turns=10, think=0.1, command=3.0)
    found = simulate(load, nodes=2, cpus=2, places=16, trials=640)
    assert found.trials_an_hour == pytest.approx(3600 * 4 / (30 + 2 * load.start), rel=0.1)
    assert found.bottleneck.startswith("machines")
