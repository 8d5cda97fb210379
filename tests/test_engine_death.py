"""An engine of its own is killed in the middle of a run, and comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from sandboxes.client import Engine
from sandboxes.errors import EngineUnavailable
from sandboxes.host import DAEMON

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PROGRAM = str(Path(sys.executable).with_name("taskfit"))


class Daemon:
    """A second container engine, apart from the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> docker.APIClient:
        program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None or os.geteuid() != 0:
            pytest.skip("a second engine needs dockerd and root")
        places = [f"--{name}={self.folder / name}" for name in ("data-root", "exec-root", "pidfile")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, *DAEMON[1:], f"--host={self.host}", *places], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                api = docker.APIClient(base_url=self.host, version="auto", timeout=60)
                api.ping()
                return api
            except docker.errors.DockerException as error:
                if time.monotonic() > deadline:
                    raise EngineUnavailable((self.folder / "log").read_text()[-2000:]) from error
                time.sleep(0.2)

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
        if how is signal.SIGKILL:
            (self.folder / "pidfile").unlink(missing_ok=True)


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory, engine: Engine, base_image: str) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("engine", numbered=True)
    second = Daemon(folder)
    api = second.start()
    api.load_image(engine.api.get_image(base_image))
    yield second
    second.end(signal.SIGTERM)
    subprocess.run(["umount", "-R", "-l", str(folder / "data-root")], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_run_outlives_its_engine(daemon: Daemon, tmp_path: Path, write_scenario: Callable[..., Path]) -> None:
    places = str(write_scenario().parent)
    for name in ("second", "third", "fourth"):
        write_scenario(name)
    out = tmp_path / "out"
    environment = os.environ | {"DOCKER_HOST": daemon.host, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    argv = [PROGRAM, "run", "--model", "oracle", "--repeats", "2", "--scenarios", places, "--out", str(out), "--json"]
    run = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while len(list(out.glob("trials/*/result.json"))) < 2:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)
    daemon.end(signal.SIGKILL)
    time.sleep(2)
    daemon.start()
    stdout, stderr = run.communicate(timeout=240)
    assert run.returncode in (0, 1), stderr
    verdicts = [trial["verdict"] for trial in json.loads(stdout)["trials"]]
    assert len(verdicts) == 8 and set(verdicts) <= {"resolved", "infra_error"}
    assert verdicts.count("infra_error") <= 4, "only what was under way when the engine died"
    argv = [PROGRAM, "resume", str(out), "--retry-infra", "--json"]
    again = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)
    assert report["models"]["oracle"]["verdicts"] == {"resolved": 8}
