"""Runs inside a sandbox: a Rust repository's tests, reported as JUnit XML.

Arguments: REPORT SECONDS N OPTION… M PATH… FILE…, that is, N options of `cargo test`, M files or folders whose targets
are to be tested (all when there are none), and files that are tested as well.

`cargo test --no-run` builds each target's test program, which is then run here. A run counts only when it ended as
libtest ends one; else each test runs alone. A target that does not build has its tests, read from the sources, as
errors.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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

LITERALS = re.compile(
    r"//[^\n]*|/\*.*?\*/|\br(#*)\".*?\"\1|\"(?:\\.|[^\"\\])*\"|'(?:\\[^']+|[^'\\\n])'",
    re.DOTALL,
)
TOKENS = re.compile(r"\bmod\s+(\w+)\s*([;{])|#\[(?:\w+::)*(test)\b[^\]]*\]|\bfn\s+(\w+)|([{}])")
DOCTEST = re.compile(r"(.+?) - (.*?) ?\(line \d+\)")
OUTCOMES = {"ok": "passed", "failed": "failure", "timeout": "error", "ignored": "skipped"}
KINDS = {"test": "--test", "bin": "--bin", "example": "--example"}
SKIPPED_FOLDERS = ("target", "vendor", ".git")
LIBTEST = ("--format=json", "-Zunstable-options")
FAILED = 101
"""libtest's exit status where a test failed."""


@dataclass
class Target:
    """What cargo builds one test program of."""

    package: dict[str, Any]
    """As `cargo metadata` has it."""
    name: str
    kind: str
    root: str
    """Its first source file."""
    others: frozenset[str]
    """The first source files of all targets."""
    program: str = ""
    """Empty where it does not build."""
    digest: str = ""
    """Of that program, which tests could replace."""

    def select(self) -> list[str]:
        """The options by which cargo builds this target alone."""
        return ["-p", self.package["name"], *([KINDS[self.kind], self.name] if self.kind in KINDS else ["--lib"])]

    def place(self, test: str) -> tuple[str, str]:
        """A test's file, and its name there: the modules that are files of their own left out."""
        parts = test.split("::")
        folder = os.path.dirname(self.root)
        for end in range(len(parts) - 1, 0, -1):
            below = os.path.join(folder, *parts[:end])
            for file in (f"{below}.rs", os.path.join(below, "mod.rs")):
                if os.path.isfile(file) and file not in self.others:
                    return file, "::".join(parts[end:])
        return self.root, test


@dataclass
class Listener:
    """Follows one run of a test program."""

    count: int | None = None
    """How many tests it said that it would run."""
    outcomes: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    end: str = ""

    def hear(self, line: str) -> bool:
        """Take a line in; whether the run got on."""
        try:
            event = json.loads(line)
            kind, what, name = event["type"], event["event"], str(event.get("name"))
        except (ValueError, KeyError, TypeError):
            self.loose = [*self.loose[-200:], line]
            return False
        if kind == "suite":
            self.end = what
            self.count = event.get("test_count", self.count)
        elif kind == "test" and what in OUTCOMES:
            self.outcomes[name] = max(OUTCOMES[what], self.outcomes.get(name, "passed"), key=SEVERITY.index)
            self.said[name] = str(event.get("stdout") or event.get("reason") or event.get("message") or "")
        return True

    def ended(self, status: int | None) -> bool:
        """Whether it ended as libtest ends a run in which every test had a result."""
        failed = any(outcome in ("failure", "error") for outcome in self.outcomes.values())
        whole = self.count == len(self.outcomes)
        return whole and (status, self.end, failed) in ((0, "ok", False), (FAILED, "failed", True))

    def text(self, name: str) -> str:
        """What a test said."""
        return self.said.get(name) or "\n".join(self.loose)


def main() -> None:
    report, seconds, count, *rest = arguments()
    options, (paths, *rest) = rest[: int(count)], rest[int(count) :]
    chosen, more = rest[: int(paths)], rest[int(paths) :]
    root = os.path.realpath(os.getcwd())
    cases = Cases()
    built: list[tuple[list[Target], str]] = []
    for folder in workspaces(root):
        touch(folder)
        targets = [each for each in targets_of(folder) if wanted(each, root, chosen, more)]
        built.append((targets, build(folder, targets, options)))
    for targets, said in built:
        for target in targets:
            if target.program:
                test(target, float(seconds), root, cases)
            else:
                for file, name in tests_of(target, target.root, []):
                    cases.add(os.path.relpath(file, root), name, "error", f"{target.name} does not build\n{said}")
        if not chosen:
            doctests(targets, options, float(seconds), root, cases)
    cases.write(report)
    bad = [f"{file}::{name}" for (file, name), case in cases.found.items() if case.outcome in ("failure", "error")]
    print(f"{len(cases.found)} tests, not passed: {', '.join(sorted(bad)) or 'none'}")
    sys.exit(bool(bad) or not cases.found)


