"""`taskfit policy check` and `taskfit policy replay`."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Test a policy file, and see what it would have changed.", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A policy file; the built-in one when left out.")] = None,
    command: Annotated[
        list[str] | None, typer.Option(help="A shell command, or `edit_file PATH`, to be ruled on.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Prove a policy's rules by their own examples; rule on commands, without running them."""
    from rich.console import Console

    from runner.approvers.policy import example_action, load_policy
    from runner.visible import visible

    policy = load_policy(file)
    console = Console()
    rulings: list[dict[str, Any]] = []
    for text in command or []:
        action = example_action(text)
        verdict = policy.judge(action)
        rulings.append(
            {
                "command": text,
                "ruling": verdict.ruling,
                "rule": verdict.rule,
                "effects": sorted(action.effects),
                "risk": f"R{int(action.risk)}",
                "targets": list(action.targets),
            }
        )
    if json:
        print(json_module.dumps({"rules": len(policy.rules), "rulings": rulings}))
        return
    examples = sum(len(rule.match) + len(rule.not_match) for rule in policy.rules)
    line = f"{file or 'the built-in policy'}: {len(policy.rules)} rules hold, {examples} examples"
    console.print(line, markup=False, highlight=False)
    for each in rulings:
        effects = ", ".join(each["effects"])
        text = f"{each['ruling']:>9}  {each['command']}  [{effects}, {each['risk']}] by {each['rule']}"
        console.print(visible(text), markup=False, highlight=False, soft_wrap=True)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A policy file.")],
    runs: Annotated[list[Path], typer.Argument(help="Runs' folders, trials' folders or transcripts.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Rule anew on every call of old transcripts, and show what would have been decided otherwise."""
    from rich.console import Console

    from runner.approvers.policy import load_policy
    from runner.cli.options import program
    from runner.errors import UserError
    from runner.studies.policy_replay import differences, transcripts
    from runner.visible import visible

    policy = load_policy(file)
    found = [each for run in runs for each in transcripts(run)]
    if not found:
        raise UserError(f"no transcript in {', '.join(map(str, runs))}")
    calls, changed = 0, []
    for transcript in found:
        for difference in differences(policy, transcript):
            calls += 1
            if difference.before != difference.after:
                changed.append((transcript, difference))
    if json:
        rows = [{"transcript": str(path), **each.as_dict()} for path, each in changed]
        print(json_module.dumps({"transcripts": len(found), "calls": calls, "changed": rows}))
        return
    console = Console()
    for path, each in changed:
        text = f"{each.before:>9} → {each.after:<9} {each.what}  (rule {each.rule})"
        console.print(visible(text), markup=False, highlight=False, soft_wrap=True)
        where = f"{'':>11} {program()} show {path.parent} --step {each.step}"
        console.print(visible(where), style="dim", markup=False, highlight=False, soft_wrap=True)
    line = f"{len(changed)} of {calls} calls in {len(found)} transcripts would be ruled on otherwise"
    console.print(line, markup=False, highlight=False)
