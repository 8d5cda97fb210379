"""`taskfit approvals`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from runner.approvals import Decision
    from runner.approvers.questions import Question
    from runner.runs.folder import RunFolder

ACTIONS = ("list", "approve", "deny", "terminate")


def approvals(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    action: Annotated[str, typer.Argument(help=f"One of: {', '.join(ACTIONS)}.")] = "list",
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Or the beginning of an id.")] = None,
    reason: Annotated[str, typer.Option(help="Told to the model.")] = "",
    arguments: Annotated[str, typer.Option(help="approve: make the call with these arguments (JSON) instead.")] = "",
    json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """What waits for a person in a running study, and the answers to it."""
    from runner.approvers.questions import Questions
    from runner.errors import UnknownName, UserError
    from runner.runs.folder import RunFolder
    from runner.runs.holder import holder_of

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
    given = _parsed(action, arguments)
    decided = [
        (question, *_decision(folder, question, action, reason, given))
        for question in [questions.find(each) for each in ids]
    ]
    for question, decision, said in decided:
        questions.respond(question.id, decision)
        typer.echo(f"{question.id}: {decision.outcome}{said}")


def _parsed(action: str, arguments: str) -> dict[str, Any] | None:
    """Other arguments; None where none are given. Raises UserError for what is no JSON object, or makes no sense."""
    import json

    from runner.errors import UserError

    if not arguments:
        return None
    try:
        changed = json.loads(arguments)
    except (ValueError, RecursionError) as error:
        raise UserError(f"--arguments: no valid JSON: {error}") from None
    if action != "approve" or not isinstance(changed, dict):
        raise UserError('--arguments goes with approve and takes a JSON object, as in \'{"path": "src/a.py"}\'')
    return changed


def _decision(
    run: RunFolder, question: Question, action: str, reason: str, given: dict[str, Any] | None
) -> tuple[Decision, str]:
    """The answer to a request, and what is said of a changed call. Raises UserError for one that nobody can approve."""
    from runner.approvals import Decision
    from runner.errors import UserError
    from runner.runs.amending import amended

    if given is not None:
        became = amended(run, question, given)
        if became.forbidden:
            raise UserError(f"{question.id}: {became.forbidden}")
        effects = ", ".join(sorted(became.action.effects))
        said = f", with which it would: {effects} (R{int(became.action.risk)})"
        if became.verdict.ruling == "ask" and not became.action.effects <= question.request.action.effects:
            said += "; it is asked about once more, since that is more than was asked for"
        return became.decision.model_copy(update={"reason": reason, "effects": ()}), said
    usual = {"deny": "denied", "terminate": "terminated by the approver"}
    answer = {"outcome": action, "reason": reason or usual.get(action, ""), "approver": "human"}
    return Decision.model_validate(answer), ""


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
