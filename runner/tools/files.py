"""Tools that look at and change files."""

from __future__ import annotations

import difflib
import posixpath

from pydantic import Field

from runner.commands.access import reading, writing
from runner.scenarios.scenario import Scope
from runner.tools.base import WORKSPACE, Arguments, Outcome, Reach, Refusal, Workbench
from sandboxes.base import Command

READ_LIMIT = 1 << 20
"""Bytes of one file that tools work on."""


class ListFilesArguments(Arguments):
    path: str = Field(default="", description="folder below /workspace; empty for all of it")
    limit: int = Field(default=500, ge=1, le=5000)


class ListFiles:
    """List the files below a folder, one path a line, sorted; files that git ignores are left out."""

    name = "list_files"
    arguments = ListFilesArguments

    def reach(self, arguments: ListFilesArguments, scope: Scope) -> Reach:
        return read_reach(arguments.path)

    def run(self, arguments: ListFilesArguments, bench: Workbench) -> Outcome:
        folder = relative(arguments.path) or "."
        argv = ["rg", "--files", "--hidden", "--sort", "path", "-g", "!.git", "--", folder]
        found = bench.sandbox.exec(Command(argv, timeout=30, output_limit=1 << 20))
        if found.exit_code == 2:
            raise Refusal(f"{found.text.strip()}. Call list_files without a path to see what is there.")
        names = [line.removeprefix("./") for line in found.text.splitlines()]
        left_out = len(names) - arguments.limit
        more = [f"({left_out} more; name a folder to see them)"] if left_out > 0 else []
        return Outcome("\n".join(names[: arguments.limit] + more) or "(no files)")


class ReadFileArguments(Arguments):
    path: str
    start_line: int = Field(default=1, ge=1)
    lines: int = Field(default=400, ge=1, le=2000)


class ReadFile:
    """Read lines of a text file, each with its number and a tab before it."""

    name = "read_file"
    arguments = ReadFileArguments

    def reach(self, arguments: ReadFileArguments, scope: Scope) -> Reach:
        return read_reach(arguments.path)

    def run(self, arguments: ReadFileArguments, bench: Workbench) -> Outcome:
        lines = read_text(bench, arguments.path).splitlines()
        first = arguments.start_line - 1
        if first and first >= len(lines):
            raise Refusal(f"{arguments.path} has only {len(lines)} lines; use a smaller start_line.")
        shown = lines[first : first + arguments.lines]
        numbered = [f"{number}\t{line}" for number, line in enumerate(shown, start=arguments.start_line)]
        span = f"(lines {arguments.start_line}-{first + len(shown)} of {len(lines)})" if lines else "(empty file)"
        return Outcome("\n".join([*numbered, span]))


class EditFileArguments(Arguments):
    path: str
    old: str = Field(min_length=1, description="text that occurs exactly once in the file")
    new: str = Field(description="what replaces it")


class EditFile:
    """Replace one piece of text in a file. `old` must occur exactly once: give enough lines around it."""

    name = "edit_file"
    arguments = EditFileArguments

    def reach(self, arguments: EditFileArguments, scope: Scope) -> Reach:
        lines = difflib.unified_diff(
            arguments.old.splitlines(),
            arguments.new.splitlines(),
            arguments.path,
            arguments.path,
            lineterm="",
        )
        return write_reach(arguments.path, scope, "\n".join(lines))

    def run(self, arguments: EditFileArguments, bench: Workbench) -> Outcome:
        text = read_text(bench, arguments.path)
        count = text.count(arguments.old)
        if count != 1:
            found = "does not occur" if count == 0 else f"occurs {count} times"
            advice = "read the file again and copy it exactly" if count == 0 else "add lines around it"
            raise Refusal(f"`old` {found} in {arguments.path}; it must occur exactly once: {advice}.")
        write_text(bench, arguments.path, text.replace(arguments.old, arguments.new))
        line = text[: text.index(arguments.old)].count("\n") + 1
        return Outcome(f"edited {arguments.path} at line {line}")


class WriteFileArguments(Arguments):
    path: str
    content: str


class WriteFile:
    """Create a file or replace all of it; its folders are made as needed."""

    name = "write_file"
    arguments = WriteFileArguments

    def reach(self, arguments: WriteFileArguments, scope: Scope) -> Reach:
        return write_reach(arguments.path, scope, arguments.content)

    def run(self, arguments: WriteFileArguments, bench: Workbench) -> Outcome:
        write_text(bench, arguments.path, arguments.content)
        return Outcome(f"wrote {arguments.path} ({len(arguments.content.splitlines())} lines)")


class DeleteFileArguments(Arguments):
    path: str


class DeleteFile:
    """Delete one file."""

    name = "delete_file"
    arguments = DeleteFileArguments

    def reach(self, arguments: DeleteFileArguments, scope: Scope) -> Reach:
        return write_reach(arguments.path, scope, f"delete {arguments.path}")

    def run(self, arguments: DeleteFileArguments, bench: Workbench) -> Outcome:
        done = bench.sandbox.exec(
            Command(["rm", "--", relative(arguments.path) or "."], env={"LC_ALL": "C"}, timeout=30)
        )
        if done.exit_code:
            raise Refusal(f"{done.text.strip()}. delete_file takes one existing file; see list_files.")
        return Outcome(f"deleted {arguments.path}")


def relative(path: str) -> str:
    """`path` relative to the workspace; what lies outside stays absolute.

    Calls are judged by this path and made with it: `link/../x` is `x`, wherever the link leads.
    """
    plain = posixpath.normpath(posixpath.join(WORKSPACE, path))
    if plain == WORKSPACE:
        return ""
    return plain.removeprefix(WORKSPACE + "/")


def read_reach(path: str) -> Reach:
    return Reach(reading(path), (relative(path),))


def write_reach(path: str, scope: Scope, preview: str) -> Reach:
    return Reach(writing(path, scope), (relative(path),), preview)


def read_text(bench: Workbench, path: str) -> str:
    """A file's text; raises Refusal with what to do instead."""
    try:
        data = bench.sandbox.read(relative(path) or ".", READ_LIMIT)
    except OSError as error:
        raise Refusal(f"{error}. list_files shows what is there.") from None
    if b"\0" in data:
        raise Refusal(f"{path} is a binary file; look at it with run_command (file, xxd) instead.")
    if len(data) >= READ_LIMIT:
        raise Refusal(f"{path} is larger than 1 MiB; use search_text, or run_command with sed -n.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not UTF-8; use run_command with a program that knows its encoding.") from None


def write_text(bench: Workbench, path: str, text: str) -> None:
    try:
        bench.sandbox.write(relative(path) or ".", text.encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise Refusal(f"{error}. Only files below {WORKSPACE} and /tmp can be written.") from None
