"""`taskfit scenarios`: one module a subcommand."""

from __future__ import annotations

import typer

from runner.cli.scenarios import duplicates, framings, import_, impossible, list, mine, rewrite, show, twin, validate

app = typer.Typer(help="Make scenarios, prove, show and compare them.", no_args_is_help=True)
app.command("list")(list.list_)
app.command(cls=validate.ValidateCommand)(validate.validate)
app.command()(show.show)
app.command()(framings.framings)
app.command()(impossible.impossible)
app.command()(duplicates.duplicates)
app.command()(mine.mine)
app.command()(mine.add)
app.command()(rewrite.rewrite)
app.command()(twin.twin)
app.command("import")(import_.import_)
