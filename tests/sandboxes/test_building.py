"""Images built on a real engine: what is lent leaves no trace, what goes wrong ends and says so."""

from __future__ import annotations

import base64
import io
import re
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from sandboxes.archive import Entry
from sandboxes.base import Command
from sandboxes.builder import KEPT_OUTPUT, Builder
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.dockerfiles import build, context
from sandboxes.errors import EngineUnavailable, ImageBuildFailed
from sandboxes.images import ImageStore
from sandboxes.inventory import remove_image
from sandboxes.recipe import Dockerfile, Recipe

pytestmark = pytest.mark.engine
SECRET = "open-sesame-4711"
NETRC_SECRET = "netrc-sesame-4712"
CREDENTIALS = base64.b64encode(f"me:{SECRET}".encode()).decode()


def wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("housemade.py", "WORD = 'here'\n")
        archive.writestr("housemade-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: housemade\nVersion: 1.0\n")
        archive.writestr(
            "housemade-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("housemade-1.0.dist-info/RECORD", "")
    return buffer.getvalue()


class Index(BaseHTTPRequestHandler):
    """A private package index with one package, that tells no upload times and asks for a password."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Basic {CREDENTIALS}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="house"')
            self.end_headers()
            return
        name = "housemade-1.0-py3-none-any.whl"
        page = f'<a href="/files/{name}">{name}</a>'.encode() if self.path == "/simple/housemade/" else None
        body = wheel() if self.path == f"/files/{name}" else page
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/octet-stream" if body != page else "text/html")
        self.end_headers()
        self.wfile.write(body or b"")

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def private_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A host whose pip settings and netrc hold passwords."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://me:{SECRET}@127.0.0.1:{server.server_port}/simple"
    (tmp_path / "pip.conf").write_text(f"[global]\nextra-index-url = {url}\n")
    (tmp_path / "netrc").write_text(f"machine example.com login me password {NETRC_SECRET}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(engine: Engine) -> ImageStore:
    return ImageStore(engine, print)


def contains(engine: Engine, image: str, *words: str) -> list[str]:
    """Which words are in an image as the engine saves it: its configuration, its history, each layer's files."""
    found, rest = set[str](), b""
    for chunk in engine.api.get_image(image):
        data = rest + chunk
        found |= {word for word in words if word.encode() in data}
        rest = data[-200:]
    return sorted(found)


def test_a_private_index_is_used_and_its_password_is_in_no_layer(
    engine: Engine, store: ImageStore, private_index: str
) -> None:
    image = store.environment(Recipe(packages=("housemade==1.0",)))
    try:
        with DockerSandbox(engine, image) as sandbox:
            assert sandbox.exec(Command(["python", "-c", "import housemade; print(housemade.WORD)"])).text == "here\n"
        lent = [SECRET, NETRC_SECRET, CREDENTIALS]
        assert contains(engine, image, *lent, "import sys", "housemade-1.0.dist-info") == [
            "housemade-1.0.dist-info",
            "import sys",
        ]
    finally:
        remove_image(engine, image)


def test_the_sources_own_commands_meet_no_credentials(engine: Engine, base_image: str, private_index: str) -> None:
    with Builder(engine, base_image, network=True) as builder:
        looked = "env; cat /run/taskfit/* 2>/dev/null || true; base64 /run/taskfit/* 2>/dev/null || true"
        builder.run("true", credentials=True)
        assert "extra-index-url = http://127.0.0.1" in builder.run(looked)
        builder.run(f"! ({looked}) | grep -e sesame -e {CREDENTIALS}")
        builder.run("grep -q sesame /run/taskfit/netrc", credentials=True)


def test_a_failing_command_shows_no_password(engine: Engine, base_image: str, private_index: str) -> None:
    with Builder(engine, base_image, network=True) as builder, pytest.raises(ImageBuildFailed) as failed:
        builder.run("cat /run/taskfit/pip.conf /run/taskfit/netrc; exit 3", credentials=True)
    assert "sesame" not in str(failed.value) and "me:****@127.0.0.1" in failed.value.output


def test_an_index_without_upload_times_gives_todays_packages_and_that_is_said(
    engine: Engine, private_index: str
) -> None:
    said: list[str] = []
    image = ImageStore(engine, said.append).environment(Recipe(packages=("housemade",), as_of=date(2020, 1, 1)))
    try:
        assert any("does not tell when housemade came" in each and "2020-01-01" in each for each in said)
    finally:
        remove_image(engine, image)


def test_a_command_that_hangs_is_stopped_whatever_it_started(engine: Engine, base_image: str) -> None:
    with Builder(engine, base_image, network=False) as builder:
        started = time.monotonic()
        with pytest.raises(ImageBuildFailed, match="stopped after") as failed:
            builder.run("echo begun; setsid sleep 1000 & trap '' TERM; sleep 1000", seconds=5)
        assert time.monotonic() - started < 200
        assert "begun" in failed.value.output


def test_all_commands_of_an_image_together_have_a_limit(engine: Engine, base_image: str) -> None:
    with Builder(engine, base_image, network=False, seconds=6) as builder:
        builder.run("sleep 1")
        started = time.monotonic()
        with pytest.raises(ImageBuildFailed, match=r"stopped after 0\.1 minutes"):
            builder.run("while true; do echo .; sleep 0.1; done", seconds=600)
        assert time.monotonic() - started < 200


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo begun; sleep 98761", "begun.*nothing for 0.1 minutes"),
        ("while true; do echo begun; sleep 0.1; [ 98763 ]; done", "begun.*stopped after 0.1 minutes"),
    ],
)
def test_a_dockerfile_that_hangs_is_stopped_and_leaves_nothing_running(
    engine: Engine, base_image: str, tmp_path: Path, command: str, said: str
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM taskfit/base\nRUN {command}\n")
    recipe = Recipe(dockerfile=Dockerfile(tmp_path, "Dockerfile"))
    started = time.monotonic()
    with pytest.raises(ImageBuildFailed) as failed:
        ImageStore(engine, print, seconds=6.0).environment(recipe)
    assert time.monotonic() - started < 200
    assert re.search(said, failed.value.output, re.DOTALL)
    deadline = time.monotonic() + 200
    [mark] = re.findall(r"9876\d", command)
    while left := [each for each in engine.api.containers(all=True) if mark in each["Command"]]:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def test_an_engine_that_is_wedged_or_goes_away_holds_no_build_up_and_is_no_fault_of_the_scenario(
    daemon: Any, base_image: str, tmp_path: Path
) -> None:
    engine = Engine(docker.APIClient(base_url=daemon.host, version="auto", timeout=6), daemon.host)
    running = psutil.process_iter(["cmdline"])
    [process] = [each for each in running if f"--host={daemon.host}" in (each.info["cmdline"] or ())]
    with Builder(engine, base_image, network=False, seconds=8) as builder:
        threading.Timer(2.0, process.suspend).start()
        started = time.monotonic()
        try:
            with pytest.raises(EngineUnavailable):
                builder.run("echo begun; sleep 1000")
            assert time.monotonic() - started < 200
        finally:
            process.resume()
    (tmp_path / "Dockerfile").write_text(f"FROM {base_image}\nRUN echo begun; sleep 98762\n")
    threading.Timer(3.0, daemon.end, (signal.SIGKILL,)).start()
    written = Dockerfile(tmp_path, "Dockerfile")
    with pytest.raises(EngineUnavailable):
        build(engine, written, context(written, base_image), print, 60.0)


def test_a_flood_of_output_is_bounded(engine: Engine, base_image: str) -> None:
    with Builder(engine, base_image, network=False) as builder:
        text = builder.run("yes | head -c 20000000; echo end")
    assert len(text) <= KEPT_OUTPUT and text.endswith("end\n")


def test_builds_hold_few_rights(engine: Engine, base_image: str) -> None:
    with Builder(engine, base_image, network=False) as builder:
        status = dict(line.split(":\t") for line in builder.run("cat /proc/self/status").splitlines() if ":\t" in line)
        with pytest.raises(ImageBuildFailed):
            builder.run("mknod /tmp/disk b 8 0")
        with pytest.raises(ImageBuildFailed):
            builder.run("mount -t tmpfs none /mnt")
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16).bit_count() == 8


