"""`taskfit approvals`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from runner.approvals import Decision
    from runner.runs.questions import Question

ACTIONS = ("list", "approve", "deny", "terminate")


def approvals(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    action: Annotated[str, typer.Argument(help=f"One of: {', '.join(ACTIONS)}.")] = "list",
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Or the beginning of an id.")] = None,
    reason: Annotated[str, typer.Option(help="Told to the model.")] = "",
    arguments: Annotated[str, typer.Option(help="approve: make the call with these arguments (JSON) instead.")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """What waits for a person in a running study, and the answers to it."""
    from runner.errors import UnknownName, UserError
    from runner.runs.folder import RunFolder
    from runner.runs.holder import holder_of
    from runner.runs.questions import Questions

    folder = RunFolder(run.resolve())
    folder.lock()
    if action not in ACTIONS:
        raise UnknownName("action", action, ACTIONS)
    questions = Questions(folder.path)
    alive = holder_of(folder).state == "alive"
    if action == "list":
        if ids or reason or arguments:
            raise UserError("to answer, say approve, deny or terminate before the ids")
        _show(questions.waiting() if alive else [], alive, json)
        return
    if not ids:
        raise UserError(f"name at least one id to {action}; `taskfit approvals {run}` lists them")
    if not alive:
        raise UserError(f"{folder.path} is not being worked on, so nobody waits; `taskfit resume` asks anew")
    decision = _decision(action, reason, arguments)
    for question in [questions.find(each) for each in ids]:
        questions.respond(question.id, decision)
        typer.echo(f"{question.id}: {decision.outcome}")


def _decision(action: str, reason: str, arguments: str) -> Decision:
    """Raises UserError for arguments that are no JSON object, or where they make no sense."""
    import json

    from runner.approvals import Decision
    from runner.errors import UserError

    if action == "deny":
        said = {"outcome": "deny", "reason": reason or "denied"}
    elif action == "terminate":
        said = {"outcome": "terminate", "reason": reason or "terminated by the approver"}
    else:
        said = {"outcome": "approve", "reason": reason}
    changed: Any = None
    if arguments:
        try:
            changed = json.loads(arguments)
        except (ValueError, RecursionError) as error:
            raise UserError(f"--arguments: no valid JSON: {error}") from None
        if action != "approve" or not isinstance(changed, dict):
            raise UserError('--arguments goes with approve and takes a JSON object, as in \'{"path": "src/a.py"}\'')
        said["outcome"] = "modify"
    return Decision.model_validate({**said, "approver": "human", "arguments": changed})


def _show(waiting: list[Question], alive: bool, as_json: bool) -> None:
    import sys
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    from runner.approvers.human import describe
    from runner.durations import brief
    from runner.messages import to_json
    from runner.visible import visible

    if as_json:
        sys.stdout.buffer.write(b"[" + b",\n ".join(to_json(each) for each in waiting) + b"]\n")
        return
    console = Console()
    now = datetime.now(UTC)
    for each in waiting:
        shown = describe(each.request)
        left = brief(max(0.0, (each.until - now).total_seconds()))
        otherwise = "denied" if each.otherwise == "deny" else "no answer"
        shown.append(f"\nwaits {brief((now - each.asked).total_seconds())}; {otherwise} in {left}", style="dim")
        console.print(Panel(shown, title=Text(f"{each.id}  {visible(each.trial.name)}"), title_align="left"))
    if waiting:
        said = f"{len(waiting)} waiting; answer with approve ID, deny ID --reason TEXT, or terminate ID"
    else:
        said = "nothing waits for a person" if alive else "nothing waits: nobody works on this run"
    console.print(said, style="dim", highlight=False)
