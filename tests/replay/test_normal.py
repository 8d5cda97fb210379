"""What is taken as the same between two runs, and what never is."""

from __future__ import annotations

import pytest

from runner.replay.agreement import compared
from runner.replay.seen import Answer

THEN, NOW = "2026-11-26T14:45:10.123+00:00", "2026-12-03T02:09:59.000+00:00"


def answer(text: str, **more: object) -> Answer:
    return Answer.model_validate({"text": text} | more)


@pytest.mark.parametrize(
    ("then", "now", "rule"),
    [
        ("1 failed, 3 passed in 0.12s", "1 failed, 3 passed in 11.04s", "durations"),
        ("==== 4 passed in 0.12s ====", "=== 4 passed in 11.04s (0:00:11) ===", "durations"),
        ("ok  \tpkg\t0.003s", "ok  \tpkg\t0.012s", "durations"),
        ("real\t0m0.012s", "real\t1m2.012s", "durations"),
        ("took 12 ms", "took 7 ms", "durations"),
        ("<calc.A object at 0x7f2a10e0>", "<calc.A object at 0x7fffe0a1b2>", "addresses"),
        ("made /tmp/tmpab12cd34/x", "made /tmp/tmpzz98yx76/x", "temporary names"),
        ("/tmp/pytest-of-agent/pytest-0/t", "/tmp/pytest-of-agent/pytest-3/t", "temporary names"),
        ("worker pid 17 ended", "worker pid 4711 ended", "process ids"),
        ("[1] 17", "[1] 23", "process ids"),
        ("Using --randomly-seed=123", "Using --randomly-seed=98", "seeds"),
        ("commit " + "a" * 40, "commit " + "b" * 40, "commits"),
        ("[main 1a2b3c4] fix", "[main 5d6e7f8] fix", "commits"),
        ("2026-11-26T14:45:09.1Z start", "2026-12-03T02:09:58.9Z start", "times"),
        ("Nov 26 14:45 calc.py", "Dec  3 02:09 calc.py", "times"),
        ("Thu Nov 26 14:44:57 UTC 2026", "Thu Dec  3 02:09:57 UTC 2026", "times"),
        ("14:45:08 INFO x", "02:09:57 INFO x", "times"),
        ("at 1795704310.25", "at 1796263799.5", "times"),
    ],
)
def test_what_tells_the_time_or_was_drawn_is_the_same_and_the_rule_is_named(then: str, now: str, rule: str) -> None:
    found = compared(answer(then), answer(now), THEN, NOW)
    assert (found.why, found.normalised) == ("", (rule,))


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("1 failed, 3 passed in 0.12s", "2 failed, 2 passed in 0.12s"),
        ("assert 0.28 == 0.29", "assert 0.28 == 0.30"),
        ("due 2024-03-31 02:30", "due 2024-03-31 03:30"),
        ("open until 17:30:00", "open until 18:30:00"),
        ("index 1a2b3c4..5d6e7f8", "index 1a2b3c4..9a8b7c6"),
        ("id 4711", "id 4712"),
        ("0x1f", "0x2f"),
        ("FAILED tests/a.py::test_x", "FAILED tests/a.py::test_y"),
        ("a\nb", "a\nb\nc"),
    ],
)
def test_what_a_program_says_of_its_own_is_compared(then: str, now: str) -> None:
    found = compared(answer(then), answer(now), THEN, NOW)
    assert found.why == "the text"
    assert found.recorded_line != found.replayed_line


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({"exit_code": 0}, {"exit_code": 1}, "exit code: 0 then, 1 now"),
        ({"exit_code": 1}, {"exit_code": None, "timed_out": True}, "time-out: no then, yes now"),
        ({"is_error": True}, {}, "error: yes then, no now"),
        ({"faults": ("lost_edit",)}, {}, "faults that struck: lost_edit then, none now"),
    ],
)
def test_exit_codes_time_outs_errors_and_faults_are_compared_strictly(
    then: dict[str, object], now: dict[str, object], why: str
) -> None:
    assert compared(answer("same", **then), answer("same", **now), THEN, NOW).why == why


def test_the_first_line_that_differs_is_told() -> None:
    found = compared(answer("a\nb 0.1s\nc\n"), answer("a\nb 0.2s\nd\n"), THEN, NOW)
    assert (found.recorded_line, found.replayed_line) == ("c", "d")
    assert compared(answer("a"), answer("a\nb"), THEN, NOW).recorded_line == "(no more lines)"


def test_a_cut_that_longer_durations_shift_is_no_difference() -> None:
    def cut(middle: str, lost: int) -> Answer:
        return answer(f"head\nli{middle}\n... {lost} bytes left out ...\n{middle}ne\ntail", elided_bytes=lost)

    found = compared(cut("a", 100), cut("abc", 104), THEN, NOW)
    assert (found.why, found.normalised) == ("", ("where the middle was left out",))


@pytest.mark.parametrize("text", ["=" * 200_000, "1" * 200_000, "0.1s " * 40_000, "process " * 30_000, "tmp." * 50_000])
def test_hostile_text_is_compared_in_no_time(text: str) -> None:
    assert compared(answer(text), answer(text + "x"), THEN, NOW).why


def test_a_transcript_without_times_has_its_dates_compared() -> None:
    assert compared(answer("2026-11-26"), answer("2026-12-03"), "", NOW).why
