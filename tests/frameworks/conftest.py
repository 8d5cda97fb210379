"""Gradings without a scenario: files in a sandbox, a framework's own command, the outcomes that its report tells."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from runner.frameworks import cargo, go
from runner.frameworks.base import Framework
from runner.grading.grade import LIMITS, REPORTS
from runner.grading.junit import TestOutcome, failures, outcomes
from runner.scenarios.checkout import with_history
from runner.scenarios.repo import RepoTests
from sandboxes.archive import Entry
from sandboxes.base import Command, ExecResult
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore
from sandboxes.recipe import Recipe


@dataclass(frozen=True)
class Graded:
    """What one grading told."""

    ran: ExecResult
    outcomes: dict[str, TestOutcome]
    failures: dict[str, str]


Grade = Callable[..., Graded]

GO_MODULE = {
    "go.mod": "module example.org/money\n\ngo 1.19\n",
    "money/round.go": "package money\n\n// Half halves.\nfunc Half(n int) int { return n / 2 }\n",
    "money/round_test.go": 'package money\n\nimport "testing"\n\n'
    "func TestHalf(t *testing.T) {\n\tif Half(4) != 2 {\n\t\tt.Fatal(Half(4))\n\t}\n}\n",
}
CRATE = {
    "Cargo.toml": '[package]\nname = "money"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": "pub mod round;\n",
    "src/round.rs": "pub fn half(n: i64) -> i64 {\n    n / 2\n}\n\n#[cfg(test)]\nmod tests {\n    use super::half;\n\n"
    "    #[test]\n    fn even() {\n        assert_eq!(half(4), 2);\n    }\n}\n",
    "tests/halves.rs": "use money::round::half;\n\n#[test]\nfn zero() {\n    assert_eq!(half(0), 0);\n}\n",
}


def grader(engine: Engine, framework: Framework, image: str, variables: Mapping[str, str], seconds: float) -> Grade:
    """What grades files laid over an image's workspace; None deletes one."""

    def grade(
        files: Mapping[str, str | None],
        suite: RepoTests | None = None,
        more: Sequence[str] = (),
        test_seconds: float = 5.0,
    ) -> Graded:
        report = f"{REPORTS}/graded.xml"
        placed = {path: Entry(text.encode()) for path, text in files.items() if text is not None}
        with DockerSandbox(engine, image, LIMITS, kind="grading") as sandbox:
            sandbox.place(placed, delete=[path for path, text in files.items() if text is None])
            argv = framework.graded(suite or RepoTests(), more, report, test_seconds)
            ran = sandbox.exec(Command(argv, env=variables, timeout=seconds))
            entry = None
            with contextlib.suppress(FileNotFoundError):
                entry = sandbox.export(REPORTS).get("graded.xml")
        xml = entry.data if entry is not None and not entry.is_link else b""
        return Graded(ran, outcomes(xml), failures(xml))

    return grade


@pytest.fixture(scope="session")
def go_image(engine: Engine) -> str:
    tree = {path: Entry(text.encode()) for path, text in GO_MODULE.items()}
    images = ImageStore(engine, print)
    environment = images.environment(Recipe(system=("golang-go",)))
    return images.workspace(environment, tree, go.WARM, with_history, "money", go.VARIABLES)


@pytest.fixture(scope="session")
def grade_go(engine: Engine, go_image: str) -> Grade:
    return grader(engine, go.Go(), go_image, go.VARIABLES, 60)


@pytest.fixture(scope="session")
def cargo_image(engine: Engine) -> str:
    tree = {path: Entry(text.encode()) for path, text in CRATE.items()}
    images = ImageStore(engine, print)
    environment = images.environment(Recipe(system=("cargo", "rustc")))
    return images.workspace(environment, tree, cargo.WARM, with_history, "crate", cargo.VARIABLES)


@pytest.fixture(scope="session")
def grade_cargo(engine: Engine, cargo_image: str) -> Grade:
    return grader(engine, cargo.Cargo(), cargo_image, cargo.VARIABLES, 120)
