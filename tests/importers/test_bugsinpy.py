"""A checkout of the shape of BugsInPy: two commits of a project, split into fix and tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.errors import FileProblem, Rejected
from runner.importers.bugsinpy import leads
from runner.scenarios.proposal import Proposal
from runner.scenarios.repo import RepoTests

Take = Callable[..., Proposal | Rejected]


@pytest.fixture
def take(upstream: Any, tmp_path: Path, load: Callable[..., dict[str, Proposal | Rejected]]) -> Take:
    """Import one bug, with these files of it replaced."""

    def one(**files: str | bytes) -> Proposal | Rejected:
        project = tmp_path / "bugs" / "projects" / "calc"
        written = {
            "project.info": 'github_url="https://github.com/acme/calc"\nstatus="OK"\n',
            "bugs/1/bug.info": f'python_version="3.8.3"\nbuggy_commit_id="{upstream.old}"\n'
            f'fixed_commit_id="{upstream.new}"\ntest_file="tests/test_calc.py"\n',
            "bugs/1/requirements.txt": "attrs==19.3.0\n-e git+https://x/y@z#egg=y\npkg-resources==0.0.0\nsix==1.14.0\n",
            "bugs/1/run_test.sh": "python3 -m pytest tests/test_calc.py::test_three\n",
            "bugs/1/setup.sh": "apt-get install -y gcc\npip install toml\n",
        } | {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
        for path, text in written.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        (found,) = load(leads(tmp_path / "bugs", upstream.sources(tmp_path / "cache"))).values()
        return found

    return one


def test_a_bug_becomes_base_fix_and_tests_with_its_environment(take: Take) -> None:
    found = take()
    assert isinstance(found, Proposal)
    assert (found.id, found.repo, found.fail_to_pass) == ("bugsinpy-calc-1", "calc", ())
    assert found.solved["src/calc.py"].data == b"def double(x):\n    return x * 2\n"
    assert list(found.hidden) == ["tests/test_calc.py"]
    assert found.environment is not None
    assert found.environment.python == "3.8"
    assert found.environment.packages == ("attrs==19.3.0", "six==1.14.0", "toml")
    assert found.environment.system == ("gcc",)
    assert found.environment.install == ("python -m pip install --no-deps -e .",)
    assert any("2 lines of requirements.txt" in note for note in found.notes)


@pytest.mark.parametrize(
    ("command", "suite"),
    [
        ("python -m unittest -q tests.test_calc", RepoTests(framework="unittest")),
        ("cd sub\nnosetests tests/test_calc.py", RepoTests()),
        ("#!/bin/bash\n\npytest -x tests", RepoTests()),
    ],
)
def test_three_ways_to_run_tests_are_known(take: Take, command: str, suite: RepoTests) -> None:
    found = take(bugs__1__run_test_dot_sh=command)
    assert isinstance(found, Proposal)
    assert found.suite == suite


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"bugs__1__run_test_dot_sh": "tox -e py38"}, "framework-unknown", "tox"),
        ({"bugs__1__run_test_dot_sh": ""}, "malformed", "run_test.sh"),
        ({"project_dot_info": "status=OK"}, "malformed", "github_url"),
        ({"bugs__1__bug_dot_info": "buggy_commit_id=1"}, "malformed", "fixed_commit_id"),
        ({"bugs__1__bug_dot_info": "buggy_commit_id=--exec\nfixed_commit_id=x"}, "malformed", "commit"),
        ({"bugs__1__run_test_dot_sh": b"caf\xe9"}, "malformed", "run_test.sh"),
        ({"project_dot_info": "github_url=ext::sh -c touch% /tmp/x"}, "malformed", "URL"),
    ],
)
def test_what_is_wrong_is_named(take: Take, files: dict[str, str], code: str, said: str) -> None:
    found = take(**files)
    assert isinstance(found, Rejected)
    assert (found.code, said in found.sentence) == (code, True), found.sentence


def test_requirements_in_utf_16_as_some_are_there_are_read(take: Take) -> None:
    found = take(bugs__1__requirements_dot_txt="attrs==19.3.0\n".encode("utf-16"))
    assert isinstance(found, Proposal)
    assert found.environment is not None
    assert found.environment.packages == ("attrs==19.3.0", "toml")


def test_a_link_out_of_the_checkout_is_not_followed(
    take: Take, upstream: Any, tmp_path: Path, load: Callable[..., dict[str, Proposal | Rejected]]
) -> None:
    take()
    file = tmp_path / "bugs" / "projects" / "calc" / "bugs" / "1" / "requirements.txt"
    file.unlink()
    file.symlink_to("/etc/passwd")
    (found,) = load(leads(tmp_path / "bugs", upstream.sources(tmp_path / "cache"))).values()
    assert isinstance(found, Rejected)
    assert "leads out of" in found.sentence


def test_another_folder_is_no_checkout(tmp_path: Path, upstream: Any) -> None:
    with pytest.raises(FileProblem, match="BugsInPy"):
        list(leads(tmp_path / "none", upstream.sources(tmp_path)))
