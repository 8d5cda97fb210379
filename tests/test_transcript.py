"""The transcript on disk: whole lines, distinct steps, and no crash that loses more than the line it tore."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import get_args

import pytest

from runner.approvals import Action, Decision, Request
from runner.approvals import Verdict as Ruled
from runner.effects import Effect
from runner.errors import FileProblem
from runner.events import AnyEvent
from runner.events.base import Event
from runner.events.calls import CallProposed, CallRefused, CallRejected, Decided, FaultDelivered, ToolReturned
from runner.events.conversation import Challenged, ConfidenceStated, Replied, Told
from runner.events.endings import LimitReached, Submitted, TrialFailed, TrialFinished
from runner.events.grading import ChangeDropped, Graded, PatchTaken, Probed, ScenarioFacts
from runner.events.origins import Branched, ForkedFrom, Imported, StartedFrom, TrialStarted
from runner.messages import AssistantMessage, Reply, ToolCall, Usage
from runner.results import Hypothesis, Submission, TrialKey
from runner.scenarios.scenario import Checks
from runner.transcript import Transcript, read, repair

NASTY = 'a\nb\r\nc\u2028\u2029\x85\x0b\x0c\x00\x1b[31m\u202e"\\{}[]\ufeff😀é\u0301\t\x7f' + "x" * 5000
EVERY: list[Event] = [
    TrialStarted(key=TrialKey(scenario=NASTY, model=NASTY, repeat=3), attempt=2, image=NASTY, seed=2**63),
    Told(role="system", text=NASTY),
    Replied(
        turn=1,
        reply=Reply(
            message=AssistantMessage(text=NASTY, tool_calls=(ToolCall(id=NASTY, name=NASTY, arguments=NASTY),)),
            stop="refusal",
            usage=Usage(input=1, cache_read=2, cache_write=3, output=4, reasoning=5),
            cost_usd=0.1 + 0.2,
            model_id=NASTY,
        ),
        seconds=1e-9,
    ),
    CallProposed(
        call_id=NASTY,
        tool=NASTY,
        arguments={NASTY: [NASTY, None, True, 1e300, -1, {"deep": [[]]}]},
        effects=(Effect.WIDE_DELETION, Effect.READ),
        targets=(NASTY,),
        policy=Ruled(ruling="deny", rule=NASTY, reason=NASTY),
        granted=True,
    ),
    Branched(
        trunk=TrialKey(scenario=NASTY, model=NASTY, repeat=1),
        trunk_step=3,
        resolved=True,
        submission=Submission(summary=NASTY, confidence=0),
    ),
    StartedFrom(trial=TrialKey(scenario=NASTY, model=NASTY, repeat=1)),
    ForkedFrom(
        fork=NASTY,
        trial=TrialKey(scenario=NASTY, model=NASTY, repeat=1),
        run=NASTY,
        at_step=4,
        digest=NASTY,
        turns=1,
        agreed=False,
        differing=(2, 3),
        limits="fresh",
        prompt=NASTY,
    ),
    Imported(
        format=NASTY, source=NASTY, digest=NASTY, harness=NASTY, told={NASTY: NASTY, "reward": 0.5}, left_out=(NASTY,)
    ),
    Challenged(challenge="false_alarm", text=NASTY),
    FaultDelivered(fault="lost_edit", visibility="implicit", persistence="permanent", tool=NASTY, nth=2),
    ConfidenceStated(confidence=0.5),
    CallRefused(call_id=NASTY, tool=NASTY, reason="denied", message=NASTY),
    PatchTaken(lines={NASTY: 1}, reference={NASTY: 2}),
    ScenarioFacts(locations=(NASTY,), checks=Checks(mentions=("a.*b",))),
    CallRejected(call_id=NASTY, tool=NASTY, arguments=NASTY, reason="parse", message=NASTY),
    Decided(
        call_id=NASTY,
        request=Request(
            action=Action(tool=NASTY, arguments={NASTY: NASTY}, effects=frozenset({Effect.SECRETS}), preview=NASTY),
            trigger="model",
            rule=NASTY,
            alternative=NASTY,
        ),
        decision=Decision(outcome="modify", approver=NASTY, arguments={NASTY: NASTY}),
        action_digest=NASTY,
    ),
    ToolReturned(call_id=NASTY, tool=NASTY, text=NASTY, is_error=True, timed_out=True, elided_bytes=10**12),
    Submitted(submission=Submission(summary=NASTY, hypotheses=(Hypothesis(file=NASTY),), risks=NASTY, confidence=1)),
    LimitReached(limit="format_errors", detail=NASTY),
    ChangeDropped(path=NASTY, reason=NASTY),
    Graded(outcomes={NASTY: NASTY}, canaries="lying", detail=NASTY),
    Imported(format=NASTY, source=NASTY, digest="", told={NASTY: NASTY}, left_out=(NASTY,)),
    Probed(probe="localise", scores={NASTY: 0.5}),
    TrialFailed(error=NASTY, where=NASTY),
    TrialFinished(verdict="tampered", reason=NASTY),
]


def write(file: Path, *texts: str) -> None:
    with Transcript(file) as transcript:
        for text in texts:
            transcript.append(Told(role="user", text=text))


def texts(file: Path) -> list[str]:
    return [event.text for event in read(file) if isinstance(event, Told)]


def test_every_type_of_event_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "events.jsonl"
    with Transcript(file) as transcript:
        written = [transcript.append(event) for event in EVERY]
    assert list(read(file)) == written
    assert [event.step for event in written] == list(range(len(EVERY)))
    assert {type(event) for event in EVERY} == set(get_args(get_args(AnyEvent)[0])), "no type of event is left out"


def test_each_event_is_one_line_of_utf8_json(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with Transcript(file) as transcript:
        for event in EVERY:
            transcript.append(event)
    lines = file.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line)["type"] for line in lines] == [getattr(event, "type", "") for event in EVERY]


def test_an_event_is_on_disk_before_append_returns(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with Transcript(file) as transcript:
        for count in range(1, 4):
            transcript.append(Told(role="user", text="x"))
            assert file.read_bytes().count(b"\n") == count


def test_the_event_given_is_not_changed_and_the_step_given_is_not_believed(tmp_path: Path) -> None:
    mine = Told(role="user", text="x", step=99, at="never")
    with Transcript(tmp_path / "events.jsonl") as transcript:
        written = transcript.append(mine)
    assert (mine.step, mine.at) == (99, "never")
    assert written.step == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", written.at)


@pytest.mark.parametrize("text", ["\ud800", "\udfff x", "\udce9", "a\ud83d"])
def test_half_a_surrogate_pair_costs_that_character_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "events.jsonl"
    write(file, text, "after")
    assert texts(file) == [re.sub("[\ud800-\udfff]", "?", text), "after"]


def test_a_line_torn_at_any_byte_is_cut_off_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    write(file, "one", "two é😀", "three\nfour")
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    for size in range(len(whole) + 1):
        file.write_bytes(whole[:size])
        kept = b"".join(line for end, line in ends(lines) if end <= size)
        seen = len(list(read(file)))
        assert repair(file) is (kept != whole[:size]), f"cut at byte {size}"
        assert file.read_bytes() == kept
        assert len(list(read(file))) == seen == kept.count(b"\n")
        assert repair(file) is False


def ends(lines: list[bytes]) -> list[tuple[int, bytes]]:
    """Each line with the place where it ends."""
    place, found = 0, []
    for line in lines:
        place += len(line)
        found.append((place, line))
    return found


@pytest.mark.parametrize("torn", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000])
def test_a_torn_line_longer_than_a_block_is_cut_off_whole(tmp_path: Path, torn: int) -> None:
    file = tmp_path / "events.jsonl"
    write(file, "one", "two")
    kept = file.read_bytes()
    file.write_bytes(kept + b"x" * torn)
    assert repair(file)
    assert file.read_bytes() == kept
    file.write_bytes(b"x" * torn)
    assert repair(file)
    assert file.read_bytes() == b""


def test_an_empty_or_missing_file_needs_no_repair_and_starts_at_step_0(tmp_path: Path) -> None:
    assert repair(tmp_path / "nothing") is False
    (tmp_path / "empty").touch()
    assert repair(tmp_path / "empty") is False
    write(tmp_path / "empty", "x")
    assert [event.step for event in read(tmp_path / "empty")] == [0]


@pytest.mark.parametrize("cut", [1, 2, 30, 10_000])
def test_steps_go_on_after_a_repair(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "events.jsonl"
    write(file, "one", "two", "lost")
    file.write_bytes(file.read_bytes()[:-cut])
    write(file, "three", "four")
    found = list(read(file))
    assert [event.step for event in found] == list(range(len(found)))
    assert texts(file)[-2:] == ["three", "four"]
    assert "lost" not in texts(file)


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage\n",
        b"\n",
        b"{}\n",
        b"null\n",
        b"[]\n",
        b'{"type":"told"}\n',
        b'{"type":"of_the_future","step":1}\n',
        b'{"type":"told","role":"user","text":"x","more":1}\n',
        b'{"type":"told","role":"user","text":5}\n',
        b'{"type":"told","role":"user","text":"\xff"}\n',
        b"\x00" * 100 + b"\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_garbage_in_the_middle_is_a_problem_with_its_line(tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / "events.jsonl"
    write(file, "one", "two")
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + garbage + second)
    events = read(file)
    assert next(events).step == 0
    with pytest.raises(FileProblem, match="line 2 ") as caught:
        next(events)
    assert caught.value.path == file
    with pytest.raises(FileProblem):
        Transcript(file)
    assert file.read_bytes() == first + garbage + second, "a damaged file is left as it is"


def test_threads_get_distinct_consecutive_steps_and_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    got: list[list[int]] = [[] for _ in range(8)]
    gate = threading.Barrier(8)
    with Transcript(file) as transcript:

        def work(number: int) -> None:
            gate.wait()
            for count in range(100):
                event = transcript.append(Told(role="user", text=f"{number}.{count} " + "x" * 3000))
                got[number].append(event.step)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(step for each in got for step in each) == list(range(800))
    assert all(each == sorted(each) for each in got)
    assert [event.step for event in read(file)] == list(range(800))


CHILD = """
import sys
from pathlib import Path
from runner.events.conversation import Told
from runner.transcript import Transcript
with Transcript(Path(sys.argv[1])) as transcript:
    while True:
        print(transcript.append(Told(role="user", text="x" * 2000)).step, flush=True)
"""


def test_a_killed_process_loses_no_event_that_it_had_appended(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(file)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        seen = [int(child.stdout.readline()) for _ in range(50)]
        os.kill(child.pid, signal.SIGKILL)
        seen += [int(line) for line in child.stdout if line.endswith("\n")]
    assert len(list(read(file))) >= seen[-1] + 1
    write(file, "after")
    found = list(read(file))
    assert [event.step for event in found] == list(range(len(found)))


FULL = """
import resource, signal, sys
from pathlib import Path
from runner.events.conversation import Told
from runner.transcript import Transcript
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
transcript = Transcript(Path(sys.argv[1]))
transcript.append(Told(role="user", text="first"))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    transcript.append(Told(role="user", text="refused" + "x" * 5000))
except OSError:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(transcript.append(Told(role="user", text="second")).step)
transcript.close()
"""


def test_a_write_that_the_disk_refuses_adds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    done = subprocess.run([sys.executable, "-c", FULL, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused", "1"]
    assert texts(file) == ["first", "second"]
    assert [event.step for event in read(file)] == [0, 1]
