"""The constrained tool API: everything that a model can do."""

from __future__ import annotations

from runner.tools.base import AnyTool
from runner.tools.conversation import RequestApproval, StateConfidence, Submit
from runner.tools.execution import RunCommand, RunTests, ShowDiff
from runner.tools.files import DeleteFile, EditFile, ListFiles, ReadFile, WriteFile
from runner.tools.search import SearchText


def toolbox(early_confidence: bool = False) -> dict[str, AnyTool]:
    """Every tool by name, in the order in which models are told of them; `state_confidence` where a study wants it."""
    tools: list[AnyTool] = [
        ListFiles(),
        SearchText(),
        ReadFile(),
        EditFile(),
        WriteFile(),
        DeleteFile(),
        RunTests(),
        RunCommand(),
        ShowDiff(),
        RequestApproval(),
        *([StateConfidence()] if early_confidence else []),
        Submit(),
    ]
    return {tool.name: tool for tool in tools}
