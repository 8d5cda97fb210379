"""`taskfit` in processes that are forked from one that has imported it all: a start takes milliseconds, not a second.

For whoever starts it hundreds of times to see what its commands do. How it starts is tried with the installed program.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("taskfit"))
SECONDS = 800.0
IMPORTED = (
    *("runner.cli", "runner.cli.places", "runner.console.live", "runner.console.progress", "runner.approvers.human"),
    *("runner.runs.run", "runner.runs.engines", "runner.report.page", "runner.report.compare", "runner.report.load"),
    *("runner.replay.rerun", "runner.measures.catalogue", "runner.packs.intake", "runner.mining.history"),
    *("runner.models", "runner.models.provider.model", "runner.search.index", "runner.labels.file"),
    *("runner.trajectories.exporting", "runner.trajectories.importing", "runner.studies.planning"),
    *("runner.quality.validation", "runner.twins.making", "runner.following.watching", "sandboxes.host"),
)
"""What most commands import; whatever else one needs, it imports itself."""


def run(
    words: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    given: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """What a command prints and its exit code, in a process, a folder and an environment of its own.

    `given` is on its standard input. Raises subprocess.TimeoutExpired, once it is killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    argv = [PROGRAM, *words]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("in", "out", "err")]
        files[0].write_bytes(given)
        variables = dict(os.environ if env is None else env)
        process = context.Process(
            target=_command, args=(argv, str(cwd or Path.cwd()), variables, list(map(str, files)))
        )
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(argv, seconds)
        return subprocess.CompletedProcess(argv, process.exitcode, *(file.read_bytes() for file in files[1:]))


def taskfit(
    *words: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    given: str = "",
) -> subprocess.CompletedProcess[str]:
    """The same as text."""
    done = run(words, cwd, env, seconds, given.encode())
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def _command(argv: list[str], cwd: str, env: dict[str, str], files: list[str]) -> None:
    """Become the command."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    tempfile.tempdir = None
    for number, path in enumerate(files):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = argv
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115

    from runner.cli import main

    main()
