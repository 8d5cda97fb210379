"""The Docker sandbox on a real engine: what it does, and what it keeps in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sandboxes.archive import Entry
from sandboxes.base import Command, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import ArchiveRefused, SandboxDied
from sandboxes.reaper import containers

pytestmark = pytest.mark.engine


@pytest.fixture(params=["persistent", "plain"])
def sandbox(request: pytest.FixtureRequest, engine: Engine, base_image: str) -> Iterator[DockerSandbox]:
    """Both ways of reaching into a container keep every promise."""
    with DockerSandbox(engine, base_image, persistent=request.param == "persistent") as started:
        yield started


def shell(script: str, **more: object) -> Command:
    return Command(["bash", "-c", script], **more)  # type: ignore[arg-type]


def test_exit_code_output_folder_environment_and_stdin(sandbox: DockerSandbox) -> None:
    result = sandbox.exec(
        shell('pwd; echo "$GREETING"; cat; echo err >&2; exit 3', cwd="/tmp", env={"GREETING": "hi"}, stdin=b"in\n")
    )
    assert result.exit_code == 3
    assert sorted(result.text.split()) == ["/tmp", "err", "hi", "in"]


def test_large_input_and_output_do_not_deadlock(sandbox: DockerSandbox) -> None:
    data = bytes(range(256)) * 8192
    result = sandbox.exec(Command(["cat"], stdin=data, output_limit=4 << 20))
    assert result.output == data


def test_a_program_that_ignores_its_input_is_no_error(sandbox: DockerSandbox) -> None:
    assert sandbox.exec(Command(["true"], stdin=b"x" * (1 << 20))).exit_code == 0


def test_output_is_bounded_and_says_so(sandbox: DockerSandbox) -> None:
    result = sandbox.exec(shell("yes | head -c 5000000", output_limit=1000))
    assert result.elided_bytes == 5_000_000 - 1000
    assert b"4999000 bytes left out" in result.output


def test_a_time_limit_kills_the_whole_tree_also_what_hid_in_another_session(sandbox: DockerSandbox) -> None:
    result = sandbox.exec(shell("setsid sleep 1000 & (trap '' TERM INT HUP; sleep 1000) & sleep 1000", timeout=1))
    assert result.timed_out
    assert result.seconds < 100
    left = sandbox.exec(shell("grep -lz sleep /proc/[0-9]*/cmdline 2>/dev/null | grep -v /1/"))
    left_of_user = sandbox.exec(shell("find /proc -maxdepth 1 -user agent -name '[0-9]*' | wc -l"))
    assert "1000" not in left.text
    assert int(left_of_user.text) <= 4, "only the counting pipeline itself"


def test_a_flood_of_output_ends_with_its_time_limit(sandbox: DockerSandbox) -> None:
    result = sandbox.exec(shell("yes", timeout=1, output_limit=1000))
    assert result.timed_out and len(result.output) < 2000


def test_files_are_written_and_read(sandbox: DockerSandbox) -> None:
    sandbox.write("new/folder/ü.txt", b"\x00\xff data")
    assert sandbox.read("new/folder/ü.txt") == b"\x00\xff data"
    assert sandbox.read("/workspace/new/folder/ü.txt", limit=2) == b"\x00\xff"


@pytest.mark.parametrize(
    ("path", "error"),
    [("nothing", FileNotFoundError), ("/etc", IsADirectoryError), ("/etc/shadow", PermissionError)],
)
def test_files_that_cannot_be_read(sandbox: DockerSandbox, path: str, error: type[OSError]) -> None:
    with pytest.raises(error):
        sandbox.read(path)


def test_a_pipe_is_no_file_and_does_not_hang(sandbox: DockerSandbox) -> None:
    sandbox.exec(Command(["mkfifo", "pipe"]))
    with pytest.raises(OSError, match="not a regular file"):
        sandbox.read("pipe")


def test_system_files_cannot_be_written(sandbox: DockerSandbox) -> None:
    with pytest.raises(PermissionError):
        sandbox.write("/etc/motd", b"x")


def test_the_user_has_no_rights(sandbox: DockerSandbox) -> None:
    status = sandbox.exec(shell("id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status")).text
    assert status.split() == ["1000", "CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]


def test_the_first_process_cannot_be_signalled(sandbox: DockerSandbox) -> None:
    sandbox.exec(shell("kill -9 1; kill -9 -1; pkill -9 sleep"))
    assert sandbox.exec(Command(["true"])).exit_code == 0


def test_there_is_no_network(sandbox: DockerSandbox) -> None:
    script = "import socket; socket.create_connection(('1.1.1.1', 53), 2)"
    assert "unreachable" in sandbox.exec(Command(["python", "-c", script])).text
    assert sandbox.exec(shell("ls /sys/class/net")).text.split() == ["lo"]


def test_no_engine_socket_and_no_host_files(sandbox: DockerSandbox) -> None:
    assert sandbox.exec(shell("ls /var/run/docker.sock /run/docker.sock /run/taskfit/*")).exit_code != 0


def test_the_environment_holds_nothing_of_the_host(
    engine: Engine, base_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "planted-secret")
    with DockerSandbox(engine, base_image) as fresh:
        assert "planted-secret" not in fresh.exec(shell("env; cat /proc/[0-9]*/environ 2>/dev/null")).text


def test_a_fork_bomb_stays_inside(engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image, SandboxLimits(processes=50)) as small:
        small.exec(shell("bomb() { bomb | bomb & }; bomb; sleep 5", timeout=3))
        assert small.exec(Command(["true"], timeout=200)).exit_code == 0


def test_memory_is_limited(engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image, SandboxLimits(memory_mb=100)) as small:
        assert small.exec(Command(["python", "-c", "x = b'x' * (300 << 20)"])).exit_code != 0
        assert small.exec(Command(["true"])).exit_code == 0


def test_a_huge_file_is_cut_off(engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image, SandboxLimits(file_mb=10)) as small:
        small.exec(shell("head -c 50000000 /dev/zero > big"))
        assert int(small.exec(shell("stat -c %s big")).text) <= 10 << 20


def test_place_and_export(sandbox: DockerSandbox) -> None:
    sandbox.place({"a/b": Entry(b"1"), "gone": Entry(b"2"), "run": Entry(b"#!", executable=True)})
    sandbox.place({}, delete=["gone"])
    sandbox.exec(shell("echo more >> a/b; ln -s /etc/passwd link; mkfifo pipe; mkdir .git; touch .git/x"))
    tree = sandbox.export()
    assert dict(tree) == {
        "a/b": Entry(b"1more\n"),
        "run": Entry(b"#!", executable=True),
        "link": Entry(b"/etc/passwd", is_link=True),
    }


def test_what_is_placed_is_the_same_whether_the_sandbox_or_the_engine_unpacks_it(
    engine: Engine, base_image: str
) -> None:
    """Over what tars treat in ways of their own: links, full folders, files of another mode, names of every kind."""
    before = "mkdir -p full other; touch full/x; ln -s other link; echo old > old; chmod 600 old; ln -s old alias"
    tree = {
        "link/file": Entry(b"below a link to a folder"),
        "old": Entry(b"new", executable=True),
        "alias": Entry(b"a file for a link"),
        f"deep/{'d' * 120}/{'f' * 200}": Entry(b"beyond what a header of 1988 holds"),
        "-rf *\\n\t": Entry(b""),
    }
    found = []
    for persistent in (True, False):
        for more in ({}, {"full": Entry(b"a file for a folder")}, {"später": Entry(b"x")}):
            with DockerSandbox(engine, base_image, persistent=persistent) as fresh:
                fresh.exec(shell(before))
                fresh.place({**tree, **more})
                modes = fresh.exec(shell("stat -c '%n %a %U' old alias link/file deep deep/* link")).text
                found.append((dict(fresh.export()), modes))
    assert found[:3] == found[3:]
    assert all(exported.items() >= tree.items() for exported, _ in found)
    assert found[0][1] == found[1][1] == found[2][1]


def test_nothing_runs_after_the_export(sandbox: DockerSandbox) -> None:
    sandbox.exec(shell("(setsid bash -c 'while true; do date +%N > late; done' >/dev/null 2>&1 &)"))
    sandbox.export()
    with pytest.raises(SandboxDied):
        sandbox.exec(Command(["true"]))


def test_a_huge_sparse_file_cannot_be_exported(engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image) as fresh:
        fresh.exec(shell("truncate -s 900M sparse"))
        started = time.monotonic()
        with pytest.raises(ArchiveRefused):
            fresh.export()
        assert time.monotonic() - started < 200


def test_a_removed_container_is_told_apart_from_a_failed_command(sandbox: DockerSandbox, engine: Engine) -> None:
    engine.api.remove_container(sandbox._id, force=True)
    with pytest.raises(SandboxDied):
        sandbox.exec(Command(["true"]))


def test_a_container_that_dies_during_a_command_does_not_hang(sandbox: DockerSandbox, engine: Engine) -> None:
    threading.Timer(1, lambda: engine.api.kill(sandbox._id)).start()
    started = time.monotonic()
    try:
        code = sandbox.exec(Command(["sleep", "600"], timeout=300)).exit_code
    except SandboxDied:
        code = -1
    assert code != 0
    assert time.monotonic() - started < 200


def test_close_removes_it_and_may_be_called_twice(engine: Engine, base_image: str) -> None:
    fresh = DockerSandbox(engine, base_image, run="closing")
    assert any(each.run == "closing" and each.alive for each in containers(engine))
    fresh.close()
    fresh.close()
    assert not any(each.run == "closing" for each in containers(engine))


def test_a_server_on_localhost_answers(sandbox: DockerSandbox) -> None:
    program = (
        "import socket; server = socket.create_server(('localhost', 0)); "
        "socket.create_connection(('localhost', server.getsockname()[1])); print(socket.gethostbyname('sandbox'))"
    )
    assert sandbox.exec(Command(["python", "-c", program])).text == "127.0.0.1\n"
    assert sandbox.exec(shell("echo 10.0.0.1 example.org >> /etc/hosts")).exit_code != 0


@pytest.mark.parametrize("how", ["kill", "remove"])
def test_what_a_container_held_that_somebody_else_ended_is_not_believed(
    how: str, engine: Engine, base_image: str
) -> None:
    with DockerSandbox(engine, base_image) as sandbox:
        sandbox.write("a", b"1")
        if how == "kill":
            engine.api.kill(sandbox._id)
        else:
            engine.api.remove_container(sandbox._id, force=True)
        with pytest.raises(SandboxDied):
            sandbox.export()


def test_what_was_exported_once_may_be_exported_again(engine: Engine, base_image: str) -> None:
    with DockerSandbox(engine, base_image) as sandbox:
        sandbox.write("a", b"1")
        assert set(sandbox.export()) == set(sandbox.export()) == {"a"}
