"""What is a test file by its path: the list of all languages together leaves none of theirs out."""

from __future__ import annotations

import pytest

from runner.frameworks import FRAMEWORKS
from runner.frameworks.naming import ANY, GO, JAVASCRIPT, PYTHON, RUST, is_test

TESTS = {
    PYTHON: "test_a.py src/pkg/a_test.py app/tests.py tests/data.bin testing/data/x.py conftest.py",
    JAVASCRIPT: "src/a.test.js a.spec.mts test/b.json src/__mocks__/fs lib/a-test.mjs test-a.cjs test.js a_test.mjs",
    GO: "a_test.go internal/testdata/a.golden",
    RUST: "tests/cli.rs crates/x/tests/data.txt benches/speed.rs crates/x/benches/speed.rs",
}
CODE = "src/attest.py lib/latest.js protest.go src/lib.rs pkg/contest.py src/tests.rs testify.go test-plan.md"


@pytest.mark.parametrize(("globs", "path"), [(globs, path) for globs, paths in TESTS.items() for path in paths.split()])
def test_what_a_language_calls_a_test_is_one_where_only_a_history_is_known(globs: tuple[str, ...], path: str) -> None:
    assert is_test(path, globs)
    assert is_test(path, ANY)


@pytest.mark.parametrize("path", CODE.split())
def test_names_that_only_resemble_a_tests_are_none(path: str) -> None:
    assert not any(is_test(path, globs) for globs in (*TESTS, ANY))


def test_a_package_may_offer_a_folder_test_which_its_own_framework_takes_for_tests() -> None:
    assert is_test("django/test/client.py", PYTHON)
    assert not is_test("django/test/client.py", ANY)


def test_every_framework_goes_by_a_list_of_the_one_home() -> None:
    assert {each.test_files for each in FRAMEWORKS.values()} == set(TESTS)