def workspaces(root: str) -> Iterator[str]:
    """The outermost folders with a Cargo.toml."""
    for folder, inside, files in os.walk(root):
        inside[:] = sorted(name for name in inside if name not in SKIPPED_FOLDERS and name[0] != ".")
        if "Cargo.toml" in files:
            inside.clear()
            yield folder


def touch(folder: str) -> None:
    """Make every source file newer than what was built of it: cargo goes by their times, which an archive may set."""
    for above, inside, files in os.walk(folder):
        inside[:] = [name for name in inside if name not in SKIPPED_FOLDERS]
        for name in files:
            os.utime(os.path.join(above, name), follow_symlinks=False)


def targets_of(folder: str) -> list[Target]:
    """Every target with tests of the packages in a folder."""
    told = _cargo(["metadata", "--no-deps", "--offline", "--format-version=1"], folder)
    if told.returncode:
        print(told.stderr[-4000:], flush=True)
        return []
    packages = json.loads(told.stdout)["packages"]
    roots = frozenset(os.path.realpath(target["src_path"]) for each in packages for target in each["targets"])
    return [
        Target(package, target["name"], target["kind"][0], os.path.realpath(target["src_path"]), roots)
        for package in packages
        for target in package["targets"]
        if target["test"]
    ]


def wanted(target: Target, root: str, chosen: list[str], more: list[str]) -> bool:
    """Whether a target's first file is one of those that were asked for, or below one."""
    places = [os.path.normpath(os.path.join(root, path)) for path in (*chosen, *more)]
    return not chosen or any(f"{target.root}/".startswith(f"{place}/") for place in places)


def build(folder: str, targets: list[Target], options: list[str]) -> str:
    """Build the targets, one by one where they do not build together; what the compiler said of those that fail."""
    if not targets:
        return ""
    said = _build(folder, targets, ["--workspace", *options])
    for target in targets:
        if not target.program:
            said += _build(folder, [target], [*target.select(), *options])
    print(said[-4000:], flush=True)
    return said[-20_000:]


def _build(folder: str, targets: list[Target], options: list[str]) -> str:
    finished = _cargo(["test", "--no-run", "--offline", "--message-format=json", *options], folder)
    errors = []
    for line in finished.stdout.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") == "compiler-message" and message["message"]["level"] == "error":
            errors.append(message["message"]["rendered"])
        elif message.get("reason") == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            for target in targets:
                about = message["target"]
                if (about["name"], os.path.realpath(about["src_path"])) == (target.name, target.root):
                    target.program = message["executable"]
                    target.digest = digest(target.program)
    return "\n".join(errors) + (finished.stderr if finished.returncode and not errors else "")


def tests_of(target: Target, file: str, above: list[str]) -> Iterator[tuple[str, str]]:
    """The (file, name) of each test, from a source file at the module path `above` and the files of its modules."""
    braces: list[str] = []
    marked = False
    for match in TOKENS.finditer(blanked(source_of(file), LITERALS)):
        module, opens, test_mark, function, brace = match.groups()
        inside = [*above, *filter(None, braces)]
        if opens == "{":
            braces.append(module)
        elif opens == ";":
            below, _ = target.place("::".join([*inside, module, ""]))
            if below not in (file, target.root):
                yield from tests_of(target, below, [*inside, module])
        elif test_mark:
            marked = True
        elif function:
            if marked:
                yield target.place("::".join([*inside, function]))
            marked = False
        elif brace == "{":
            braces.append("")
        elif braces:
            braces.pop()


