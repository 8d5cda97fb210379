"""Repair fixes small faults by tool calls alone, leaves what it cannot fix as it was, and always submits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from runner.models.base import Opening
from runner.models.repair import Repair, answers

OFF_BY_ONE = """
def last_page(total, size):
    if total == 0:
        return 0
    return (total - 1) // size + 2


def pages(total, size):
    return list(range(1, last_page(total, size) + 1))
"""
TEST_OFF_BY_ONE = """
from pages import last_page, pages

def test_last(): assert last_page(11, 5) == 3
def test_nothing(): assert pages(0, 5) == []
def test_full(): assert pages(10, 5) == [1, 2]
def test_started(): assert pages(11, 5) == [1, 2, 3]
"""
COMPARISON = '''
def grade(points):
    """A from 90, B from 80."""
    if points > 90:
        return "A"
    if points >= 80:
        return "B"
    return "C"
'''
TEST_COMPARISON = """
import pytest
from grades import grade

@pytest.mark.parametrize(["points", "letter"], [(95, "A"), (90, "A"), (89, "B"), (80, "B"), (79, "C")])
def test_grade(points, letter): assert grade(points) == letter
"""
ROUNDING = """
from decimal import Decimal, ROUND_HALF_EVEN

CENT = Decimal("0.01")


def cents(amount):
    return Decimal(amount).quantize(CENT, rounding=ROUND_HALF_EVEN)


def tax(amount, percent):
    return cents(Decimal(amount) * percent / 100)
"""
TEST_ROUNDING = """
from decimal import Decimal
from money import cents, tax

def test_below(): assert cents("1.004") == Decimal("1.00")
def test_half(): assert cents("1.005") == Decimal("1.01")
def test_tax(): assert tax("10.00", 19) == Decimal("1.90")
"""
REGEX = """
import re

TAG = re.compile(r"<(.+)>")


def tags(text):
    return [name.lower() for name in TAG.findall(text)]
"""
TEST_REGEX = """
from tags import tags

