"""Harbor's task directories, as far as a task is one container whose outcome pytest decides.

task.toml                  limits and variables; what else it says is refused by its key
instruction.md             the instruction
environment/Dockerfile     the base: the files it copies, and the environment (`runner.importers.dockerfile`)
tests/                     hidden, in `task_tests/`; test.sh tells which of them pytest runs, and with what
solution/solve.sh          run in a sandbox: what it changes is the reference fix

In the image the task's own work folder is a link to the workspace, and /tests one to `task_tests/`.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner.errors import FileProblem, Rejected
from runner.importers.base import Names, clean, digest_of, refused, slug, text_only, title_of
from runner.importers.dockerfile import Built, read_dockerfile
from runner.importers.harbor_script import TESTS, deciding_tests
from runner.importers.harbor_task import below, limits_of, read_files, read_task, supported, text_of
from runner.importers.shell import Steps
from runner.scenarios.checkout import changes
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Provenance
from runner.visible import visible
from sandboxes.archive import Tree
from sandboxes.hands import WORKSPACE

Solve = Callable[[Environment, Tree, Tree], tuple[Tree, Tree]]
"""Environment, base and the files of solution/ → the workspace before and after solve.sh. Raises Rejected."""


def leads(place: Path, solve: Solve) -> Iterator[Lead]:
    """A lead a task: `place` is one, or a folder of them up to two levels below. Raises FileProblem."""
    patterns = ("task.toml", "*/task.toml", "*/*/task.toml")
    found = next((files for pattern in patterns if (files := sorted(place.glob(pattern)))), [])
    older = sorted(file.parent for pattern in ("task.yaml", "*/task.yaml") for file in place.glob(pattern))
    if not found and not older:
        raise FileProblem(place, "no task.toml is there or up to two folders below")
    names = Names()
    for folder in [file.parent for file in found]:
        name = folder.resolve().name
        id = names.give(name)
        if id is None:
            twin = slug(f"{name}-{digest_of(str(folder))[:6]}")
            yield refused(twin, name, digest_of(str(folder)), "duplicate", f"another task is called {name}")
        else:
            yield Lead(id, visible(name), _key(folder), _Load(id, folder, solve))
    for folder in older:
        sentence = "task.yaml is of terminal-bench before Harbor; convert it with Harbor's own tools first"
        if (folder / "gold.patch").exists():
            sentence = "task.yaml and gold.patch are of a SWE-bench task repository; import its rows as JSONL instead"
        yield refused(slug(folder.resolve().name), folder.name, digest_of(str(folder)), "unsupported", sentence)


def _key(folder: Path) -> str:
    try:
        files = read_files(folder)
    except Rejected as error:
        return digest_of(str(folder), str(error))
    return digest_of(*(f"{path}\0{entry.data!r}" for path, entry in sorted(files.items())))


@dataclass(frozen=True)
class _Load:
    id: str
    folder: Path
    solve: Solve

    def __call__(self) -> Proposal:
        files = read_files(self.folder)
        task = read_task(files)
        notes = supported(task, files)
        instruction = text_of(files, "instruction.md")
        context = below(files, "environment/")
        context.pop("Dockerfile", None)
        built = read_dockerfile(_dockerfile(task, files), context)
        if not re.match(r"python\b", built.image):
            notes.append(f"built on taskfit's base image instead of {built.image}")
        wanted, targets = deciding_tests(text_of(files, "tests/test.sh"))
        environment = _environment(task, built, wanted)
        if "solution/solve.sh" not in files:
            raise Rejected("unsupported", "it has no solution/solve.sh, so nothing proves it")
        before, after = self.solve(environment, built.files, below(files, "solution/"))
        solved = {path: entry for path, entry in {**built.files, **changes(before, after)}.items() if entry is not None}
        if solved == built.files:
            raise Rejected("reference-fails", "solve.sh changes nothing in the work folder")
        text_only(built.files, solved)
        hidden = {f"{TESTS}/{path}": entry for path, entry in below(files, "tests/").items()}
        for path in ("test.sh", "Dockerfile"):
            hidden.pop(f"{TESTS}/{path}", None)
        for target in targets:
            if target not in hidden:
                raise Rejected("malformed", f"test.sh runs {target.removeprefix(TESTS)[1:]}, which is not in tests/")
        return Proposal(
            id=self.id,
            title=title_of(instruction, self.id),
            instruction=clean(instruction),
            repo=self.id,
            base=built.files,
            solved=solved,
            hidden=hidden,
            provenance=Provenance(
                origin="imported", source="Harbor", instance=visible(self.folder.resolve().name), instruction="imported"
            ),
            environment=environment,
            suite=RepoTests(paths=tuple(targets)),
            limits=limits_of(task),
            notes=tuple(notes),
        )


def _dockerfile(task: Mapping[str, Any], files: Tree) -> str:
    """The Dockerfile, or what stands for it where the task names a ready image."""
    table = task.get("environment", {})
    image, workdir = table.get("docker_image"), table.get("workdir")
    written = (
        text_of(files, "environment/Dockerfile") if "environment/Dockerfile" in files or not image else f"FROM {image}"
    )
    return f"{written}\nWORKDIR {workdir}" if workdir else written


def _environment(task: Mapping[str, Any], built: Built, tests: Steps) -> Environment:
    links = [f"rm -rf /tests && ln -s {WORKSPACE}/{TESTS} /tests"]
    if built.workdir != WORKSPACE:
        there = shlex.quote(built.workdir)
        parent = shlex.quote(posixpath.dirname(built.workdir))
        links.insert(0, f"rm -rf {there} && mkdir -p {parent} && ln -s {WORKSPACE} {there}")
    variables = {str(name): str(value) for name, value in task.get("environment", {}).get("env", {}).items()}
    try:
        return Environment(
            python=built.python,
            system=tuple(dict.fromkeys((*built.steps.system, *tests.system))),
            packages=tuple(dict.fromkeys((*built.steps.packages, *tests.packages))),
            install=(*links, *built.steps.install),
            variables=built.variables | variables,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Rejected("malformed", visible(f"environment: {first['msg']}; found {first['input']!r:.120}")) from None
