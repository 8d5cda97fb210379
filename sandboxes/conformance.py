"""What any Sandbox must do, as checks that raise AssertionError. Each gets a fresh sandbox with an empty workspace.

Run them against an implementation of your own:

    for check in CHECKS:
        with my_sandbox() as sandbox:
            check(sandbox)

The commands used are `true`, `false`, `cat` and one that does not exist; isolation itself is for each
implementation's own tests.
"""

from __future__ import annotations

from collections.abc import Callable

from sandboxes.archive import Entry
from sandboxes.base import Command, Sandbox
from sandboxes.errors import SandboxDied

Check = Callable[[Sandbox], None]


def exit_codes_are_told(sandbox: Sandbox) -> None:
    assert sandbox.exec(Command(["true"])).exit_code == 0
    assert sandbox.exec(Command(["false"])).exit_code == 1


def a_command_that_does_not_exist_is_an_exit_code_not_an_error(sandbox: Sandbox) -> None:
    assert sandbox.exec(Command(["no-such-command-anywhere"])).exit_code in (126, 127)


def input_reaches_the_command_and_output_comes_back(sandbox: Sandbox) -> None:
    data = bytes(range(256)) * 100
    result = sandbox.exec(Command(["cat"], stdin=data))
    assert (result.output, result.elided_bytes, result.timed_out) == (data, 0, False)


def long_output_keeps_head_and_tail_and_states_what_is_missing(sandbox: Sandbox) -> None:
    data = b"".join(b"%06d" % number for number in range(2000))
    result = sandbox.exec(Command(["cat"], stdin=data, output_limit=300))
    assert result.elided_bytes == len(data) - 300
    assert result.output.startswith(data[:200]) and result.output.endswith(data[-100:])
    assert b"%d bytes left out" % result.elided_bytes in result.output


def files_are_written_with_their_folders_and_read_back(sandbox: Sandbox) -> None:
    for path, data in {"a/b/ü \n.txt": b"\x00\xff", "empty": b"", "/workspace/abs": b"x" * 100_000}.items():
        sandbox.write(path, data)
        assert sandbox.read(path) == data
    sandbox.write("empty", b"replaced")
    assert sandbox.read("empty", limit=3) == b"rep"


def what_cannot_be_read_says_why(sandbox: Sandbox) -> None:
    sandbox.write("folder/file", b"")
    for path, kind in {"nothing": FileNotFoundError, "folder": IsADirectoryError}.items():
        try:
            sandbox.read(path)
        except kind as error:
            assert path in str(error)
        else:
            raise AssertionError(f"{path} could be read")


def files_outside_the_workspace_cannot_be_written(sandbox: Sandbox) -> None:
    for path in ("/etc/conformance", "../../etc/conformance"):
        try:
            sandbox.write(path, b"")
        except PermissionError:
            continue
        raise AssertionError(f"{path} could be written")


def links_are_followed_when_a_path_is_resolved(sandbox: Sandbox) -> None:
    links = {"in": "folder", "out": "/etc", "up": "folder/../other"}
    tree = {name: Entry(target.encode(), is_link=True) for name, target in links.items()}
    sandbox.place({"folder/file": Entry(b""), **tree})
    paths = ["in/file", "out/passwd", "up/new", "folder/../plain", "/workspace/in", "absent/deeper"]
    workspace = ["folder/file", None, "other/new", "plain", "folder", "absent/deeper"]
    expected = [f"/workspace/{path}" if path else "/etc/passwd" for path in workspace]
    assert sandbox.resolve(paths) == expected, sandbox.resolve(paths)


def what_is_placed_is_there_and_what_is_deleted_is_not(sandbox: Sandbox) -> None:
    sandbox.place({"keep": Entry(b"1"), "sub/gone": Entry(b"2")})
    sandbox.place({"new": Entry(b"3")}, delete=["sub/gone"])
    assert set(sandbox.export()) == {"keep", "new"}


def the_export_is_data_and_the_end(sandbox: Sandbox) -> None:
    sandbox.write("a", b"1")
    sandbox.write(".git/config", b"2")
    assert dict(sandbox.export()) == {"a": Entry(b"1")}
    _is_over(sandbox)


def a_look_is_data_and_not_the_end(sandbox: Sandbox) -> None:
    sandbox.write("a", b"1")
    sandbox.write(".git/config", b"2")
    assert dict(sandbox.look()) == {"a": Entry(b"1")}
    sandbox.write("b", b"3")
    assert set(sandbox.look()) == {"a", "b"}
    assert sandbox.exec(Command(["true"])).exit_code == 0


def a_folder_that_is_not_there_cannot_be_exported(sandbox: Sandbox) -> None:
    try:
        sandbox.export("/workspace/absent")
    except FileNotFoundError:
        return
    raise AssertionError("exported")


def closing_is_final_and_may_be_repeated(sandbox: Sandbox) -> None:
    sandbox.close()
    sandbox.close()
    _is_over(sandbox)


def _is_over(sandbox: Sandbox) -> None:
    try:
        sandbox.exec(Command(["true"]))
    except SandboxDied:
        return
    raise AssertionError("the sandbox still runs commands")


CHECKS: tuple[Check, ...] = (
    exit_codes_are_told,
    a_command_that_does_not_exist_is_an_exit_code_not_an_error,
    input_reaches_the_command_and_output_comes_back,
    long_output_keeps_head_and_tail_and_states_what_is_missing,
    files_are_written_with_their_folders_and_read_back,
    what_cannot_be_read_says_why,
    files_outside_the_workspace_cannot_be_written,
    links_are_followed_when_a_path_is_resolved,
    what_is_placed_is_there_and_what_is_deleted_is_not,
    the_export_is_data_and_the_end,
    a_look_is_data_and_not_the_end,
    a_folder_that_is_not_there_cannot_be_exported,
    closing_is_final_and_may_be_repeated,
)
