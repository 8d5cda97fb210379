"""Environments of compiled languages: Go's, Rust's."""

from __future__ import annotations

import re
from datetime import date

from runner.environments.files import Files, table
from runner.errors import Rejected
from runner.frameworks import cargo, go
from runner.scenarios.repo import Environment, RepoTests

Inferred = tuple[Environment, RepoTests]


def infer_go(files: Files, on: date | None) -> Inferred:
    text = files.text("go.mod") or ""
    needs = re.search(r"(?m)^\s*require\b", text) is not None and "vendor/modules.txt" not in files
    if not any(path.endswith("_test.go") for path in files.tree):
        raise Rejected("framework-unknown", "go.mod is there, but no file ends with _test.go")
    files.note("go: go.mod")
    sources = (files.text(path) or "" for path in files.tree if path.endswith(".go"))
    if any(re.search(r"(?m)^import \"C\"", source) for source in sources):
        files.note("gcc: a Go file imports C")
        system: tuple[str, ...] = ("gcc", "golang-go", "libc6-dev")
        variables = {**go.VARIABLES, "CGO_ENABLED": "1"}
    else:
        system, variables = ("golang-go",), go.VARIABLES
    if needs:
        files.note("go mod download: go.mod has requirements")
    install = (*(("go mod download",) if needs else ()), *go.WARM)
    return Environment(as_of=on, system=system, install=install, variables=variables), RepoTests(framework="go")


def infer_cargo(files: Files, on: date | None) -> Inferred:
    told = files.toml("Cargo.toml")
    if not told:
        raise Rejected("framework-unknown", "Cargo.toml cannot be read")
    files.note("cargo: Cargo.toml")
    kinds = ("dependencies", "dev-dependencies", "build-dependencies", "workspace")
    needs = any(table(told, kind) for kind in kinds)
    if needs:
        files.note("cargo fetch: Cargo.toml has dependencies")
    install = (*(("cargo fetch",) if needs else ()), *cargo.WARM)
    environment = Environment(as_of=on, system=("cargo", "rustc"), install=install, variables=cargo.VARIABLES)
    return environment, RepoTests(framework="cargo")
