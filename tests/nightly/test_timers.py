"""Timers are what systemd, launchd and cron themselves accept, carry any path, and hold no key."""

from __future__ import annotations

import json
import os
import plistlib
import re
import shutil
import stat
import subprocess
import sys
import time as systime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest

from bench import program
from runner.errors import UserError
from runner.nightly import cron, launchd, systemd
from runner.nightly.plan import Job
from runner.nightly.when import EVERY_DAY, Hours, clock, days_of

AWKWARD = [
    "plain",
    "with blank",
    "50% off",
    "it's",
    'quo"ted',
    "$HOME",
    "a;b&c|d",
    "ünïcode",
    "-dash",
    "#hash",
    "*",
    "%h",
    "~x",
]


def job(folder: Path, hours: Hours | None = None) -> Job:
    """A job whose command writes where it was started, with what."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "task fit"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([os.getcwd(), sys.argv[1:], os.environ['X']]))\n"
    )
    program.chmod(0o755)
    words = (str(program), "nightly", str(folder / "study.toml"), "--now", "100%", "$HOME", "two words")
    hours = hours or Hours(time(22, 5), (0, 1, 2, 3, 4), time(7, 0))
    return Job("autumn", words, folder, {"X": f"{folder}:/bin"}, hours, folder / "out.log")


@pytest.mark.parametrize("name", AWKWARD)
def test_a_crontabs_line_runs_as_meant_under_a_plain_shell(tmp_path: Path, name: str) -> None:
    wanted = job(tmp_path / name)
    mark, line = cron.plan(wanted).crontab.splitlines()
    assert mark == "# taskfit nightly autumn"
    *when, command = line.split(" ", 5)
    assert when == ["5", "22", "*", "*", "1,2,3,4,5"]
    assert not re.search(r"(?<!\\)%", command), "cron ends a command at a bare percent sign"
    subprocess.run(["/bin/sh", "-c", command.replace("\\%", "%")], check=True, cwd="/", env={"PATH": "/usr/bin:/bin"})
    assert json.loads(wanted.log.read_text()) == [str(wanted.folder), list(wanted.command[1:]), wanted.variables["X"]]


def verified(analyze: str, files: Iterable[Path], runtime: Path) -> subprocess.CompletedProcess[str]:
    words = [analyze, "verify", "--user", *map(str, files)]
    variables = os.environ | {"XDG_RUNTIME_DIR": str(runtime)}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=variables)


@pytest.mark.parametrize("name", AWKWARD)
def test_systemd_finds_nothing_wrong_with_its_units(tmp_path: Path, name: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    wanted = job(tmp_path / name)
    if "'" in name or '"' in name:
        with pytest.raises(UserError, match="--kind cron"):
            systemd.plan(wanted, tmp_path, {})
        wanted = replace(wanted, command=("/bin/true", *wanted.command))
    files = systemd.plan(wanted, tmp_path / "home", {}).files
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    done = verified(analyze, files, tmp_path)
    assert "Failed to initialize" not in done.stderr
    [service] = [text for file, text in files.items() if file.suffix == ".service"]
    assert "\nSuccessExitStatus=4 130\n" in service, "a cap that was reached, and a stop in order, are no failures"
    mine = [line for line in done.stderr.splitlines() if "taskfit-" in line or "task fit" in line]
    assert mine == [], "systemd names the unit where it finds a fault, as in a program that it cannot find"


def test_systemd_does_find_what_is_wrong(tmp_path: Path) -> None:
    """The check above checks something."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    wanted = job(tmp_path / "x y")
    (tmp_path / "x y" / "task fit").unlink()
    files = systemd.plan(wanted, tmp_path / "home", {}).files
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("22:05", "25:05"))
    done = verified(analyze, files, tmp_path)
    assert "task fit" in done.stderr and "25:05" in done.stderr


