"""What a path is, over many languages' habits."""

from __future__ import annotations

import pytest

from runner.mining.paths import kind, literal, protecting
from runner.scenarios.scenario import Scope

KINDS = {
    "test": """
        tests/test_x.py tests/data/in.bin pkg/tests/helper.py test_x.py src/pkg/test_x.py pkg/x_test.py app/tests.py
        conftest.py tests/README.md tests/requirements.txt testing/test_a.py test/support.py spec/a.rb
        cmd/run_test.go internal/testdata/a.golden src/a.test.js src/a.spec.tsx src/__tests__/a.js
        src/__snapshots__/a.js.snap packages/x/test/a.mjs crates/x/tests/cli.rs fixtures/a.json src/test/java/A.java
    """,
    "code": """
        src/pkg/core.py lib/index.js main.go src/lib.rs numpy/testing/utils.py django/test/client.py latest.py
        pkg/fixtures/initial.json contest.py pkg/attest/a.py protest.go src/pkg/templates/mail.md
        src/data/words.txt testify.go CMakeLists.txt
    """,
    "document": "README.md docs/conf.py doc/a.rst CHANGES CHANGELOG.rst AUTHORS newsfragments/1.bugfix COPYING a.txt",
    "settings": """
        .github/workflows/ci.yml pyproject.toml setup.py tox.ini .gitignore Makefile requirements-dev.txt package.json
        go.mod Cargo.toml jest.config.js .pre-commit-config.yaml docs/.readthedocs.yml
    """,
    "version": "src/pkg/_version.py VERSION pkg/__about__.py",
    "generated": "poetry.lock package-lock.json go.sum a.min.js pkg/x_pb2.py dist/bundle.js vendor/x.go tests/x.lock",
}
EACH = [(path, name) for name, paths in KINDS.items() for path in paths.split()]


@pytest.mark.parametrize(("path", "name"), EACH)
def test_a_path_is_what_its_language_makes_of_it(path: str, name: str) -> None:
    assert kind(path) == name


def test_tests_and_what_steers_them_are_protected_but_for_what_the_fix_changes() -> None:
    base = ["src/a.py", "pyproject.toml", "setup.cfg", "conftest.py", "tests/test_a.py", "sub/pyproject.toml"]
    globs = protecting(base, ["odd [1]!.js"], ["setup.cfg"])
    scope = Scope(protected=globs)
    covered = {path: scope.covers(path) for path in [*base, "tests/new.py", "odd [1]!.js", "odd 1.js"]}
    assert [path for path, stands in covered.items() if stands == "protected"] == [
        "pyproject.toml",
        "conftest.py",
        "tests/test_a.py",
        "sub/pyproject.toml",
        "tests/new.py",
        "odd [1]!.js",
    ]
    assert len(globs) == 5, "only globs that are needed"


@pytest.mark.parametrize("path", ["!a", "#a", "a*b", "a[bc]", "a?", "a b ", "a\\b"])
def test_a_literal_glob_matches_that_path_alone(path: str) -> None:
    scope = Scope(writable=(literal(path),))
    assert scope.covers(path) == "writable"
    assert scope.covers("ab") == scope.covers("a") == "other"
