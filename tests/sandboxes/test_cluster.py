"""Sandboxes on a cluster's nodes: as good as any, on engines of their own, and none left behind."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import docker
import pytest

from bench.cluster import LocalCluster
from sandboxes.base import Command, SandboxLimits
from sandboxes.client import Engine
from sandboxes.cluster.copying import shared, write_without
from sandboxes.cluster.fleet import Fleet
from sandboxes.cluster.joining import join
from sandboxes.cluster.keeper import Keeper, code
from sandboxes.conformance import CHECKS, Check
from sandboxes.errors import ClusterUnusable, EngineUnavailable, SandboxDied

on_a_cluster = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("cluster")]


class TestOnACluster:
    pytestmark = on_a_cluster

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_a_sandbox_on_a_node_conforms(self, check: Check, fleet: Fleet, base_image: str) -> None:
        with fleet.place(base_image) as place, place.open(SandboxLimits(), "sandbox") as sandbox:
            check(sandbox)

    def test_trials_go_where_most_places_are_free_and_images_with_them(self, fleet: Fleet, base_image: str) -> None:
        assert fleet.places == 4
        with fleet.place(base_image) as first, fleet.place(base_image) as second:
            for place in (first, second):
                with place.open(SandboxLimits(), "sandbox") as sandbox:
                    assert sandbox.exec(Command(["true"])).exit_code == 0
            assert len({place.node.id for place in (first, second)}) == 2  # type: ignore[attr-defined]
            with fleet.place(base_image), fleet.place(base_image):
                assert {node.held for node in fleet._nodes.values()} == {2}
        assert {node.held for node in fleet._nodes.values()} == {0}

    def test_an_image_that_somebody_removed_from_a_node_is_brought_again(
        self, cluster: LocalCluster, fleet: Fleet, base_image: str
    ) -> None:
        with fleet.place(base_image), fleet.place(base_image):
            pass
        api = docker.APIClient(base_url=cluster.daemons[0].host, version="auto")
        for found in api.images():
            api.remove_image(found["Id"], force=True)
        with fleet.place(base_image) as first, fleet.place(base_image) as second:
            for place in (first, second):
                with place.open(SandboxLimits(), "sandbox") as sandbox:
                    assert sandbox.exec(Command(["true"])).exit_code == 0

    def test_an_image_that_nobody_has_is_named(self, fleet: Fleet) -> None:
        with pytest.raises(SandboxDied, match="taskfit/absent:0"), fleet.place("taskfit/absent:0"):
            pass
        assert {node.held for node in fleet._nodes.values()} == {0}

    def test_a_trials_sandboxes_are_removed_wherever_they_are(self, fleet: Fleet, base_image: str) -> None:
        with fleet.place(base_image) as first, fleet.place(base_image) as second:
            one, other = (
                place.open(SandboxLimits(), "sandbox", trial=name) for place, name in ((first, "a"), (second, "b"))
            )
            fleet.remove("a")
            with pytest.raises(SandboxDied):
                one.exec(Command(["true"]))
            assert other.exec(Command(["true"])).exit_code == 0
            other.close()

    def test_what_a_dead_driver_left_on_the_nodes_is_removed(
        self, cluster: LocalCluster, fleet: Fleet, base_image: str
    ) -> None:
        script = (
            "import os, sys; from sandboxes.client import connect; from sandboxes.base import SandboxLimits\n"
            "from sandboxes.cluster.joining import join\n"
            f"fleet = join(connect(), {cluster.address!r}, 'taskfit')\n"
            f"with fleet.place({base_image!r}) as place:\n"
            "    place.open(SandboxLimits(), 'sandbox', run='orphaned')\n"
            "    os._exit(0)\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=240)
        left = lambda: [  # noqa: E731
            found
            for daemon in cluster.daemons
            for found in docker.APIClient(base_url=daemon.host, version="auto").containers(all=True)
            if found["Labels"].get("taskfit.run") == "orphaned"
        ]
        assert left()
        deadline = time.monotonic() + 200
        while left() and time.monotonic() < deadline:
            fleet.reap()
            time.sleep(0.5)
        assert not left()

    def test_a_node_without_an_engine_is_not_used_and_says_why(self, cluster: LocalCluster, tmp_path: Path) -> None:
        cluster.add_without_engine("engineless", {"engineless": 2})
        study = tmp_path / "study.toml"
        study.write_text(
            'schema = 1\nmodels = ["noop"]\n[engine]\nkind = "ray"\n'
            f'address = "{cluster.address}"\nresource = "engineless"\n'
        )
        done = taskfit("run", str(study), "--out", str(tmp_path / "out"))
        assert done.returncode == 2, done.stderr
        assert "no node of the Ray cluster can be used" in done.stderr and "/nowhere/docker.sock" in done.stderr
        assert "Traceback" not in done.stderr
        said = taskfit("doctor", "--study", str(study)).stdout
        assert "✗ cluster" in said and "/nowhere/docker.sock" in said

    def test_a_cluster_without_the_resource_says_how_nodes_get_it(self, cluster: LocalCluster, tmp_path: Path) -> None:
        study = tmp_path / "study.toml"
        study.write_text(
            'schema = 1\nmodels = ["noop"]\n[engine]\nkind = "ray"\n'
            f'address = "{cluster.address}"\nresource = "forgotten"\n'
        )
        done = taskfit("run", str(study), "--out", str(tmp_path / "out"))
        assert done.returncode == 2 and """--resources='{"forgotten": 8}'""" in done.stderr


def taskfit(*argv: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("taskfit"))
    return subprocess.run([program, *argv], capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:6379", "localhost:99999999"])
def test_where_no_cluster_answers_the_error_says_how_to_start_one_without_telemetry(address: str) -> None:
    began = time.monotonic()
    with pytest.raises(ClusterUnusable, match=r"RAY_USAGE_STATS_ENABLED=0 .* ray start --head"):
        join(Engine(None, ""), address, "taskfit")  # type: ignore[arg-type]
    assert time.monotonic() - began < 100


@pytest.mark.engine
def test_without_ray_a_study_that_needs_it_names_the_extra(tmp_path: Path, engine: Engine) -> None:
    study = tmp_path / "study.toml"
    study.write_text('schema = 1\nmodels = ["noop"]\n[engine]\nkind = "ray"\n')
    absent = "import sys; sys.modules['ray'] = None; from runner.cli import main; main()"
    argv = [sys.executable, "-c", absent, "run", str(study), "--out", str(tmp_path / "out")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 2 and 'pip install "taskfit[ray]"' in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_ray_is_imported_by_nothing_that_does_not_use_it() -> None:
    modules = "runner.runs.run, runner.runs.engines, runner.studies.study, runner.cli"
    script = f"import sys, {modules}; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=240).returncode == 0


@pytest.mark.parametrize(
    ("layers", "others", "common"),
    [
        (["a", "b", "c"], [], 0),
        (["a", "b", "c"], [["a", "b", "x"], ["a"]], 2),
        (["a", "b", "c"], [["b", "c"], ["x", "a", "b", "c"]], 0),
        (["a", "b", "c"], [["a", "b", "c", "d"]], 3),
        ([], [["a"]], 0),
    ],
)
def test_a_layer_is_there_only_upon_the_same_layers(layers: list[str], others: list[list[str]], common: int) -> None:
    assert shared(layers, others) == common


def archive(layers: dict[str, bytes | str]) -> io.BytesIO:
    """As an engine writes it: each layer's bytes, or where a link leads that says the same as another layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in layers.items():
            member = tarfile.TarInfo(f"{name}/layer.tar")
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        manifest = json.dumps([{"Config": "c.json", "Layers": [f"{name}/layer.tar" for name in layers]}]).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    buffer.seek(0)
    return buffer


