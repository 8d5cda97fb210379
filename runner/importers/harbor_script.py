"""What a Harbor task's test.sh installs, and which files it has pytest run."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

from runner.errors import Rejected
from runner.importers.shell import Steps, logical_lines, requirement, steps
from runner.visible import visible

TESTS = "task_tests"
"""The folder of the workspace to which /tests leads."""
OWN = frozenset({"pytest", "pytest-json-ctrf", "pytest-timeout", "coverage"})
"""Packages of the harness, which taskfit has."""


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
