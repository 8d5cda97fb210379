"""Solutions of foreign tasks run where models work: what they change is told, and why they fail."""

from __future__ import annotations

import pytest

from runner.errors import Rejected
from runner.importers.solving import SandboxSolver
from runner.scenarios.checkout import changes
from runner.scenarios.repo import Environment
from sandboxes.archive import Entry, Tree
from sandboxes.client import Engine
from sandboxes.images import ImageStore

pytestmark = pytest.mark.engine

BASE: Tree = {"a.txt": Entry(b"one\n"), "gone.txt": Entry(b"")}
LINKED = Environment(install=("ln -s /workspace /app", "echo built > built.txt"), variables={"WORD": "two"})


def solved(engine: Engine, script: str, seconds: float = 60) -> tuple[Tree, Tree]:
    solution = {"solve.sh": Entry(script.encode()), "more/data.txt": Entry(b"data\n")}
    return SandboxSolver(engine, ImageStore(engine, print), seconds)(LINKED, BASE, solution)


def test_a_solution_finds_its_files_its_folder_and_its_variables(engine: Engine) -> None:
    before, after = solved(engine, "cd /app; echo $WORD > a.txt; cp /solution/more/data.txt new.txt; rm gone.txt\n")
    assert before["built.txt"].data == b"built\n"
    assert changes(before, after) == {"a.txt": Entry(b"two\n"), "new.txt": Entry(b"data\n"), "gone.txt": None}


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("echo no such luck; exit 3", "reference-fails", "ended with 3: no such luck"),
        ("sleep 600", "tests-hang", "within 5 s"),
        (
            "printf '\\033[2J'; python -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)'",
            "reference-fails",
            "",
        ),
    ],
)
def test_a_solution_that_fails_says_why(engine: Engine, script: str, code: str, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        solved(engine, script, seconds=5 if code == "tests-hang" else 120)
    assert caught.value.code == code
    assert said in caught.value.sentence
    assert "\x1b" not in caught.value.sentence