def test_variables_that_forbid_the_network_are_for_sandboxes_alone(engine: Engine, base_image: str) -> None:
    variables = {"GOPROXY": "off", "CGO_ENABLED": "0"}
    with Builder(engine, base_image, network=False, variables=variables) as builder:
        shown = builder.run("env")
    assert "CGO_ENABLED=0" in shown and "GOPROXY=off" not in shown


def test_an_install_command_may_be_the_agents(engine: Engine, base_image: str) -> None:
    with Builder(engine, base_image, network=True) as builder:
        assert "agent" in builder.run("su agent -c 'id -un && cat \"$PIP_CONFIG_FILE\"'")


def test_requirements_cannot_carry_shell_commands(store: ImageStore) -> None:
    with pytest.raises(ImageBuildFailed) as failed:
        store.environment(Recipe(packages=("six'; touch /owned; echo '",)))
    assert "Invalid" in failed.value.output


def test_a_dockerfile_gets_what_the_base_has_and_its_ignored_files_stay_out(
    engine: Engine, store: ImageStore, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM taskfit/base\nRUN touch /made\nCOPY . /context\nUSER agent\nENTRYPOINT ['false']\n"
    )
    (tmp_path / ".dockerignore").write_text("private\n")
    (tmp_path / "private").write_text("x")
    (tmp_path / "public").write_text("x")
    image = store.environment(Recipe(dockerfile=Dockerfile(tmp_path, "Dockerfile")))
    with DockerSandbox(engine, image) as sandbox:
        shown = sandbox.exec(Command(["bash", "-c", "ls /made /context; id -un; python -m pytest --version"])).text
    assert "/made" in shown and "public" in shown and "agent" in shown and "pytest" in shown
    assert "private" not in shown


