"""A call is judged where its paths really lead, through file tools and shell commands, into the tests and outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from runner.approvals import Action
from runner.approvers.policy import load_policy
from runner.effects import Effect
from runner.scenarios.scenario import Scope
from runner.tools import toolbox
from runner.tools.base import Reach, Workbench
from runner.trials.links import followed
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult
from sandboxes.memory import MemorySandbox

SCOPE = Scope(writable=("src/**",), protected=("tests/**",))
LINKS = {
    "src/t": "../tests",
    "src/t.py": "../tests/test_a.py",
    "src/abs": "/workspace/tests",
    "src/deep": "pkg/sub",
    "src/pkg/sub/up": "..",
    "src/etc": "/etc",
    "src/home": "/home/agent",
    "src/key": "/home/agent/.ssh/id_rsa",
    "src/doc.md": "../docs/a.md",
    "src/one": "two",
    "src/two": "t",
    "src/loop": "loop",
    "src/in": "a.py",
    "src/git": "../.git",
    "other": "tests",
    "/tmp/t": "/workspace/tests",
    "/tmp/src": "/workspace/src",
}
FILES = {
    **{name: Entry(target.encode(), is_link=True) for name, target in LINKS.items()},
    "src/a.py": Entry(b""),
    "tests/test_a.py": Entry(b""),
}


def reach(tool: str, **arguments: Any) -> Reach:
    """What a call would really do, in a workspace full of links."""
    made = toolbox()[tool]
    plain = made.reach(made.arguments.model_validate(arguments), SCOPE)
    found = followed(plain, Workbench(MemorySandbox(FILES), SCOPE))
    assert plain.effects <= found.effects, "never fewer effects than before"
    assert set(plain.targets) <= set(found.targets)
    return found


def ruling(tool: str, found: Reach) -> str:
    return load_policy().judge(Action(tool=tool, arguments={}, effects=found.effects, targets=found.targets)).ruling


WRITES = [
    ("src/t/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("src/t.py", Effect.PROTECTED, "tests/test_a.py"),
    ("src/abs/new/x.py", Effect.PROTECTED, "tests/new/x.py"),
    ("src/one/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("src/./t//test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("/workspace/src/t/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("other/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("/tmp/t/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("/tmp/src/t/test_a.py", Effect.PROTECTED, "tests/test_a.py"),
    ("src/etc/passwd", Effect.OUTSIDE, "/etc/passwd"),
    ("src/home/.bashrc", Effect.OUTSIDE, "/home/agent/.bashrc"),
    ("src/doc.md", Effect.OUT_OF_SCOPE, "docs/a.md"),
    ("src/git/hooks/pre-commit", Effect.HISTORY, ".git/hooks/pre-commit"),
    ("src/key", Effect.SECRETS, "/home/agent/.ssh/id_rsa"),
    ("src/home/.ssh/config", Effect.SECRETS, "/home/agent/.ssh/config"),
]
TOOLS: Sequence[tuple[str, dict[str, Any]]] = [
    ("edit_file", {"old": "x", "new": "y"}),
    ("write_file", {"content": "x"}),
    ("delete_file", {}),
]


@pytest.mark.parametrize(("path", "effect", "place"), WRITES)
@pytest.mark.parametrize(("tool", "more"), TOOLS)
def test_a_change_through_a_link_is_a_change_of_what_it_leads_to(
    tool: str, more: dict[str, Any], path: str, effect: Effect, place: str
) -> None:
    found = reach(tool, path=path, **more)
    assert effect in found.effects
    assert place in found.targets
    assert ruling(tool, found) == ("deny" if effect is Effect.SECRETS else "ask")


@pytest.mark.parametrize(("path", "effect", "place"), WRITES)
@pytest.mark.parametrize(
    "command",
    ["echo x > {}", "sed -i s/a/b/ {}", "cp src/a.py {}", "rm {}", "cat src/a.py | tee -a {}", "true; echo x >> {}"],
)
def test_a_command_that_changes_through_a_link_changes_what_it_leads_to(
    command: str, path: str, effect: Effect, place: str
) -> None:
    found = reach("run_command", command=command.format(path))
    assert effect in found.effects
    assert place in found.targets
    assert ruling("run_command", found) == ("deny" if effect is Effect.SECRETS else "ask")


def test_a_path_from_another_folder_is_followed_too() -> None:
    assert Effect.PROTECTED in reach("run_command", command="cd src && echo x > t/test_a.py").effects
    assert Effect.PROTECTED in reach("run_command", command="cd src/t && echo x > test_a.py").effects
    assert Effect.PROTECTED in reach("run_command", command="cd /tmp && rm t/test_a.py").effects


@pytest.mark.parametrize("path", ["src/key", "src/home/.ssh/id_rsa", "src/../src/key"])
@pytest.mark.parametrize(
    ("tool", "argument"), [("read_file", "{}"), ("list_files", "{}"), ("search_text", "{}"), ("run_command", "cat {}")]
)
def test_reading_a_secret_through_a_link_is_reading_it(tool: str, argument: str, path: str) -> None:
    name = {"run_command": "command"}.get(tool, "path")
    more = {"pattern": "x"} if tool == "search_text" else {}
    found = reach(tool, **{name: argument.format(path)}, **more)
    assert Effect.SECRETS in found.effects
    assert ruling(tool, found) == "deny"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read_file", {"path": "src/t/test_a.py"}),
        ("read_file", {"path": "src/etc/hostname"}),
        ("run_command", {"command": "cat src/t/test_a.py"}),
        ("run_command", {"command": "ls src/etc"}),
        ("run_tests", {"tests": ["src/t/test_a.py"]}),
        ("edit_file", {"path": "src/in", "old": "x", "new": "y"}),
        ("write_file", {"path": "src/loop", "content": "x"}),
        ("write_file", {"path": "/tmp/src/a.py", "content": "x"}),
        ("write_file", {"path": "/tmp/new/x", "content": "x"}),
        ("run_command", {"command": "echo x > /tmp/src/a.py"}),
        ("run_command", {"command": "python -m pytest -q > /tmp/out 2>&1"}),
    ],
    ids=str,
)
def test_what_is_allowed_where_a_link_leads_stays_allowed(tool: str, arguments: dict[str, Any]) -> None:
    assert ruling(tool, reach(tool, **arguments)) == "allow"


@pytest.mark.parametrize("command", ["echo x > {}", "sed -i s/a/b/ {}", "rm {}"])
def test_a_step_up_behind_a_link_is_judged_from_where_the_link_leads(command: str) -> None:
    """`src/deep/../x` is src/pkg/x to a program, and `src/t/../x` is x."""
    found = reach("run_command", command=command.format("src/t/../tests/test_a.py"))
    assert Effect.PROTECTED in found.effects
    assert "src/pkg/x" in reach("run_command", command=command.format("src/deep/../x")).targets
    assert Effect.OUT_OF_SCOPE in reach("run_command", command=command.format("./src/t/.././x")).effects
    assert Effect.OUT_OF_SCOPE in reach("run_command", command=command.format("/workspace/src/t/../x")).effects


class Remembers(MemorySandbox):
    """Files in memory, and the paths of all calls as they were given."""

    def __init__(self) -> None:
        super().__init__(FILES, lambda command, files: ExecResult(0, b""))
        self.given: list[str] = []

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        self.given.append(path)
        return b"x"

    def write(self, path: str, data: bytes) -> None:
        self.given.append(path)

    def exec(self, command: Command) -> ExecResult:
        self.given.append(command.argv[-1])
        return super().exec(command)


@pytest.mark.parametrize(("tool", "more"), [*TOOLS, ("read_file", {})])
def test_a_file_tool_works_on_the_very_path_by_which_it_was_judged(tool: str, more: dict[str, Any]) -> None:
    made, sandbox = toolbox()[tool], Remembers()
    arguments = made.arguments.model_validate({"path": "src/t/../b.py", **more})
    made.run(arguments, Workbench(sandbox, SCOPE))
    assert set(sandbox.given) == set(made.reach(arguments, SCOPE).targets) == {"src/b.py"}


def test_a_command_with_too_many_paths_to_follow_is_not_understood() -> None:
    many = " ".join(f"src/f{number}.py" for number in range(600))
    found = reach("run_command", command=f"cat {many}; echo x > src/t/test_a.py")
    assert Effect.UNKNOWN in found.effects
    few = " ".join(f"src/f{number}.py" for number in range(100))
    assert ruling("run_command", reach("run_command", command=f"cat {few}")) == "allow"
    assert Effect.PROTECTED in reach("run_command", command=f"cat {few}; echo x > src/t/test_a.py").effects


def test_a_long_path_is_followed_to_its_end() -> None:
    detour = "./" * 10 + "pkg/" * 100
    assert Effect.PROTECTED in reach("run_command", command=f"echo x > src/t/{detour}test_a.py").effects
    through = "sub/up/" * 60
    assert "src/pkg/t.py" in reach("run_command", command=f"echo x > src/pkg/{through}t.py").targets


@pytest.mark.parametrize("target", ["", "~/x", "-rf", "a\0b", "\ud800", "x" * 5000, "python", "example.org:443"])
def test_what_is_no_path_is_left_as_it_is(target: str) -> None:
    given = Reach(frozenset({Effect.EDIT}), (target,), "preview")
    assert followed(given, Workbench(MemorySandbox(FILES), SCOPE)) == given


def test_a_call_that_touches_no_path_asks_the_sandbox_nothing() -> None:
    sandbox = MemorySandbox(FILES)
    sandbox.close()
    given = Reach(frozenset({Effect.CONVERSE}), ())
    assert followed(given, Workbench(sandbox, SCOPE)) is given
