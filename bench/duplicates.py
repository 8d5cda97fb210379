"""Near duplicates among 5,000 scenarios on disk, whose issues and fixes are cut out of Python's own library."""

from __future__ import annotations

import random
import sysconfig
import tempfile
import time
from pathlib import Path

from bench.rows import Row
from runner.duplicates.near import within
from runner.duplicates.ngrams import Ngrams
from runner.duplicates.texts import described
from runner.scenarios.catalog import load_scenario, scenario_folders

SCENARIOS = 5_000
COPIES = 50
"""Of them, so many say again what another one says."""
LINES = 40
"""Of an issue and of a fix each."""
SEED = 11
FILE = """\
schema = 1
title = "Task"
repo = "task"
[tests]
fail_to_pass = ["tests/test_x.py::test_y"]
"""


def duplicates() -> list[Row]:
    """Seconds from the folders to the pairs."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        started = time.perf_counter()
        loaded = [load_scenario(each) for each in scenario_folders([Path(folder, "scenarios")]).values()]
        pairs = within([described(each) for each in loaded], embedder=Ngrams())
        seconds = time.perf_counter() - started
    copies = sum(pair.first + "-again" == pair.second for pair in pairs)
    assert copies == COPIES, copies
    return [Row(f"near duplicates of {SCENARIOS:,} scenarios", seconds, "s", None, 60)]


def _write(root: Path) -> None:
    luck = random.Random(SEED)
    lines = _library()
    repo = root / "repos" / "task"
    (repo / "source").mkdir(parents=True)
    (repo / "repo.toml").write_text('schema = 1\ntitle = "Task"\n[source]\npath = "source"\n')
    for number in range(SCENARIOS - COPIES):
        at, other = (luck.randrange(len(lines) - LINES) for _ in range(2))
        issue, fix = "\n".join(lines[at : at + LINES]), lines[other : other + LINES]
        patch = "\n".join(f"{' +-'[place % 3]}{line}" for place, line in enumerate(fix))
        for name in (f"task-{number}", *([f"task-{number}-again"] if number < COPIES else [])):
            scenario = root / "scenarios" / name
            (scenario / "solution").mkdir(parents=True)
            (scenario / "scenario.toml").write_text(FILE)
            (scenario / "instruction.md").write_text(f"Task\n{issue}\n")
            head = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n"
            (scenario / "solution" / "solution.patch").write_text(f"{head}{patch}\n")


def _library() -> list[str]:
    """Lines of code that differ: what many files have alike stands once."""
    found: dict[str, None] = {}
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        found.update(dict.fromkeys(line for line in file.read_text("utf-8", "replace").splitlines() if line.strip()))
    return list(found)
