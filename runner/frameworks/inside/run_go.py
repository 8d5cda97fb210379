"""Runs inside a sandbox: a Go repository's tests, reported as JUnit XML or, without a REPORT, just shown.

Arguments: REPORT SECONDS N OPTION… M PATH… FILE…, that is, N options of `go test`, M files or folders to be tested
(everything when there are none), and files whose folders are tested as well.

`go test` builds all packages at once and hands each test program over instead of running it. A package's tests run
in one process. That run counts only when it ended as the testing package ends one; else, after a panic, an exit or
a test that hangs, each test runs alone. A package that does not build has its tests, read from the sources, as errors.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.frameworks.inside.supervised import (
    CHANGED,
    SEVERITY,
    Cases,
    arguments,
    blanked,
    digest,
    ending,
    run,
    source_of,
)

KEEP = """#!/bin/sh
set -e
kept=$(mktemp -d "{binaries}/XXXXXXXX")
pwd -P > "$kept/folder"
mv -- "$1" "$kept/program"
shift
printf '%s\\0' "$@" > "$kept/arguments"
"""
"""What `go test -exec` runs in a package's folder instead of its test program."""
LIST = "{{.Dir}}\t{{.ImportPath}}{{range .TestGoFiles}}\t{{.}}{{end}}{{range .XTestGoFiles}}\t{{.}}{{end}}"
LITERALS = re.compile(r"//[^\n]*|/\*.*?\*/|`[^`]*`|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
TEST = re.compile(r"^func ((?:Test|Example|Fuzz)(?:[^a-z\W]\w*)?)\s*\(", re.MULTILINE)
OUTPUT = re.compile(r"//\s*(?:unordered )?output:", re.IGNORECASE)
RESULT = re.compile(r"(\x16?) *--- (PASS|FAIL|SKIP): (\S+) \(\d+\.\d\ds\)$")
STARTED = re.compile(r"\x16?=== (?:RUN|CONT|NAME)\s+(\S+)$")
OUTCOMES = {"PASS": "passed", "FAIL": "failure", "SKIP": "skipped"}
SKIPPED_FOLDERS = ("vendor", "testdata", "node_modules")
GRACE_SECONDS = 2.0
"""More than a test's own limit, so that Go itself can say where a test hangs."""


@dataclass
class Package:
    """One folder's tests."""

    folder: str
    path: str
    """As imported."""
    tests: dict[str, str]
    """Name → file, relative to the workspace."""
    said: str
    """By the compiler."""
    program: str
    """Its test program; empty where it does not build."""
    digest: str
    """Of that program, which tests could replace."""
    arguments: list[str]


@dataclass
class Listener:
    """Follows one run of a test program."""

    tests: dict[str, str]
    marked: bool
    """The program marks the lines that are its own (Go 1.20 and newer)."""
    outcomes: dict[str, str] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    """What was said while no test ran, or after the last result."""
    current: str = ""
    end: str = ""

    def hear(self, line: str) -> bool:
        """Take a line in; whether the run got on."""
        if match := RESULT.search(line):
            mark, word, name = match.groups()
            if name.partition("/")[0] in self.tests and (mark or not self.marked):
                worst = max(OUTCOMES[word], self.outcomes.get(name, "passed"), key=SEVERITY.index)
                self.outcomes[name] = worst
                self.end = ""
                return True
        if match := STARTED.match(line):
            self.current = match[1]
            return True
        if line.lstrip("\x16") in ("PASS", "FAIL"):
            self.end = line.lstrip("\x16")
        told = self.said.setdefault(self.current, []) if self.current else self.loose
        told.append(line)
        self.loose = self.loose[-200:]
        del told[:-2000]
        return False

    def ended(self, status: int | None) -> bool:
        """Whether it ended as the testing package ends a run in which all of these tests had a result."""
        failed = "failure" in self.outcomes.values()
        whole = all(test in self.outcomes for test in self.tests)
        return whole and (status, self.end, failed) in ((0, "PASS", False), (1, "FAIL", True))

    def text(self, name: str) -> str:
        """What a test said, and its subtests."""
        told = [line for test, lines in self.said.items() if f"{test}/".startswith(f"{name}/") for line in lines]
        return "\n".join(told or self.loose)


def main() -> None:
    report, seconds, count, *rest = arguments()
    options, (paths, *rest) = rest[: int(count)], rest[int(count) :]
    chosen, more = rest[: int(paths)], rest[int(paths) :]
    root = os.path.realpath(os.getcwd())
    found = modules(root) or sys.exit("there is no go.mod: only modules can be tested")
    asked = {module: list(dict.fromkeys(patterns_of(module, found, root, chosen, more))) for module in found}
    env = {"CGO_ENABLED": "0", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "", **os.environ}
    if not report:
        sys.exit(show(asked, options, env))
    cases = Cases()
    with tempfile.TemporaryDirectory(prefix="go-", dir=os.path.expanduser("~")) as place:
        env["GOTMPDIR"] = place
        marked = marks(env)
        built = [build(module, patterns, options, root, place, env) for module, patterns in asked.items() if patterns]
        for package in (package for packages in built for package in packages):
            if package.program:
                test(package, marked, float(seconds), env, cases)
            else:
                for name, file in package.tests.items():
                    cases.add(file, name, "error", f"{package.path} does not build\n{package.said}")
    cases.write(report)
    bad = [f"{file}::{name}" for (file, name), case in cases.found.items() if case.outcome in ("failure", "error")]
    print(f"{len(cases.found)} tests, not passed: {', '.join(sorted(bad)) or 'none'}")
    sys.exit(bool(bad) or not cases.found)


def show(asked: dict[str, list[str]], options: list[str], env: dict[str, str]) -> int:
    """`go test` as people see it; its exit status, the highest one of several modules."""
    commands = [(module, [_go(), "test", *options, *patterns]) for module, patterns in asked.items() if patterns]
    return max(
        (subprocess.run(argv, cwd=module, env=env, check=False).returncode for module, argv in commands), default=1
    )


def modules(root: str) -> list[str]:
    """The folders with a go.mod."""
    found = []
    for folder, inside, files in os.walk(root):
        inside[:] = sorted(name for name in inside if name not in SKIPPED_FOLDERS and name[0] not in "._")
        if "go.mod" in files:
            found.append(folder)
    return found


def patterns_of(module: str, all_modules: list[str], root: str, chosen: list[str], more: list[str]) -> Iterator[str]:
    """What `go test` is asked for in a module; nothing where none of it was chosen."""
    if not chosen:
        yield "./..."
        return
    for path in [*chosen, *more]:
        whole = os.path.normpath(os.path.join(root, path))
        folder = whole if os.path.isdir(whole) else os.path.dirname(whole)
        below = f"{module}/".startswith(f"{folder}/")
        if below and path in chosen:
            yield "./..."
        elif home(folder, all_modules) == module:
            inside = os.path.relpath(folder, module)
            yield f"./{inside}/..." if folder == whole else f"./{inside}"


def home(folder: str, all_modules: list[str]) -> str:
    """The innermost module that a folder is in; empty where there is none."""
    return max((each for each in all_modules if f"{folder}/".startswith(f"{each}/")), key=len, default="")


def build(
    module: str, patterns: list[str], options: list[str], root: str, place: str, env: dict[str, str]
) -> list[Package]:
    """Every package with tests, with its program where it builds, else what the compiler says of it."""
    binaries = tempfile.mkdtemp(dir=place)
    keep = os.path.join(binaries, "keep")
    with open(keep, "w") as script:
        script.write(KEEP.format(binaries=binaries))
    os.chmod(keep, 0o700)
    listed = _ask(["list", "-e", "-f", LIST, *build_options(options), *patterns], module, env)
    command = ["test", f"-exec={shlex.quote(keep)}", "-vet=off", "-count=1", *options, *patterns]
    said = (listed.stderr + (built := _ask(command, module, env)).stderr + built.stdout)[-100_000:]
    print(said[-4000:], flush=True)
    programs = kept_programs(binaries)
    found = []
    for line in listed.stdout.splitlines():
        folder, path, *files = line.split("\t")
        program, given = programs.get(folder, ("", []))
        own = re.search(rf"^# {re.escape(path)}\b.*\n(?:(?!# ).*\n?)*", said, re.MULTILINE)
        tests = tests_of(folder, files, root)
        found.append(Package(folder, path, tests, own[0] if own else said[-4000:], program, digest(program), given))
    return [package for package in found if package.tests]


def kept_programs(binaries: str) -> dict[str, tuple[str, list[str]]]:
    """A package's folder → its test program and the arguments which `go test` gives it."""
    found = {}
    for kept in filter(os.DirEntry.is_dir, os.scandir(binaries)):
        folder = source_of(os.path.join(kept.path, "folder")).rstrip("\n")
        given = source_of(os.path.join(kept.path, "arguments")).split("\0")[:-1]
        found[folder] = os.path.join(kept.path, "program"), given
    return found


def build_options(options: list[str]) -> list[str]:
    """Those of `go test`'s options that decide which files belong to a package."""
    found: list[str] = []
    for place, option in enumerate(options):
        name, equals, _ = option.lstrip("-").partition("=")
        if option.startswith("-") and name in ("tags", "mod", "modfile"):
            found += options[place : place + (1 if equals else 2)]
    return found


def tests_of(folder: str, files: list[str], root: str) -> dict[str, str]:
    """Test → file, from the sources; an example without an expected output is compiled and never run."""
    found = {}
    for file in files:
        path = os.path.join(folder, file)
        source = source_of(path)
        for match in TEST.finditer(blanked(source, LITERALS)):
            body = source[match.end() :].partition("\n}")[0]
            if match[1] != "TestMain" and (not match[1].startswith("Example") or OUTPUT.search(body)):
                found[match[1]] = os.path.relpath(path, root)
    return found


def test(package: Package, marked: bool, seconds: float, env: dict[str, str], cases: Cases) -> None:
    """Run a package's tests, together and, where that goes wrong, each alone.

    A run that breaks off with success is no accident: what its tests then say alone is not believed either.
    """
    together, status = listen(package, package.tests, marked, seconds, env)
    if together.ended(status):
        note(together, package.tests, cases)
        return
    for name, file in package.tests.items():
        heard, alone = (together, status) if status == 0 else listen(package, {name: file}, marked, seconds, env)
        if heard.ended(alone) or "failure" in heard.outcomes.values():
            note(heard, {name: file}, cases)
        else:
            cases.add(file, name, "error", f"{name}: the test run {ending(alone)}\n{heard.text(name)}")


def listen(
    package: Package, tests: dict[str, str], marked: bool, seconds: float, env: dict[str, str]
) -> tuple[Listener, int | None]:
    """One run of a test program: what was heard, and its exit status."""
    listener = Listener(tests, marked)
    options = [option for option in package.arguments if not option.startswith("-test.timeout")]
    options += ["-test.v=test2json" if marked else "-test.v", "-test.paniconexit0"]
    if tests is package.tests:
        options.append("-test.timeout=0")
    else:
        options += [f"-test.run=^{next(iter(tests))}$", f"-test.timeout={seconds:g}s"]
    if digest(package.program) != package.digest:
        return listener, CHANGED
    argv = [package.program, *options]
    return listener, run(argv, package.folder, env, seconds + GRACE_SECONDS, listener.hear)


def note(heard: Listener, tests: dict[str, str], cases: Cases) -> None:
    for name, outcome in heard.outcomes.items():
        cases.add(tests[name.partition("/")[0]], name, outcome, heard.text(name))


def marks(env: dict[str, str]) -> bool:
    """Whether test programs can mark the lines that are their own."""
    version = re.match(r"go1\.(\d+)", _ask(["env", "GOVERSION"], "/", env).stdout)
    return version is not None and int(version[1]) >= 20


def _ask(command: list[str], cwd: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_go(), *command], cwd=cwd, env=env, capture_output=True, text=True, errors="replace", check=False
    )


def _go() -> str:
    return shutil.which("go") or sys.exit("there is no go on the PATH; add golang-go to [environment] system")


if __name__ == "__main__":
    main()
