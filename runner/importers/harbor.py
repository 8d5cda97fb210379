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
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner.errors import FileProblem, Rejected
from runner.importers.base import Names, clean, digest_of, refused, slug, text_only, title_of
from runner.importers.dockerfile import Built, read_dockerfile
from runner.importers.shell import Steps, logical_lines, requirement, steps
from runner.scenarios.checkout import changes
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Limits, Provenance
from runner.visible import visible
from sandboxes.archive import Entry, Tree, read_folder
from sandboxes.hands import WORKSPACE

Solve = Callable[[Environment, Tree, Tree], tuple[Tree, Tree]]
"""Environment, base and the files of solution/ → the workspace before and after solve.sh. Raises Rejected."""
TESTS = "task_tests"
KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset("schema_version version task metadata verifier agent environment solution source".split()),  # noqa: SIM905
    "verifier": frozenset({"timeout_sec"}),
    "agent": frozenset({"timeout_sec"}),
    "environment": frozenset({"build_timeout_sec", "env", "workdir", "os"}),
    "solution": frozenset({"env"}),
}
"""Table → keys that are heeded, or that say nothing of the task itself."""
NOTED = frozenset({"cpus", "memory", "memory_mb", "storage", "storage_mb", "allow_internet", "network_mode", "user"})
"""Keys that are not heeded, which a note says."""
OWN = frozenset({"pytest", "pytest-json-ctrf", "pytest-timeout", "coverage"})
"""Packages of the harness, which taskfit has."""
MAX_TASK = 64 << 20
"""Bytes of one task's files."""


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
        files = _files(folder)
    except Rejected as error:
        return digest_of(str(folder), str(error))
    return digest_of(*(f"{path}\0{entry.data!r}" for path, entry in sorted(files.items())))


@dataclass(frozen=True)
class _Load:
    id: str
    folder: Path
    solve: Solve

    def __call__(self) -> Proposal:
        files = _files(self.folder)
        task = _task(files)
        notes = _supported(task, files)
        instruction = _text(files, "instruction.md")
        context = _below(files, "environment/")
        context.pop("Dockerfile", None)
        built = read_dockerfile(_dockerfile(task, files), context)
        if not re.match(r"python\b", built.image):
            notes.append(f"built on taskfit's base image instead of {built.image}")
        wanted, targets = deciding_tests(_text(files, "tests/test.sh"))
        environment = _environment(task, built, wanted)
        if "solution/solve.sh" not in files:
            raise Rejected("unsupported", "it has no solution/solve.sh, so nothing proves it")
        before, after = self.solve(environment, built.files, _below(files, "solution/"))
        solved = {path: entry for path, entry in {**built.files, **changes(before, after)}.items() if entry is not None}
        if solved == built.files:
            raise Rejected("reference-fails", "solve.sh changes nothing in the work folder")
        text_only(built.files, solved)
        hidden = {f"{TESTS}/{path}": entry for path, entry in _below(files, "tests/").items()}
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
            limits=_limits(task),
            notes=tuple(notes),
        )


def _dockerfile(task: Mapping[str, Any], files: Tree) -> str:
    """The Dockerfile, or what stands for it where the task names a ready image."""
    table = task.get("environment", {})
    image, workdir = table.get("docker_image"), table.get("workdir")
    written = (
        _text(files, "environment/Dockerfile") if "environment/Dockerfile" in files or not image else f"FROM {image}"
    )
    return f"{written}\nWORKDIR {workdir}" if workdir else written


