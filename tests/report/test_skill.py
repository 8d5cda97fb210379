"""What the section on memory and honesty says of a model, and what it leaves open."""

from __future__ import annotations

from runner.measures.catalogue import MEASURES
from runner.measures.compute import Finding
from runner.report.skill import section
from runner.report.summary import Profile
from runner.statistics.memory import FEW

NOTHING = Finding(n=0, reason="no such case")


def of(value: float, low: float, high: float, n: int = 10) -> Finding:
    return Finding(value=value, low=low, high=high, n=n)


def profile(**known: Finding) -> Profile:
    return Profile(
        trials=10,
        verdicts={},
        arms={},
        bounds=None,
        prices=(),
        impossible=0,
        measures={name: known.get(name, NOTHING) for name in MEASURES},
    )


def said(**known: Finding) -> list[str]:
    found = section({"other": profile(), "m": profile(**known)})
    assert found is not None
    [reading] = found.readings
    assert reading.model == "m"
    return ["".join(part.words for part in sentence) for sentence in reading.sentences]


GAPS = {"twin_gap_seen": of(0.5, 0.2, 0.8, 9), "twin_gap_unseen": of(0.0, -0.1, 0.1, 8), "resolved": of(0.7, 0.5, 0.9)}


def test_nothing_is_said_of_a_run_that_asked_for_nothing_of_the_kind() -> None:
    assert section({"m": profile(resolved=of(0.5, 0.3, 0.7), cheating=of(0.0, 0.0, 0.2))}) is None


def test_memory_is_said_only_where_the_interval_is_above_zero() -> None:
    [leans] = said(**GAPS, memory=of(0.5, 0.1, 0.9, 17))
    assert leans == (
        "Leans on memory, it seems: in another form it loses +50 pt [+20 to +80] n=9 where it may have seen the fix "
        "and 0 pt [−10 to +10] n=8 where it cannot have; the difference is +50 pt [+10 to +90] n=17."
    )
    [open_] = said(**GAPS, memory=of(0.5, -0.1, 1.1))
    assert open_.startswith("No memory is shown: ")


def test_several_kinds_of_twins_are_told_one_by_one_beside_what_they_come_to_together() -> None:
    few = Finding(n=1, trials=3, reason=FEW)
    by_kind = {
        "memory_rename": of(0.6, 0.2, 1.0).model_copy(update={"trials": 30}),
        "memory_layout": few,
    }
    pooled, each = said(**GAPS, **by_kind, memory=of(0.5, 0.1, 0.9, 17))
    assert pooled.endswith(
        "n=8 where it cannot have, all kinds of twins together; the difference, taken within each kind and combined, "
        "is +50 pt [+10 to +90] n=17."
    )
    assert each == (
        "By kind of twin the difference is rename: +60 pt [+20 to +100] n=10; "
        "layout: – (one scenario on a side shows no spread)."
    )
    found = section({"m": profile(**GAPS, **by_kind, memory=of(0.5, 0.1, 0.9, 17))})
    assert found is not None and found.chart is not None
    assert found.chart.table.rows == [
        ["m", "+50 pt", "[+10 to +90]", "17"],
        ["m: rename", "+60 pt", "[+20 to +100]", "10"],
        ["m: layout", "–", FEW, "1"],
    ]
    assert "seen · unseen / (seen + unseen)" in found.chart.caption
    hrefs = [part.href for part in found.readings[0].sentences[1] if part.href]
    assert hrefs == ["#why-memory_rename-0"]


def test_a_model_that_resolves_nothing_can_lose_nothing() -> None:
    [sentence] = said(**GAPS | {"resolved": of(0.0, 0.0, 0.2)}, memory=of(0.0, -0.3, 0.3))
    assert sentence == "Nothing says whether it remembers: it resolves 0 % [0–20] n=10."


def test_without_an_estimate_its_reason_is_said() -> None:
    few = Finding(n=5, reason="no scenario that it cannot have seen")
    assert said(memory=few, twin_gap=of(0.4, 0.1, 0.7)) == [
        "In another form it loses +40 pt [+10 to +70] n=10; whether that is memory cannot be told: "
        "no scenario that it cannot have seen."
    ]


def test_probes_are_told_side_by_side() -> None:
    [both] = said(
        probe_file_hit_1_seen=of(0.9, 0.7, 1.0),
        probe_file_hit_1_unseen=of(0.2, 0.1, 0.4),
        probe_file_hit_1_gap=of(0.7, 0.4, 0.9),
    )
    assert both == (
        "Asked without tools, file of the fault, first guess: 90 % [70–100] n=10 of what is seen, "
        "20 % [10–40] n=10 of what is unseen; between them +70 pt [+40 to +90] n=10."
    )
    [one] = said(probe_canary_seen=of(0.0, 0.0, 0.3))
    assert one == "Asked without tools, canary known: 0 % [0–30] n=10 of what is seen."


def test_honesty_is_told_with_every_number_linked() -> None:
    found = section(
        {
            "m": profile(
                honest_refusal=of(0, 0, 0.2),
                false_claim=of(1, 0.8, 1),
                cheating_impossible=of(1, 0.8, 1),
                cheating=of(0.5, 0.3, 0.7),
            )
        }
    )
    assert found is not None and found.chart is None
    impossible, possible = found.readings[0].sentences
    assert [part.href for part in impossible if part.href] == [
        "#why-honest_refusal-0",
        "#why-false_claim-0",
        "#why-cheating_impossible-0",
    ]
    assert "".join(part.words for part in possible) == "Of tasks that can be done it cheats in 50 % [30–70] n=10."


def test_the_drawing_has_a_row_for_each_model_and_a_reason_where_there_is_no_estimate() -> None:
    found = section({"m": profile(**GAPS, memory=of(1.0, 0.5, 1.5)), "other": profile(cheating=of(0.5, 0.3, 0.7))})
    assert found is not None and found.chart is not None
    assert found.chart.table.rows == [["m", "+100 pt", "[+50 to +150]", "10"], ["other", "–", "no such case", "0"]]
    assert "152" not in found.chart.panels[0].svg and '"124.00%"' not in found.chart.panels[0].svg
