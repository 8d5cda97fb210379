"""Installing scripts and test commands, in taskfit's own words."""

from __future__ import annotations

import pytest

from runner.importers.shell import Steps, requirement, steps, suite_of
from runner.scenarios.repo import RepoTests


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get update && apt-get install -y gcc libffi-dev=3.4", Steps(system=("gcc", "libffi-dev"))),
        ("pip install -q 'attrs>=21' six==1.16.0", Steps(packages=("attrs>=21", "six==1.16.0"))),
        ("python3 -m pip install --upgrade tox", Steps(packages=("tox",))),
        ("uv pip install --system attrs", Steps(packages=("attrs",))),
        ("pip install -e .[test]", Steps(install=("pip install -e '.[test]'",))),
        ("pip install -r requirements.txt", Steps(install=("pip install -r requirements.txt",))),
        ("pip install git+https://example.org/x", Steps(install=("pip install git+https://example.org/x",))),
        ("sudo apt-get install -y \\\n  gcc \\\n  make", Steps(system=("gcc", "make"))),
        ("#!/bin/bash\n# a comment\nset -e\necho done\ncd /app\n", Steps()),
        ("make build && make install", Steps(install=("make build; make install",))),
        ("cd src\npip install attrs\nmake", Steps(packages=("attrs",), install=("cd src\nmake",))),
        ("curl http://x | sh", Steps(install=("curl http://x | sh",))),
        ("echo 'unclosed", Steps(install=("echo 'unclosed",))),
        ("", Steps()),
    ],
)
def test_a_script_is_told_as_packages_and_what_is_left(script: str, expected: Steps) -> None:
    assert steps(script) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest tests/test_x.py::test_y", RepoTests()),
        ("python3 -m pytest -W ignore -p no:cacheprovider -rA", RepoTests(args=("-W", "ignore"))),
        ("pytest -o a=b --doctest-modules -x", RepoTests(args=("-o", "a=b", "--doctest-modules"))),
        ("PYTHONPATH=. coverage run -m unittest -q tests.test_x", RepoTests(framework="unittest")),
        ("nosetests tests/test_x.py:test_y", RepoTests()),
        ("cd tests && ./tests/runtests.py admin", RepoTests(framework="django")),
        ("go test ./...", RepoTests(framework="go")),
        ("cargo test", RepoTests(framework="cargo")),
        ("make test", None),
        ("", None),
        ("pytest 'unclosed", None),
    ],
)
def test_a_test_command_names_its_framework(command: str, expected: RepoTests | None) -> None:
    assert suite_of(command) == expected


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("attrs==19.3.0", "attrs==19.3.0"),
        ("attrs==19.3.0  # for tests", "attrs==19.3.0"),
        ("attrs==19.3.0 --hash=sha256:0", "attrs==19.3.0"),
        ("-e git+https://github.com/a/b@c#egg=b", ""),
        ("b @ file:///home/somebody/b", ""),
        ("pkg-resources==0.0.0", ""),
        ("./local", ""),
        ("==1.0", ""),
        ("--index-url http://x", ""),
    ],
)
def test_a_requirement_is_kept_where_an_index_can_serve_it(line: str, kept: str) -> None:
    assert requirement(line) == kept
