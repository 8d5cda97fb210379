"""A trial without a sandbox: the tool API over a folder, and a loop that plays the harness."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.messages import Message, SystemMessage, ToolMessage, UserMessage
from runner.models.base import Opening
from runner.models.repair import Repair

LIMIT = 16 * 1024


class Workspace:
    """The tools as `repair` knows them; whoever plays it may make calls fail by overriding `call`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.original = self.files()
        self.submitted: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def files(self) -> dict[str, str]:
        found = sorted(self.root.rglob("*"))
        kept = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in kept}

    def call(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        self.calls.append((name, arguments))
        try:
            return str(getattr(self, name)(**arguments)), False
        except (OSError, ValueError) as error:
            return str(error), True

    def read_file(self, path: str, start_line: int = 1, lines: int = 400) -> str:
        whole = (self.root / path).read_text().splitlines()
        shown = whole[start_line - 1 : start_line - 1 + lines]
        numbered = [f"{at}\t{line}" for at, line in enumerate(shown, start_line)]
        last = start_line + len(shown) - 1
        return "\n".join([*numbered, f"(lines {start_line}-{last} of {len(whole)})"])

    def edit_file(self, path: str, old: str, new: str) -> str:
        text = (self.root / path).read_text()
        if text.count(old) != 1:
            raise ValueError(f"found {text.count(old)} times")
        (self.root / path).write_text(text.replace(old, new))
        return "edited"

    def write_file(self, path: str, content: str) -> str:
        (self.root / path).write_text(content)
        return "written"

    def run_tests(self, tests: list[str]) -> str:
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-rfE"]
        return self._run([sys.executable, "-m", "pytest", *options, *tests], 60)

    def run_command(self, command: str, timeout_seconds: float | None = None) -> str:
        return self._run(["bash", "-c", command], timeout_seconds or 60)

    def show_diff(self) -> str:
        now = self.files()
        lines: list[str] = []
        for path in sorted(self.original.keys() | now.keys()):
            before, after = self.original.get(path, ""), now.get(path, "")
            lines += difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="")
        return "\n".join(lines)

    def submit(self, **submission: Any) -> str:
        self.submitted.append(submission)
        return "submitted"

    def _run(self, command: list[str], seconds: float) -> str:
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        done = subprocess.run(
            command,
            cwd=self.root,
            env={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        kept = done.stdout if len(done.stdout) <= LIMIT else done.stdout[: LIMIT // 2] + done.stdout[-LIMIT // 2 :]
        return f"exit code {done.returncode}\n{kept}"


def never_called() -> Mapping[str, bytes | None]:
    raise AssertionError("only the oracle may look at the reference fix")


def play(workspace: Workspace, turns: int = 40, budget: int | None = None, report: str = "Fix it.") -> int:
    """Plays a trial until it submits; how many turns that took."""
    opening = Opening(scenario="local", seed=1, reference=never_called)
    model = Repair(opening) if budget is None else Repair(opening, budget)
    said: list[Message] = [SystemMessage(text="You fix bugs."), UserMessage(text=report)]
    for turn in range(1, turns + 1):
        reply = model.reply(said, [])
        said.append(reply.message)
        for call in reply.message.tool_calls:
            text, is_error = workspace.call(call.name, json.loads(call.arguments))
            said.append(ToolMessage(call_id=call.id, text=text, is_error=is_error))
        if workspace.submitted:
            return turn
    raise AssertionError(f"no submission in {turns} turns")


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Workspace]:
    """Makes a repository of the given files, keyed by path with `__` for `/` and without `.py`."""

    def make(**files: str) -> Workspace:
        root = tmp_path / "workspace"
        (root / "tests").mkdir(parents=True)
        (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
        for name, text in files.items():
            path = root / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return Workspace(root)

    return make


@pytest.fixture
def trial() -> Callable[..., int]:
    """`play`, for tests in modules that cannot import this one."""
    return play
