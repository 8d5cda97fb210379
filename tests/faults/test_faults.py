"""Faults through the real tools: what the model sees, what is really in the file, and a receipt for each effect."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from runner.approvals import Action, Decision, Request
from runner.approvers.scripted import Permissive
from runner.arms import FaultKind, FaultPattern, Persistence, Visibility
from runner.effects import Effect
from runner.events.calls import FaultDelivered
from runner.faults import SPOILERS, faulty
from runner.faults.base import ALIKE, LATEST, TOOLS, Fault, draw, fault_seed
from runner.results import TrialKey
from runner.scenarios.scenario import Scope
from runner.tools import toolbox
from runner.tools.base import Outcome, Refusal, Workbench, spec
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult
from sandboxes.memory import MemorySandbox

VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
PERSISTENCES: tuple[Persistence, ...] = get_args(Persistence)
TEXT = "".join(f"line {number}\n" for number in range(1, 21))
GREEN = "." * 60 + "\n60 passed in 0.31s\n"


class Rig:
    """The toolbox with one fault in it, over files in memory and a test run that says what it is told."""

    def __init__(
        self,
        kind: FaultKind,
        visibility: Visibility = "explicit",
        persistence: Persistence = "transient",
        tool: str = "",
        nth: int = 1,
    ) -> None:
        self.sandbox = MemorySandbox({"src/a.py": Entry(TEXT.encode())}, self._answer)
        self.bench = Workbench(self.sandbox, Scope(writable=("src/**",)), command_seconds=7)
        self.says = ExecResult(0, GREEN.encode())
        self.receipts: list[FaultDelivered] = []
        fault = Fault(kind=kind, visibility=visibility, persistence=persistence, tool=tool or TOOLS[kind][0], nth=nth)
        self.tools, self.approver = faulty(fault, toolbox(), Permissive(), self.receipts.append)

    def _answer(self, command: Command, files: dict[str, Entry]) -> ExecResult:
        return self.says

    def call(self, name: str, **arguments: Any) -> Outcome:
        """What the agent makes of a call."""
        tool = self.tools[name]
        try:
            return tool.run(tool.arguments.model_validate(arguments), self.bench)
        except Refusal as refusal:
            return Outcome(str(refusal), is_error=True)

    def read(self, **more: Any) -> Outcome:
        return self.call("read_file", path="src/a.py", **more)

    def edit(self, old: str = "line 1\n", new: str = "LINE 1\n") -> Outcome:
        return self.call("edit_file", path="src/a.py", old=old, new=new)

    def write(self, content: str, path: str = "src/a.py") -> Outcome:
        return self.call("write_file", path=path, content=content)

    def run_tests(self, tests: tuple[str, ...] = ()) -> Outcome:
        return self.call("run_tests", tests=list(tests))

    def file(self, path: str = "src/a.py") -> str:
        return self.sandbox.files[path].data.decode()

    @property
    def struck(self) -> list[int]:
        """Which calls of the fault's tool it took effect in, from the receipts."""
        return [receipt.nth for receipt in self.receipts]


def test_every_kind_is_injected_by_something_and_strikes_a_tool_that_exists() -> None:
    assert set(SPOILERS) | {"denied_approval"} == set(get_args(FaultKind)) == set(TOOLS)
    assert {name for names in TOOLS.values() for name in names} | set(ALIKE) <= set(toolbox())


def test_without_a_fault_tools_and_approver_are_as_they_are() -> None:
    tools, approver = toolbox(), Permissive()
    assert faulty(None, tools, approver, print) == (tools, approver)


@pytest.mark.parametrize("kind", get_args(FaultKind))
@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_model_is_told_the_same_of_its_tools_whatever_the_fault(kind: FaultKind, visibility: Visibility) -> None:
    rig = Rig(kind, visibility)
    assert [spec(tool) for tool in rig.tools.values()] == [spec(tool) for tool in toolbox().values()]
    arguments = rig.tools["write_file"].arguments.model_validate({"path": "tests/a.py", "content": ""})
    plain = toolbox()["write_file"]
    assert rig.tools["write_file"].reach(arguments, Scope()) == plain.reach(arguments, Scope())


