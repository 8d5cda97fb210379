"""Go's own tests: `go test`, run package by package so that one that breaks off takes no other along."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from runner.frameworks import naming
from runner.frameworks.base import Canary
from runner.frameworks.inside import program
from runner.scenarios.repo import RepoTests

WARM = (
    "chown -R agent:agent /home/agent && su agent -c 'go test -run=^$ ./... || true'",
    "find /home/agent/.cache/go-build -type f -exec touch -d 2100-01-01 {} +",
)
"""`[environment] install` of a Go repository: the standard library compiled once, for the user who runs the tests.

Go refreshes the time of what it uses and deletes what was not used for days: a time to come keeps it from either.
"""
VARIABLES = {"CGO_ENABLED": "0", "GOMODCACHE": "/home/agent/go/pkg/mod"}
"""`[environment] variables` with which that is good for a model's own commands, and modules are where it finds them."""
SYSTEMS = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl", "netbsd",
    "openbsd", "plan9", "solaris", "unix", "wasip1", "wasm", "windows", "zos", "386", "amd64", "amd64p32", "arm",
    "arm64", "armbe", "loong64", "mips", "mips64", "mipsle", "ppc", "ppc64", "ppc64le", "riscv", "riscv64",
    "s390", "s390x", "sparc", "sparc64",
})  # fmt: skip
"""Words that, at the end of a file's name, keep it for one system."""
DURATION = re.compile(
    r"(?<=\()\d+\.\d\ds(?=\)$)|(?<=\t)(?:\d+\.\d+s|\(cached\))(?=$|\t)|(?<=goroutine )\d+", re.MULTILINE
)
POINTER = re.compile(r"\b0x[0-9a-f]{6,}\b|(?<=\+)0x[0-9a-f]+$", re.MULTILINE)


class Go:
    """Ids are `folder/x_test.go::TestName` and `…::TestName/subtest`."""

    language = "Go"
    test_files: tuple[str, ...] = naming.GO
    harness_files: tuple[str, ...] = ("*_test.go", "go.mod", "go.sum", "go.work", "go.work.sum", "vendor/*")
    """Test files among them: one of the model's could hold a TestMain, or a name that a hidden test has, too."""
    declares = re.compile(rb"^func ((?:Test|Example|Fuzz)\w+)", re.MULTILINE)
    copies_tests = True
    built_together = True

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        names = list(dict.fromkeys(name for _, _, name in (test.partition("::") for test in tests)))
        only = [f"-run={_pattern(names)}"] if names and all(names) else []
        return self._run("", 0, [*suite.args, *only], [test.partition("::")[0] for test in tests] or suite.paths, ())

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        return self._run(report, test_seconds, suite.args, suite.paths, more)

    def steady(self, text: str) -> str:
        return POINTER.sub("0x…", DURATION.sub("…", text))

    def named(self, words: Sequence[str]) -> str:
        return "Test" + "".join(word.capitalize() for word in words)

    def beside(self, file: str, words: Sequence[str], early: bool) -> str:
        folder, name = posixpath.split(file)
        new = "_".join(word for word in words if word not in SYSTEMS) or "other"
        stem = name.removesuffix("_test.go")
        return posixpath.join(folder, f"{new if early else f'{stem}_{new}'}_test.go")

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        clause = re.search(r"^package (\w+)", neighbour, re.MULTILINE)
        package = clause[1] if clause else posixpath.basename(posixpath.dirname(file)) or "main"
        functions, imports = [], {"testing"}
        for canary in wanted:
            value, expected, needed = _comparison(canary)
            imports |= needed
            functions.append(
                f"func {self.named(canary.words)}(t *testing.T) {{\n\tif got := {value}; got != {expected} {{\n"
                f'\t\tt.Errorf("got %v, want %v", got, {expected})\n\t}}\n}}\n'
            )
        listed = "".join(f'\t"{name}"\n' for name in sorted(imports))
        head = f'import "{imports.pop()}"\n' if len(imports) == 1 else f"import (\n{listed})\n"
        source = "\n".join([f"package {package}\n", head, *functions])
        return source.encode(), [f"{file}::{self.named(canary.words)}" for canary in wanted]

    def _run(
        self, report: str, seconds: float, options: Sequence[str], paths: Sequence[str], more: Sequence[str]
    ) -> list[str]:
        argv = ["python", "-c", program("supervised", "run_go"), report, f"{seconds:g}"]
        return [*argv, str(len(options)), *options, str(len(paths)), *paths, *more]


def _pattern(names: Sequence[str]) -> str:
    """What `-run` takes: level by level for one test, the tests that hold them for several."""
    quoted = [[re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", level) for level in name.split("/")] for name in names]
    if len(quoted) == 1:
        return "/".join(f"^{level}$" for level in quoted[0])
    return f"^({'|'.join(dict.fromkeys(levels[0] for levels in quoted))})$"


def _comparison(canary: Canary) -> tuple[str, str, set[str]]:
    """What is computed, what is expected of it, as Go, and the packages which that needs."""
    left, right, word, fails = canary.left, canary.right, canary.words[0], canary.fails
    forms: tuple[tuple[str, str, set[str]], ...] = (
        (f"{left} + {right}", f"{left + right + fails}", set()),
        (f'len("{word}")', f"{len(word) + fails}", set()),
        (f'strings.ToUpper("{word}")', f'"{word.upper()}{"S" * fails}"', {"strings"}),
        (f"strconv.Itoa({right})", f'"{right + fails}"', {"strconv"}),
    )
    return forms[canary.form % len(forms)]
