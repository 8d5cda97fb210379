"""A transcript in a terminal: untrusted text shown as text, found by its words, and shortened honestly."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner

from runner.approvals import Action, Decision, Request
from runner.approvals import Verdict as Ruled
from runner.cli import app
from runner.console.transcript import BRIEF, render
from runner.effects import Effect
from runner.errors import UnknownName, UserError
from runner.events.base import Event
from runner.events.calls import CallProposed, CallRejected, Decided, ToolReturned
from runner.events.conversation import Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded
from runner.events.origins import TrialStarted
from runner.messages import AssistantMessage, Reply, ToolCall
from runner.results import Hypothesis, Submission, TrialKey
from runner.transcript import Transcript, read

ALLOWED = Ruled(ruling="allow", rule="r")


def proposed(tool: str, policy: Ruled = ALLOWED, **arguments: Any) -> CallProposed:
    return CallProposed(call_id="c", tool=tool, arguments=arguments, effects=(Effect.READ,), policy=policy)


def every(text: str) -> list[Event]:
    """Every type of event with `text` wherever a model, a tool or a repository could put it."""
    return [
        TrialStarted(key=TrialKey(scenario=text, model=text, repeat=1), attempt=1, image=text, seed=1),
        Told(role="user", text=text),
        Replied(
            turn=1,
            reply=Reply(
                message=AssistantMessage(text=text, tool_calls=(ToolCall(id=text, name=text, arguments=text),))
            ),
        ),
        CallRejected(call_id="c", tool=text, arguments=text, reason="parse", message=text),
        proposed("run_command", command=text),
        proposed("edit_file", path=text, old=text, new=text),
        proposed("write_file", path=text, content=text),
        proposed("search_text", **{text or "x": text}),
        proposed(text, Ruled(ruling="deny", rule=text, reason=text)),
        Decided(
            call_id="c",
            request=Request(
                action=Action(tool=text, arguments={}, effects=frozenset()), trigger="model", rule="r", reason=text
            ),
            decision=Decision(outcome="deny", approver=text, reason=text),
            action_digest="",
        ),
        ToolReturned(call_id="c", tool=text, text=text),
        Submitted(
            submission=Submission(
                summary=text,
                hypotheses=(Hypothesis(file=text, symbol=text, evidence_for=text),),
                risks=text,
                confidence=0.5,
            )
        ),
        LimitReached(limit="turns", detail=text),
        ChangeDropped(path=text, reason=text),
        Graded(outcomes={text: "failed"}, canaries="honest", detail=text),
        TrialFailed(error=text, where=text),
        TrialFinished(verdict="unresolved", reason=text),
    ]


def transcript(file: Path, *events: Event) -> Path:
    with Transcript(file) as out:
        for event in events:
            out.append(event)
    return file


def terminal(blocks: list[Text], width: int = 80) -> str:
    """What a terminal would get; without colours, so that rich itself writes no escape sequence."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    for block in blocks:
        console.print(block, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


CONTROLS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;https://evil\x1b\\x\x1b]8;;\x1b\\", "\x9b2J", "over\rwritten",
    "\x08\x08\x08", "\u202egnp.exe", "\u2066x\u2069", "zero\u200bwidth", "\x00", "\x7f", "a\x85b", "\U000e0041",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_any_event_acts_on_the_terminal(tmp_path: Path, text: str) -> None:
    file = transcript(tmp_path / "e.jsonl", *every(text))
    assert re.search(CONTROLS, terminal(list(render(read(file))))) is None
    for number in range(len(every(text))):
        whole = list(render(read(file), step=number))
        assert len(whole) == 1
        assert re.search(CONTROLS, terminal(whole)) is None, type(every(text)[number])


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_act_is_shown_as_its_escape(tmp_path: Path, text: str) -> None:
    file = transcript(tmp_path / "e.jsonl", Told(role="user", text=text))
    (block,) = render(read(file))
    escape = re.search("[^\x20-\x7e]", text)
    assert escape is not None
    assert f"{ord(escape[0]):x}" in block.plain or "\\r" in block.plain


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[/b]", "[link=https://evil]x", ":warning:", "\\[x]", "[bold", "x [a] y"]
)
def test_rich_markup_in_any_event_is_shown_letter_by_letter(tmp_path: Path, text: str) -> None:
    file = transcript(tmp_path / "e.jsonl", *every(text))
    blocks = [terminal([block], width=1000) for block in render(read(file))]
    assert len(blocks) == len(every(text))
    assert [block for block in blocks if text not in block.replace("\\\\", "\\")] == []


def test_only_the_step_asked_for_is_shown_and_in_full(tmp_path: Path) -> None:
    long = "\n".join(f"line {number}" for number in range(5000))
    file = transcript(
        tmp_path / "e.jsonl", Told(role="user", text="a"), Told(role="user", text=long), Told(role="user", text="c")
    )
    (block,) = render(read(file), step=1)
    assert "left out" not in block.plain
    assert block.plain.count("line ") == 5000
    assert list(render(read(file), step=3)) == []


def test_a_long_body_is_shortened_and_says_by_how_much(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", ToolReturned(call_id="c", tool="t", text="x" * 100_000))
    (block,) = render(read(file))
    assert f"{100_000 - BRIEF} characters left out" in block.plain
    assert len(block.plain) < 2 * BRIEF


def test_escapes_do_not_make_a_shortened_body_long(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", ToolReturned(call_id="c", tool="t", text="\U000e0041" * 100_000))
    (block,) = render(read(file))
    assert len(block.plain) < 20 * BRIEF


def test_a_hundred_thousand_lines_of_title_stay_one_line(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", proposed("a\nb\rc"))
    (block,) = render(read(file))
    assert block.plain.splitlines()[0].strip().startswith("0  a\\nb\\rc [read] allow by r")


def test_grep_keeps_the_steps_that_hold_a_text_whatever_its_case(tmp_path: Path) -> None:
    told = [Told(role="user", text=text) for text in ("one Needle", "two", "NEEDLE three", "ÄÖ")]
    file = transcript(tmp_path / "e.jsonl", *told, proposed("needle_tool"))
    assert [block.plain.split()[0] for block in render(read(file), grep="needle")] == ["0", "2", "4"]
    assert [block.plain.split()[0] for block in render(read(file), grep="äö")] == ["3"]
    assert list(render(read(file), grep="[a-z]+")) == [], "a text, not a pattern"
    assert len(list(render(read(file), grep=""))) == 5


def test_grep_finds_what_a_shortened_body_leaves_out(tmp_path: Path) -> None:
    file = transcript(
        tmp_path / "e.jsonl", ToolReturned(call_id="c", tool="t", text="x" * 9000 + "needle" + "y" * 9000)
    )
    (block,) = render(read(file), grep="NEEDLE")
    assert "xneedley" in block.plain, "the part that matches is shown"
    assert "8500 characters left out" in block.plain and len(block.plain) < 2 * BRIEF


def test_grep_finds_text_over_lines_and_what_is_shown_as_an_escape(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", Told(role="user", text="one\ntwo\tthree \x1b[31m"))
    for text in ("one\ntwo", "two\tthree", "\x1b[31m", "\\x1b[31m"):
        assert len(list(render(read(file), grep=text))) == 1


def test_step_and_grep_together_must_both_hold(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", Told(role="user", text="needle"), Told(role="user", text="hay"))
    assert len(list(render(read(file), step=0, grep="needle"))) == 1
    assert list(render(read(file), step=1, grep="needle")) == []


def test_an_edit_is_shown_as_a_diff_and_a_command_as_a_command(tmp_path: Path) -> None:
    edit = proposed("edit_file", path="src/a.py", old="x = 1\ny = 2", new="x = 3")
    file = transcript(tmp_path / "e.jsonl", edit, proposed("run_command", command="ls -l"))
    first, second = render(read(file))
    assert [line.strip() for line in first.plain.splitlines()[1:]] == ["src/a.py", "- x = 1", "- y = 2", "+ x = 3"]
    assert second.plain.splitlines()[1].strip() == "$ ls -l"


@pytest.mark.parametrize("tool", ["run_command", "edit_file", "write_file"])
def test_arguments_that_are_not_as_the_tool_wants_them_are_shown_nevertheless(tmp_path: Path, tool: str) -> None:
    """A transcript of another version, or one that somebody sent, is no reason for a traceback."""
    file = transcript(tmp_path / "e.jsonl", proposed(tool, other="needle"))
    (block,) = render(read(file))
    assert "needle" in block.plain


def test_80_columns_hold_every_line(tmp_path: Path) -> None:
    file = transcript(tmp_path / "e.jsonl", *every("wörd 日本 " * 60), *every("x" * 500))
    lines = terminal(list(render(read(file)))).splitlines()
    width = Console(width=80)
    assert max(width.measure(Text(line)).maximum for line in lines) <= 80


# The command


def test_show_prints_a_transcript_by_file_and_by_folder(tmp_path: Path) -> None:
    transcript(tmp_path / "events.jsonl", Told(role="user", text="[red]hello[/red]\x1b[31m"))
    for place in (tmp_path, tmp_path / "events.jsonl"):
        done = CliRunner().invoke(app, ["show", str(place)])
        assert done.exit_code == 0
        assert "[red]hello[/red]\\x1b[31m" in done.output


def test_show_json_prints_lines_that_are_the_events(tmp_path: Path) -> None:
    file = transcript(tmp_path / "events.jsonl", *every("a\u2028\x1b[31m"))
    done = CliRunner().invoke(app, ["show", str(file), "--json"])
    (tmp_path / "again.jsonl").write_text(done.stdout)
    assert list(read(tmp_path / "again.jsonl")) == list(read(file))
    one = CliRunner().invoke(app, ["show", str(file), "--json", "--step", "3"])
    assert one.stdout.count("\n") == 1


def test_show_json_and_the_blocks_choose_the_same_steps(tmp_path: Path) -> None:
    file = transcript(
        tmp_path / "events.jsonl", *(Told(role="user", text=text) for text in ("Needle", "hay", "needle"))
    )
    done = CliRunner().invoke(app, ["show", str(file), "--json", "--grep", "needle"])
    assert [line.partition('"text":')[2][:8] for line in done.stdout.splitlines()] == ['"Needle"', '"needle"']


@pytest.mark.parametrize("words", [["--step", "9"], ["--grep", "nowhere"]])
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_show_says_when_no_step_is_the_one_asked_for(tmp_path: Path, words: list[str], json: list[str]) -> None:
    file = transcript(tmp_path / "events.jsonl", Told(role="user", text="x"))
    done = CliRunner().invoke(app, ["show", str(file), *words, *json])
    assert isinstance(done.exception, UserError)


def test_show_names_the_trials_that_are_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "one"
    transcript(run / "trials" / "doubling.noop.control.1" / "events.jsonl", Told(role="user", text="found it"))
    (run / "study.lock.json").write_text("{}")
    assert "found it" in CliRunner().invoke(app, ["show", "doubling.noop.control.1"]).output
    done = CliRunner().invoke(app, ["show", "doubling.nop.control.1"])
    assert isinstance(done.exception, UnknownName)
    assert "did you mean doubling.noop.control.1" in str(done.exception)
