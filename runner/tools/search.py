"""The tool that searches."""

from __future__ import annotations

from pydantic import Field

from runner.commands.access import reading
from runner.scenarios.scenario import Scope
from runner.tools.base import Arguments, Outcome, Reach, Refusal, Workbench
from sandboxes.base import Command


class SearchTextArguments(Arguments):
    pattern: str = Field(min_length=1, description="a regular expression (Rust syntax), or plain text with literal")
    path: str = Field(default="", description="file or folder to search; empty for all of the workspace")
    literal: bool = False
    limit: int = Field(default=100, ge=1, le=1000)


class SearchText:
    """Search file contents; answers `path:line:text`, one match a line."""

    name = "search_text"
    arguments = SearchTextArguments

    def reach(self, arguments: SearchTextArguments, scope: Scope) -> Reach:
        return Reach(reading(arguments.path), (arguments.path or ".",))

    def run(self, arguments: SearchTextArguments, bench: Workbench) -> Outcome:
        argv = ["rg", "--line-number", "--no-heading", "--hidden", "--sort", "path", "--max-columns", "300"]
        argv += ["-g", "!.git", *(["--fixed-strings"] if arguments.literal else [])]
        argv += ["--regexp", arguments.pattern, "--", arguments.path or "."]
        found = bench.sandbox.exec(Command(argv, timeout=30, output_limit=1 << 20))
        if found.timed_out:
            raise Refusal("the search took over 30 s; narrow it with a path.")
        if found.exit_code == 2:
            raise Refusal(f"{found.text.strip()[:500]}. Correct the pattern, or set literal to true.")
        matches = [line.removeprefix("./") for line in found.text.splitlines()]
        left_out = len(matches) - arguments.limit
        more = [f"({left_out} more matches; narrow the pattern or the path)"] if left_out > 0 else []
        return Outcome("\n".join(matches[: arguments.limit] + more) or "(no match)")