def test_systemd_reads_the_times_as_they_were_meant(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    _, timer = systemd.plan(job(tmp_path), tmp_path, {}).files.values()
    calendar = next(line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar"))
    done = subprocess.run([analyze, "calendar", calendar], capture_output=True, text=True, check=True)
    assert "Normalized form: Mon..Fri *-*-* 22:05:00" in done.stdout


@pytest.mark.parametrize("name", AWKWARD)
def test_launchds_agent_is_a_property_list_that_says_the_same(tmp_path: Path, name: str) -> None:
    wanted = job(tmp_path / name, Hours(time(22, 5), (5, 6)))
    ((file, text),) = launchd.plan(wanted, tmp_path).files.items()
    agent = plistlib.loads(text.encode())
    assert file.name == f"{agent['Label']}.plist" == "taskfit.nightly.autumn.plist"
    assert agent["ProgramArguments"] == list(wanted.command)
    assert (agent["WorkingDirectory"], agent["EnvironmentVariables"]) == (str(wanted.folder), dict(wanted.variables))
    assert agent["StartCalendarInterval"] == [
        {"Weekday": 6, "Hour": 22, "Minute": 5},
        {"Weekday": 0, "Hour": 22, "Minute": 5},
    ]


@pytest.mark.parametrize("name", ["new\nline", "back\\slash", "bell\a", "\u202eevil"])
def test_a_path_that_no_timer_can_carry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="use another path"):
        Job("autumn", ("/bin/true",), tmp_path / name, {}, Hours(time(22)), tmp_path / "log")


def test_a_command_longer_than_cron_takes_is_refused(tmp_path: Path) -> None:
    wanted = Job("autumn", ("/bin/true", "x" * 990), tmp_path, {}, Hours(time(22)), tmp_path / "log")
    with pytest.raises(UserError, match="--kind systemd"):
        cron.plan(wanted)


@pytest.mark.parametrize("before", ["", "MAILTO=me\n0 1 * * * other\n", "0 1 * * * no newline at the end", "\n\n"])
def test_a_crontab_keeps_all_else_and_gets_the_lines_once(tmp_path: Path, before: str) -> None:
    plan = cron.plan(job(tmp_path))
    once = cron.added(before, plan, "autumn")
    assert once.startswith(before) and once.endswith(plan.crontab)
    assert cron.added(once, plan, "autumn") == once
    assert cron.without(once, "autumn").rstrip("\n") == before.rstrip("\n")
    assert cron.without(once, "autumn-2") == once


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", EVERY_DAY),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("Sat,sun", (5, 6)),
        ("fri-mon", (0, 4, 5, 6)),
        ("tue", (1,)),
        ("mon-sun", EVERY_DAY),
        (" mon - wed , fri ", (0, 1, 2, 4)),
    ],
)
def test_days_as_people_write_them(text: str, days: tuple[int, ...]) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "-fri", "mon-wed-fri", "1-5", "mon;fri", "mon,,fri"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--days"):
        days_of(text)


@pytest.mark.parametrize("text", ["", "22", "24:00", "22:60", "22:00:00", "10pm", "٢٢:٠٠", "-1:00", "22:00\n"])
def test_times_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--at"):
        clock(text, "--at")


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-11-23T22:00", "2026-11-23"),
        ("2026-11-24T06:59", "2026-11-23"),
        ("2026-11-24T07:00", None),
        ("2026-11-24T21:59", None),
        ("2026-11-24T23:59", "2026-11-24"),
    ],
)
def test_a_night_that_was_slept_through_is_no_night(now: str, began: str | None) -> None:
    hours = Hours(time(22), until=time(7))
    found = hours.began(datetime.fromisoformat(now).astimezone())
    assert (found.date() if found else None) == (date.fromisoformat(began) if began else None)


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        systime.tzset()

    yield zone
    monkeypatch.undo()
    systime.tzset()


@pytest.mark.parametrize("until", [None, time(7)])
@pytest.mark.parametrize(
    ("zone", "at", "called", "night"),
    [
        ("CET-1CEST,M3.5.0,M10.5.0/3", time(2, 30), "2027-03-28T01:00+00:00", "2027-03-28"),  # 02:30 is passed over
        ("CET-1CEST,M3.5.0,M10.5.0/3", time(2, 30), "2027-10-31T00:30+00:00", "2027-10-31"),  # it is half past two
        ("CET-1CEST,M3.5.0,M10.5.0/3", time(2, 30), "2027-10-31T01:30+00:00", "2027-10-31"),  # and once more
        ("EET-2EEST,M3.5.0/0,M10.5.0/0", time(0, 15), "2027-03-27T22:00+00:00", "2027-03-28"),  # 00:15 is passed over
    ],
)
def test_a_night_that_begins_while_clocks_are_set_is_that_days(
    in_zone: Callable[[str], None], zone: str, at: time, called: str, night: str, until: time | None
) -> None:
    in_zone(zone)
    began = Hours(at, until=until).began(datetime.fromisoformat(called).astimezone())
    assert began is not None and began.date() == date.fromisoformat(night)


def test_a_night_without_an_end_lasts_until_the_next_one() -> None:
    found = Hours(time(22)).began(datetime.fromisoformat("2026-11-24T21:59").astimezone())
    assert found is not None and found.date() == date(2026, 11, 23)
    assert Hours(time(22)).ends(found) is None


