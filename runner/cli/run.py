"""`taskfit run` and `taskfit resume`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from runner.visible import visible

if TYPE_CHECKING:
    from runner.approvers.base import Approver
    from runner.folder import RunFolder
    from runner.results import TrialResult
    from runner.run import Run
    from runner.study import Study

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output.")]
Retry = Annotated[bool, typer.Option("--retry-infra", help="Try trials that ended in infra_error once more.")]


def run(
    study_file: Annotated[Path | None, typer.Argument(metavar="[STUDY]", help="A study file (TOML).")] = None,
    model: Annotated[list[str] | None, typer.Option(help="See `taskfit models list`.")] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="Scenario id or glob; all when left out.")] = None,
    scenarios: Annotated[
        list[str] | None, typer.Option(help="Folder of scenarios; the built-in ones when left out.")
    ] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="Trials of each model at each scenario.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=256, help="Trials at a time.")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="US dollars; never exceeded.")] = None,
    tokens: Annotated[int | None, typer.Option(min=0, help="Tokens, in and out; never exceeded.")] = None,
    approver: Annotated[
        str | None,
        typer.Option(help="Who answers: policy, human, by_label, permissive, deny_once, silent, reviewer:MODEL, A>B."),
    ] = None,
    approvals: Annotated[
        list[str] | None, typer.Option(help="Arms: gate or must_ask, with an approver as in must_ask:by_label.")
    ] = None,
    faults: Annotated[
        list[str] | None, typer.Option(help="Arms: seeded, or KIND[:VISIBILITY[:PERSISTENCE]]; none is the control.")
    ] = None,
    feedback: Annotated[
        list[str] | None,
        typer.Option(help="Arms: continue, prove_it, verify, evidence, false_alarm; none is the control."),
    ] = None,
    failed_run: Annotated[
        Path | None, typer.Option(help="An arm that starts in what this run's failed trials left.")
    ] = None,
    approval_seconds: Annotated[
        float | None,
        typer.Option(min=0.01, max=86_400, help="How long an approver that is no person may take."),
    ] = None,
    early_confidence: Annotated[
        bool, typer.Option("--early-confidence", help="Ask models for their confidence before their first edit, too.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="A policy file; the built-in one when left out.")] = None,
    runtime: Annotated[
        str | None, typer.Option(help="Container runtime, as in runsc; the engine's own when left out.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever is drawn.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/DATE-NAME when left out.")] = None,
    json: Json = False,
) -> None:
    """Run models against scenarios; flags, or a study file whose values they override."""
    from runner.approvers.policy import load_policy
    from runner.catalog import load_scenario, scenario_folders, select
    from runner.folder import RunFolder
    from runner.models import lasting_name
    from runner.run import Run

    given = {
        "models": tuple(map(lasting_name, model)) if model else None,
        "select": tuple(scenario) if scenario else None,
        "scenarios": tuple(scenarios) if scenarios else None,
        "repeats": repeats,
        "concurrency": concurrency,
        "approver": approver,
        "approvals": tuple(approvals) if approvals else None,
        "faults": tuple(faults) if faults else None,
        "feedback": tuple(feedback) if feedback else None,
        "failed_run": str(failed_run.resolve()) if failed_run else None,
        "start": ("fresh", "failed") if failed_run else None,
        "approval_seconds": approval_seconds,
        "early_confidence": early_confidence or None,
        "policy": str(policy.resolve()) if policy else None,
        "runtime": runtime,
        "seed": seed,
        "budget": {"usd": budget, "tokens": tokens} if (budget, tokens) != (None, None) else None,
    }
    study = _study(study_file, {key: value for key, value in given.items() if value is not None})
    rules = load_policy(Path(study.policy) if study.policy else None)
    folders = scenario_folders(study.scenarios)
    chosen = {name: load_scenario(folders[name]) for name in select(folders, study.select)}
    folder = RunFolder((out or free_folder(Path("runs", f"{date.today()}-{study.name}"))).resolve())
    with Session(folder, study.budget.usd, json) as session:
        work = Run(study, folder, chosen, rules, session.human(), session.engine(), session.observer)
        work.plan()
        session.work(work)


def resume(
    folder: Annotated[Path, typer.Argument(help="The run's folder.")],
    retry_infra: Retry = False,
    json: Json = False,
) -> None:
    """Go on with a run that was interrupted; nothing finished is run again."""
    from runner.folder import RunFolder
    from runner.run import reopened

    run_folder = RunFolder(folder.resolve())
    budget = run_folder.lock()["study"]["budget"]["usd"]
    with Session(run_folder, budget, json) as session:
        session.work(reopened(run_folder, session.engine(), session.observer, session.human()), retry_infra)


class Session:
    """One command's work on a run: the folder held, the table shown, signals turned into a clean stop."""

    def __init__(self, folder: RunFolder, budget_usd: float | None, as_json: bool) -> None:
        from rich.console import Console

        from runner.console.live import LiveRun

        self._folder = folder
        self._json = as_json
        self._console = Console(stderr=True)
        self._held = folder.held()
        self.observer = LiveRun(self._console, budget_usd)

    def __enter__(self) -> Session:
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, _as_interrupt)
        self._held.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._held.__exit__(*error)

    def human(self) -> Approver:
        """The person at this terminal."""
        from runner.approvers.human import HumanApprover

        return HumanApprover(self._console, self.observer.paused)

    def engine(self) -> Any:
        from sandboxes.host import ensure_engine

        return ensure_engine(self.observer.say)

    def work(self, work: Run, retry_infra: bool = False) -> None:
        """Run to the end, print the report, and leave with the run's exit code."""
        from runner.errors import Interrupted

        self._console.print(
            f"scenarios: {len(work.scenarios)}, run folder: {self._folder.path}", style="dim", markup=False
        )
        try:
            with self.observer:
                work.work(retry_infra)
        except (KeyboardInterrupt, Interrupted):
            self._stopped("interrupted", 130)
        if work.problem:
            self._stopped(work.problem, 1)
        results = self._folder.results()
        from runner.cli.report import print_report

        print_report(self._folder, self._json)
        for model, why in work.refused.items():
            self._say(f"taskfit: no further trial of {model}: {why}")
        if work.refused:
            self._say(f"Its trials stay planned; once that is mended: {program()} resume {self._folder.path}")
            raise typer.Exit(1)
        self._console.print(
            f"Read a trial: {program()} show {self._telling_trial(results)}", markup=False, soft_wrap=True
        )
        failed = any(result.verdict in ("infra_error", "invalid_scenario") for result in results)
        raise typer.Exit(1 if failed else 0)

    def _say(self, text: str) -> None:
        self._console.print(visible(text), markup=False, highlight=False, soft_wrap=True)

    def _telling_trial(self, results: list[TrialResult]) -> Path:
        """The one with the most turns, relative to where the user is."""
        longest = max(results, key=lambda result: (result.counts.turns > 0, result.counts.turns))
        return Path(os.path.relpath(self._folder.trial(longest.key)))

    def _stopped(self, why: str, code: int) -> NoReturn:
        """Workers may still hang in a call that nothing can end, so the process leaves without joining them."""
        done = len(self._folder.results())
        self._console.print(
            f"taskfit: {why}. {done} trials are done and kept; go on with: {program()} resume {self._folder.path}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        self._held.__exit__(None, None, None)
        sys.stdout.flush()
        os._exit(code)


def program() -> str:
    """How the user can call taskfit again from here."""
    return "taskfit" if shutil.which("taskfit") else os.path.relpath(sys.argv[0])


def _study(file: Path | None, given: dict[str, Any]) -> Study:
    """The study file with the flags laid over it, or the flags alone. Raises UserError."""
    from pydantic import ValidationError

    from runner.errors import UserError
    from runner.models import unpriced_models
    from runner.study import Study, load_study

    base = load_study(file).model_dump(by_alias=True) if file else {}
    if not base and "models" not in given:
        raise UserError("name at least one --model (oracle, noop, repair, …), or a study file")
    try:
        study = Study.model_validate(base | given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}: {first['msg']}; found {first['input']!r}") from None
    study.check_models()
    study.check_approvers()
    if unpriced := unpriced_models(study.models, study.endpoints):
        names = ", ".join(unpriced)
        if study.budget.usd is not None:
            raise UserError(
                f"no price is known for {names}, so a budget in USD cannot hold; give it a price table, or cap --tokens"
            )
        print(f"no price is known for {names}: what it costs counts as 0; --tokens caps its tokens", file=sys.stderr)
    return study


def free_folder(path: Path) -> Path:
    """`path`, or with a number behind it when a run is there already."""
    candidate, number = path, 2
    while candidate.exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate


def _as_interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
