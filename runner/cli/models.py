"""`taskfit models list` and `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from runner.messages import Reply
    from runner.models.base import Model

app = typer.Typer(help="List models, and try one out.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
ASKED = "Call the tool `add` twice in this one turn, with 2 and 3, and with 4 and 5. Then stop."
MAX_USD = 0.5


@app.command("list")
def list_(json: AsJson = False) -> None:
    """The names that --model takes, and what each needs."""
    import json as json_module

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.models import KEYLESS, PROVIDERS

    names = {**PROVIDERS, **KEYLESS, "NAME": "a [models.NAME] table of your study file: any server, any format"}
    if json:
        print(json_module.dumps(names))
        return
    table = Table("model", "is", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, what in names.items():
        table.add_row(Text(name), Text(what))
    Console().print(table)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A model's name.")],
    study: Annotated[Path | None, typer.Option(help="A study file with its [models.NAME] tables.")] = None,
    json: AsJson = False,
) -> None:
    """Send one tool-call round trip, and say what works and what it cost."""
    import json as json_module

    from rich.console import Console

    from runner.models import model_factory
    from runner.models.base import Opening
    from runner.studies.study import load_study
    from runner.visible import visible

    tables = load_study(study, keyed=False).endpoints if study else {}
    model = model_factory(name, tables)(Opening(scenario="check", seed=1, reference=dict))
    found = _round_trip(model)
    if json:
        print(json_module.dumps(found))
    else:
        for what, value in found.items():
            mark = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
            Console().print(f"{what:<22} {visible(str(mark))}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if found["tools"] else 1)


def _round_trip(model: Model) -> dict[str, Any]:
    """Two turns: a request for two calls at once, and their results. Raises UserError for what the provider says."""
    from runner.errors import ModelFault, UserError
    from runner.messages import Message, SystemMessage, ToolMessage, ToolSpec, UserMessage

    number = {"type": "integer"}
    parameters = {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]}
    tools = [ToolSpec(name="add", description="Add two numbers.", parameters=parameters)]
    conversation: list[Message] = [SystemMessage(text="You test a connection."), UserMessage(text=ASKED)]
    worst = model.worst_case_usd(conversation, tools)
    if worst > MAX_USD:
        raise UserError(f"this check could cost {worst:.2f} USD; lower max_output_tokens in a [models.NAME] table")
    try:
        first = model.reply(conversation, tools)
        conversation.append(first.message)
        conversation += [ToolMessage(call_id=call.id, text="5") for call in first.message.tool_calls]
        second = model.reply(conversation, tools) if first.message.tool_calls else None
    except ModelFault as fault:
        raise UserError(str(fault)) from None
    return _told(first, second)


def _told(first: Reply, second: Reply | None) -> dict[str, Any]:
    from runner.models.formats.textcalls import calls_as_text

    replies = [reply for reply in (first, second) if reply is not None]
    call = first.call
    return {
        "tools": bool(first.message.tool_calls),
        "parallel calls": len(first.message.tool_calls) > 1,
        "calls left as text": bool(calls_as_text(first.message.text)),
        "results taken back": second is not None,
        "usage reported": first.usage.input + first.usage.cache_read > 0 and first.usage.output > 0,
        "reasoning": first.usage.reasoning > 0 or bool(call and call.first_reasoning is not None),
        "served model": first.model_id or "not said",
        "seconds to first": round(min(_firsts(first), default=0.0), 3),
        "seconds in all": round(sum(reply.call.latency for reply in replies if reply.call), 3),
        "price from": (call.price if call else "") or "unknown",
        "cost in USD": round(sum(reply.cost_usd for reply in replies), 6),
    }


def _firsts(reply: Reply) -> list[float]:
    call = reply.call
    found = (call.first_reasoning, call.first_text, call.first_tool) if call else ()
    return [seconds for seconds in found if seconds is not None]
