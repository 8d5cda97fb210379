"""What a study says of its engine is checked to the letter; what a command line says, likewise."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.program import taskfit
from runner.errors import FileProblem, UserError
from runner.runs.engines import EngineSettings, named
from runner.studies.study import Study, load_study


def study(folder: Path, engine: str) -> Study:
    file = folder / "study.toml"
    file.write_text(f'schema = 1\nmodels = ["noop"]\n[engine]\n{engine}\n')
    return load_study(file)


def test_a_study_without_a_table_stays_on_this_machine() -> None:
    assert Study(models=("noop",)).engine == EngineSettings()


def test_a_cluster_is_found_by_its_address_and_nodes_by_their_resource(tmp_path: Path) -> None:
    assert study(tmp_path, 'kind = "ray"').engine == EngineSettings(kind="ray", address="auto", resource="taskfit")
    found = study(tmp_path, 'kind = "ray"\naddress = "10.0.0.5:6379"\nresource = "CPU"').engine
    assert found == EngineSettings(kind="ray", address="10.0.0.5:6379", resource="CPU")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('kind = "kubernetes"', "engine"),
        ('address = "10.0.0.5:6379"', "say kind"),
        ('kind = "docker"\nresource = "CPU"', "say kind"),
        ('kind = "ray"\nadress = "auto"', "adress"),
        ('kind = "ray"\naddress = "ray://10.0.0.5:10001"', "HOST:PORT"),
        ('kind = "ray"\naddress = "10.0.0.5"', "HOST:PORT"),
        ('kind = "ray"\naddress = ":6379"', "HOST:PORT"),
        ('kind = "ray"\naddress = "head:six"', "HOST:PORT"),
        ('kind = "ray"\naddress = 6379', "address"),
        ('kind = "ray"\nresource = ""', "resource"),
    ],
)
def test_what_is_wrong_in_the_table_is_named(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(FileProblem, match=told):
        study(tmp_path, table)


def test_a_flag_replaces_the_table_and_keeps_its_resource() -> None:
    before = EngineSettings(kind="ray", address="10.0.0.5:6379", resource="CPU")
    assert named("docker", before) == EngineSettings()
    assert named("ray", before) == EngineSettings(kind="ray", address="auto", resource="CPU")
    assert named("[::1]:6379") == EngineSettings(kind="ray", address="[::1]:6379", resource="taskfit")
    with pytest.raises(UserError, match="found 'podman'"):
        named("podman")


def test_a_wrong_flag_is_a_message_and_exit_code_2() -> None:
    done = taskfit("run", "--model", "noop", "--engine", "http://head:6379")
    assert done.returncode == 2 and "--engine: docker" in done.stderr and "Traceback" not in done.stderr
