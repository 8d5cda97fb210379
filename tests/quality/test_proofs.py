"""What was proved is kept outside the pack, and goes stale with the pack's content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.quality.flakiness import none_of
from runner.quality.proofs import note, standing
from runner.scenarios.catalog import load_scenario

WriteScenario = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "taskfit"


def test_a_proof_is_of_one_content(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    assert standing(load_scenario(folder)).text == "unproved"
    note(load_scenario(folder), "ok", 3)
    assert standing(load_scenario(folder)).text == "proved 3×"
    (folder / "instruction.md").write_text("Another issue.\n")
    stale = standing(load_scenario(folder))
    assert (stale.status, stale.proof) == ("stale", None)
    assert stale.proved_at is not None


def test_a_copy_of_the_same_content_is_as_good(write_scenario: WriteScenario) -> None:
    note(load_scenario(write_scenario()), "ok", 3)
    assert standing(load_scenario(write_scenario("other"))).text == "proved 3×"


def test_more_repeats_stay_and_another_outcome_replaces(write_scenario: WriteScenario) -> None:
    found = load_scenario(write_scenario())
    note(found, "ok", 5)
    note(found, "ok", 2)
    assert standing(found).text == "proved 5×"
    note(found, "flaky", 2)
    assert standing(found).text == "flaky"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"scenario": 1}', b"\xff"])
def test_a_damaged_record_is_none(write_scenario: WriteScenario, own_cache: Path, content: bytes) -> None:
    found = load_scenario(write_scenario())
    note(found, "ok", 3)
    for file in (own_cache / "proofs").iterdir():
        file.write_bytes(content)
    assert standing(found).text == "unproved"


def test_a_cache_that_cannot_be_written_to_is_no_error(write_scenario: WriteScenario, own_cache: Path) -> None:
    own_cache.parent.mkdir(parents=True)
    own_cache.write_text("a file where the folder would be")
    found = load_scenario(write_scenario())
    note(found, "ok", 3)
    assert standing(found).text == "unproved"


@pytest.mark.parametrize(("n", "percent"), [(3, 63.2), (6, 39.3), (10, 25.9), (300, 1.0)])
def test_nothing_seen_bounds_the_rate(n: int, percent: float) -> None:
    assert 100 * none_of(n) == pytest.approx(percent, abs=0.05)
