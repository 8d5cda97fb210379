"""`taskfit export` and `taskfit import` as users call them."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bench import program
from runner.cli.writing import write_whole
from runner.errors import UserError
from runner.messages import to_json
from runner.report.privacy import Mode, Pseudonyms, View
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.trajectories.base import Trial
from runner.trajectories.exporting import Outlet, chosen, export, trials
from runner.trajectories.formats import files_of
from runner.trajectories.importing import Intake
from runner.trajectories.redaction import redacted

FORMATS = ("atif", "inspect", "sweagent", "mini", "otel")


def taskfit(*words: str | Path, code: int = 0, cwd: Path | None = None, **env: str) -> tuple[str, str]:
    """Standard output and error."""
    done = program.taskfit(*map(str, words), cwd=cwd, env={**os.environ, **env})
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def run(write_run: Callable[[Sequence[Trial]], RunFolder], key: TrialKey, plain_trial: Trial) -> RunFolder:
    """A private scenario and an open one."""
    open_key = key.model_copy(update={"scenario": "open"})
    events = [
        event.model_copy(update={"key": open_key}) if event.type == "trial_started" else event
        for event in plain_trial.events
    ]
    return write_run([plain_trial, Trial(open_key, events)])


def exported(run: RunFolder, format: str, out: Path, mode: Mode, *wanted: str) -> list[str]:
    """What the command does, without a process: files and the list of losses, whose sentences are returned."""
    view = View(run, mode)
    outlet = Outlet(out, single=False)
    losses = export(trials(view, chosen(view, wanted), pytest.fail), format, outlet.write)  # type: ignore[arg-type]
    outlet.write_losses(losses)
    return losses.sentences()


def test_export_writes_files_says_what_was_lost_and_writes_it_beside(run: RunFolder, tmp_path: Path) -> None:
    out, said = taskfit("export", run.path, "--to", "mini", "--out", tmp_path / "out")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert f"{len(files) - 1} files in" in out
    assert "2 gradings: mini-swe-agent has no field for them; kept in info.taskfit" in said


def test_a_file_in_the_place_of_the_folder_is_told_and_stays(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    for out in (tmp_path / "there", tmp_path / "there" / "below"):
        with pytest.raises(UserError, match=r"is no folder|cannot be written"):
            exported(run, "atif", out, "local")
        with pytest.raises(UserError, match="cannot be written"):
            write_whole(tmp_path / "there" / "page.html", "x")
    assert (tmp_path / "there").read_text() == "mine"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "heard")
        assert os.read(heard, 100) == b"heard" and pipe.is_fifo()
    finally:
        os.close(heard)
    with pytest.raises(UserError, match="there is no folder"):
        write_whole(tmp_path / "none" / "page.html", "x")


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_lists_what_it_could_not_hold(format: str, run: RunFolder, tmp_path: Path) -> None:
    said = exported(run, format, tmp_path / "out", "local")
    lost = json.loads((tmp_path / "out" / "lost.json").read_text())["lost"]
    assert len(lost) == len(said) > 3
    assert [each["count"] for each in lost if each["what"] == "gradings"] == [2]


@pytest.mark.parametrize("format", FORMATS)
def test_redaction_leaves_no_private_word_in_any_format(format: str, run: RunFolder, tmp_path: Path) -> None:
    exported(run, format, tmp_path / "out", "redacted", "scenario-01*")
    for file in (tmp_path / "out").iterdir():
        whole = file.name.encode() + file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                whole += b"".join(name.encode() + archive.read(name) for name in archive.namelist())
        assert b"zebra" not in whole.lower(), whole[max(0, whole.lower().index(b"zebra") - 200) :][:300]
        assert b"scenario-01" in whole or file.name == "lost.json"


def test_every_type_of_event_is_redacted(trial: Trial) -> None:
    names = Pseudonyms()
    for event in trial.events:
        assert b"zebra" not in to_json(redacted(event, "scenario-01", names)).lower(), event.type


@pytest.mark.parametrize("format", FORMATS)
def test_public_export_leaves_private_trials_out(format: str, run: RunFolder, tmp_path: Path) -> None:
    exported(run, format, tmp_path / "out", "public")
    assert not list((tmp_path / "out").glob("*zebra-bug*"))
    for file in (tmp_path / "out").iterdir():
        whole = file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                whole += b"".join(map(archive.read, archive.namelist()))
        assert b"zebra.example" not in whole, "a provider's address"


def test_tables_are_written_as_before_and_steps_are_one_of_them(run: RunFolder, tmp_path: Path) -> None:
    out, _ = taskfit("export", run.path, "--format", "csv")
    assert out.splitlines()[0].startswith("scenario,repo,model")
    taskfit(
        "export", run.path, "--to", "parquet", "--table", "events", "--out", tmp_path / "events.parquet", "--redact"
    )

    rows = parquet.read_table(tmp_path / "events.parquet").to_pylist()
    private = [row for row in rows if row["scenario"] != "open"]
    assert len(private) == len(rows) / 2 > 20
    assert "zebra" not in json.dumps(private).lower()
    assert {"told", "decided", "graded"} <= {row["type"] for row in rows}


def test_one_trial_can_be_one_file(run: RunFolder, tmp_path: Path) -> None:
    taskfit("export", run.path, "--to", "sweagent", "--trial", "open.*", "--out", tmp_path / "one.traj")
    assert json.loads((tmp_path / "one.traj").read_text())["info"]["exit_status"]
    assert (tmp_path / "one.traj.lost.json").exists()
    _, said = taskfit("export", run.path, "--to", "sweagent", "--out", tmp_path / "two.traj", code=2)
    assert "several files" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "atif"], "name a folder with --out"),
        (["--to", "atif", "--trial", "nothing*", "--out", "x"], "no trial in"),
        (["--to", "atif", "--endpoint", "http://localhost:1"], "--endpoint is for --to otel"),
        (["--to", "otel", "--endpoint", "localhost:4318"], "write an address"),
        (["--to", "otel", "--endpoint", "http://127.0.0.1:1"], "0 trials sent, then"),
        (["--to", "otel", "--endpoint", "http://127.0.0.1:1", "--header-variable", "NO_SUCH"], "no such variable"),
        (["--to", "otel", "--endpoint", "http://["], "write an address"),
        (["--to", "otel", "--endpoint", "http://127.0.0.1:port"], "write an address"),
        (["--to", "otel", "--endpoint", "https://:4318"], "write an address"),
    ],
)
def test_what_is_asked_for_wrongly_is_said(words: list[str], said: str, run: RunFolder, tmp_path: Path) -> None:
    assert said in taskfit("export", run.path, *words, code=2, cwd=tmp_path)[1]


class Collector(BaseHTTPRequestHandler):
    got: list[tuple[str, str, dict[str, Any]]] = []  # noqa: RUF012
    answer = (200, b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.got.append((self.path, self.headers.get("Authorization", ""), body))
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def collector() -> Iterator[tuple[str, type[Collector]]]:
    handler = type("Own", (Collector,), {"got": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


def test_spans_go_to_the_endpoint_that_is_named(run: RunFolder, collector: tuple[str, type[Collector]]) -> None:
    address, handler = collector
    words = ["export", str(run.path), "--to", "otel", "--endpoint", address, "--header-variable", "TOKEN"]
    out, _ = taskfit(*words, TOKEN="Bearer t")
    assert f"2 trials sent to {address}/v1/traces" in out
    assert [(path, who) for path, who, _ in handler.got] == [("/v1/traces", "Bearer t")] * 2
    assert all(body["resourceSpans"] for _, _, body in handler.got)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b"busy \x1b[31m"), "0 trials sent, then it answered 503: busy"),
        ((302, b""), "answered 302"),
        ((200, b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "full"}}'), "3 spans were rejected: full"),
    ],
)
def test_spans_that_are_not_taken_are_an_error(
    answer: tuple[int, bytes], said: str, run: RunFolder, collector: tuple[str, type[Collector]]
) -> None:
    address, handler = collector
    handler.answer = answer
    assert said in taskfit("export", run.path, "--to", "otel", "--endpoint", address, code=2)[1]


@pytest.mark.parametrize("value", ["Bearer zebra\ninjected: 1", "Bearer zebr\u00e4", "zebra\x07"])
def test_a_header_that_is_none_is_an_error_that_does_not_show_it(value: str, run: RunFolder) -> None:
    words = ["export", run.path, "--to", "otel", "--endpoint", "http://127.0.0.1:1", "--header-variable", "TOKEN"]
    said = taskfit(*words, code=2, TOKEN=value)[1]
    assert "TOKEN: a header is one line of ASCII" in said and "zeb" not in said


def test_a_password_or_a_key_in_the_address_is_not_shown(run: RunFolder) -> None:
    words = ["export", run.path, "--to", "otel", "--endpoint"]
    assert "s3cret" not in taskfit(*words, "http://me:s3cret@127.0.0.1:1", code=2)[1]
    said = taskfit(*words, "http://127.0.0.1:1/v1/traces?key=s3cret", code=2)[1]
    assert "http://127.0.0.1:1/v1/traces: 0 trials sent" in said and "s3cret" not in said


def test_an_import_is_shown_measured_as_far_as_it_tells_and_compared_with_nothing(
    run: RunFolder, tmp_path: Path
) -> None:
    taskfit("export", run.path, "--to", "atif", "--out", tmp_path / "out")
    (tmp_path / "out" / "broken.json").write_text("{")
    files = sorted((tmp_path / "out").glob("*.json"))
    out, said = taskfit("import", *files, "--out", tmp_path / "in", code=1)
    assert "2 trials in" in out and "broken.json: is no JSON" in said and "lost.json: is none of" in said
    trial = next((tmp_path / "in" / "trials").glob("open*"))
    shown, _ = taskfit("show", trial)
    assert "imported (atif" in shown and "nothing graded here" in shown and "verdict: imported" in shown
    report, _ = taskfit("report", tmp_path / "in", "--json")
    model = json.loads(report)["models"]["acme/m"]
    assert model["resolved"]["value"] is None
    assert model["resolved"]["reason"] == "imports do not tell it"
    assert model["turns"]["trials"] == 2 and model["tokens"]["trials"] == 2
    assert model["verdicts"] == {"imported": 2}
    taskfit("report", tmp_path / "in", "--all")
    taskfit("report", tmp_path / "in", "--html", tmp_path / "page.html")
    taskfit("import", files[2], "--out", tmp_path / "other")
    assert "held constant" in "".join(taskfit("compare", tmp_path / "in", tmp_path / "other", code=3))


def test_foreign_words_alone_are_measured_by_what_they_tell(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    turn = {"role": "assistant", "content": "", "extra": {"cost": 0.5, "response": {"usage": usage}}}
    calls = [
        {"id": f"c{at}", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"command": each})}}
        for at, each in enumerate(["ls", "python -m pytest", "python -m pytest"])
    ]
    answers = [
        {"role": "tool", "tool_call_id": f"c{at}", "content": "x", "extra": {"raw_output": "x", "returncode": code}}
        for at, code in enumerate([0, 1, 0])
    ]
    whole = {"info": {"exit_status": "Submitted"}, "trajectory_format": "mini-swe-agent-1.1"}
    whole["messages"] = [{"role": "user", "content": "fix"}, {**turn, "tool_calls": calls}, *answers]
    (tmp_path / "a.traj.json").write_text(json.dumps(whole))
    taskfit("import", tmp_path, "--out", tmp_path / "in", "--scenario", "my bug", "--model", "acme/x")
    model = json.loads(taskfit("report", tmp_path / "in", "--json")[0])["models"]["acme/x"]
    told = {name for name, found in model.items() if isinstance(found, dict) and found.get("trials")}
    assert told == {"turns", "tokens", "cost_usd_per_trial", "redundant_calls"}
    assert model["approvals_asked"]["reason"] == "imports do not tell it"


def test_a_folder_that_an_export_wrote_can_be_named_for_import(run: RunFolder, tmp_path: Path) -> None:
    exported(run, "atif", tmp_path / "out", "local")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.json").write_text("{}")
    files = [*files_of([tmp_path / "out"])]
    assert len(files) == 2 and not {"lost.json", "other.json"} & {file.name for file in files}


def test_an_import_that_brings_nothing_exits_2(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000)
    assert "a.json: is nested too deeply" in taskfit("import", tmp_path / "a.json", "--out", tmp_path / "in", code=2)[1]
    assert "is not there" in taskfit("import", tmp_path / "b.json", "--out", tmp_path / "in", code=2)[1]
    (tmp_path / "empty").mkdir()
    assert "holds no .eval" in taskfit("import", tmp_path / "empty", "--out", tmp_path / "in", code=2)[1]
    assert not list((tmp_path / "in").glob("[!.]*")), "no run is left where nothing came in"


@pytest.mark.parametrize("format", FORMATS[:-1])
def test_a_folder_that_an_export_wrote_can_be_imported(format: str, run: RunFolder, tmp_path: Path) -> None:
    exported(run, format, tmp_path / "out", "local")
    intake = Intake(RunFolder(tmp_path / "in"))
    intake.take(files_of([tmp_path / "out"]))
    assert not intake.problems and len(intake.trials) == 2
