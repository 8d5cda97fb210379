"""A tool: typed arguments, the effects a call would have, and the call itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from runner.effects import Effect
from runner.frameworks.base import Framework
from runner.frameworks.pytest import Pytest
from runner.messages import ToolSpec
from runner.results import Submission
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.repo import RepoTests
from runner.scenarios.scenario import Limits, Scope
from sandboxes.base import Sandbox

WORKSPACE = "/workspace"


class Arguments(BaseModel):
    """Base of all tools' arguments; unknown keys are errors that the model is told of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    @cache
    def schema_for_models(cls) -> dict[str, Any]:
        """The JSON Schema without titles; made once, since pydantic takes a millisecond for it."""
        schema = cls.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        for described in schema.get("properties", {}).values():
            described.pop("title", None)
        return schema


@dataclass(frozen=True)
class Workbench:
    """Where tools work: the model's sandbox and what is fixed for the trial."""

    sandbox: Sandbox
    scope: Scope
    framework: Framework = field(default_factory=Pytest)
    suite: RepoTests = field(default_factory=RepoTests)
    """How the repository's tests are called."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of every command."""
    command_seconds: float = 120.0
    output_limit: int = 16 * 1024
    """Bytes of a command's output that a model is shown."""

    @classmethod
    def of(cls, found: ScenarioFolder, sandbox: Sandbox, limits: Limits | None = None) -> Workbench:
        """For a scenario, in a sandbox that holds its workspace; with the limits of a trial, if not the scenario's."""
        return cls(
            sandbox=sandbox,
            scope=found.scenario.scope,
            framework=found.framework,
            suite=found.repo.repo.tests,
            variables=found.repo.repo.environment.variables,
            command_seconds=(limits or found.scenario.limits).command_seconds,
        )


@dataclass(frozen=True)
class Outcome:
    """What a tool answers. An error's text says what to do instead."""

    text: str
    is_error: bool = False
    timed_out: bool = False
    elided_bytes: int = 0
    exit_code: int | None = None
    """Of a command or a test run that came to its end."""
    confidence: float | None = None
    """Set by `state_confidence` alone."""
    submission: Submission | None = None
    """Set by `submit` alone: the trial's work is done."""


class Refusal(Exception):
    """A tool cannot do what was asked; the message tells the model what to do instead."""


@dataclass(frozen=True)
class Reach:
    """What a call would do, to what, and how to show it to an approver."""

    effects: frozenset[Effect]
    targets: tuple[str, ...] = ()
    preview: str = ""


A = TypeVar("A", bound=Arguments)


class Tool(Protocol, Generic[A]):
    """One tool. Its docstring is what a model reads about it."""

    name: str
    arguments: type[A]

    def reach(self, arguments: A, scope: Scope) -> Reach:
        """Classify a call without making it; looks at nothing but the arguments."""
        ...

    def run(self, arguments: A, bench: Workbench) -> Outcome:
        """Make the call. Raises Refusal, and the sandbox's errors when the sandbox is gone."""
        ...


AnyTool = Tool[Any]


def made(tool: AnyTool, arguments: Arguments, bench: Workbench) -> Outcome:
    """Make a call; a refusal is an answer like any other. Raises the sandbox's errors when the sandbox is gone."""
    try:
        return tool.run(arguments, bench)
    except Refusal as refusal:
        return Outcome(str(refusal), is_error=True)


def spec(tool: AnyTool) -> ToolSpec:
    """The tool as a model is told of it."""
    description = " ".join((tool.__doc__ or "").split())
    return ToolSpec(name=tool.name, description=description, parameters=tool.arguments.schema_for_models())
