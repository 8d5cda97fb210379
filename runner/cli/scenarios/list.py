"""`taskfit scenarios list`."""

from __future__ import annotations

from runner.cli.scenarios.options import AsJson, Globs, Places, load


def list_(scenario: Globs = None, scenarios: Places = None, json: AsJson = False) -> None:
    """Scenarios with their repo, tags and titles."""
    import json as json_module

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from runner.visible import visible

    found = load(scenario, scenarios)
    if json:
        rows = [
            {"id": s.id, "folder": str(s.folder), **s.scenario.model_dump(mode="json", by_alias=True)} for s in found
        ]
        print(json_module.dumps(rows))
        return
    table = Table("scenario", "repo", "tags", "title", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in found:
        scenario_ = each.scenario
        shown = (each.id, scenario_.repo, ", ".join(scenario_.tags), scenario_.title)
        table.add_row(*(Text(visible(text)) for text in shown))
    Console().print(table)