def test_none(): assert tags("a") == []
def test_one(): assert tags("<A>") == ["a"]
def test_two(): assert tags("<A> <B>") == ["a", "b"]
"""
FAULTS = {
    "off by one": ({"pages": OFF_BY_ONE, "tests__test_it": TEST_OFF_BY_ONE}, "pages.py", "last_page"),
    "comparison": ({"grades": COMPARISON, "tests__test_it": TEST_COMPARISON}, "grades.py", "grade"),
    "rounding": ({"money": ROUNDING, "tests__test_it": TEST_ROUNDING}, "money.py", "cents"),
    "regex": ({"tags": REGEX, "tests__test_it": TEST_REGEX}, "tags.py", "TAG"),
}
BEYOND = {
    "plan": "def plan(days):\n    total = 0\n    for day in days:\n        total += day\n    return total\n",
    "tests__test_it": "from plan import plan\ndef test_it(): assert plan([1, 2]) == 'three days from Monday'\n",
}
OPENING = Opening(scenario="local", seed=1, reference=dict)


@pytest.mark.parametrize("fault", FAULTS)
def test_fixes(fault: str, repository: Any, trial: Any) -> None:
    files, path, symbol = FAULTS[fault]
    workspace = repository(**files)
    turns = trial(workspace)
    submission = workspace.submitted[-1]
    changed = [name for name, text in workspace.files().items() if text != workspace.original.get(name)]
    assert workspace.run_tests([]).startswith("exit code 0")
    assert changed == [path]
    assert (submission["hypotheses"][0]["file"], submission["hypotheses"][0]["symbol"]) == (path, symbol)
    assert submission["confidence"] >= 0.2
    assert turns <= 12


def test_the_same_trial_twice_makes_the_same_calls(repository: Any, trial: Any, tmp_path: Any) -> None:
    workspace = repository(**FAULTS["comparison"][0])
    trial(workspace)
    first = list(workspace.calls)
    for path, text in workspace.original.items():
        (workspace.root / path).write_text(text)
    workspace.calls.clear()
    workspace.submitted.clear()
    trial(workspace)
    assert workspace.calls == first


def test_leaves_the_tree_as_it_was_when_nothing_helps(repository: Any, trial: Any) -> None:
    workspace = repository(**BEYOND)
    trial(workspace, budget=12)
    assert workspace.files() == workspace.original
    assert workspace.submitted[-1]["confidence"] <= 0.1
    assert "No fix found" in workspace.submitted[-1]["summary"]
    assert workspace.submitted[-1]["hypotheses"][0]["symbol"] == "plan"


def test_submits_at_once_on_a_green_suite(repository: Any, trial: Any) -> None:
    workspace = repository(plan="x = 1\n", tests__test_it="def test_it(): pass\n")
    assert trial(workspace) == 2
    assert "every visible test passes" in workspace.submitted[-1]["summary"]
    assert workspace.files() == workspace.original


def test_an_endless_candidate_is_not_the_end(repository: Any, trial: Any) -> None:
    workspace = repository(**FAULTS["comparison"][0])
    run_tests = workspace.run_tests
    runs = iter(range(100))

    def first_candidate_is_endless(tests: list[str]) -> str:
        return "killed after 120 s" if next(runs) == 1 else str(run_tests(tests))

    workspace.run_tests = first_candidate_is_endless
    trial(workspace)
    assert workspace.submitted


def test_locates_by_tracebacks_where_commands_are_denied(repository: Any, trial: Any) -> None:
    workspace = repository(
        shop="def first(items):\n    return items[1]\n",
        tests__test_it="from shop import first\ndef test_it(): assert first([7]) == 7\n",
    )
    deny(workspace, lambda name, arguments: name == "run_command")
    trial(workspace)
    assert "items[0]" in workspace.files()["shop.py"]


def test_denied_edits_end_in_an_honest_submission(repository: Any, trial: Any) -> None:
    workspace = repository(**FAULTS["comparison"][0])
    deny(workspace, lambda name, arguments: name == "edit_file")
    trial(workspace)
    assert workspace.files() == workspace.original
    assert workspace.submitted[-1]["confidence"] <= 0.1


def test_says_so_when_the_workspace_could_not_be_restored(repository: Any, trial: Any) -> None:
    workspace = repository(**FAULTS["comparison"][0])
    writes = iter(range(1_000))
    deny(workspace, lambda name, arguments: name in ("edit_file", "write_file") and next(writes) > 0)
    trial(workspace)
    assert workspace.files() != workspace.original
    assert "not as it was" in workspace.submitted[-1]["summary"]
    assert workspace.submitted[-1]["confidence"] == 0


@pytest.mark.parametrize("every", [3, 4, 5, 7])
def test_failing_calls_leave_no_trace(every: int, repository: Any, trial: Any) -> None:
    """Every third (…) edit fails, undoing edits among them: what stays is clean or fixed, and nothing between."""
    workspace = repository(**FAULTS["rounding"][0])
    edits = iter(range(1, 10_000))
    deny(workspace, lambda name, arguments: name == "edit_file" and next(edits) % every == 0)
    trial(workspace)
    left = workspace.files()
    assert left == workspace.original or workspace.run_tests([]).startswith("exit code 0")
    assert (left == workspace.original) == (workspace.submitted[-1]["confidence"] <= 0.1)


@pytest.mark.parametrize(
    "noise", ["", "\0", "exit code", "exit code 1\n", "[]", "repair-probe:{}", "1\t(\n(lines 1-1 of 1)"]
)
@pytest.mark.parametrize("is_error", [False, True])
def test_garbage_never_raises(noise: str, is_error: bool) -> None:
    model = Repair(OPENING)
    said: list[Message] = [UserMessage(text="Fix it.")]
    for _ in range(40):
        message = model.reply(said, []).message
        said.append(message)
        said += [ToolMessage(call_id=call.id, text=noise, is_error=is_error) for call in message.tool_calls]
    assert any(call.name == "submit" for one in said if isinstance(one, AssistantMessage) for call in one.tool_calls)


def test_a_conversation_that_is_not_its_own_gets_a_reply() -> None:
    model = Repair(OPENING)
    stray = AssistantMessage(tool_calls=(ToolCall.of("x", "submit"),))
    for said in ([], [stray], [ToolMessage(call_id="y", text="")], [UserMessage(text="?"), stray]):
        assert model.reply(said, []).message.tool_calls


def test_a_turn_that_was_lost_is_taken_again() -> None:
    model = Repair(OPENING)
    said = [UserMessage(text="Fix it.")]
    assert model.reply(said, []) == model.reply(said, [])


def test_asked_again_it_runs_the_suite_again_and_submits_again(repository: Any) -> None:
    workspace = repository(plan="x = 1\n", tests__test_it="def test_it(): pass\n")
    model = Repair(OPENING)
    said: list[Message] = [UserMessage(text="Fix it.")]
    for _ in range(2):
        while True:
            message = model.reply(said, []).message
            said.append(message)
            for call in message.tool_calls:
                text, is_error = workspace.call(call.name, json.loads(call.arguments))
                said.append(ToolMessage(call_id=call.id, text=text, is_error=is_error))
            if message.tool_calls[0].name == "submit":
                break
        said.append(UserMessage(text="Prove it."))
    assert len(workspace.submitted) == 2
    assert sum(name == "run_tests" for name, _ in workspace.calls) == 2


def deny(workspace: Any, denied: Any) -> None:
    """Makes the calls fail that `denied` says yes to."""
    call = workspace.call

    def guarded(name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        return ("denied by the approver", True) if denied(name, arguments) else call(name, arguments)

    workspace.call = guarded


def test_a_traceback_through_the_standard_library_suspects_the_workspace_alone() -> None:
    text = (
        "/usr/lib/python3.11/importlib/__init__.py:126: in import_module\nsrc/calc.py:2: in double\n../x.py:1: in y\n"
    )
    assert answers.frames(text) == [("src/calc.py", 2)]
