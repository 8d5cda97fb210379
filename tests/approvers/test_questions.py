"""Requests that wait for a person: one answer stands, whichever process gives it, and nothing odd is obeyed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import pytest

from runner.approvals import Action, Decision, Request, Standing
from runner.approvers.questions import Questions
from runner.approvers.queued import Queued, QueueSettings
from runner.effects import Effect
from runner.errors import FileProblem, Interrupted, UserError
from runner.results import TrialKey

ACTION = Action(tool="run_command", arguments={"command": "pip install x"}, effects=frozenset({Effect.NETWORK}))
REQUEST = Request(
    action=ACTION,
    trigger="gate",
    rule="default",
    standing=Standing(authorisation="none", label="forbidden", answer="deny"),
)
TRIAL = TrialKey(scenario="s", model="m", repeat=1)
YES = Decision(outcome="approve", approver="human")
NO = Decision(outcome="deny", approver="human", reason="not today")


def queued(
    run: Path,
    seconds: float = 400.0,
    otherwise: Literal["deny", "escalate"] = "escalate",
    stop: threading.Event | None = None,
) -> Queued:
    settings = QueueSettings(seconds=seconds, otherwise=otherwise)
    return Queued(Questions(run), TRIAL, settings, stop or threading.Event(), nullcontext)


def later(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def first_waiting(questions: Questions) -> str:
    deadline = time.monotonic() + 200
    while not (found := questions.waiting()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found[0].id


def test_an_answer_from_another_process_is_heard(tmp_path: Path) -> None:
    got: list[Decision] = []
    asking = later(lambda: got.append(queued(tmp_path).decide(REQUEST)))
    name = first_waiting(Questions(tmp_path))
    code = (
        "import sys, pathlib\n"
        "from runner.approvals import Decision\n"
        "from runner.approvers.questions import Questions\n"
        "Questions(pathlib.Path(sys.argv[1])).respond(sys.argv[2], Decision(outcome='deny', approver='human'))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), name[:5]], check=True, cwd=Path(__file__).parents[2])
    asking.join(200)
    assert [each.outcome for each in got] == ["deny"]
    assert Questions(tmp_path).waiting() == []


@pytest.mark.parametrize("otherwise", ["deny", "escalate"])
def test_when_the_time_is_up_the_studys_word_stands_and_a_late_answer_is_refused(
    tmp_path: Path, otherwise: Literal["deny", "escalate"]
) -> None:
    found = queued(tmp_path, 0.05, otherwise).decide(REQUEST)
    assert (found.outcome, found.approver, found.reason) == (otherwise, "none", "no answer within 0.05 s")
    [file] = tmp_path.glob("approvals/*.answer.json")
    with pytest.raises(UserError, match=f"answered before: {otherwise} by none"):
        Questions(tmp_path).respond(file.name[:8], YES)


def test_of_many_answers_at_once_exactly_one_stands(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    asked = questions.ask(TRIAL, REQUEST, 60, "escalate")
    start, said = threading.Barrier(16), list[Decision]()

    def answer(number: int) -> None:
        start.wait()
        said.append(questions.settle(asked.id, Decision(outcome="deny", approver=f"person {number}")))

    threads = [later(lambda number=number: answer(number)) for number in range(16)]  # type: ignore[misc]
    for thread in threads:
        thread.join(200)
    assert len(said) == 16
    assert len({each.approver for each in said}) == 1
    assert {file.name for file in tmp_path.glob("approvals/.*")} == set(), "nothing half-written is left"


def test_whoever_answers_is_not_told_what_a_good_answer_is(tmp_path: Path) -> None:
    asked = Questions(tmp_path).ask(TRIAL, REQUEST, 60, "deny")
    assert asked.request.standing is None
    assert "forbidden" not in (tmp_path / f"approvals/{asked.id}.json").read_text()


def test_a_stop_withdraws_the_request(tmp_path: Path) -> None:
    stop, raised = threading.Event(), list[BaseException]()

    def ask() -> None:
        try:
            queued(tmp_path, stop=stop).decide(REQUEST)
        except Interrupted as error:
            raised.append(error)

    asking = later(ask)
    first_waiting(Questions(tmp_path))
    stop.set()
    asking.join(200)
    assert len(raised) == 1
    assert Questions(tmp_path).waiting() == []


def test_the_trials_place_is_given_away_for_exactly_as_long_as_it_waits(tmp_path: Path) -> None:
    steps: list[str] = []

    @contextmanager
    def aside() -> Iterator[None]:
        steps.append("away")
        yield
        steps.append("back")

    settings = QueueSettings(seconds=0.05)
    Queued(Questions(tmp_path), TRIAL, settings, threading.Event(), aside).decide(REQUEST)
    assert steps == ["away", "back"]


@pytest.mark.parametrize(
    "text", ["", "{", '{"schema":1}', "[" * 100_000, "\xff\xfe", '{"decision":{"outcome":"approve"}}']
)
def test_an_answer_that_is_none_approves_nothing(tmp_path: Path, text: str) -> None:
    questions = Questions(tmp_path)
    asked = questions.ask(TRIAL, REQUEST, 60, "escalate")
    (tmp_path / f"approvals/{asked.id}.answer.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FileProblem, match="is no answer"):
        questions.answer(asked.id)


def test_what_is_no_question_is_left_out_of_the_list(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    kept = questions.ask(TRIAL, REQUEST, 60, "escalate")
    folder = tmp_path / "approvals"
    other = json.loads((folder / f"{kept.id}.json").read_text())
    (folder / "00000000.json").write_text(json.dumps(other))
    (folder / "11111111.json").write_text("{")
    (folder / "notes.json").write_text("mine")
    (folder / "22222222.json").mkdir()
    assert [each.id for each in questions.waiting()] == [kept.id]


@pytest.mark.parametrize("name", ["", "../x", "zzzz", "*", "00/../00"])
def test_an_id_that_leads_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    questions = Questions(tmp_path)
    questions.ask(TRIAL, REQUEST, 60, "escalate")
    with pytest.raises(UserError):
        questions.respond(name, YES)


def test_what_a_dead_process_asked_is_withdrawn_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    answered, unanswered = (questions.ask(TRIAL, REQUEST, 60, "escalate") for _ in range(2))
    questions.respond(answered.id, NO)
    questions.clear()
    assert questions.waiting() == []
    assert questions.answer(answered.id) == NO
    assert not (tmp_path / f"approvals/{unanswered.id}.json").exists()
