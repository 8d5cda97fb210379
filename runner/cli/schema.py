"""`taskfit schema`."""

from __future__ import annotations

from typing import Annotated

import typer

NAMES = "scenario, repo, study, policy, event, result"


def schema(name: Annotated[str, typer.Argument(help=f"One of: {NAMES}.")]) -> None:
    """Print the JSON Schema of a format."""
    import json

    from pydantic import TypeAdapter

    from runner.approvers.policy import Policy
    from runner.errors import UnknownName
    from runner.events import EVENTS
    from runner.results import TrialResult
    from runner.scenarios.repo import Repo
    from runner.scenarios.scenario import Scenario
    from runner.studies.study import Study

    known: dict[str, TypeAdapter[object]] = {
        "scenario": TypeAdapter(Scenario),
        "repo": TypeAdapter(Repo),
        "study": TypeAdapter(Study),
        "policy": TypeAdapter(Policy),
        "event": EVENTS,  # type: ignore[dict-item]
        "result": TypeAdapter(TrialResult),
    }
    if name not in known:
        raise UnknownName("format", name, known)
    print(json.dumps(known[name].json_schema(by_alias=True), indent=1))