# when it strikes


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(("persistence", "later"), [("transient", []), ("permanent", [1, 2])])
def test_a_fault_strikes_at_its_call_once_or_from_then_on(nth: int, persistence: Persistence, later: list[int]) -> None:
    rig = Rig("tool_error", "explicit", persistence, "read_file", nth)
    failed = [rig.read().is_error for _ in range(nth + 2)]
    assert failed == [False] * (nth - 1) + [True] + [bool(later)] * 2
    assert rig.struck == [nth, *(nth + each for each in later)]
    assert {(each.fault, each.visibility, each.persistence, each.tool) for each in rig.receipts} == {
        ("tool_error", "explicit", persistence, "read_file")
    }


def test_other_tools_are_left_alone_and_not_counted() -> None:
    rig = Rig("tool_error", tool="read_file", nth=2)
    for _ in range(5):
        assert not rig.run_tests().is_error
        assert not rig.write("x = 1\n").is_error
    assert not rig.read().is_error
    assert rig.read().is_error
    assert rig.struck == [2]


def test_edits_and_writes_are_counted_as_one() -> None:
    rig = Rig("disk_full", nth=2)
    assert not rig.edit().is_error
    assert rig.write("all new\n").is_error
    assert rig.struck == [2]


def test_a_fault_that_could_not_strike_waits_for_a_call_that_it_can() -> None:
    rig = Rig("flaky_test", "implicit")
    rig.says = ExecResult(1, b"1 failed, 2 passed in 0.1s\n")
    assert "1 failed, 2 passed" in rig.run_tests().text
    rig.says = ExecResult(5, b"no tests ran in 0.1s\n")
    rig.run_tests()
    assert rig.receipts == []
    rig.says = ExecResult(0, GREEN.encode())
    assert rig.run_tests().exit_code == 1
    assert rig.struck == [3]


# tool_error


@pytest.mark.parametrize("tool", TOOLS["tool_error"])
@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_call_that_fails_is_not_made(tool: str, visibility: Visibility) -> None:
    rig = Rig("tool_error", visibility, tool=tool)
    answers = {"read_file": rig.read, "edit_file": rig.edit, "run_tests": rig.run_tests}[tool]
    found = answers()
    assert found == (
        Outcome(f"{tool}: internal error, the call was not made", is_error=True)
        if visibility == "explicit"
        else Outcome("")
    )
    assert rig.file() == TEXT
    assert rig.sandbox.commands == []
    assert rig.struck == [1]
    assert answers().text not in ("", found.text), "the next one is made"


def test_a_write_that_fails_names_itself() -> None:
    rig = Rig("tool_error", tool="edit_file")
    assert "write_file: internal error" in rig.write("x").text
    assert rig.file() == TEXT


# timeout


def test_a_test_run_that_times_out_says_so_in_the_tools_own_words_or_shows_a_little() -> None:
    explicit, implicit = Rig("timeout"), Rig("timeout", "implicit")
    late = MemorySandbox({}, lambda command, files: ExecResult(124, b"", timed_out=True))
    tool = toolbox()["run_tests"]
    real = tool.run(tool.arguments.model_validate({}), Workbench(late, Scope(), command_seconds=7))
    assert explicit.run_tests() == real
    found = implicit.run_tests()
    assert (found.text, found.timed_out, found.exit_code) == ("........", True, None)
    for rig in (explicit, implicit):
        assert rig.sandbox.commands == []
        assert rig.struck == [1]
        assert rig.run_tests().exit_code == 0


# truncated_output


@pytest.mark.parametrize("tool", TOOLS["truncated_output"])
@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_truncated_answer_is_the_beginning_of_the_real_one(tool: str, visibility: Visibility) -> None:
    rig = Rig("truncated_output", visibility, tool=tool)
    answers = rig.read if tool == "read_file" else rig.run_tests
    cut, whole = answers(), answers()
    kept = int(len(whole.text) * 0.4)
    lost = f"\n... {len(whole.text) - kept} characters lost ..." if visibility == "explicit" else ""
    assert cut.text == whole.text[:kept] + lost
    assert (cut.exit_code, cut.is_error) == (whole.exit_code, False)
    assert rig.struck == [1]


def test_a_short_answer_is_not_truncated_and_no_receipt_is_given() -> None:
    rig = Rig("truncated_output", "explicit", "permanent")
    rig.write("x = 1\n")
    assert rig.read().text == "1\tx = 1\n(lines 1-1 of 1)"
    assert rig.receipts == []


