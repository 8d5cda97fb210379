"""`taskfit run` and `taskfit resume`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import redirect_stdout, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from runner.cli.flags import EngineFlag, Minutes, Tokens, Trials, Until, Usd, caps_of, with_flags
from runner.cli.handles import raise_limit
from runner.cli.options import Json, program
from runner.cli.report import PAGE, print_report, write_page
from runner.cli.streams import lasting, unheard
from runner.exits import CAPPED, FAILED, INTERRUPTED
from runner.visible import visible

if TYPE_CHECKING:
    from runner.approvers.base import Approver
    from runner.notices.settings import Notify
    from runner.results import TrialResult
    from runner.runs.folder import RunFolder
    from runner.runs.run import Run
    from runner.studies.study import Study
    from sandboxes.client import Engine
    from sandboxes.site import Site

NotifyFlag = Annotated[
    list[str] | None,
    typer.Option("--notify", help="A command, or an https address, told how the run goes and ends."),
]
Retry = Annotated[bool, typer.Option("--retry-infra", help="Try trials that ended in infra_error once more.")]


@with_flags
def run(
    study: Study,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/DATE-NAME when left out.")] = None,
    notify: NotifyFlag = None,
    json: Json = False,
) -> None:
    """Run models against scenarios; flags, or a study file whose values they override."""
    from runner.approvers.policy import load_policy
    from runner.notices.delivery import keep
    from runner.notices.settings import from_flags
    from runner.runs.folder import RunFolder, free
    from runner.runs.run import Run
    from runner.scenarios.catalog import chosen

    tells = from_flags(notify) if notify else study.notify
    rules = load_policy(Path(study.policy) if study.policy else None)
    scenarios = chosen(study.scenarios, study.select)
    folder = RunFolder((out or free(Path("runs", f"{date.today()}-{study.name}"))).resolve())
    with Session(folder, study, tells, json) as session:
        builder = session.engine()
        site = session.site(builder)
        work = Run(study, folder, scenarios, rules, session.human(), builder, session.observer, site=site)
        session.plan(work)
        if tells.tells:
            keep(folder.path, tells)
        session.work(work)


def resume(
    folder: Annotated[Path, typer.Argument(help="The run's folder.")],
    retry_infra: Retry = False,
    budget: Usd = None,
    tokens: Tokens = None,
    max_trials: Trials = None,
    max_minutes: Minutes = None,
    until: Until = None,
    engine: EngineFlag = None,
    notify: NotifyFlag = None,
    json: Json = False,
) -> None:
    """Go on with a run that was interrupted; nothing finished is run again. A cap that is given replaces the run's."""
    from runner.notices.delivery import kept
    from runner.notices.settings import from_flags
    from runner.runs.engines import named
    from runner.runs.folder import RunFolder
    from runner.runs.reopening import reopened, study_of

    run_folder = RunFolder(folder.resolve())
    caps = caps_of(budget, tokens, max_trials, max_minutes, until)
    study = study_of(run_folder, caps)
    if engine:
        study = study.model_copy(update={"engine": named(engine, study.engine)})
    tells = from_flags(notify) if notify else kept(run_folder.path)
    with Session(run_folder, study, tells, json) as session:
        builder = session.engine()
        work = reopened(run_folder, builder, session.observer, session.human(), caps, session.site(builder))
        session.work(work, retry_infra)


