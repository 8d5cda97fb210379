"""The command line: `taskfit COMMAND`. One module a command; heavy imports happen inside the commands."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from runner import __version__
from runner.cli import (
    approvals,
    cheats,
    clean,
    compare,
    demo,
    doctor,
    export,
    fork,
    import_,
    label,
    models,
    nightly,
    plan,
    policy,
    probe,
    replay,
    report,
    run,
    scenarios,
    schema,
    search,
    show,
    trend,
    view,
    watch,
)
from runner.cli.helping import in_short, in_words
from runner.cli.streams import fill, unheard
from runner.exits import CAPPED, FAILED, INTERRUPTED, REFUSED


def _version(wanted: bool) -> None:
    if wanted:
        print(f"taskfit {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="taskfit",
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
app.command("import")(import_.import_)
app.command()(trend.trend)
app.command()(show.show)
app.command()(search.search)
app.command()(label.label)
app.command()(label.labels)
app.command()(view.view)
app.command()(replay.replay)
app.command()(fork.fork)
app.command()(cheats.cheats)
app.command()(probe.probe)
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(models.app, name="models")
app.add_typer(policy.app, name="policy")
app.command()(schema.schema)
app.command()(doctor.doctor)
app.command()(clean.clean)
in_short(app)


@app.callback()
def taskfit(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Which model fits your bugs? Runs models against buggy repositories in Docker sandboxes and grades the fixes."""


def main() -> None:
    """The console script. Exit codes: 0 done, and `runner.exits`.

    Estimates multiply many small matrices, which takes several times as long where threads share each product.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    fill()
    if "--help" in sys.argv[2:]:
        in_words(app)
    try:
        app()
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except Exception as error:
        import sqlite3

        from runner.errors import CapReached, Interrupted, TaskfitError, is_full
        from sandboxes.errors import SandboxError

        if isinstance(error, Interrupted):
            _leave(str(error), INTERRUPTED)
        if isinstance(error, OSError | sqlite3.Error) and is_full(error):
            _leave(f"{error}: free some space on the disk, and try again", FAILED)
        if not isinstance(error, TaskfitError | SandboxError):
            raise
        _leave(str(error), CAPPED if isinstance(error, CapReached) else REFUSED)


def _leave(message: str, code: int) -> None:
    from runner.visible import visible

    with unheard(sys.stdout):
        sys.stdout.flush()
    with unheard(sys.stderr):
        print(f"taskfit: {visible(message, newlines=True)}", file=sys.stderr, flush=True)
    sys.exit(code)