def deciding_tests(script: str) -> tuple[Steps, list[str]]:
    """What a test.sh installs, and which files it has pytest run. Raises Rejected, naming a command beyond that.

    Its exit code and its reward are pytest's: all of the tests pass, or not.
    """
    installs: list[str] = []
    packages: list[str] = []
    targets: list[str] = []
    for line in logical_lines(script):
        line = re.sub(r";\s*then$", "", re.sub(r"^(el)?if\s+", "", line))
        words = _words(line)
        if words[:2] == ["uv", "add"]:
            packages += words[2:]
        elif words[:1] in (["apt-get"], ["apt"]) or "install" in words[:4]:
            installs.append(line)
        elif "pytest" in words:
            packages += [name for flag, name in pairwise(words) if flag in ("-w", "--with")]
            named = [word for word in words[words.index("pytest") :] if word.startswith(("/tests", "$TEST_DIR"))]
            targets += [f"{TESTS}/{word.partition('/')[2].removeprefix('tests/')}".rstrip("/") for word in named]
        elif not _idle(line, words):
            raise Rejected("unsupported", visible(f"tests/test.sh: {line[:200]}"))
    if not targets:
        raise Rejected("unsupported", "tests/test.sh has pytest run nothing in /tests")
    found = steps("\n".join(installs))
    if found.install:
        raise Rejected("unsupported", visible(f"tests/test.sh: {found.install[0][:200]}"))
    wanted = [name for name in dict.fromkeys((*found.packages, *packages)) if _foreign(name)]
    return Steps(tuple(name for name in found.system if name != "curl"), tuple(wanted)), list(dict.fromkeys(targets))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def _idle(line: str, words: list[str]) -> bool:
    """Whether a line neither tests nor installs anything of the task: the reward, uv itself, where to be."""
    if not words or re.search(r"astral\.sh/uv|/logs/verifier|\.local/bin/env", line):
        return True
    if re.fullmatch(
        r"(if\s+)?\[\[? .*|else|fi|then|[A-Za-z_]\w*=\$\?|exit( \S+)?|set [-+]\S+( pipefail)?|cd \S+", line
    ):
        return True
    return words[0] == "echo" or words[:2] in (["uv", "init"], ["uv", "venv"])


def _foreign(name: str) -> bool:
    return bool(requirement(name)) and re.split(r"[\[<>=!~; ]", name)[0].lower().replace("_", "-") not in OWN


def _files(folder: Path) -> dict[str, Entry]:
    size = 0
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            size += file.stat().st_size
        if size > MAX_TASK:
            raise Rejected("too-large", f"it has more than {MAX_TASK >> 20} MiB of files")
    try:
        return read_folder(folder, (".git", "__pycache__"))
    except OSError as error:
        raise Rejected("malformed", visible(f"it cannot be read: {error}")) from None


def _task(files: Tree) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(files, "task.toml"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Rejected("malformed", visible(f"task.toml: {error}")) from None


def _supported(task: Mapping[str, Any], files: Tree) -> list[str]:
    """Notes on keys that are not heeded. Raises Rejected with all keys and files that taskfit has nothing for."""
    wrong: list[str] = []
    notes: list[str] = []
    for table, known in KEYS.items():
        values = task.get(table, {}) if table else task
        if not isinstance(values, dict):
            raise Rejected("malformed", f"task.toml: {table} is no table")
        for key, value in values.items():
            name = f"{table}.{key}" if table else key
            if key in known or value in (None, [], {}, False, 0):
                continue
            if name == "verifier.environment_mode" and value == "shared":
                continue
            if name == "environment.docker_image" and "environment/Dockerfile" not in files:
                continue
            if name == "environment.docker_image" or key in NOTED:
                notes.append(visible(f"{name} = {value!r:.80} is not heeded"))
            else:
                wrong.append(f"[[{name}]]" if name == "steps" else name)
    if task.get("environment", {}).get("os", "linux") != "linux":
        wrong.append("environment.os")
    for table in ("environment", "solution"):
        variables = task.get(table, {}).get("env", {})
        if not isinstance(variables, dict) or any("$" in str(value) for value in variables.values()):
            wrong.append(f"{table}.env (values out of the host's environment)")
    wrong += [path for path in files if re.fullmatch(r"(environment|tests)/(docker-)?compose\.ya?ml", path)]
    if any(path.startswith("steps/") for path in files) and "[[steps]]" not in wrong:
        wrong.append("steps/")
    if wrong:
        raise Rejected("unsupported", visible(f"taskfit has nothing for {', '.join(wrong)}"))
    return notes


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


def _limits(task: Mapping[str, Any]) -> Limits:
    try:
        minutes = float(task.get("agent", {}).get("timeout_sec", 900.0)) / 60
        seconds = float(task.get("verifier", {}).get("timeout_sec", 600.0))
        return Limits(
            minutes=min(minutes, 600.0), command_seconds=min(seconds, 3600.0), test_seconds=min(seconds, 600.0)
        )
    except (TypeError, ValueError):
        raise Rejected(
            "malformed", "task.toml: agent.timeout_sec and verifier.timeout_sec are positive seconds"
        ) from None


def _below(files: Tree, folder: str) -> dict[str, Entry]:
    return {path.removeprefix(folder): entry for path, entry in files.items() if path.startswith(folder)}


def _text(files: Tree, path: str) -> str:
    """Raises Rejected."""
    entry = files.get(path)
    if entry is None or entry.is_link:
        raise Rejected("malformed", f"{path} is missing")
    try:
        text = entry.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected("malformed", f"{path} is not UTF-8: {error}") from None
    if not text.strip():
        raise Rejected("malformed", f"{path} is empty")
    return text
