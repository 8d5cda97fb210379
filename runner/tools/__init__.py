"""The constrained tool API: everything that a model can do."""

from __future__ import annotations

from runner.tools.base import AnyTool
from runner.tools.conversation import RequestApproval, Submit
from runner.tools.execution import RunCommand, RunTests, ShowDiff
from runner.tools.files import DeleteFile, EditFile, ListFiles, ReadFile, WriteFile
from runner.tools.search import SearchText


def toolbox() -> dict[str, AnyTool]:
    """Every tool by name, in the order in which models are told of them."""
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
        Submit(),
    ]
    return {tool.name: tool for tool in tools}
