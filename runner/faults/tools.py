"""A tool with a fault in it."""

from __future__ import annotations

from dataclasses import dataclass

from runner.faults.base import Fault, Injection
from runner.scenarios.scenario import Scope
from runner.tools.base import AnyTool, Arguments, Outcome, Reach, Workbench


@dataclass(frozen=True)
class Spoiled:
    """What a struck call answers; `effective` is False where nothing in it was there to be spoiled."""

    outcome: Outcome
    effective: bool = True


class Spoiler:
    """How a kind of fault spoils a call. Its docstrings say what an explicit and an implicit one do."""

    def __init__(self, fault: Fault) -> None:
        self.explicit = fault.visibility == "explicit"

    def watch(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> None:
        """Before every call of any tool, struck or not."""

    def spoil(self, tool: AnyTool, arguments: Arguments, bench: Workbench) -> Spoiled:
        """Make the struck call, or not. Raises what the tool raises."""
        raise NotImplementedError


class FaultyTool:
    """The tool as ever, but for the calls that the fault strikes; `injection` is None for one that is only watched."""

    def __init__(self, tool: AnyTool, spoiler: Spoiler, injection: Injection | None) -> None:
        self._tool = tool
        self._spoiler = spoiler
        self._injection = injection
        self.__doc__ = tool.__doc__
        self.name = tool.name
        self.arguments: type[Arguments] = tool.arguments

    def reach(self, arguments: Arguments, scope: Scope) -> Reach:
        return self._tool.reach(arguments, scope)

    def run(self, arguments: Arguments, bench: Workbench) -> Outcome:
        self._spoiler.watch(self._tool, arguments, bench)
        if self._injection is None or not self._injection.due():
            return self._tool.run(arguments, bench)
        spoiled = self._spoiler.spoil(self._tool, arguments, bench)
        if spoiled.effective:
            self._injection.receipt()
        return spoiled.outcome
