"""Tools that run something."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from runner.commands import classify
from runner.effects import Effect
from runner.scenarios.scenario import Scope
from runner.tools.base import Arguments, Outcome, Reach, Refusal, Workbench
from sandboxes.base import Command, ExecResult


class RunTestsArguments(Arguments):
    tests: list[str] = Field(
        default=[], description="test ids (file::name), files or folders; empty for the whole suite"
    )


class RunTests:
    """Run the repository's own tests and see the end of the output."""

    name = "run_tests"
    arguments = RunTestsArguments

    def reach(self, arguments: RunTestsArguments, scope: Scope) -> Reach:
        return Reach(frozenset({Effect.RUN}), tuple(arguments.tests))

    def run(self, arguments: RunTestsArguments, bench: Workbench) -> Outcome:
        for test in arguments.tests:
            if test.startswith("-"):
                raise Refusal(
                    f"{test!r} is an option, not a test; use run_command to call the test runner with options."
                )
        argv = bench.framework.shown(bench.suite, arguments.tests)
        outcome = _report(_run(argv, bench, bench.command_seconds), bench.command_seconds)
        return replace(outcome, text=bench.framework.steady(outcome.text))


class RunCommandArguments(Arguments):
    command: str = Field(min_length=1, description="run by bash in /workspace; there is no network")
    timeout_seconds: float | None = Field(default=None, gt=0, le=3600)


class RunCommand:
    """Run a shell command in the sandbox. Prefer the other tools for reading, editing, searching and tests."""

    name = "run_command"
    arguments = RunCommandArguments

    def reach(self, arguments: RunCommandArguments, scope: Scope) -> Reach:
        found = classify(arguments.command, scope)
        return Reach(found.effects, found.targets, arguments.command)

    def run(self, arguments: RunCommandArguments, bench: Workbench) -> Outcome:
        if "\0" in arguments.command:
            raise Refusal("a command cannot hold a NUL character; leave it out.")
        seconds = min(arguments.timeout_seconds or bench.command_seconds, bench.command_seconds)
        return _report(_run(["bash", "-c", arguments.command], bench, seconds), seconds)


class ShowDiffArguments(Arguments):
    pass


class ShowDiff:
    """Show what you changed so far, as a git diff, new files included."""

    name = "show_diff"
    arguments = ShowDiffArguments

    def reach(self, arguments: ShowDiffArguments, scope: Scope) -> Reach:
        return Reach(frozenset({Effect.READ}))

    def run(self, arguments: ShowDiffArguments, bench: Workbench) -> Outcome:
        script = "git add --intent-to-add --all && git --no-pager diff --no-color --no-ext-diff HEAD"
        shown = _run(["sh", "-c", script], bench, 30)
        if shown.exit_code:
            raise Refusal(f"git diff failed: {shown.text.strip()[:500]}")
        return Outcome(shown.text or "(no changes)", elided_bytes=shown.elided_bytes)


def _run(argv: list[str], bench: Workbench, seconds: float) -> ExecResult:
    return bench.sandbox.exec(Command(argv, env=bench.variables, timeout=seconds, output_limit=bench.output_limit))


def _report(result: ExecResult, seconds: float) -> Outcome:
    if result.timed_out:
        status = f"killed after {seconds:g} s, with everything that it had started"
    elif result.disk_exceeded:
        status = "killed with everything that it had started: it filled the disk; delete what you do not need"
    else:
        status = f"exit code {result.exit_code}"
    killed = result.timed_out or result.disk_exceeded
    return Outcome(
        f"{status}\n{result.text}",
        timed_out=result.timed_out,
        elided_bytes=result.elided_bytes,
        exit_code=None if killed else result.exit_code,
    )