@pytest.mark.parametrize(
    ("text", "word"), [("FROM taskfit/base\nRUN echo why; exit 4\n", "why"), ("NONSENSE\n", "unknown instruction")]
)
def test_a_dockerfile_that_fails_says_why(store: ImageStore, tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(ImageBuildFailed) as failed:
        store.environment(Recipe(dockerfile=Dockerfile(tmp_path, "Dockerfile")))
    assert word in failed.value.output


def test_a_dockerfile_that_is_not_there_or_a_link_is_named(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").symlink_to("/etc/passwd")
    with pytest.raises(ImageBuildFailed, match="no such file"):
        store.environment(Recipe(dockerfile=Dockerfile(tmp_path, "Dockerfile")))


def test_a_python_too_old_for_the_test_runner_is_refused_with_the_key(store: ImageStore) -> None:
    with pytest.raises(ImageBuildFailed, match=r"set python in \[environment\]"):
        store.environment(Recipe(python="3.6"))


@pytest.mark.slow
def test_another_python_is_had_from_somewhere_or_the_key_is_named(engine: Engine, store: ImageStore) -> None:
    try:
        image = store.environment(Recipe(python="3.9"))
    except ImageBuildFailed as error:
        assert "Leave python out of [environment]" in error.output
        return
    with DockerSandbox(engine, image) as sandbox:
        assert sandbox.exec(Command(["python", "-m", "pytest", "--version"])).exit_code == 0
        assert sandbox.exec(Command(["python", "--version"])).text.startswith("Python 3.9.")


def test_an_environment_that_is_there_is_found_and_not_built_again(engine: Engine, store: ImageStore) -> None:
    recipe = Recipe(packages=("tzdata>=2024.1",))
    image = store.environment(recipe)
    built = engine.api.inspect_image(image)["Id"]
    assert ImageStore(engine, pytest.fail).environment(recipe) == image
    assert engine.api.inspect_image(image)["Id"] == built


def test_old_back_ends_can_zip_the_workspace(engine: Engine, store: ImageStore) -> None:
    command = "python -c \"import zipfile; zipfile.ZipFile('/tmp/x.zip', 'w').write('a.py')\""
    image = store.workspace(store.base(), {"a.py": Entry(b"")}, (command,), lambda tree: tree, "zip")
    remove_image(engine, image)
