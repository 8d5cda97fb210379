"""Environments of other languages: Node's, Go's, Rust's."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

from runner.environments.files import Files, table
from runner.environments.nodes import choose_node
from runner.errors import Rejected
from runner.frameworks import cargo, go
from runner.repo import Environment, FrameworkName, RepoTests
from sandboxes.modules import NPM, REBUILD

LOCKED, CHOSEN, UNLOCKED = NPM
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


def package_json(files: Files) -> dict[str, Any]:
    try:
        told = json.loads(files.text("package.json") or "{}")
    except (ValueError, RecursionError) as error:
        files.note(f"package.json is no valid JSON and is not used: {error!s:.120}")
        return {}
    return told if isinstance(told, dict) else {}


def infer_node(files: Files, on: date | None) -> Inferred:
    told = package_json(files)
    script = str(table(told, "scripts").get("test") or "")
    needed = table(told, "dependencies") | table(told, "devDependencies") | table(told, "optionalDependencies")
    framework, source = _node_framework(files, script, needed)
    files.note(f"{framework}: {source}")
    for other in ("yarn.lock", "pnpm-lock.yaml", "bun.lockb"):
        if other in files and "package-lock.json" not in files:
            files.note(f"{other} is not read; npm chooses versions by package.json")
    if workspaces := told.get("workspaces"):
        files.note(f"workspaces {workspaces!s:.80} are installed by npm together with the root")
    local = [name for name, value in needed.items() if re.match(r"(workspace|portal|link|catalog):", str(value))]
    if local:
        problem = f"{local[0]} in package.json is {needed[local[0]]!s:.60}, which npm does not understand"
        raise Rejected("unsupported", problem)
    lock = any(name in files for name in ("package-lock.json", "npm-shrinkwrap.json"))
    install: tuple[str, ...] = ()
    if needed or lock or workspaces:
        install = (LOCKED if lock else CHOSEN, REBUILD)
        files.note(f"{install[0]}: {'its lock file' if lock else 'package.json has dependencies and no lock file'}")
    node = choose_node(files, told, on)
    return Environment(as_of=on, node=node, install=install), RepoTests(framework=framework)


def without_lock(environment: Environment) -> Environment | None:
    """The same, npm not looking at the lock file: what that pins may be gone. None where there is none."""
    if environment.install[:1] != (LOCKED,):
        return None
    return environment.model_copy(update={"install": (UNLOCKED, *environment.install[1:])})


def _node_framework(files: Files, script: str, needed: dict[str, Any]) -> tuple[FrameworkName, str]:
    runners: tuple[FrameworkName, ...] = ("vitest", "jest")
    for name in runners:
        if re.search(rf"\b{name}\b", script):
            return name, "scripts.test in package.json"
    if re.search(r"\bnode\b.*--test\b", script):
        return "node", "scripts.test in package.json"
    for name in runners:
        if name in needed:
            return name, "devDependencies in package.json"
    for path in sorted(files.tree):
        if re.search(r"\.test\.[cm]?js$|(^|/)tests?/.*\.[cm]?js$", path) and "node:test" in (files.text(path) or ""):
            return "node", f"{path} imports node:test"
    for other in ("mocha", "ava", "tap", "jasmine", "karma", "cypress", "playwright", "tape", "uvu", "bun", "deno"):
        if re.search(rf"\b{other}\b", script) or other in needed:
            raise Rejected("unsupported", f"its tests run with {other}; taskfit has node --test, jest and vitest")
    raise Rejected("framework-unknown", "scripts.test in package.json names none of node --test, jest and vitest")
