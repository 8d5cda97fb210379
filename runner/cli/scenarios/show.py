"""`taskfit scenarios show`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.options import PIPED, AsJson, Places, Runs, one

if TYPE_CHECKING:
    from runner.scenarios.catalog import ScenarioFolder
    from runner.quality.overview import Overview


def show(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="An id.")],
    scenarios: Places = None,
    as_model: Annotated[
        bool, typer.Option("--as-model", help="Exactly what a model would be told, and nothing else.")
    ] = False,
    framing: Annotated[str, typer.Option(help="With --as-model: how the issue is told.")] = "raw",
    approvals: Annotated[str, typer.Option(help="With --as-model: gate or must_ask.")] = "gate",
    policy: Annotated[Path | None, typer.Option(help="With --as-model: a policy file.")] = None,
    early_confidence: Annotated[
        bool, typer.Option("--early-confidence", help="With --as-model: as in a study that asks for it.")
    ] = False,
    runs: Runs = Path("runs"),
    json: AsJson = False,
) -> None:
    """One scenario: what it asks, what decides, where it comes from, what is known of it."""
    import json as json_module
    import sys

    from runner.quality.overview import overviews
    from runner.visible import visible

    found = one(scenario, scenarios)
    if as_model:
        _print_view(found, framing, approvals, policy, early_confidence, json)
        return
    (row,) = overviews([found], runs, lambda text: print(f"taskfit: {visible(text)}", file=sys.stderr))
    if json:
        parts = found.scenario.model_dump(mode="json", by_alias=True) | row.model_dump(mode="json")
        print(json_module.dumps(parts | {"instruction": found.instruction, "solution": found.solution_patch}))
        return
    _print(row, list(_facts(found, row)), found.instruction)


def _facts(found: ScenarioFolder, row: Overview) -> Iterator[tuple[str, str]]:
    """Label and text, a line each."""
    scenario, source, environment = found.scenario, found.repo.repo.source, found.repo.repo.environment
    passing = scenario.tests.pass_to_pass
    origin = scenario.provenance
    yield "repo", scenario.repo
    yield "base", f"{source.git} at {source.commit}" if source.git is not None else str(found.repo.folder)
    yield "bug patch", "yes" if found.bug_patch else "none: the source is the base"
    yield "tests", f"{row.framework} ({row.language})"
    for at, node in enumerate(scenario.tests.fail_to_pass):
        yield "" if at else "fail to pass", node
    yield "pass to pass", "the rest" if passing == "rest" else f"{len(passing)} named"
    yield "hidden files", ", ".join(sorted(found.hidden)) or "none"
    yield "writable", ", ".join(scenario.scope.writable) or "nothing"
    yield "protected", ", ".join(scenario.scope.protected) or "nothing"
    for at, place in enumerate(scenario.truth.locations):
        yield "" if at else "fault in", place
    yield "tags", ", ".join(scenario.tags) or "none"
    yield "framings", ", ".join(found.framings)
    for name, value in environment.model_dump(mode="json", exclude_defaults=True).items():
        yield f"env {name}", value if isinstance(value, str) else str(value)
    for name, value in origin.model_dump(mode="json", exclude_defaults=True).items():
        if name not in ("canary", "origin"):
            yield name.replace("_", " "), str(value)
    yield "origin", origin.origin + (", built in" if row.built_in else ", private")
    yield "canary", origin.canary or "none; write [provenance] canary"
    yield "status", row.standing.text + (
        f", {row.standing.proof.at:%Y-%m-%d} by taskfit {row.standing.proof.version}" if row.standing.proof else ""
    )
    yield "resolved", row.difficulty.text if row.difficulty is not None else "no model tried it in the runs at hand"


def _print(row: Overview, facts: list[tuple[str, str]], instruction: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=PIPED)
    console.print(Text(visible(f"{row.id}: {row.title}"), "bold"), soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in facts:
        table.add_row(label, Text(visible(text)))
    console.print(table)
    console.print()
    console.print(Text(visible(instruction.strip(), newlines=True)), soft_wrap=True)


def _print_view(
    found: ScenarioFolder, framing: str, approvals: str, policy: Path | None, early_confidence: bool, as_json: bool
) -> None:
    """The messages and the tools of a model's first request."""
    import json

    from pydantic import ValidationError

    from runner.approvers.policy import load_policy
    from runner.arms import Arm
    from runner.errors import UserError
    from runner.trials.telling import told
    from runner.tools import toolbox
    from runner.tools.base import spec
    from runner.visible import visible

    try:
        arm = Arm.model_validate({"framing": framing, "approvals": approvals})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise UserError(f"--{first['loc'][0]}: {problem}; found {first['input']!r:.200}") from None
    messages = told(found, arm, load_policy(policy), early_confidence)
    tools = [spec(tool) for tool in toolbox(early_confidence).values()]
    if as_json:
        view = {
            "messages": [message.model_dump(mode="json") for message in messages],
            "tools": [tool.model_dump(mode="json") for tool in tools],
        }
        print(json.dumps(view))
        return
    for message in messages:
        print(f"--- {message.role}\n{visible(message.text, newlines=True)}")
    for tool in tools:
        print(f"--- tool {tool.name}\n{tool.description}\n{json.dumps(tool.parameters, indent=1)}")