class Session:
    """One command's work on a run: the folder held, the table shown, signals turned into a clean stop."""

    def __init__(self, folder: RunFolder, study: Study, tells: Notify, as_json: bool) -> None:
        from rich.console import Console

        from runner.console.live import LiveRun
        from runner.following.notifying import Notifier

        self._folder = folder
        self._study = study
        self._site: Site | None = None
        self._json = as_json
        self._console = Console(file=lasting(sys.stderr), stderr=True)
        self._held = folder.held()
        self.observer = LiveRun(self._console, study.budget.usd, folder, study.concurrency)
        self._notifier = Notifier(tells, folder.path, self.observer.progress, self._say)

    def __enter__(self) -> Session:
        for name in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not signal.SIG_IGN:  # as nohup has it
                signal.signal(name, _as_interrupt)
        raise_limit()
        self._held.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        from runner.errors import CapReached, Interrupted

        if self._site is not None:
            self._site.close()
        self._held.__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt | Interrupted):
            self._notifier.interrupted()
        elif isinstance(error, Exception) and not isinstance(error, typer.Exit):
            self._notifier.tell("capped" if isinstance(error, CapReached) else "failed", str(error))

    def human(self) -> Approver | None:
        """The person at this terminal; None where it is none."""
        from runner.approvers.human import HumanApprover

        if not sys.stdin.isatty():
            return None
        return HumanApprover(self._console, self.observer.paused)

    def engine(self) -> Engine:
        from sandboxes.host import ensure_engine

        return ensure_engine(self.observer.say)

    def site(self, engine: Engine) -> Site:
        """Where the study's sandboxes live."""
        from runner.runs.engines import site_of

        self._site = site_of(self._study.engine, engine)
        return self._site

    def plan(self, work: Run) -> None:
        """Write the run down, twins included. What is interrupted here is no run yet."""
        from runner.errors import Interrupted

        try:
            work.plan()
        except (KeyboardInterrupt, Interrupted):
            with suppress(KeyboardInterrupt):
                self._notifier.interrupted()
            self._say("interrupted before the run began; what was made is kept: give the same command again")
            raise typer.Exit(INTERRUPTED) from None

    def work(self, work: Run, retry_infra: bool = False) -> None:
        """Run to the end, print the report, and leave with the run's exit code."""
        from runner.errors import Interrupted

        work.log.listen(self._notifier.hear)
        self._console.print(
            f"scenarios: {len(work.scenarios)}, run folder: {self._folder.path}", style="dim", markup=False
        )
        try:
            with self.observer, self._notifier:
                work.work(retry_infra)
        except (KeyboardInterrupt, Interrupted):
            with suppress(KeyboardInterrupt):
                self._notifier.interrupted()
            self._stopped("interrupted", INTERRUPTED)
        if work.problem:
            self._notifier.end(work.problem, work.refused.values(), work.held)
            self._stopped(work.problem, FAILED)
        results = self._folder.results()
        with redirect_stdout(lasting(sys.stdout)):
            print_report(self._folder, self._json)
            sys.stdout.flush()
        self._write_page()
        for why, count in work.held.items():
            self._say(f"taskfit: {count} trials stay planned: {why}")
        if work.held:
            left = f" Left: {work.left}." if work.left else ""
            self._say(
                f"{left.lstrip()} Go on, with more where a cap held: {program()} resume {self._folder.path}".lstrip()
            )
        for model, why in work.refused.items():
            self._say(f"taskfit: no further trial of {model}: {why}")
        self._notifier.end("", work.refused.values(), work.held)
        if work.refused:
            self._say(f"Its trials stay planned; once that is mended: {program()} resume {self._folder.path}")
            raise typer.Exit(FAILED)
        if not work.held:
            self._console.print(
                f"Read a trial: {program()} show {self._telling_trial(results)}", markup=False, soft_wrap=True
            )
        failed = any(result.verdict in ("infra_error", "invalid_scenario") for result in results)
        raise typer.Exit(FAILED if failed else CAPPED if work.held else 0)

    def _write_page(self) -> None:
        """The page for the morning; a disk that has no room for it takes nothing from the run."""
        from runner.errors import FileProblem

        page = self._folder.path / PAGE
        try:
            write_page(self._folder, page)
        except FileProblem as error:
            self._say(f"taskfit: {error}")
        else:
            self._say(f"The same as a page: {os.path.relpath(page)}")

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
        with unheard(sys.stdout):
            sys.stdout.flush()
        os._exit(code)


def _as_interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