# stale_read


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_a_stale_read_shows_the_file_as_it_was_before_the_edit(
    visibility: Visibility, persistence: Persistence
) -> None:
    rig = Rig("stale_read", visibility, persistence)
    before = rig.read().text
    assert rig.receipts == [], "there was nothing older to show"
    rig.edit()
    note = "\n(from a cache; may be out of date)" if visibility == "explicit" else ""
    assert rig.read().text == before + note
    assert rig.file().startswith("LINE 1\n"), "the file itself is the new one"
    again = rig.read().text
    assert again == (before + note if persistence == "permanent" else before.replace("line 1\n", "LINE 1\n"))
    assert rig.struck == ([2, 3] if persistence == "permanent" else [2])


def test_a_file_is_stale_also_where_the_edit_was_the_first_to_touch_it() -> None:
    rig = Rig("stale_read", "implicit")
    rig.edit()
    assert "line 1\n" in rig.read().text
    assert rig.struck == [1]


def test_a_read_of_a_part_that_did_not_change_is_not_stale() -> None:
    rig = Rig("stale_read", "explicit")
    rig.edit()
    assert "cache" not in rig.read(start_line=5, lines=3).text
    assert rig.receipts == []
    assert "cache" in rig.read(lines=1).text
    assert rig.struck == [2]


def test_a_part_that_the_old_file_did_not_have_is_refused_with_a_receipt() -> None:
    rig = Rig("stale_read", "implicit")
    rig.edit("line 20\n", "line 20\n" * 30)
    found = rig.read(start_line=30)
    assert found.is_error
    assert "only 20 lines" in found.text
    assert rig.struck == [1]
    assert rig.file().count("\n") == 49, "the file itself is the new one"


def test_a_file_that_is_gone_or_new_is_not_stale() -> None:
    rig = Rig("stale_read", "implicit")
    assert rig.write("new\n", "src/b.py").is_error is False
    assert "new" in rig.call("read_file", path="src/b.py").text
    rig.read()
    del rig.sandbox.files["src/a.py"]
    assert rig.read().is_error
    assert rig.receipts == []


def test_a_changed_file_that_may_not_be_written_to_is_shown_as_it_is() -> None:
    rig = Rig("stale_read", "implicit")
    for content in (b"old\n", b"new\n"):
        rig.sandbox.files["/etc/motd"] = Entry(content)
        found = rig.call("read_file", path="/etc/motd")
    assert "new" in found.text
    assert rig.receipts == []


@pytest.mark.parametrize("spelling", ["./src/a.py", "/workspace/src/a.py", "src//a.py", "src/../src/a.py"])
def test_a_file_is_the_same_however_it_is_spelt(spelling: str) -> None:
    rig = Rig("stale_read", "implicit")
    rig.call("read_file", path=spelling)
    rig.edit()
    assert "1\tline 1\n" in rig.call("read_file", path=spelling).text
    assert rig.struck == [2]


# lost_edit


@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_a_lost_edit_says_that_it_failed_and_the_file_is_as_it_was(persistence: Persistence) -> None:
    rig = Rig("lost_edit", "explicit", persistence)
    found = rig.edit()
    assert (found.is_error, "the file is as it was" in found.text) == (True, True)
    assert rig.file() == TEXT
    again = rig.write("new\n")
    assert (again.is_error, rig.file()) == ((True, TEXT) if persistence == "permanent" else (False, "new\n"))
    assert rig.struck == ([1, 2] if persistence == "permanent" else [1])


def test_an_edit_that_is_lost_in_silence_says_that_all_went_well() -> None:
    rig = Rig("lost_edit", "implicit")
    assert rig.edit() == Outcome("edited src/a.py at line 1")
    assert rig.file() == TEXT
    assert rig.struck == [1]


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_a_new_file_that_is_lost_is_not_there(visibility: Visibility) -> None:
    rig = Rig("lost_edit", visibility)
    assert rig.write("x = 1\n", "src/new/b.py").is_error is (visibility == "explicit")
    assert "src/new/b.py" not in rig.sandbox.files
    assert rig.struck == [1]


def test_an_edit_that_was_refused_or_changed_nothing_is_not_lost() -> None:
    rig = Rig("lost_edit", "implicit")
    assert "does not occur" in rig.edit(old="absent").text
    assert rig.write(TEXT).text == "wrote src/a.py (20 lines)"
    assert rig.receipts == []
    rig.edit()
    assert (rig.file(), rig.struck) == (TEXT, [3])


# disk_full


@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_a_full_disk_says_so_and_nothing_is_written(persistence: Persistence) -> None:
    rig = Rig("disk_full", "explicit", persistence)
    for call in (1, 2):
        strikes = call == 1 or persistence == "permanent"
        assert ("no space left on device" in rig.edit().text) is strikes
        assert (rig.file() == TEXT) is strikes
    assert rig.struck == ([1, 2] if persistence == "permanent" else [1])


