"""Inside a sandbox that grades: what cargo builds of a repository, and which tests its sources say are in it.

The text of `supervised.py` goes before this one's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.frameworks.inside.supervised import blanked, digest, source_of

LITERALS = re.compile(
    r"//[^\n]*|/\*.*?\*/|\br(#*)\".*?\"\1|\"(?:\\.|[^\"\\])*\"|'(?:\\[^']+|[^'\\\n])'",
    re.DOTALL,
)
TOKENS = re.compile(r"\bmod\s+(\w+)\s*([;{])|#\[(?:\w+::)*(test)\b[^\]]*\]|\bfn\s+(\w+)|([{}])")
KINDS = {"test": "--test", "bin": "--bin", "example": "--example"}
SKIPPED_FOLDERS = ("target", "vendor", ".git")


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


def named(target: Target) -> Iterator[list[str]]:
    """Of each test that its sources hold, the modules above it and its name."""
    folder = os.path.dirname(target.root)
    for file, name in tests_of(target, target.root, []):
        modules = [] if file == target.root else os.path.relpath(file, folder)[: -len(".rs")].split(os.sep)
        yield [*(part for part in modules if part != "mod"), name]


def home(target: Target) -> str:
    """The package's folder, where cargo runs its tests."""
    manifest: str = target.package["manifest_path"]
    return os.path.dirname(manifest)


def settings() -> dict[str, str]:
    """The variables with which cargo runs: what it builds lies outside the workspace, and it asks no network."""
    target = os.path.join(os.path.expanduser("~"), ".cache", "cargo-target")
    return {"CARGO_TARGET_DIR": target, "CARGO_NET_OFFLINE": "true", **os.environ}


def _cargo(command: list[str], cwd: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [cargo_path(), *command], cwd=cwd, env=settings(), capture_output=True, text=True, errors="replace", check=False
    )


def cargo_path() -> str:
    """Where cargo is; ends the program where it is nowhere."""
    return shutil.which("cargo") or sys.exit("there is no cargo on the PATH; add cargo to [environment] system")
