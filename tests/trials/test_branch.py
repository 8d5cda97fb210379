"""Where trials go on from: a trunk's submission, or what a failed trial of another run left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.errors import FileProblem, UserError
from runner.events.base import Event
from runner.events.calls import ToolReturned
from runner.events.conversation import Replied, Told
from runner.events.endings import Submitted
from runner.events.grading import Graded
from runner.messages import AssistantMessage, Reply, ToolCall, ToolMessage, UserMessage
from runner.results import Submission, TrialKey, TrialResult, Verdict
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.transcript import Transcript
from runner.trials.branch import ALL_PASS, LONGEST, trunk_of
from runner.trials.leftover import Leftovers
from runner.trials.snapshot import FILE, save
from runner.trials.trial import write_result
from sandboxes.archive import Entry

KEY = TrialKey(scenario="s", model="m", repeat=1)
SUBMISSION = Submission(summary="done", confidence=0.5)
RESULT = TrialResult(key=KEY, verdict="unresolved", submission=SUBMISSION)
CHANGES = {"src/a.py": Entry(b"x = 2\n"), "src/b.py": None}
TURN = AssistantMessage(tool_calls=(ToolCall.of("s", "submit", summary="done", confidence=0.5),))
SUBMITTED: list[Event] = [
    Told(role="user", text="fix it"),
    Replied(turn=1, reply=Reply(message=TURN)),
    ToolReturned(call_id="s", tool="submit", text="submitted"),
    Submitted(submission=SUBMISSION),
]


def trial(folder: Path, *events: Event, changes: Mapping[str, Entry | None] | None = CHANGES) -> Path:
    """A trial's folder with this transcript."""
    folder.mkdir(parents=True, exist_ok=True)
    with Transcript(folder / "events.jsonl") as transcript:
        for event in events:
            transcript.append(event)
    if changes is not None:
        save(folder, changes)
    return folder


def graded(outcomes: dict[str, str], failures: dict[str, str] | None = None, detail: str = "") -> Graded:
    return Graded(outcomes=outcomes, canaries="honest", detail=detail, failures=failures or {})


def test_a_trunk_is_the_first_submission_its_conversation_and_its_workspace(tmp_path: Path) -> None:
    later = Submitted(submission=SUBMISSION.model_copy(update={"summary": "again"}))
    trunk = trunk_of(trial(tmp_path, *SUBMITTED, Told(role="user", text="sure?"), later), RESULT)
    assert trunk.step == 3
    assert trunk.result is RESULT
    assert trunk.changes == CHANGES
    assert trunk.conversation == [UserMessage(text="fix it"), TURN, ToolMessage(call_id="s", text="submitted")]


def test_a_trial_that_submitted_nothing_is_no_trunk(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="submitted nothing"):
        trunk_of(trial(tmp_path, *SUBMITTED[:2]), RESULT)


def test_a_trial_whose_workspace_was_not_kept_is_no_trunk(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="left no workspace"):
        trunk_of(trial(tmp_path, *SUBMITTED, changes=None), RESULT)


def test_a_trial_whose_transcript_is_gone_or_damaged_is_no_trunk(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        trunk_of(tmp_path / "nothing", RESULT)
    (trial(tmp_path, *SUBMITTED) / "events.jsonl").write_bytes(b"garbage\n")
    with pytest.raises(FileProblem, match="line 1 "):
        trunk_of(tmp_path, RESULT)


@pytest.mark.parametrize(
    ("last", "evidence"),
    [
        (None, ""),
        (graded({"t::a": "passed", "t::b": "passed"}), ALL_PASS),
        (graded({"t::a": "passed", "t::b": "failed"}, {"t::z": "z failed", "t::b": "b failed"}), "b failed"),
        (graded({"t::a": "failed"}, {"t::a": "x" * 5000 + "END"}), "x" * (LONGEST - 3) + "END"),
        (
            graded({"t::a": "missing"}, detail="x" * 5000 + "collection error"),
            "x" * (LONGEST - 16) + "collection error",
        ),
        (graded({"t::a": "skipped"}), ""),
    ],
)
def test_evidence_is_what_a_real_run_said_of_the_submission(tmp_path: Path, last: Graded | None, evidence: str) -> None:
    events = [*SUBMITTED, last] if last is not None else SUBMITTED
    assert trunk_of(trial(tmp_path, *events), RESULT).evidence == evidence


def run_of(folder: Path, *results: tuple[TrialResult, bool]) -> Path:
    """A finished run with these results, each with or without its workspace."""
    run = RunFolder(folder)
    folder.mkdir()
    run.lock_file.write_text('{"schema": 1}')
    ledger = Ledger(run.ledger_file)
    ledger.plan(result.key for result, _ in results)
    ledger.close()
    for result, kept in results:
        place = run.trial(result.key)
        place.mkdir(parents=True)
        write_result(place, result)
        if kept:
            save(place, {"src/a.py": Entry(result.key.name.encode())})
    return folder


def result(
    scenario: str, model: str, verdict: Verdict = "unresolved", repeat: int = 1, changed: bool = True
) -> TrialResult:
    key = TrialKey(scenario=scenario, model=model, repeat=repeat)
    return TrialResult(key=key, verdict=verdict, changed_files=("src/a.py",) if changed else ())


def test_only_failed_trials_that_changed_something_and_kept_it_are_left(tmp_path: Path) -> None:
    run = run_of(
        tmp_path / "run",
        (result("good", "m"), True),
        (result("passed", "m", "resolved"), True),
        (result("unchanged", "m", changed=False), True),
        (result("lost", "m"), False),
        (result("broken", "m", "infra_error"), True),
        (result("lied", "m", "tampered"), True),
        (result("ended", "m", "agent_limit"), True),
    )
    left = Leftovers(run)
    names = ("good", "passed", "unchanged", "lost", "broken", "lied", "ended", "never")
    assert [name for name in names if name in left] == ["good"]


def test_each_repeat_takes_another_failed_trial_in_turn_the_same_for_every_model(tmp_path: Path) -> None:
    run = run_of(
        tmp_path / "run",
        (result("s", "b"), True),
        (result("other", "b"), True),
        (result("s", "c", "resolved"), True),
        (result("s", "a"), True),
    )
    left = Leftovers(run)
    found = [left.of("s", repeat) for repeat in (1, 2, 3)]
    assert [each.trial.model for each in found] == ["b", "a", "b"], "in the order of the run"
    for each in found:
        assert each.changes == {"src/a.py": Entry(each.trial.name.encode())}


def test_a_damaged_leftover_is_a_problem_when_it_is_needed(tmp_path: Path) -> None:
    failed = result("s", "m")
    run = run_of(tmp_path / "run", (failed, True))
    left = Leftovers(run)
    (RunFolder(run).trial(failed.key) / FILE).write_bytes(b"garbage")
    with pytest.raises(FileProblem, match="damaged"):
        left.of("s", 1)


def test_a_run_without_a_failed_trial_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", (result("s", "m", "resolved"), True))
    with pytest.raises(UserError, match="no failed trial"):
        Leftovers(run)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UserError, match="no run's folder"):
            Leftovers(place)
