"""Rust's own tests: `cargo test`, run target by target so that one that breaks off takes no other along."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from runner.frameworks import naming
from runner.frameworks.base import Canary
from runner.frameworks.inside import program
from runner.scenarios.repo import RepoTests

WARM = ("chown -R agent:agent /home/agent && su agent -c 'cargo test --no-run --offline || true'",)
"""`[environment] install` of a Rust repository: what it depends on is compiled once, by the user who runs the tests."""
VARIABLES = {"CARGO_HOME": "/home/agent/.cargo", "CARGO_TARGET_DIR": "/home/agent/.cache/cargo-target"}
"""`[environment] variables` with which that is good for a model's own commands, too, and leaves the workspace clean."""
DURATION = re.compile(
    r"(?<=finished in )\d+\.\d\ds|(?<=target\(s\) in )\d+\.\d+s|(?<=-)[0-9a-f]{16}(?=\))", re.MULTILINE
)


class Cargo:
    """Ids are `tests/round.rs::half_a_cent` and `src/money.rs::tests::half`; a documented example is `…::doc item`."""

    language = "Rust"
    test_files: tuple[str, ...] = naming.RUST
    harness_files: tuple[str, ...] = (
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        ".cargo/*",
        "vendor/*",
        "rust-toolchain",
        "rust-toolchain.toml",
    )
    declares = re.compile(rb"#\[(?:\w+::)*test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)")
    copies_tests = False
    built_together = True

    def shown(self, suite: RepoTests, tests: Sequence[str]) -> list[str]:
        argv = ["cargo", "test", "--offline", "--workspace", "--no-fail-fast", *suite.args]
        names = [_full_name(*test.split("::", 1)) for test in tests if "::" in test]
        if tests and len(names) == len(tests):
            return [*argv, "--", "--exact", *names]
        files = [posixpath.split(test) for test in tests]
        if files and all(posixpath.basename(folder) == "tests" and name.endswith(".rs") for folder, name in files):
            argv += [f"--test={name.removesuffix('.rs')}" for _, name in files]
        return argv

    def graded(self, suite: RepoTests, more: Sequence[str], report: str, test_seconds: float) -> list[str]:
        text = program("supervised", "libtest", "cargo_targets", "run_cargo")
        argv = ["python", "-c", text, report, f"{test_seconds:g}"]
        return [*argv, str(len(suite.args)), *suite.args, str(len(suite.paths)), *suite.paths, *more]

    def steady(self, text: str) -> str:
        return DURATION.sub("…", text)

    def named(self, words: Sequence[str]) -> str:
        return "_".join([*words, "case"] if len(words) == 1 else words)

    def beside(self, file: str, words: Sequence[str], early: bool) -> str:
        """Always in `tests/`, where cargo finds a file by itself: in `src/` a module must be declared."""
        folder, name = posixpath.split(file)
        package = re.split(r"(?:^|/)(?:src|tests)(?=/|$)", folder)[0]
        new = "_".join(words)
        return posixpath.join(package, "tests", f"{new if early else f'{posixpath.splitext(name)[0]}_{new}'}.rs")

    def canaries(self, file: str, wanted: Sequence[Canary], neighbour: str) -> tuple[bytes, list[str]]:
        functions = []
        for canary in wanted:
            actual, expected = _comparison(canary)
            functions.append(
                f"#[test]\nfn {self.named(canary.words)}() {{\n    assert_eq!({actual}, {expected});\n}}\n"
            )
        return "\n".join(functions).encode(), [f"{file}::{self.named(canary.words)}" for canary in wanted]


def _full_name(file: str, name: str) -> str:
    """A test's name as its program has it: with the modules between the target's first file and the test's."""
    below = re.sub(r"^(?:.*/)?(?:src|tests)/", "", file).removesuffix(".rs").removesuffix("/mod")
    root = below in ("lib", "main") or ("/" not in below and re.search(r"(?:^|/)tests/", file))
    return name if root else f"{below.replace('/', '::')}::{name}"


def _comparison(canary: Canary) -> tuple[str, str]:
    """What is computed, and what is expected of it, as Rust."""
    left, right, word, fails = canary.left, canary.right, canary.words[0], canary.fails
    forms = (
        (f"{left} + {right}", f"{left + right + fails}"),
        (f'"{word}".len()', f"{len(word) + fails}"),
        (f'"{word}".to_uppercase()', f'"{word.upper()}{"S" * fails}"'),
        (f"{left}_i64.max({right})", f"{right + fails}"),
    )
    return forms[canary.form % len(forms)]
