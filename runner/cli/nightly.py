"""`taskfit nightly`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from runner.nightly.plan import Job, Plan
    from runner.nightly.when import Hours
    from runner.studies.study import Study

Kind = Literal["systemd", "launchd", "cron"]
TAKEN_ALONG = ("DOCKER_HOST", "XDG_CACHE_HOME")
"""Variables that a night is given as they are now: where the engine is, and what was kept of earlier runs."""


def nightly(
    study: Annotated[Path, typer.Argument(help="A study file (TOML).")],
    at: Annotated[str, typer.Option(help="When a night begins, as in 22:00.")] = "",
    days: Annotated[str, typer.Option(help="As in mon-fri or sat,sun.")] = "daily",
    until: Annotated[
        str, typer.Option(help="When it ends; the study's own when left out. What is left is done the next night.")
    ] = "",
    runs: Annotated[Path, typer.Option(help="Where each night gets a folder, named by its date.")] = Path("runs"),
    environment: Annotated[Path | None, typer.Option(help="A file of NAME=value lines with the models' keys.")] = None,
    kind: Annotated[str, typer.Option(help="systemd, launchd or cron; this machine's own when left out.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take away what was written.")] = False,
    now: Annotated[bool, typer.Option("--now", help="What the timer starts: tonight's work.")] = False,
) -> None:
    """Run a study every night: shows the timer and where it goes, and writes it once you agree."""
    from runner.errors import UserError
    from runner.nightly.when import Hours, clock, days_of
    from runner.runs.budget import time_of_day
    from runner.studies.study import Study, load_study
    from runner.toml import read_toml

    if not at and not remove:
        raise UserError("say when a night begins, as in --at 22:00")
    if environment is not None and not remove:
        os.environ.update(_keys(environment))
    loaded = read_toml(study, Study) if remove else load_study(study)
    end = clock(until, "--until") if until else time_of_day(loaded.budget.until or "")
    hours = Hours(clock(at or "22:00", "--at"), days_of(days), end)
    if now:
        _tonight(study, loaded, hours, runs)
        return
    chosen = _kind(kind)
    job = _job(study, loaded, hours, runs, environment)
    plan = _plan(chosen, job)
    if remove:
        _remove(plan, job, chosen, yes)
    else:
        _warn(loaded, environment)
        _write(plan, job, chosen, yes)


def _tonight(study: Path, loaded: Study, hours: Hours, runs: Path) -> None:
    from datetime import datetime, timedelta

    from runner.nightly.night import PATIENCE, steps, work

    began = hours.began(datetime.now().astimezone())
    if began is None:
        typer.echo(
            f"taskfit: it is not night: nights begin at {hours.at:%H:%M} and end at {hours.until:%H:%M}", err=True
        )
        return
    todo = steps(runs.resolve(), loaded.name, began)
    if not todo:
        typer.echo("taskfit: tonight's run is done", err=True)
        return
    grace = timedelta(minutes=loaded.budget.grace_minutes)
    code = work(
        todo,
        (_program(),),
        study.resolve(),
        hours.ends(began),
        lambda text: typer.echo(text, err=True),
        patience=PATIENCE + grace,
    )
    raise typer.Exit(code)


def _job(study: Path, loaded: Study, hours: Hours, runs: Path, environment: Path | None) -> Job:
    from runner.nightly.plan import Job

    words = [_program(), "nightly", str(study.resolve()), "--now", "--at", f"{hours.at:%H:%M}"]
    if hours.until is not None:
        words += ["--until", f"{hours.until:%H:%M}"]
    words += ["--runs", str(runs.resolve())]
    if environment is not None:
        words += ["--environment", str(environment.resolve())]
    git = shutil.which("git")
    places = [str(Path(git).parent)] if git else []
    variables = {"PATH": ":".join(dict.fromkeys([*places, "/usr/local/bin", "/usr/bin", "/bin"]))}
    variables |= {name: os.environ[name] for name in TAKEN_ALONG if os.environ.get(name)}
    log = runs.resolve() / f"nightly-{loaded.name}.log"
    return Job(loaded.name, tuple(words), Path.cwd(), variables, hours, log)


def _plan(kind: Kind, job: Job) -> Plan:
    from runner.nightly import cron, launchd, systemd

    if kind == "systemd":
        return systemd.plan(job, Path.home())
    return launchd.plan(job, Path.home()) if kind == "launchd" else cron.plan(job)


def _kind(given: str) -> Kind:
    from runner.errors import UnknownName, UserError

    known: dict[str, Kind] = {"systemd": "systemd", "launchd": "launchd", "cron": "cron"}
    if given:
        if given not in known:
            raise UnknownName("kind of timer", given, known)
        return known[given]
    if sys.platform == "darwin":
        return "launchd"
    if shutil.which("systemctl") and Path("/run/systemd/system").is_dir():
        return "systemd"
    if shutil.which("crontab"):
        return "cron"
    raise UserError("neither systemd, launchd nor cron is here; name one with --kind to have it written all the same")


def _write(plan: Plan, job: Job, kind: Kind, yes: bool) -> None:
    from runner.nightly.cron import added

    for file, text in plan.files.items():
        there = " (in place of the one that is there)" if file.exists() else ""
        typer.echo(f"{file}{there}:\n\n{_indented(text)}")
    if plan.crontab:
        typer.echo(f"your crontab, at its end:\n\n{_indented(plan.crontab)}")
    for command in plan.activate:
        typer.echo(f"then: {' '.join(command)}")
    _agree("Write it?", yes)
    job.log.parent.mkdir(parents=True, exist_ok=True)
    for file, text in plan.files.items():
        _whole(file, text)
    if kind == "cron":
        _set_crontab(added(_crontab(), plan, job.name))
    done = all(_called(command) for command in plan.activate)
    typer.echo("written" + ("" if done else ", but not set going: see above"))
    for note in plan.notes:
        typer.echo(note)
    if not done:
        raise typer.Exit(1)


def _remove(plan: Plan, job: Job, kind: Kind, yes: bool) -> None:
    from runner.errors import UserError
    from runner.nightly.cron import mark, without

    there = [file for file in plan.files if file.exists()]
    crontab = _crontab() if kind == "cron" else ""
    marked = mark(job.name) in crontab.splitlines()
    if not there and not marked:
        raise UserError(f"no {kind} timer of the study {job.name} is here")
    for file in there:
        typer.echo(f"remove {file}")
    if marked:
        typer.echo(f"take the line below {mark(job.name)!r} out of your crontab")
    _agree("Remove it?", yes)
    for command in plan.deactivate:
        _called(command)
    for file in there:
        file.unlink()
    if marked:
        _set_crontab(without(crontab, job.name))
    typer.echo("removed")


def _warn(loaded: Study, environment: Path | None) -> None:
    """Of keys and addresses that nobody will have at night, by name alone."""
    from runner.models.provider.endpoints import LOCAL_URL, dotenv, endpoint_of

    found = {**dotenv(), **(_keys(environment) if environment else {})}
    needed = {end.key_variable for name in loaded.models if (end := endpoint_of(name, loaded.endpoints)) is not None}
    needed.add(loaded.notify.header_variable)
    if LOCAL_URL in os.environ and any(name.startswith("local/") for name in loaded.models):
        needed.add(LOCAL_URL)
    for name in sorted(needed - {""} - {name for name, value in found.items() if value}):
        where = environment or "a file named by --environment"
        typer.echo(f"taskfit: at night {name} will not be set: write {name}=… into {where}", err=True)
    if environment and environment.stat().st_mode & 0o077:
        typer.echo(f"taskfit: {environment} can be read by others: chmod 600 {environment}", err=True)


def _keys(file: Path) -> dict[str, str]:
    from runner.errors import FileProblem
    from runner.models.provider.endpoints import dotenv

    if not file.is_file():
        raise FileProblem(file, "is not there; write NAME=value lines into it", "--environment")
    return dotenv(file)


def _program() -> str:
    """The environment's own taskfit. Raises UserError where there is none."""
    from runner.errors import UserError

    program = Path(sys.executable).absolute().with_name("taskfit")
    if not program.is_file():
        raise UserError(f"{program} is not there; install taskfit into this environment")
    return str(program)


def _agree(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)


def _called(command: tuple[str, ...]) -> bool:
    """Whether a command went well; what it says is passed on."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        typer.echo(f"{' '.join(command)}: {error}", err=True)
        return False
    if done.returncode:
        typer.echo(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}", err=True)
    return done.returncode == 0


def _whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


def _crontab() -> str:
    """The user's; empty where there is none. Raises UserError where cron is not here or refuses."""
    from runner.errors import UserError

    try:
        done = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False, timeout=60)
    except OSError as error:
        raise UserError(f"crontab cannot be run: {error}") from None
    if done.returncode and "no crontab" not in done.stderr:
        raise UserError(f"crontab -l: {done.stderr.strip()}")
    return done.stdout if done.returncode == 0 else ""


def _set_crontab(text: str) -> None:
    from runner.errors import UserError

    done = subprocess.run(["crontab", "-"], input=text, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise UserError(f"crontab refuses it: {done.stderr.strip()}")


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
