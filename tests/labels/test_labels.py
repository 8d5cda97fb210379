"""What readers say: kept whole, found again where its event is, and counted where a scenario says nothing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.approvals import Standing
from runner.cli import app
from runner.effects import Effect
from runner.errors import FileProblem, UnknownName, UserError
from runner.events.base import Event
from runner.events.grading import Graded
from runner.labels.agreement import agreements
from runner.labels.file import LabelFile
from runner.labels.judging import Judgement, judgements, majority
from runner.labels.mark import Mark, label_name
from runner.labels.steps import current, place
from runner.labels.table import lines, written
from runner.measures.catalogue import MEASURES
from runner.measures.compute import findings
from runner.messages import to_json
from runner.report.load import records
from runner.runs.folder import RunFolder
from runner.spreadsheet import inert
from written import answered, as_lines, call, decided, key, said, trial, write_run

ASKED = ("run_command", Effect.NETWORK)
DENIED = 3
"""The step of the decision."""


def events(stands: Standing | None = None, *more: Event, attempt: int = 1) -> list[Event]:
    return trial(
        key(),
        *more,
        call(*ASKED, stands=stands, command="curl x"),
        decided("run_command", "approve", Effect.NETWORK, command="curl x"),
        answered("fetched"),
        attempt=attempt,
    )


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "a", {key(): events()})


def transcript(run: RunFolder) -> Path:
    return run.trial(key()) / "events.jsonl"


def marks(run: RunFolder) -> list[Mark]:
    return LabelFile(run.path).marks()


def mark(run: RunFolder, step: int, reader: str = "ada", **said: object) -> Mark:
    return LabelFile(run.path).add(place(transcript(run), step), reader, **said)  # type: ignore[arg-type]


def test_what_is_said_is_there_for_the_next_process_and_the_last_word_of_a_reader_stands(run: RunFolder) -> None:
    mark(run, 2, label="Lucky fix", note="passes by luck")
    mark(run, 2, label="lucky-fix", note="really")
    mark(run, 2, reader="bob", label="lucky-fix")
    mark(run, DENIED, answer="deny")
    mark(run, DENIED, answer="approve", ask=False)
    assert [(each.reader, each.step, each.label, each.note, each.answer, each.ask) for each in marks(run)] == [
        ("ada", 2, "lucky-fix", "really", None, None),
        ("bob", 2, "lucky-fix", "", None, None),
        ("ada", DENIED, "", "", "approve", False),
    ]
    assert len(LabelFile(run.path).file.read_text().splitlines()) == 5, "nothing is ever changed"


def test_a_mark_is_taken_back_by_whoever_made_it(run: RunFolder) -> None:
    made = mark(run, 2, label="lucky-fix")
    with pytest.raises(UserError, match="is ada's; bob cannot"):
        LabelFile(run.path).withdraw(made.id, "bob")
    LabelFile(run.path).withdraw(made.id, "ada")
    assert marks(run) == []
    with pytest.raises(UnknownName):
        LabelFile(run.path).withdraw(made.id, "ada")


def test_a_torn_last_line_is_lost_alone_and_what_is_no_label_is_told(run: RunFolder) -> None:
    mark(run, 2, label="lucky-fix")
    file = LabelFile(run.path).file
    with file.open("ab") as handle:
        handle.write(b'{"kind": "mark", "label": "<script>"}\n' + b"[" * 50_000 + b"\n" + b'{"kind": "ma')
    mark(run, 2, label="good-recovery")
    told: list[str] = []
    assert [each.label for each in LabelFile(run.path).marks(told.append)] == ["lucky-fix", "good-recovery"]
    assert len(told) == 2
    assert "line 2 is no label" in told[0]


def test_readers_who_write_at_once_lose_nothing(run: RunFolder) -> None:
    where = place(transcript(run), 2)

    def work(reader: str) -> None:
        for number in range(10):
            LabelFile(run.path).add(where, reader, label=f"label-{number}")

    threads = [threading.Thread(target=work, args=(f"reader {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    program = "import sys; from pathlib import Path; from runner.labels import file as f, steps as s\n"
    program += "run, transcript = map(Path, sys.argv[1:])\n"
    program += "for n in range(10): f.LabelFile(run).add(s.place(transcript, 2), 'other', label=f'l-{n}')"
    subprocess.run([sys.executable, "-c", program, str(run.path), str(transcript(run))], check=True, timeout=240)
    for thread in threads:
        thread.join()
    assert len(marks(run)) == 50


def test_a_label_stays_with_its_event_when_the_trial_is_graded_again_or_retried(run: RunFolder) -> None:
    made = mark(run, DENIED, label="policy-breach")
    graded = Graded(outcomes={"a": "passed"}, canaries="honest")
    transcript(run).write_bytes(as_lines([*events(), graded]))
    assert current(run.path, [made]) == {made.id: (transcript(run), DENIED)}
    transcript(run).write_bytes(as_lines(events(None, said("a step more"))))
    assert current(run.path, [made]) == {made.id: (transcript(run), DENIED + 1)}
    assert lines(run.path, [made])[0].state == "moved"
    transcript(run).write_bytes(as_lines(events()))
    run.set_aside(key(), 1)
    transcript(run).write_bytes(as_lines(trial(key(), said("another attempt"), attempt=2)))
    old = run.trial(key()) / "attempts" / "1" / "events.jsonl"
    assert current(run.path, [made]) == {made.id: (old, DENIED)}
    old.unlink()
    assert current(run.path, [made]) == {}
    assert (lines(run.path, [made])[0].state, lines(run.path, [made])[0].step) == ("gone", None)


def test_a_label_that_names_a_place_outside_the_run_leads_nowhere(run: RunFolder, tmp_path: Path) -> None:
    made = mark(run, 2, label="lucky-fix")
    for name in ("../../a/trials/" + key().name, "..", ".", "/etc", key().name + "/attempts"):
        assert current(run.path, [made.model_copy(update={"trial": name})]) == {}


@pytest.mark.parametrize("text", ["", "<script>", "a/b", "-", "ü", "a" * 61, "\u202ea", "a,b"])
def test_what_cannot_be_a_label_is_told(text: str) -> None:
    with pytest.raises(UserError, match="is no label"):
        label_name(text)


def test_what_says_nothing_or_names_nobody_is_not_kept(run: RunFolder) -> None:
    with pytest.raises(UserError, match="needs a label"):
        mark(run, 2, note="  ")
    for reader in ("", "a\u202eb", "x" * 81, "a\x1b[31m"):
        with pytest.raises(UserError, match="no reader's name"):
            mark(run, 2, reader=reader, label="lucky-fix")
    with pytest.raises(UserError, match="has no step 99"):
        mark(run, 99, label="lucky-fix")
    with pytest.raises(UserError, match="note"):
        mark(run, 2, note="x" * 5000)
    assert not LabelFile(run.path).file.exists()


def test_csv_holds_what_was_said_and_no_cell_is_a_formula(run: RunFolder) -> None:
    mark(run, 2, label="lucky-fix", note='=HYPERLINK("http://x"), "quoted"\nsecond line')
    mark(run, DENIED, reader="@bob", answer="deny", ask=True)
    table = list(csv.DictReader(io.StringIO(written(lines(run.path, marks(run))), newline="")))
    assert [(each["reader"], each["step"], each["label"], each["answer"], each["ask"]) for each in table] == [
        ("ada", "2", "lucky-fix", "", ""),
        ("'@bob", "3", "", "deny", "yes"),
    ]
    assert table[0]["note"] == '\'=HYPERLINK("http://x"), "quoted"\nsecond line'
    assert inert("＝1+1") == "'＝1+1", "a wide sign is one, too"


def test_csv_of_somebody_elses_labels_does_not_act_on_a_terminal(run: RunFolder) -> None:
    made = mark(run, 2, label="lucky-fix")
    forged = made.model_copy(update={"id": "0" * 12, "reader": "\x1b]0;owned\x07", "label": "", "note": "a\x9b31m\nb"})
    with LabelFile(run.path).file.open("ab") as handle:
        handle.write(to_json(forged) + b"\n")
    text = written(lines(run.path, marks(run)))
    assert "\\x1b]0;owned\\x07" in text and "a\\x9b31m\nb" in text
    assert not set("\x1b\x07\x9b") & set(text)


def test_what_a_reader_said_is_taken_back_however_the_name_is_typed(run: RunFolder) -> None:
    step = f"{run.trial(key())}@2"
    for words in (["lucky-fix", "--reader", " Ada  L "], ["--remove", "--reader", "Ada L "]):
        done = CliRunner().invoke(app, ["label", step, *words])
        assert done.exit_code == 0, done.output
    assert marks(run) == []


def false_approvals(run: RunFolder) -> tuple[float | None, int, int]:
    """Value, trials and calls labelled by readers."""
    trials = list(records(run, lambda text: None))
    found = findings(trials, {"false_approvals": MEASURES["false_approvals"]})["m"]["false_approvals"]
    return found.value, found.trials, found.readers


BY_SCENARIO = Standing(authorisation="explicit", label="free", answer="approve", source="scenario")


def standing_of(run: RunFolder) -> Standing | None:
    return next(records(run, print)).calls[0].standing


def test_readers_count_where_the_scenario_has_no_rule(run: RunFolder) -> None:
    before = standing_of(run)
    assert before is not None
    assert (before.label, before.answer, before.source) == ("ask", "deny", "effect")
    mark(run, DENIED, answer="approve", ask=False)
    now = standing_of(run)
    assert now is not None
    assert (now.label, now.answer, now.source) == ("free", "approve", "readers")


def test_a_scenarios_own_rule_stands_whatever_readers_say(tmp_path: Path) -> None:
    run = write_run(tmp_path / "b", {key(): events(BY_SCENARIO)})
    mark(run, 2, answer="deny", ask=True)
    assert standing_of(run) == BY_SCENARIO


def test_a_transcript_from_before_sources_were_kept_has_the_scenarios_rule_where_it_differs(tmp_path: Path) -> None:
    run = write_run(tmp_path / "b", {key(): events(BY_SCENARIO.model_copy(update={"source": None}))})
    mark(run, 2, answer="deny")
    assert standing_of(run) == BY_SCENARIO


def test_the_majority_of_readers_counts_and_nobody_where_they_are_divided(run: RunFolder) -> None:
    def said() -> Judgement | None:
        return majority(judgements(run.path, marks(run))[key().name][DENIED])

    for reader, answer in (("ada", "approve"), ("bob", "deny")):
        mark(run, DENIED, reader=reader, answer=answer, ask=True)
    found = said()
    assert found is not None and found[:2] == (None, True)
    mark(run, DENIED, reader="cyd", answer="approve")
    assert said() == ("approve", True, 3)


def test_a_reader_who_speaks_of_the_call_and_of_the_decision_has_one_voice(run: RunFolder) -> None:
    mark(run, 2, reader="ada", answer="deny")
    mark(run, DENIED, reader="bob", answer="approve")
    mark(run, DENIED, reader="cyd", answer="approve")
    mark(run, DENIED, reader="ada", answer="deny")
    stands = standing_of(run)
    assert stands is not None and (stands.answer, stands.source) == ("approve", "readers"), "two to one"
    mark(run, 2, reader="cyd", answer="deny")
    stands = standing_of(run)
    assert stands is not None and stands.answer == "deny", "a later word stands, wherever it is said"


def test_a_reader_who_labels_again_what_has_moved_has_one_voice(run: RunFolder) -> None:
    mark(run, DENIED, reader="ada", answer="deny")
    transcript(run).write_bytes(as_lines(events(None, said("let me see"))))
    mark(run, DENIED + 1, reader="ada", answer="deny")
    mark(run, DENIED + 1, reader="bob", answer="approve")
    mark(run, DENIED + 1, reader="cyd", answer="approve")
    stands = standing_of(run)
    assert stands is not None and (stands.answer, stands.source) == ("approve", "readers")


def test_a_measure_says_how_many_of_its_labels_are_readers(tmp_path: Path) -> None:
    keys = [key(scenario=f"s{number}") for number in range(3)]
    run = write_run(
        tmp_path / "b",
        {
            each: trial(
                each,
                call(*ASKED, command="curl x"),
                decided("run_command", "approve", Effect.NETWORK, command="curl x"),
                answered("fetched"),
            )
            for each in keys
        },
    )
    assert false_approvals(run)[1:] == (3, 0)
    for each in keys[:2]:
        where = place(run.trial(each) / "events.jsonl", DENIED)
        LabelFile(run.path).add(where, "ada", answer="deny")
    assert false_approvals(run)[1:] == (3, 2)
    LabelFile(run.path).add(place(run.trial(keys[0]) / "events.jsonl", DENIED), "ada", answer="approve")
    assert false_approvals(run)[1:] == (2, 1), "what readers would allow is no false approval"


def test_labels_that_cannot_be_read_leave_the_report_as_it_was(run: RunFolder) -> None:
    LabelFile(run.path).file.mkdir()
    told: list[str] = []
    assert len(list(records(run, told.append))) == 1
    assert "cannot be read" in told[0]
    with pytest.raises(FileProblem):
        marks(run)


def test_agreement_is_over_the_steps_that_both_have_labelled(run: RunFolder) -> None:
    for reader, step, label in (
        ("ada", 1, "lucky-fix"),
        ("ada", 2, "policy-breach"),
        ("ada", 3, "lucky-fix"),
        ("ada", 4, "lucky-fix"),
        ("bob", 1, "lucky-fix"),
        ("bob", 2, "policy-breach"),
        ("bob", 3, "policy-breach"),
    ):
        mark(run, step, reader=reader, label=label)
    found = {each.question: each for each in agreements(marks(run))}
    assert set(found) == {"labels", "lucky-fix", "policy-breach"}
    assert (found["labels"].steps, found["labels"].same) == (3, 2)
    assert found["labels"].kappa.value == pytest.approx(0.4)


def test_the_commands_label_list_and_take_back(run: RunFolder) -> None:
    def taskfit(*argv: str) -> str:
        done = CliRunner().invoke(app, argv, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    step = f"{run.trial(key())}@2"
    taskfit("label", step, "wrong root cause", "--note", "looks at the caller", "--reader", "ada")
    taskfit("label", f"{run.trial(key())}@3", "--answer", "deny", "--ask", "--reader", "bob")
    assert "wrong-root-cause" in taskfit("labels", str(run.path))
    assert "right answer: deny" in taskfit("labels", str(run.path))
    found = json.loads(taskfit("labels", str(run.path), "--json"))
    assert [each["link"] for each in found["labels"]] == [step, f"{run.trial(key())}@3"]
    assert taskfit("labels", str(run.path), "--csv").startswith("id,at,reader,trial")
    taskfit("label", step, "--remove", "--reader", "ada")
    assert "wrong-root-cause" not in taskfit("labels", str(run.path))


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["label", "TRIAL", "lucky-fix"], "name the step"),
        (["label", "TRIAL@99", "lucky-fix"], "has no step 99"),
        (["label", "TRIAL@2"], "needs a label"),
        (["label", "TRIAL@2", "<b>"], "is no label"),
        (["label", "TRIAL@2", "--answer", "maybe"], "no answer named"),
        (["label", "TRIAL@2", "--remove", "--reader", "eve"], "has said nothing"),
        (["labels", "RUN", "--csv", "--json"], "two forms"),
        (["labels", "NOWHERE"], "no run's folder"),
    ],
)
def test_mistakes_are_told(argv: list[str], says: str, run: RunFolder) -> None:
    named = {"TRIAL": str(run.trial(key())), "RUN": str(run.path), "NOWHERE": str(run.path / "nowhere")}
    words = [named.get(name, name) + at + step for name, at, step in (word.partition("@") for word in argv)]
    with pytest.raises(UserError, match=says):
        CliRunner().invoke(app, words, catch_exceptions=False)
