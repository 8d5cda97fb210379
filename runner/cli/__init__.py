"""The command line: `taskfit COMMAND`. One module a command; heavy imports happen inside the commands."""

from __future__ import annotations

import sys

import typer

from runner.cli import (
    approvals,
    clean,
    compare,
    demo,
    doctor,
    export,
    fork,
    models,
    nightly,
    plan,
    policy,
    replay,
    report,
    run,
    scenarios,
    schema,
    show,
    trend,
    watch,
)

app = typer.Typer(
    name="taskfit",
    help="Which model fits your bugs? Runs models against buggy repositories in Docker sandboxes and grades the fixes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(run.resume)
app.command()(watch.watch)
app.command()(approvals.approvals)
app.command()(nightly.nightly)
app.command()(plan.plan)
app.command(cls=report.ReportCommand)(report.report)
app.command()(compare.compare)
app.command()(export.export)
app.command()(trend.trend)
app.command()(show.show)
app.command()(replay.replay)
app.command()(fork.fork)
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(models.app, name="models")
app.add_typer(policy.app, name="policy")
app.command()(schema.schema)
app.command()(doctor.doctor)
app.command()(clean.clean)


def main() -> None:
    """The console script. Exit codes: 0 done; 1 done with failures; 2 wrong input; 130 interrupted, resumable."""
    try:
        app()
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except Exception as error:
        from runner.errors import Interrupted, TaskfitError
        from sandboxes.errors import SandboxError

        if isinstance(error, Interrupted):
            _leave(str(error), 130)
        if not isinstance(error, TaskfitError | SandboxError):
            raise
        _leave(str(error), 2)


def _leave(message: str, code: int) -> None:
    from runner.visible import visible

    sys.stdout.flush()
    print(f"taskfit: {visible(message, newlines=True)}", file=sys.stderr)
    sys.exit(code)