def test(target: Target, seconds: float, root: str, cases: Cases) -> None:
    """Run a target's tests, together and, where that goes wrong, each alone.

    A run that breaks off with success is no accident: what its tests then say alone is not believed either.
    """
    together, status = listen(target, [], seconds)
    if together.ended(status):
        note(together, target, root, cases)
        return
    for name in listed(target):
        heard, alone = (together, status) if status == 0 else listen(target, ["--exact", name], seconds)
        if heard is not together and heard.ended(alone):
            note(heard, target, root, cases)
        else:
            file, short = target.place(name)
            text = f"{name}: the test run {ending(alone)}\n{heard.text(name)}"
            cases.add(os.path.relpath(file, root), short, "error", text)


def listed(target: Target) -> list[str]:
    """The names of a test program's tests, as it tells them; none where it does not even do that."""
    lines: list[str] = []

    def hear(line: str) -> bool:
        lines.append(line)
        return False

    if digest(target.program) == target.digest:
        run([target.program, "--list", "--format=terse"], _home(target), _environment(target), 10.0, hear)
    known = ["::".join(parts) for parts in _named(target)]
    return list(dict.fromkeys([*known, *(line[: -len(": test")] for line in lines if line.endswith(": test"))]))


def _named(target: Target) -> Iterator[list[str]]:
    folder = os.path.dirname(target.root)
    for file, name in tests_of(target, target.root, []):
        modules = [] if file == target.root else os.path.relpath(file, folder)[: -len(".rs")].split(os.sep)
        yield [*(part for part in modules if part != "mod"), name]


def listen(target: Target, options: list[str], seconds: float) -> tuple[Listener, int | None]:
    """One run of a test program: what was heard, and its exit status."""
    listener = Listener()
    if digest(target.program) != target.digest:
        return listener, CHANGED
    argv = [target.program, *LIBTEST, *options]
    return listener, run(argv, _home(target), _environment(target), seconds, listener.hear)


def note(heard: Listener, target: Target, root: str, cases: Cases) -> None:
    for name, outcome in heard.outcomes.items():
        file, short = target.place(name)
        cases.add(os.path.relpath(file, root), short, outcome, heard.text(name))


def doctests(targets: list[Target], options: list[str], seconds: float, root: str, cases: Cases) -> None:
    """Run the examples in documentation, numbered in the order of their lines where an item has several."""
    for target in targets:
        if not target.program or target.kind != "lib" or not _documented(target):
            continue
        listener = Listener()
        argv = [_path(), "test", "--doc", "--offline", "-p", target.package["name"], *options, "--", *LIBTEST]
        run(argv, _home(target), _environment(target), seconds + 60, listener.hear)
        same: dict[str, int] = {}
        for name in sorted(listener.outcomes, key=_line):
            if match := DOCTEST.match(name):
                file = next(
                    filter(os.path.isfile, (os.path.join(base, match[1]) for base in (_home(target), root))), ""
                )
                item = f"doc {match[2] or 'crate'}"
                same[file + item] = number = same.get(file + item, 0) + 1
                numbered = item if number == 1 else f"{item} {number}"
                cases.add(os.path.relpath(file or root, root), numbered, listener.outcomes[name], listener.text(name))


def _line(doctest: str) -> int:
    return int((re.findall(r"\(line (\d+)\)", doctest) or ["0"])[-1])


def _documented(target: Target) -> bool:
    """Whether a source file of the package has a block of code in a comment: building all of them takes a while."""
    for above, inside, files in os.walk(os.path.join(_home(target), "src")):
        inside.sort()
        if any(re.search("//[/!].*(?:```|~~~)", source_of(os.path.join(above, name))) for name in files):
            return True
    return False


def _home(target: Target) -> str:
    """The package's folder, where cargo runs its tests."""
    return os.path.dirname(target.package["manifest_path"])


def _environment(target: Target) -> dict[str, str]:
    package = target.package
    told = {"MANIFEST_DIR": _home(target), "PKG_NAME": package["name"], "PKG_VERSION": package["version"]}
    return {**_settings(), **{f"CARGO_{name}": value for name, value in told.items()}, "RUSTC_BOOTSTRAP": "1"}


def _settings() -> dict[str, str]:
    target = os.path.join(os.path.expanduser("~"), ".cache", "cargo-target")
    return {"CARGO_TARGET_DIR": target, "CARGO_NET_OFFLINE": "true", **os.environ}


def _cargo(command: list[str], cwd: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_path(), *command], cwd=cwd, env=_settings(), capture_output=True, text=True, errors="replace", check=False
    )


def _path() -> str:
    return shutil.which("cargo") or sys.exit("there is no cargo on the PATH; add cargo to [environment] system")


if __name__ == "__main__":
    main()
