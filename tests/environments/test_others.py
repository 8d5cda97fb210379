"""What is inferred from the files of projects in other languages."""

from __future__ import annotations

import json

import pytest

from runner.environments import infer, without_lock
from runner.errors import Rejected
from runner.frameworks import cargo, go
from sandboxes.archive import Entry
from sandboxes.modules import REBUILD, UNLOCKED


def of(files: dict[str, str]) -> dict[str, Entry]:
    return {path: Entry(text.encode()) for path, text in files.items()}


def package(**keys: object) -> dict[str, str]:
    return {"package.json": json.dumps(keys)}


GO_TEST = {"x_test.go": "package x\n"}
CASES: list[tuple[str, dict[str, str], str, tuple[str, ...], tuple[str, ...]]] = [
    ("node alone", package(scripts={"test": "node --test"}), "node", (), ()),
    ("node by a test file", package() | {"test/a.js": 'import test from "node:test"'}, "node", (), ()),
    (
        "jest without a lock",
        package(scripts={"test": "jest --ci"}, devDependencies={"jest": "^29"}),
        "jest",
        (),
        ("npm install --ignore-scripts", "npm rebuild"),
    ),
    (
        "vitest with a lock",
        package(scripts={"test": "npm run unit"}, devDependencies={"vitest": "1"}) | {"package-lock.json": "{}"},
        "vitest",
        (),
        ("npm ci --ignore-scripts", "npm rebuild"),
    ),
    ("go alone", {"go.mod": "module x\n"} | GO_TEST, "go", ("golang-go",), go.WARM),
    (
        "go with requirements",
        {"go.mod": "module x\nrequire (\n  a.b/c v1.0.0\n)\n"} | GO_TEST,
        "go",
        ("golang-go",),
        ("go mod download", *go.WARM),
    ),
    (
        "go with what it needs beside it",
        {"go.mod": "module x\nrequire a.b/c v1\n", "vendor/modules.txt": ""} | GO_TEST,
        "go",
        ("golang-go",),
        go.WARM,
    ),
    (
        "go with C",
        {"go.mod": "module x\n", "x.go": 'package x\nimport "C"\n'} | GO_TEST,
        "go",
        ("gcc", "golang-go", "libc6-dev"),
        go.WARM,
    ),
    ("cargo alone", {"Cargo.toml": '[package]\nname = "x"\n'}, "cargo", ("cargo", "rustc"), cargo.WARM),
    (
        "cargo with crates",
        {"Cargo.toml": '[package]\nname = "x"\n[dev-dependencies]\nregex = "1"\n'},
        "cargo",
        ("cargo", "rustc"),
        ("cargo fetch", *cargo.WARM),
    ),
    (
        "a Python project with a package.json for its documents",
        package(scripts={"build": "x"}) | {"setup.py": "setup()", "test_a.py": "def test_a(): pass\n"},
        "pytest",
        (),
        ("pip install -q --no-build-isolation -e .",),
    ),
]


@pytest.mark.parametrize(
    ("files", "framework", "system", "install"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_languages_and_what_they_need(
    files: dict[str, str], framework: str, system: tuple[str, ...], install: tuple[str, ...]
) -> None:
    found = infer(of(files), None)
    assert found.suite.framework == framework
    assert found.environment.system == system
    assert found.environment.install == install
    assert found.reasons


def test_a_lock_file_may_be_left_aside_with_what_follows_it_kept() -> None:
    locked = infer(of(package(scripts={"test": "jest"}) | {"package-lock.json": "{}"}), None).environment
    found = without_lock(locked)
    assert found is not None and found.install == (UNLOCKED, REBUILD) and found.node == locked.node
    assert without_lock(found) is None


@pytest.mark.parametrize("version", ["30.0.5", "^27", ">=26", "26 || 29", "*", "latest", "npm:jest@1", ""])
def test_versions_of_a_runner_that_may_do_are_tried(version: str) -> None:
    found = infer(of(package(scripts={"test": "jest"}, devDependencies={"jest": version})), None)
    assert found.suite.framework == "jest"


@pytest.mark.parametrize(
    ("files", "code", "word"),
    [
        (package(scripts={"test": "mocha"}), "unsupported", "mocha"),
        (package(scripts={"test": "jest"}, dependencies={"a": "workspace:*"}), "unsupported", "workspace:*"),
        (package(scripts={"test": "tape t"}, devDependencies={"jest": "^30"}), "unsupported", "tape"),
        (package(scripts={"test": "jest"}, devDependencies={"jest": "^26.4"}), "unsupported", "jest 27 or later"),
        (package(scripts={"test": "vitest"}, devDependencies={"vitest": "0.34.1"}), "unsupported", "vitest 1 or later"),
        (package(scripts={"test": "node --test", "pretest": "tsc"}), "unsupported", "an edit is not seen"),
        (package(scripts={"test": "jest"}, engines={"node": ">=99"}), "unsupported", "Node '>=99'"),
        (package(scripts={"test": "echo no test"}), "framework-unknown", "scripts.test"),
        ({"package.json": "{"}, "framework-unknown", "scripts.test"),
        ({"package.json": "[" * 100_000}, "framework-unknown", "scripts.test"),
        ({"package.json": '{"scripts": 3, "dependencies": []}'}, "framework-unknown", "scripts.test"),
        ({"go.mod": "module x\n"}, "framework-unknown", "_test.go"),
        ({"x.go": "package x\n"} | GO_TEST, "framework-unknown", "no go.mod"),
        ({"Cargo.toml": "[["}, "framework-unknown", "Cargo.toml"),
        ({"Makefile": "", "src/app/go.mod": ""}, "framework-unknown", "src/app/ has one"),
        ({}, "framework-unknown", "its root has no"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_reason(files: dict[str, str], code: str, word: str) -> None:
    with pytest.raises(Rejected) as refused:
        infer(of(files), None)
    assert refused.value.code == code
    assert word in refused.value.sentence
