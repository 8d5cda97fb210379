"""Environments of JavaScript and TypeScript."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from runner.environments.files import Files, table
from runner.environments.nodes import allows, choose_node
from runner.environments.scripts import Run, commands, test_run
from runner.errors import Rejected
from runner.scenarios.repo import Environment, FrameworkName, RepoTests
from sandboxes.modules import NPM, REBUILD

LOCKED, CHOSEN, UNLOCKED = NPM
OTHERS = ("mocha", "ava", "tap", "jasmine", "karma", "cypress", "playwright", "tape", "uvu", "bun", "deno")
OLDEST: Mapping[str, int] = {"vitest": 1, "jest": 27}
"""The oldest major version of a runner that reports what grading needs."""
Inferred = tuple[Environment, RepoTests]


def package_json(files: Files) -> dict[str, Any]:
    try:
        told = json.loads(files.text("package.json") or "{}")
    except (ValueError, RecursionError) as error:
        files.note(f"package.json is no valid JSON and is not used: {error!s:.120}")
        return {}
    return told if isinstance(told, dict) else {}


def infer_node(files: Files, on: date | None) -> Inferred:
    """Raises Rejected."""
    told = package_json(files)
    needed = table(told, "dependencies") | table(told, "devDependencies") | table(told, "optionalDependencies")
    run = _run(files, told, needed)
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
    environment = Environment(
        as_of=on, node=choose_node(files, told, on), install=install, variables=dict(run.variables)
    )
    return environment, RepoTests(framework=run.framework, args=run.args, paths=run.paths)


def without_lock(environment: Environment) -> Environment | None:
    """The same, npm not looking at the lock file: what that pins may be gone. None where there is none."""
    if environment.install[:1] != (LOCKED,):
        return None
    return environment.model_copy(update={"install": (UNLOCKED, *environment.install[1:])})


def _run(files: Files, told: Mapping[str, Any], needed: Mapping[str, Any]) -> Run:
    """How tests are run, by package.json's scripts or else by what it needs. Raises Rejected."""
    run = test_run(told)
    source = "scripts.test in package.json"
    if run is None:
        framework, source = _by_what_is_there(files, told, needed)
        run = Run(framework, (), (), {}, "")
    files.note(f"{run.framework}: {source}")
    if run.args or run.paths or run.variables:
        more = (*(f"{name}={value}" for name, value in run.variables.items()), *run.args, *run.paths)
        files.note(f"{' '.join(more)[:200]}: {source}")
    if run.framework == "node" and run.build:
        problem = f"its tests run on what `{run.build[:80]}` makes of the source ({source})"
        raise Rejected("unsupported", f"{problem}, and an edit is not seen without it")
    if (oldest := OLDEST.get(run.framework)) and not _may_be(str(needed.get(run.framework) or ""), oldest):
        known = f"{run.framework} {oldest} or later"
        problem = f"package.json asks for {run.framework} {needed[run.framework]!s:.40}, and taskfit has {known}"
        raise Rejected("unsupported", problem)
    return run


def _may_be(wanted: str, oldest: int) -> bool:
    """Whether a version or range allows any major version from `oldest` on."""
    exact = re.match(r"[v=\s]*(\d{1,4})", wanted)
    if exact is not None and int(exact[1]) >= oldest:
        return True
    return any(allows(wanted, (major, 999, 999)) for major in range(oldest, oldest + 50))


def _by_what_is_there(files: Files, told: Mapping[str, Any], needed: Mapping[str, Any]) -> tuple[FrameworkName, str]:
    runners: tuple[FrameworkName, ...] = ("vitest", "jest")
    scripts = {name: str(text) for name, text in table(told, "scripts").items()}
    called = {word for command in commands(scripts, "test") for word in command}
    for other in OTHERS:
        if other in called:
            raise Rejected("unsupported", f"its tests run with {other}; taskfit has node --test, jest and vitest")
    for name in runners:
        if name in needed:
            return name, "devDependencies in package.json"
    for path in sorted(files.tree):
        if re.search(r"\.test\.[cm]?js$|(^|/)tests?/.*\.[cm]?js$", path) and "node:test" in (files.text(path) or ""):
            return "node", f"{path} imports node:test"
    for other in OTHERS:
        if other in needed:
            raise Rejected("unsupported", f"its tests run with {other}; taskfit has node --test, jest and vitest")
    raise Rejected("framework-unknown", "scripts.test in package.json names none of node --test, jest and vitest")