def test_a_disk_that_fills_in_silence_leaves_whole_lines_of_half_the_file() -> None:
    rig = Rig("disk_full", "implicit")
    assert rig.edit() == Outcome("edited src/a.py at line 1")
    left = rig.file()
    assert left.startswith("LINE 1\nline 2\n")
    assert left.endswith("\n")
    assert 0.3 * len(TEXT) < len(left) <= 0.5 * len(TEXT)
    assert rig.struck == [1]


def test_a_file_of_one_line_is_left_empty_and_an_empty_one_is_not_struck() -> None:
    rig = Rig("disk_full", "implicit")
    assert rig.write("") == Outcome("wrote src/a.py (0 lines)")
    assert rig.receipts == []
    rig.write("x = 1\n")
    assert (rig.file(), rig.struck) == ("", [2])


# flaky_test


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize(("output", "told"), [(GREEN, "1 failed, 59 passed"), ("1 passed in 0.1s\n", "1 failed")])
def test_tests_that_pass_are_said_to_fail(visibility: Visibility, output: str, told: str) -> None:
    rig = Rig("flaky_test", visibility)
    rig.says = ExecResult(0, output.encode())
    found = rig.run_tests()
    assert found.exit_code == 1
    assert found.text.splitlines()[-1] == told
    assert ("worker crashed" in found.text) is (visibility == "explicit")
    assert len(rig.sandbox.commands) == 1, "they are run all the same"
    assert rig.struck == [1]
    assert rig.run_tests().exit_code == 0


# denied_approval

REQUEST = Request(
    action=Action(tool="run_command", arguments={"command": "x"}, effects=frozenset({Effect.INSTALL})),
    trigger="gate",
    rule="r",
)


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_an_approval_is_denied_at_its_place(visibility: Visibility, persistence: Persistence) -> None:
    rig = Rig("denied_approval", visibility, persistence, nth=2)
    found: list[Decision] = [rig.approver.decide(REQUEST) for _ in range(4)]
    denied = [2, 3, 4] if persistence == "permanent" else [2]
    assert [number for number, each in enumerate(found, 1) if each.is_denial] == denied == rig.struck
    assert {each.approver for each in found} == {"permissive", "fault"}
    assert bool(found[1].reason) is (visibility == "explicit")


# which fault a trial gets


def test_the_same_seed_gives_the_same_fault_and_what_a_study_says_holds() -> None:
    for seed in range(200):
        drawn = draw(FaultPattern(), seed)
        assert drawn == draw(FaultPattern(), seed)
        assert drawn.tool in TOOLS[drawn.kind]
        assert 1 <= drawn.nth <= LATEST
        for kind in get_args(FaultKind):
            found = draw(FaultPattern(kind=kind, visibility="implicit", persistence="permanent"), seed)
            assert (found.kind, found.visibility, found.persistence) == (kind, "implicit", "permanent")
            assert found.tool in TOOLS[kind]


def test_seeds_reach_every_kind_visibility_persistence_tool_and_place() -> None:
    drawn = [draw(FaultPattern(), seed) for seed in range(400)]
    assert {each.kind for each in drawn} == set(get_args(FaultKind))
    assert {(each.visibility, each.persistence, each.nth) for each in drawn} == {
        (visibility, persistence, nth)
        for visibility in VISIBILITIES
        for persistence in PERSISTENCES
        for nth in range(1, LATEST + 1)
    }
    assert {each.tool for each in drawn if each.kind == "tool_error"} == set(TOOLS["tool_error"])


def test_what_a_study_fixes_leaves_the_rest_of_the_draw_as_it_was() -> None:
    for seed in range(50):
        free = draw(FaultPattern(), seed)
        assert draw(FaultPattern(kind=free.kind), seed) == free
        assert draw(FaultPattern(visibility=free.visibility), seed) == free


def test_all_models_and_arms_meet_the_same_fault_and_repeats_and_scenarios_another() -> None:
    key = TrialKey(scenario="s", model="m", repeat=1)
    same = [{"model": "other"}, {"arm": "faults_seeded"}]
    assert {fault_seed(7, key.model_copy(update=each)) for each in same} == {fault_seed(7, key)}
    others = [fault_seed(7, key.model_copy(update=each)) for each in ({"repeat": 2}, {"scenario": "t"})]
    assert len({fault_seed(7, key), fault_seed(8, key), *others}) == 4
