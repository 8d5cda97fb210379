"""Messages reach a real command and a real server, carry no name unasked, and never hold a run up."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench.program import taskfit
from runner.errors import FileProblem, UserError
from runner.following.notifying import Notifier, message_of
from runner.following.progress import Board, Progress
from runner.notices.command import NotTold, run_command
from runner.notices.delivery import deliver, keep, kept
from runner.notices.message import Message, Names
from runner.notices.settings import Notify, from_flags
from runner.notices.webhook import NotPosted, post
from runner.results import TrialKey
from runner.runs.held import TIME, Held
from runner.runs.ledger import Row
from runner.runs.runlog import LOG, Kind, RunLog, read_log

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
SECRET = "acme-secret-scenario"


def progress() -> Progress:
    keys = [TrialKey(scenario=SECRET, model="house/our-model", repeat=n) for n in (1, 2, 3)]
    board = Board(Row(at, key, "planned", 0, None) for at, key in enumerate(keys))
    board.ended(keys[0], "resolved")
    board.ended(keys[1], "infra_error")
    return Progress(
        run="acme-night",
        state="running",
        planned=3,
        done=2,
        models=board.models({}, (), None, {}),
        usd=1.5,
        usd_cap=5.0,
    )


MESSAGE = message_of("done", progress(), Path("/home/someone/acme-night"), False, f"trial {SECRET} met a fault")


class Received:
    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []
        """Statuses to come; 200 when there are none."""
        self.location = ""
        self.delay = 0.0


@contextmanager
def server() -> Iterator[tuple[str, Received]]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.bodies.append(json.loads(body))
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            time.sleep(received.delay)
            self.send_response(received.answers.pop(0) if received.answers else 200)
            if received.location:
                self.send_header("location", received.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/hook", received
    finally:
        http.shutdown()
        http.server_close()


def program(folder: Path, body: str) -> str:
    """A command in a folder with a blank in its name."""
    file = folder / "with blank" / "tell me.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(body)
    return f"'{sys.executable}' '{file}' '$(touch {folder}/hacked)' '; touch {folder}/hacked'"


WRITES = (
    "import json, os, sys\nopen({out!r}, 'w').write(json.dumps([sys.argv[1:], sys.stdin.read(), dict(os.environ)]))\n"
)


def test_a_command_gets_the_message_on_its_input_and_in_variables_and_no_shell_sees_a_word(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    nasty = MESSAGE.model_copy(update={"text": f"$(touch {tmp_path}/hacked) `id` ; \n\0 'x'"})
    run_command(program(tmp_path, WRITES.format(out=str(out))), nasty, 200)
    arguments, given, variables = json.loads(out.read_text())
    assert arguments == [f"$(touch {tmp_path}/hacked)", f"; touch {tmp_path}/hacked"]
    assert Message.model_validate_json(given) == nasty
    assert variables["TASKFIT_TEXT"] == nasty.text.replace("\0", "")
    assert (variables["TASKFIT_EVENT"], variables["TASKFIT_DONE"], variables["TASKFIT_USD"]) == ("done", "2", "1.5000")
    assert not (tmp_path / "hacked").exists()


def test_a_reason_longer_than_a_variable_can_be_is_shortened_there_and_whole_in_the_json(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    long = "a model is down; " * 20_000
    named = MESSAGE.model_copy(update={"names": Names(run="r", folder="/r", models={}, reason=long)})
    run_command(program(tmp_path, WRITES.format(out=str(out))), named, 20)
    _, given, variables = json.loads(out.read_text())
    assert Message.model_validate_json(given) == named
    assert "characters left out" in variables["TASKFIT_REASON"]


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    body = (
        "import subprocess, time\np = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid))\ntime.sleep(600)\n"
    )
    started = time.monotonic()
    with pytest.raises(NotTold, match="longer than 5 s"):
        run_command(program(tmp_path, body), MESSAGE, 5)
    assert time.monotonic() - started < 200
    child = Path("/proc", (tmp_path / "pid").read_text(), "cmdline")
    deadline = time.monotonic() + 200
    while child.exists() and child.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nowhere/program", "cannot be run"),
        ("sh -c 'echo it broke >&2; exit 3'", "ended with 3: it broke"),
        ("sh -c 'yes oops | head -c 100000000 >&2; exit 1'", "ended with 1: oops"),
    ],
)
def test_a_command_that_fails_says_how_in_a_few_words(command: str, said: str) -> None:
    with pytest.raises(NotTold, match=said) as raised:
        run_command(command, MESSAGE, 10)
    assert len(str(raised.value)) < 700


def test_a_command_that_does_not_listen_is_no_error() -> None:
    run_command("true", MESSAGE, 10)


def test_a_webhook_gets_json_and_the_secret_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "Bearer abc")
    with server() as (address, received):
        settings = Notify(webhook=address, header_variable="HOOK_SECRET")
        said: list[str] = []
        deliver(settings, MESSAGE, said.append)
    assert said == []
    assert Message.model_validate(received.bodies[0]) == MESSAGE
    assert received.headers[0]["authorization"] == "Bearer abc"
    assert received.headers[0]["content-type"] == "application/json"


@pytest.mark.parametrize("answers", [[500], [429, 503]])
def test_a_webhook_that_stumbles_is_asked_again(answers: list[int]) -> None:
    with server() as (address, received):
        received.answers = list(answers)
        post(address, {}, MESSAGE, 200)
    assert len(received.bodies) == len(answers) + 1


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (302, 1), (500, 3)])
def test_tries_are_bounded_and_redirects_not_followed(status: int, tries: int) -> None:
    with server() as (address, received), server() as (elsewhere, stolen):
        received.answers, received.location = [status] * 9, elsewhere if status == 302 else ""
        with pytest.raises(NotPosted, match=f"status {status}"):
            post(address, {"Authorization": "secret"}, MESSAGE, 200)
        assert len(received.bodies) == tries
        assert stolen.bodies == []


def test_a_webhook_that_does_not_answer_costs_no_more_than_its_time() -> None:
    said: list[str] = []
    with server() as (address, received):
        received.delay = 300
        started = time.monotonic()
        deliver(Notify(webhook=address, seconds=1.0), MESSAGE, said.append)
        assert time.monotonic() - started < 100
    assert said and "127.0.0.1" not in said[0]


def test_nobody_there_is_only_logged() -> None:
    said: list[str] = []
    deliver(Notify(webhook="http://127.0.0.1:1/hook", command="/nowhere", seconds=3.0), MESSAGE, said.append)
    assert len(said) == 2 and all(each.startswith("notify: ") for each in said)


def test_occasions_that_are_not_wanted_are_not_told() -> None:
    with server() as (address, received):
        deliver(Notify(webhook=address, on=("failed",)), MESSAGE, print)
    assert received.bodies == []


def test_no_name_leaves_the_machine_unless_it_is_asked_for() -> None:
    plain = MESSAGE.model_dump_json() + json.dumps(MESSAGE.variables())
    for name in (SECRET, "acme", "our-model", "someone"):
        assert name not in plain
    named = message_of("failed", progress(), Path("/home/someone/acme-night"), True, "the disk is full")
    assert named.names is not None
    assert (named.names.run, named.names.reason) == ("acme-night", "the disk is full")
    assert named.names.models["house/our-model"].resolved == 1
    assert SECRET not in named.model_dump_json()


@pytest.mark.parametrize(
    "table",
    [
        {"webhook": "http://example.com/hook"},
        {"webhook": "ftp://127.0.0.1/x"},
        {"webhook": "https://user:word@example.com/"},
        {"webhook": "https:///nohost"},
        {"webhook": "https://example.com/\n"},
        {"webhook": "https://[::1"},
        {"webhook": "https://example.com:notaport/"},
        {"webhook": "http://127.0.0.1.example.com/"},
        {"webhook": "http://2130706433/"},
        {"command": "unclosed 'quote"},
        {"command": "   "},
        {"command": "''"},
        {"command": "a\0b"},
        {"command": "x", "header_variable": "X"},
        {"webhook": "https://example.com", "header": "Host"},
        {"webhook": "https://example.com", "header": "X: y\r\nZ"},
        {"webhook": "https://example.com", "header_variable": "not a name"},
        {"webhook": "https://example.com", "on": []},
        {"webhook": "https://example.com", "on": ["sometimes"]},
        {"webhook": "https://example.com", "seconds": 0},
        {"webhok": "https://example.com"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Notify.model_validate(table)


@pytest.mark.parametrize(
    "address", ["https://example.com/x", "http://localhost:80/x", "http://[::1]:9/", "http://127.9.9.9/"]
)
def test_https_and_this_machine_are_fine(address: str) -> None:
    assert Notify(webhook=address).tells


def test_a_secret_that_is_missing_or_no_header_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Notify(webhook="https://example.com", header_variable="HOOK_SECRET")
    monkeypatch.delenv("HOOK_SECRET", raising=False)
    with pytest.raises(UserError, match="HOOK_SECRET is not set"):
        Notifier(settings, tmp_path, progress, print)
    monkeypatch.setenv("HOOK_SECRET", "a\nX-Evil: b")
    with pytest.raises(UserError, match="characters") as raised:
        settings.headers()
    assert "Evil" not in str(raised.value)


def test_the_flag_takes_an_address_and_a_command() -> None:
    assert from_flags(["https://example.com/h", "notify-send done"]) == Notify(
        webhook="https://example.com/h", command="notify-send done"
    )
    for wrong in (["a", "b"], ["http://example.com"], ["'"]):
        with pytest.raises(UserError, match="--notify"):
            from_flags(wrong)


def test_what_is_kept_for_a_resume_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Notify(webhook="https://example.com/secret-path")
    assert kept(tmp_path) == Notify()
    keep(tmp_path, settings)
    keep(tmp_path, settings)
    assert kept(tmp_path) == settings
    assert stat.S_IMODE((tmp_path / "notify.json").stat().st_mode) == 0o600
    (tmp_path / "notify.json").write_text("{")
    with pytest.raises(FileProblem, match=r"notify\.json"):
        kept(tmp_path)


def heard(notifier: Notifier, run: Path) -> RunLog:
    log = RunLog(run / LOG)
    log.listen(notifier.hear)
    return log


def test_pauses_are_told_once_and_those_of_an_earlier_process_never(tmp_path: Path) -> None:
    RunLog(tmp_path / LOG).add("provider_down", "m: down", model="m")
    with server() as (address, received):
        settings = Notify(webhook=address, names=True, on=("paused",))
        notifier = Notifier(settings, tmp_path, progress, print)
        log = heard(notifier, tmp_path)
        notifier.look()
        assert received.bodies == []
        for _ in range(3):
            log.add("provider_down", "m: down", model="m")
            notifier.look()
            notifier.look()
            log.add("provider_back", "m: back", model="m")
            notifier.look()
    assert [(each["event"], each["names"]["reason"]) for each in received.bodies] == [("paused", "m: down")]  # type: ignore[index]


@pytest.mark.parametrize("kind", ["disk_low", "engine_gone", "provider_down"])
def test_whatever_a_run_waits_for_is_a_pause(tmp_path: Path, kind: Kind) -> None:
    with (
        server() as (address, received),
        Notifier(Notify(webhook=address), tmp_path, progress, print, look_seconds=0.05) as notifier,
    ):
        heard(notifier, tmp_path).add(kind, "it went away", model="m")
        deadline = time.monotonic() + 200
        while not received.bodies and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [(each["event"], each["ended"]) for each in received.bodies] == [("paused", False)]


def test_what_was_told_to_stand_still_is_told_to_go_on_and_a_short_pause_is_told_nobody(tmp_path: Path) -> None:
    with server() as (address, received):
        notifier = Notifier(Notify(webhook=address), tmp_path, progress, print)
        log = heard(notifier, tmp_path)
        log.add("engine_gone", "it went away")
        log.add("engine_back", "and came again")
        notifier.look()
        assert received.bodies == []
        log.add("disk_low", "little room")
        notifier.look()
        log.add("disk_ok", "room again")
        notifier.look()
        notifier.look()
    assert [each["event"] for each in received.bodies] == ["paused", "resumed"]


def test_a_pause_is_told_of_where_the_disk_takes_no_line_of_the_log(tmp_path: Path) -> None:
    with server() as (address, received):
        notifier = Notifier(Notify(webhook=address), tmp_path, progress, print)
        log = RunLog(Path("/dev/full"))
        log.listen(notifier.hear)
        log.add("disk_low", "no room at all")
        notifier.look()
    assert [each["event"] for each in received.bodies] == ["paused"]


def test_a_cap_is_told_of_once_when_it_begins_to_hold_trials_back(tmp_path: Path) -> None:
    with server() as (address, received):
        notifier = Notifier(Notify(webhook=address, names=True), tmp_path, progress, print)
        held = Held(heard(notifier, tmp_path))
        for number in range(10_000):
            held.add(f"the next call of m{number % 3} is too dear", "usd of the run")
        held.add("the time is up", TIME)
        notifier.look()
        notifier.look()
    told = [(each["event"], each["ended"], each["names"]["reason"]) for each in received.bodies]  # type: ignore[index]
    assert told == [
        ("capped", False, "trials begin to stay planned: the next call of m0 is too dear"),
        ("capped", False, "trials begin to stay planned: the time is up"),
    ]
    assert "begins to hold trials back, the others go on" in str(received.bodies[0]["text"])
    assert len(list(read_log(tmp_path / LOG))) == 2, "and no flood of lines either"
    assert sum(held.values()) == 10_001


def test_whoever_is_slow_to_listen_does_not_keep_an_interrupted_process(tmp_path: Path) -> None:
    with server() as (address, received):
        received.delay = 300
        started = time.monotonic()
        Notifier(Notify(webhook=address, command="sleep 300"), tmp_path, progress, print).interrupted()
        assert time.monotonic() - started < 100
    assert [(each["event"], each["ended"]) for each in received.bodies] == [("interrupted", True)]


@pytest.mark.parametrize(
    ("problem", "refused", "held", "event", "reason"),
    [
        ("", [], [], "done", ""),
        ("", [], ["the money is spent", "the time is up"], "capped", "the money is spent; the time is up"),
        ("", ["the key is wrong"], ["the money is spent"], "failed", "the key is wrong; the money is spent"),
        ("the engine went away", [], [], "failed", "the engine went away"),
    ],
)
def test_the_end_is_told_as_what_it_was(
    tmp_path: Path, problem: str, refused: list[str], held: list[str], event: str, reason: str
) -> None:
    with server() as (address, received):
        Notifier(Notify(webhook=address, names=True), tmp_path, progress, print).end(problem, refused, held)
    assert [(each["event"], each["names"]["reason"]) for each in received.bodies] == [(event, reason)]  # type: ignore[index]


@pytest.mark.engine
def test_a_real_run_that_a_cap_holds_back_says_so_at_its_end_and_when_it_is_resumed_in_vain(
    tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / "run"
    places = str(write_scenario().parent)
    words = ["run", "--model", "noop", "--repeats", "2", "--scenarios", places, "--out", str(out), "--max-trials", "1"]
    with server() as (address, received):
        for argv, code in (([*words, "--notify", address], 4), (["resume", str(out)], 4)):
            done = taskfit(*argv)
            assert done.returncode == code, done.stderr
    assert {each["event"] for each in received.bodies} == {"capped"}
    assert [each["done"] for each in received.bodies if each["ended"]] == [1, 1]
    assert sum(not each["ended"] for each in received.bodies) <= 1, "while the run went on: once, if it did so for long"


@pytest.mark.engine
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_real_run_that_is_told_to_end_says_so_and_ends_soon(
    how: signal.Signals, tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / "run"
    words = [
        "run",
        "--model",
        "noop",
        "--repeats",
        "50",
        "--scenarios",
        str(write_scenario().parent),
        "--out",
        str(out),
    ]
    with server() as (address, received):
        argv = ["env", "--default-signal=HUP", PROGRAM, *words, "--notify", address]
        process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 400
        while not list(out.glob("trials/*/result.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(how)
        said = process.communicate(timeout=400)[1]
    assert process.returncode == 130, said
    assert len(list(out.glob("trials/*/result.json"))) < 50
    assert [(each["event"], each["ended"]) for each in received.bodies] == [("interrupted", True)]
    last = list(read_log(out / LOG))[-1]
    assert (last.kind, last.text) == ("interrupted", f"stopped by {how.name}")


@pytest.mark.engine
def test_a_real_run_tells_of_its_end_and_keeps_the_address_out_of_its_lock(
    tmp_path: Path, write_scenario: Callable[..., Path]
) -> None:
    out = tmp_path / "run"
    with server() as (address, received):
        words = ["run", "--model", "noop", "--scenarios", str(write_scenario().parent), "--out", str(out)]
        notify = ("--notify", f"{address}/sesame", "--notify", f"sh -c 'cat > {tmp_path}/told'")
        done = taskfit(*words, *notify, "--json")
    assert done.returncode == 0, done.stderr
    assert [(each["event"], each["done"], each["planned"]) for each in received.bodies] == [("done", 1, 1)]
    assert json.loads((tmp_path / "told").read_text())["event"] == "done"
    assert "sesame" not in (out / "study.lock.json").read_text() + (out / "report.html").read_text()


def test_a_run_that_cannot_begin_is_told_of_too(tmp_path: Path, write_scenario: Callable[..., Path]) -> None:
    with server() as (address, received):
        words = ["run", "--model", "noop", "--scenarios", str(write_scenario().parent), "--out", str(tmp_path / "r")]
        done = taskfit(*words, "--notify", address, env=os.environ | {"DOCKER_HOST": "unix:///nowhere"})
    assert done.returncode == 2
    assert [each["event"] for each in received.bodies] == ["failed"]
