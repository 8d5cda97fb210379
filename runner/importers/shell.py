"""What a shell script installs, and what a test command runs, in taskfit's own words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from runner.scenarios.repo import Environment, FrameworkName, RepoTests

PIP_FLAGS = frozenset(
    {"-q", "--quiet", "-U", "--upgrade", "--no-cache-dir", "--break-system-packages", "--system", "--user"}
)
"""Flags of pip that may go: what they ask for is so in an image anyway."""
IDLE = frozenset({"set", "true", "echo", "exit", ":"})
"""Programs that install nothing."""
STATEFUL = frozenset({"cd", "export", "source", "."})
"""Programs that matter to what comes after them alone."""
APT_LISTS = ["rm", "-rf", "/var/lib/apt/lists/*"]
KEPT = {"-W": 2, "-o": 2, "-c": 2, "-p": 2, "--doctest-modules": 1, "--doctest-glob": 2, "--import-mode": 2}
"""Flags of pytest that change what a test does → words they take."""
_CONDITIONAL = re.compile(r"\s*(if|then|else|elif|fi|for|while|do|done|case|esac|function)\b|.*[{}]\s*$|.*<<")


@dataclass(frozen=True)
class Steps:
    """What a script installs."""

    system: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    """The rest, to be run in the workspace."""

    def environment(self, **more: object) -> Environment:
        """Raises pydantic's ValidationError for a name that is none."""
        found = {"system": self.system, "packages": self.packages, "install": self.install}
        return Environment.model_validate(found | more)


def logical_lines(script: str) -> Iterator[str]:
    """The lines of a shell script, continued ones joined, without comments and blank ones."""
    for line in re.sub(r"\\\r?\n", " ", script).splitlines():
        if (line := line.strip()) and not line.startswith("#"):
            yield line


def commands(line: str) -> list[list[str]]:
    """The words of the commands in a line, at `&&`, `;` and `||`; none where the shell is needed to understand it."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>()")
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError:
        return []
    found: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", ";", "||"):
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def steps(script: str) -> Steps:
    """Debian packages, pip requirements, and everything else as it is, of an installing script.

    A script that goes to other folders or sets variables keeps the rest of it in one command.
    """
    system: list[str] = []
    packages: list[str] = []
    rest: list[str] = []
    stateful = working = False
    for line in logical_lines(script):
        simple = commands(line)
        if not simple or _CONDITIONAL.match(line) or _needs_shell(line, simple):
            rest.append(line)
            working = True
            continue
        left: list[list[str]] = []
        for words in simple:
            if words[0] in ("sudo", "command"):
                words = words[1:]
            if (names := _apt(words)) is not None:
                system += names
            elif (names := _pip(words)) is not None:
                packages += names
            elif words and words[0] not in IDLE and words != APT_LISTS:
                left.append(words)
        works = any(words[0] not in STATEFUL for words in left)
        stateful |= bool(left) and not works
        working |= works
        rest += ["; ".join(map(shlex.join, left))] if left else []
    install = ["\n".join(rest)] if stateful and working else rest if working else []
    return Steps(tuple(dict.fromkeys(system)), tuple(dict.fromkeys(packages)), tuple(install))


def _needs_shell(line: str, simple: list[list[str]]) -> bool:
    """Whether a line has pipes, redirections, groups or substitutions."""
    return bool(re.search(r"[$`]", line)) or any(re.fullmatch(r"[|<>&()]+", word) for words in simple for word in words)


def _apt(words: list[str]) -> list[str] | None:
    if not words or words[0] not in ("apt-get", "apt"):
        return None
    names = [word.partition("=")[0] for word in words[1:] if not word.startswith("-")]
    return names[1:] if names[:1] == ["install"] else []


def _pip(words: list[str]) -> list[str] | None:
    """The requirements that a command installs; None where it is no such command, or installs something else, too."""
    words = words[2:] if words[1:2] == ["-m"] and words[0].startswith("python") else words
    words = words[1:] if words[:1] == ["uv"] else words
    if len(words) < 3 or words[0] not in ("pip", "pip3") or words[1] != "install":
        return None
    names = [word for word in words[2:] if word not in PIP_FLAGS]
    return names if all(requirement(name) for name in names) else None


def requirement(line: str) -> str:
    """A requirement as an index can serve it; empty for anything else: options, paths, editable and broken lines."""
    line = line.partition(" #")[0].partition(" --")[0].strip()
    try:
        found = Requirement(line)
    except InvalidRequirement:
        return ""
    unserved = found.url or line.replace("_", "-") == "pkg-resources==0.0.0"
    return "" if unserved else line


def suite_of(command: str) -> RepoTests | None:
    """The suite that a test command runs; None where it names no framework that taskfit knows."""
    for words in commands(command):
        framework, rest = _framework(words)
        if framework is not None:
            return RepoTests(framework=framework, args=tuple(_kept(rest)) if framework == "pytest" else ())
    return None


def _framework(words: list[str]) -> tuple[FrameworkName | None, list[str]]:
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*|python[\d.]*|-m|-W\S+|coverage|run|xvfb-run|-a|env", words[0]):
        words = words[1:]
    program = words[0].rsplit("/", 1)[-1] if words else ""
    second = words[1] if len(words) > 1 else ""
    if program in ("pytest", "py.test", "nosetests", "nose", "nose2"):
        return "pytest", words[1:] if program.startswith("py") else []
    if program == "unittest":
        return "unittest", words[1:]
    if program == "runtests.py" or (program in ("manage.py", "django-admin") and second == "test"):
        return "django", words[1:]
    named: dict[tuple[str, str], FrameworkName] = {("go", "test"): "go", ("cargo", "test"): "cargo"}
    return named.get((program, second)), words[2:]


def _kept(words: list[str]) -> Iterator[str]:
    place = 0
    while place < len(words):
        flag = words[place].partition("=")[0]
        joined = "=" in words[place] or (flag[:2] in ("-W", "-o", "-p") and len(flag) > 2)
        count = 1 if joined else KEPT.get(flag, 1)
        if (flag in KEPT or flag[:2] in ("-W", "-o")) and words[place + 1 : place + 2] != ["no:cacheprovider"]:
            yield from words[place : place + count]
        place += count
