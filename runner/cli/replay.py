"""`taskfit replay`."""

from __future__ import annotations

import json as json_module
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from runner.replay.origin import Recorded
    from runner.replay.seen import Seen

ScenarioAt = Annotated[Path | None, typer.Option("--scenario", help="Its folder, where the run's own is gone.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also with a scenario that changed since.")]


def replay(
    trials: Annotated[list[Path], typer.Argument(help="Trials' folders, their names in the latest run, or a run.")],
    scenario: ScenarioAt = None,
    anyway: Anyway = False,
    raw: Annotated[bool, typer.Option("--raw", help="What differs in full, and what was taken as the same.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Make recorded calls again in a fresh sandbox, without a model: does each answer what it answered then?"""
    from rich.console import Console

    from runner.replay.rerun import Replayer
    from sandboxes.host import ensure_engine

    chosen = [each for trial in trials for each in _trials(trial)]
    settings = [(recorded, recorded.scenario(anyway, scenario)) for recorded in chosen]
    for recorded, _ in settings:
        recorded.check_ended()
    console, notes = Console(), Console(stderr=True)
    engine = ensure_engine(lambda said: notes.print(said, style="dim", markup=False))
    replayer = Replayer(engine, lambda said: notes.print(said, style="dim", markup=False))
    found = []
    for recorded, folder in settings:
        seen = replayer.replay(recorded, folder).seen
        found.append(seen)
        if not json:
            _print(console, recorded, seen, raw)
    if json:
        print(json_module.dumps([seen.model_dump(mode="json", by_alias=True) for seen in found]))
    elif len(found) > 1:
        agreed = sum(seen.agreed for seen in found)
        console.print(f"{agreed} of {len(found)} trials agreed", markup=False, highlight=False)
    raise typer.Exit(0 if all(seen.agreed for seen in found) else 1)


def _trials(place: Path) -> list[Recorded]:
    """The trial that the user means, or all of a run's. Raises UserError."""
    from runner.cli.places import transcript_of
    from runner.errors import UserError
    from runner.replay.origin import Recorded
    from runner.runs.folder import LOCK

    if (place / LOCK).is_file():
        found = [Recorded.of(file.parent) for file in sorted(place.glob("trials/*/events.jsonl"))]
        if not found:
            raise UserError(f"{place}: none of its trials has begun, so there is nothing to make again")
        return found
    return [Recorded.of(transcript_of(place).parent)]


def _print(console: Console, recorded: Recorded, seen: Seen, raw: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    console.print(visible(recorded.folder.name), style="bold", markup=False, highlight=False, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("step", "call", "result"):
        table.add_column(name, justify="right" if name == "step" else "left", overflow="fold")
    styles = {"agreed": "green", "differs": "bold red", "not_made": "dim"}
    for call in seen.calls:
        said = Text(call.agreement.replace("_", " "), style=styles[call.agreement])
        if call.agreement == "agreed" and call.normalised:
            said.append(f" but for {', '.join(call.normalised)}", style="dim")
        if call.why:
            said.append(f": {visible(call.why)}", style="" if call.agreement == "differs" else "dim")
        if call.recorded_line or call.replayed_line:
            said.append(f"\n- {visible(call.recorded_line)}\n+ {visible(call.replayed_line)}")
        if raw and call.answer is not None:
            said.append(visible(_raw(recorded, call.answered, call.answer.text), newlines=True), style="dim")
        table.add_row(str(call.step), visible(call.what), said)
    console.print(table)
    console.print(summary(seen), markup=False, highlight=False, soft_wrap=True)
    where = recorded.folder / "replays" / str(seen.number)
    console.print(f"kept in {where}", style="dim", markup=False, highlight=False, soft_wrap=True)


def summary(seen: Seen) -> str:
    """What a replay came to, in a line."""
    counts = Counter(call.agreement for call in seen.calls)
    parts = [f"{counts['agreed']} calls agreed"]
    if counts["differs"]:
        parts.append(f"{counts['differs']} differ, the first at step {seen.differing[0].step}")
    if counts["not_made"]:
        parts.append(f"{counts['not_made']} were not made then and not now")
    ends = {
        "agreed": "the workspace ended as it did then",
        "differs": f"the workspace ended otherwise: {', '.join(seen.final_differs[:5]) or 'it cannot be taken out'}",
        "unknown": "no workspace was kept to compare the end with",
    }
    from runner.visible import visible

    return visible("; ".join([*parts, ends[seen.final]]))


def _raw(recorded: Recorded, step: int, text: str) -> str:
    """The unified difference between the raw texts; empty where there is none."""
    from difflib import unified_diff

    from runner.events.calls import ToolReturned

    event = recorded.events[step]
    old = event.text if isinstance(event, ToolReturned) else ""
    lines = unified_diff(old.splitlines(), text.splitlines(), "then", "now", lineterm="")
    return "".join(f"\n{line}" for line in lines)