def taskfit(folder: Path, *words: str, said: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": "", **variables}
    return program.taskfit("nightly", *words, cwd=folder, env=environment, given=said)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "my studies"
    folder.mkdir()
    file = folder / "autumn.toml"
    file.write_text('schema = 1\nname = "autumn"\nmodels = ["anthropic/claude-opus-4-7", "noop"]\n')
    return file


@pytest.fixture
def plain(study: Path) -> Path:
    """Without a model that needs a key."""
    study.write_text('schema = 1\nname = "autumn"\nmodels = ["noop"]\n')
    return study


def test_it_shows_what_it_would_write_and_writes_nothing_without_a_yes(study: Path) -> None:
    words = (str(study), "--at", "22:00", "--days", "mon-fri", "--until", "07:00", "--kind", "systemd")
    shown = taskfit(study.parent, *words, said="n\n", ANTHROPIC_API_KEY="planted-secret")
    assert shown.returncode == 1
    for part in ("taskfit-autumn.service", "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 22:00:00", '"--until" "07:00"'):
        assert part in shown.stdout
    assert "ANTHROPIC_API_KEY will not be set" in shown.stderr
    assert not (study.parent / ".config").exists()


def test_it_writes_and_removes_units_and_no_key_is_in_them(study: Path) -> None:
    keys = study.parent / "keys.env"
    keys.write_text("ANTHROPIC_API_KEY=planted-secret\n")
    keys.chmod(0o600)
    words = (str(study), "--kind", "launchd", "--yes", "--at", "22:00", "--environment", str(keys))
    written = taskfit(study.parent, *words)
    assert "will not be set" not in written.stderr and "written" in written.stdout
    (agent,) = (study.parent / "Library/LaunchAgents").iterdir()
    assert "planted-secret" not in agent.read_text() + written.stdout + written.stderr
    assert str(keys) in plistlib.loads(agent.read_bytes())["ProgramArguments"]
    gone = taskfit(study.parent, str(study), "--kind", "launchd", "--remove", "--yes")
    assert gone.returncode == 0 and not agent.exists()
    again = taskfit(study.parent, str(study), "--kind", "launchd", "--remove", "--yes")
    assert again.returncode == 2 and "no launchd timer of the study autumn" in again.stderr


def test_a_night_finds_the_engine_and_what_was_kept_and_an_address_that_it_will_not_have_is_named(plain: Path) -> None:
    plain.write_text('schema = 1\nname = "autumn"\nmodels = ["noop", "local/mine"]\n')
    variables = {"TASKFIT_LOCAL_URL": "http://10.0.0.7:8000/v1", "XDG_CACHE_HOME": "/big/cache"}
    words = (str(plain), "--kind", "launchd", "--at", "22:00")
    written = taskfit(plain.parent, *words, "--yes", **variables)
    assert "TASKFIT_LOCAL_URL will not be set" in written.stderr
    (agent,) = (plain.parent / "Library/LaunchAgents").iterdir()
    assert plistlib.loads(agent.read_bytes())["EnvironmentVariables"]["XDG_CACHE_HOME"] == "/big/cache"
    keys = plain.parent / "keys.env"
    keys.write_text("TASKFIT_LOCAL_URL=http://10.0.0.7:8000/v1\n")
    assert "will not be set" not in taskfit(plain.parent, *words, "--environment", str(keys), **variables).stderr


CRONTAB = """#!/bin/sh
# What a user's crontab is, in a file of the test's, checked by cron's own program where that is here.
file="$HOME/crontab"
case "$1" in
-l) [ -f "$file" ] && cat "$file" || { echo "no crontab for me" >&2; exit 1; } ;;
-) cat > "$file.new"; if [ -x /usr/bin/crontab ]; then /usr/bin/crontab -n "$file.new" >&2 || exit 1; fi
   mv "$file.new" "$file" ;;
esac
"""


def test_it_puts_its_line_into_a_crontab_and_takes_it_out_again(plain: Path) -> None:
    home = plain.parent
    fake = home / "bin" / "crontab"
    fake.parent.mkdir()
    fake.write_text(CRONTAB)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    path = f"{fake.parent}:{os.environ['PATH']}"
    (home / "crontab").write_text("0 1 * * * other\n")
    words = (str(plain), "--at", "22:00", "--kind", "cron", "--yes")
    assert taskfit(home, *words, PATH=path).returncode == 0
    assert taskfit(home, *words, PATH=path).returncode == 0
    written = (home / "crontab").read_text()
    assert written.count("# taskfit nightly autumn\n") == 1 and written.startswith("0 1 * * * other\n")
    assert taskfit(home, str(plain), "--kind", "cron", "--remove", "--yes", PATH=path).returncode == 0
    assert (home / "crontab").read_text() == "0 1 * * * other\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "25:00"), "--at"),
        (("--at", "22:00", "--days", "x"), "--days"),
        (("--at", "22:00", "--until", "x"), "--until"),
        (("--at", "22:00", "--kind", "anacron"), "cron"),
        ((), "--at"),
        (("--at", "22:00", "--kind", "cron", "--environment", "/nowhere/keys"), "/nowhere/keys"),
    ],
)
def test_what_makes_no_sense_is_a_message(plain: Path, words: tuple[str, ...], said: str) -> None:
    done = taskfit(plain.parent, str(plain), *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_study_that_does_not_load_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('schema = 1\nname = "x/../y"\nmodels = ["noop"]\n')
    done = taskfit(tmp_path, "bad.toml", "--at", "22:00", "--kind", "systemd", "--yes")
    assert done.returncode == 2 and "name" in done.stderr