def names_without(layers: dict[str, bytes | str], known: int) -> list[str]:
    out = io.BytesIO()
    with tarfile.open(fileobj=archive(layers)) as tar:
        write_without(tar, known, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        return tar.getnames()


def test_layers_that_are_there_already_are_left_out_of_an_archive() -> None:
    layers: dict[str, bytes | str] = {"low": b"1" * 5000, "middle": b"2" * 5000, "top": b"3"}
    assert names_without(layers, 2) == ["top/layer.tar", "manifest.json"]
    assert names_without(layers, 0) == ["low/layer.tar", "middle/layer.tar", "top/layer.tar", "manifest.json"]


def test_a_layer_that_a_higher_one_is_a_link_to_is_kept() -> None:
    layers: dict[str, bytes | str] = {"low": b"1", "empty": b"", "top": "../empty/layer.tar"}
    assert names_without(layers, 2) == ["empty/layer.tar", "top/layer.tar", "manifest.json"]


class TestAKeeper:
    """In this process, on the machine's own engine."""

    pytestmark = pytest.mark.engine

    @pytest.fixture
    def keeper(self, engine: Engine) -> Keeper:
        return Keeper()

    def test_errors_are_answers_of_the_same_kind_and_words(
        self, keeper: Keeper, engine: Engine, base_image: str
    ) -> None:
        image = engine.image_id(base_image)
        labels = {"kind": "sandbox", "run": "", "trial": "", "runtime": None}
        number = keeper.ask("open", image, SandboxLimits(), labels).value
        try:
            answer = keeper.ask("use", number, "read", "absent")
            assert isinstance(answer.error, FileNotFoundError) and "absent" in str(answer.error)
        finally:
            keeper.ask("close", number)
        assert isinstance(keeper.ask("use", number, "read", "absent").error, SandboxDied)
        assert isinstance(keeper.ask("open", "sha256:" + "0" * 64, SandboxLimits(), labels).error, SandboxDied)
        assert isinstance(keeper.ask("no_such_method").error, AttributeError)

    def test_an_image_that_breaks_off_is_none(self, keeper: Keeper, engine: Engine, base_image: str) -> None:
        name = "sha256:" + "f" * 64
        number = keeper.ask("begin", name).value
        keeper.ask("feed", number, b"no archive at all" * 1000)
        assert keeper.ask("end", number).error is not None
        assert keeper.ask("has", name).value is False

    def test_it_says_which_code_makes_its_sandboxes(self, keeper: Keeper) -> None:
        assert keeper.ask("hello").value.code == code() and len(code()) == 16

    def test_an_engine_that_is_not_there_is_unavailable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        assert isinstance(Keeper().ask("check").error, EngineUnavailable)
