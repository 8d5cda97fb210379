"""A run's folder from somebody else: links in it that lead out show, export and change nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runner.cli import app
from runner.durable import write_whole as write_durably
from runner.errors import FileProblem, UserError
from runner.events.calls import ToolReturned
from runner.labels.file import LabelFile
from runner.labels.steps import place
from runner.replay.seen import next_number
from runner.runs.folder import RunFolder
from written import answered, call, key, trial, write_run

OTHER = key(model="other")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("zebra\nwithout an end")
    return file


@pytest.fixture
def run(tmp_path: Path, secret: Path) -> RunFolder:
    keys = (key(), OTHER)
    run = write_run(
        tmp_path / "a", {each: trial(each, call("run_command", command="ls"), answered("x")) for each in keys}
    )
    for each in keys:
        (run.trial(each) / "patch.diff").symlink_to(secret)
    return run


@pytest.mark.parametrize("format", ["atif", "inspect", "sweagent", "mini", "otel"])
def test_no_export_holds_what_a_link_leads_to(format: str, run: RunFolder, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", str(run.path), "--to", format, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert all(b"zebra" not in file.read_bytes() for file in (tmp_path / "out").iterdir())


def test_trials_side_by_side_show_no_patch_that_is_a_link(run: RunFolder) -> None:
    one, other = (str(run.trial(each)) for each in (key(), OTHER))
    done = CliRunner().invoke(app, ["show", one, "--beside", other])
    assert done.exit_code == 0 and "neither of them has left a patch" in done.output
    assert "zebra" not in done.output


def test_labels_are_neither_read_from_nor_written_to_where_a_link_leads(run: RunFolder, secret: Path) -> None:
    labels = LabelFile(run.path)
    labels.file.symlink_to(secret)
    with pytest.raises(FileProblem):
        labels.marks()
    with pytest.raises(FileProblem, match="is a link"):
        labels.add(place(run.trial(key()) / "events.jsonl", 2), "ada", label="lucky-fix")
    assert secret.read_text() == "zebra\nwithout an end"


def test_a_replay_is_kept_beside_its_trial_alone(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (run.trial(key()) / "replays").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link"):
        next_number(run.trial(key()))


@pytest.mark.parametrize("name", ["../../../out", "/tmp/out", "a/b", "a\\b", "a\0b"])
def test_a_trials_name_is_no_path_whatever_a_ledger_or_a_transcript_says(name: str, tmp_path: Path) -> None:
    odd = key(scenario=name), key(arm=name)
    assert len({each.name for each in (*odd, key())}) == 3
    assert all(Path(each.name).name == each.name and "\0" not in each.name for each in odd)
    run = write_run(tmp_path / "deep" / "down" / "run", {each: trial(each) for each in odd})
    out = tmp_path / "deep" / "down" / "out"
    done = CliRunner().invoke(app, ["export", str(run.path), "--to", "mini", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert len(list(out.iterdir())) == 3 and [each.name for each in tmp_path.iterdir()] == ["deep"]


@pytest.mark.parametrize("text", ["exit code \u00b2\n", "exit code " + "1" * 5000, "exit code -", "exit code "])
def test_a_text_that_only_looks_like_an_exit_code_is_none(text: str) -> None:
    assert ToolReturned(call_id="a", tool="run_command", text=text).exited is None
    assert ToolReturned(call_id="a", tool="read_file", text="exit code 1\n").exited is None
    assert ToolReturned(call_id="a", tool="run_tests", text="exit code 1\n").exited == 1


def test_what_is_written_whole_goes_nowhere_else(tmp_path: Path, secret: Path) -> None:
    """A link or a pipe in the place of the file that is written first."""
    before = secret.read_text()
    beside = tmp_path / ".kept.json.partial"
    beside.symlink_to(secret)
    with pytest.raises(OSError):
        write_durably(tmp_path / "kept.json", b"mine")
    assert secret.read_text() == before
    beside.unlink(missing_ok=True)
    os.mkfifo(beside)
    with pytest.raises(OSError):
        write_durably(tmp_path / "kept.json", b"mine")
    beside.unlink(missing_ok=True)
    write_durably(tmp_path / "kept.json", b"mine")
    assert (tmp_path / "kept.json").read_bytes() == b"mine"
