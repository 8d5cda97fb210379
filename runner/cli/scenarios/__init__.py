"""`taskfit scenarios`: one module a subcommand."""

from __future__ import annotations

import typer

from runner.cli.scenarios import framings, list, validate

app = typer.Typer(help="List and prove scenarios.", no_args_is_help=True)
app.command("list")(list.list_)
app.command()(validate.validate)
app.command()(framings.framings)
