"""How a project's own machines test it: tox, nox and GitHub's workflows, read for what a sandbox needs."""

from __future__ import annotations

import ast
import configparser
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.environments.files import Files, beside, table
from runner.environments.requirements import lines, words

MAX_JOBS = 200
"""Jobs and steps of one workflow that are read."""
_TESTS = re.compile(
    r"\b(pytest|py\.test|unittest|(manage\.py|django-admin) test|runtests|tox|nox|nosetests|make test"
    r"|hatch (run )?test)\b"
)
_FACTORS = re.compile(r"(py\{?3?[\d,py.]*\}?|tests?|unit|cov(erage)?)([,-](tests?|cov(erage)?|py3?\d*))*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_NOT_SYSTEM = re.compile(r"python|pypy|docker|sudo|git$|curl$|wget$|nodejs$|npm$|texlive|latexmk|pandoc$|apt-")
_FOLDERS = re.compile(r"^\{(tox_?root|toxinidir|env_?site_?packages_?dir)\}/", re.IGNORECASE)
"""What tox puts before a path: the project's root, or where its copy is installed."""
_PYTHON = re.compile(r"\b3\.(\d{1,2})\b")


@dataclass
class Practice:
    """What was found."""

    requirements: list[tuple[str, list[str]]] = field(default_factory=list)
    """Source and requirement texts."""
    extras: list[tuple[str, str]] = field(default_factory=list)
    """Source and name, of the project's extras and groups that tests are run with."""
    commands: list[tuple[str, list[str]]] = field(default_factory=list)
    """Source and words, of commands that run tests."""
    pythons: list[tuple[str, int]] = field(default_factory=list)
    """Source and minor version."""
    system: list[tuple[str, str]] = field(default_factory=list)
    """Source and Debian package."""
    variables: dict[str, str] = field(default_factory=dict)
    services: list[tuple[str, str]] = field(default_factory=list)
    """Source and name, of servers that run beside the tests."""


def read_practice(files: Files) -> Practice:
    """Read tox.ini (or where else tox is configured), noxfile.py and `.github/workflows`."""
    practice = Practice()
    _tox(files, practice)
    _nox(files, practice)
    for path in sorted(files.tree):
        if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", path):
            _workflow(files, path, practice)
    return practice


def _tox(files: Files, practice: Practice) -> None:
    source = "tox.ini"
    told = files.ini(source)
    if source not in files and (inner := table(files.toml("pyproject.toml"), "tool", "tox").get("legacy_tox_ini")):
        source = "[tool.tox] in pyproject.toml"
        with contextlib.suppress(configparser.Error):
            told.read_string(str(inner))
    for section in ("tox", "tox:tox"):
        names = told.get(section, "envlist", fallback=None) or told.get(section, "env_list", fallback=None) or ""
        practice.pythons += [(source, minor) for minor in _tox_pythons(names)]
    for section in told.sections():
        name = section.removeprefix("testenv")
        if name == section or (name and not re.search(r"[:{,-](tests?|unit|pytest|py3?\d*|python\d?)(?![a-z])", name)):
            continue
        found: list[str] = []
        for line in _substituted(told, section, "deps"):
            if included := re.match(r"-r\s*(\S+)", line):
                found += lines(files, beside("tox.ini", included[1].removeprefix("{toxinidir}/")))
            elif not line.startswith("-"):
                found.append(line)
        practice.requirements.append((f"[{section}] in {source}", found))
        for option in ("extras", "dependency_groups"):
            text = " ".join(_substituted(told, section, option))
            practice.extras += [(f"[{section}] {option} in {source}", name) for name in re.findall(r"[\w.-]+", text)]
        for line in _substituted(told, section, "setenv") + _substituted(told, section, "set_env"):
            name, mark, value = line.partition("=")
            if mark and re.fullmatch(r"[A-Z][A-Z0-9_]*\s*", name) and "{" not in value:
                practice.variables.setdefault(name.strip(), value.strip())
        for line in _substituted(told, section, "commands"):
            said = (_FOLDERS.sub("", word) for word in words(line.lstrip("- ")))
            command = [word for word in said if not word.startswith("{")]
            if _TESTS.search(line):
                practice.commands.append((f"[{section}] in {source}", command))


def _tox_pythons(names: str) -> Iterator[int]:
    """Minor versions in an environment list: `py{38,39}-django`, `py311`, `3.12`."""
    for group in re.findall(r"py(?:thon)?\{([^}]*)\}", names):
        for part in re.split(r"[,\s]+", group):
            if match := re.fullmatch(r"3\.?(\d{1,2})", part):
                yield int(match[1])
    for minor in re.findall(r"\bpy3\.?(\d{1,2})\b", names):
        yield int(minor)
    for minor in re.findall(r"(?:^|[\s,{])3\.(\d{1,2})\b", names):
        yield int(minor)


def _substituted(told: configparser.RawConfigParser, section: str, option: str, depth: int = 0) -> list[str]:
    """An option's lines; `{[other]option}` is followed, a line for some factors is kept when they are a Python's."""
    value = told.get(section, option, fallback=None) or ""
    found: list[str] = []
    for line in re.sub(r"\\\n\s*", " ", value).splitlines():
        line = line.strip()
        if (factors := re.match(r"(!?[\w{},.!-]+):\s+(.*)", line)) and "://" not in line.split()[0]:
            if not _FACTORS.fullmatch(factors[1]):
                continue
            line = factors[2]
        if (other := re.fullmatch(r"\{\[([\w:.-]+)\](\w+)\}", line)) and depth < 5:
            found += _substituted(told, other[1], other[2], depth + 1)
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def _nox(files: Files, practice: Practice) -> None:
    """`session.install("a", "b")` and `session.run("pytest", …)` of sessions with tests in their name."""
    module = files.python("noxfile.py")
    for function in module.body if module else ():
        if not isinstance(function, ast.FunctionDef) or "test" not in function.name:
            continue
        source = f"session {function.name} in noxfile.py"
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
                said = [each for each in literals if isinstance(each, str)]
                if node.func.attr == "install":
                    _pip(said, source, files, practice)
                elif node.func.attr == "run" and _TESTS.search(" ".join(said)):
                    practice.commands.append((source, said))


def _workflow(files: Files, path: str, practice: Practice) -> None:
    for name, job in list(table(files.yaml(path), "jobs").items())[:MAX_JOBS]:
        steps = table(job).get("steps")
        steps = [table(step) for step in steps[:MAX_JOBS]] if isinstance(steps, list) else []
        scripts = [step["run"] for step in steps if isinstance(step.get("run"), str)]
        if not any(_TESTS.search(script) for script in scripts):
            continue
        source = f"job {name} in {path}"
        matrix = table(job, "strategy", "matrix")
        for value in matrix.values():
            if isinstance(value, list):
                practice.pythons += [
                    (source, int(match[1])) for each in value if (match := re.fullmatch(r"3\.(\d{1,2})", str(each)))
                ]
        for step in steps:
            if match := _PYTHON.search(str(table(step, "with").get("python-version") or "")):
                practice.pythons.append((source, int(match[1])))
        practice.services += [(source, service) for service in table(job, "services")]
        for script in scripts:
            _script(script, source, files, practice)


def _script(script: str, source: str, files: Files, practice: Practice) -> None:
    for line in re.sub(r"\\\n\s*", " ", script[:20_000]).splitlines():
        for part in re.split(r"&&|;|\|\|", line):
            command = words(part)
            command = command[1:] if command[:1] == ["sudo"] else command
            if command[:2] in (["apt-get", "install"], ["apt", "install"]) or (
                command[:1] in (["apt-get"], ["apt"]) and "install" in command
            ):
                names = command[command.index("install") + 1 :]
                practice.system += [
                    (source, name) for name in names if _PACKAGE.fullmatch(name) and not _NOT_SYSTEM.match(name)
                ]
            elif _TESTS.search(part) and command and "install" not in command:
                practice.commands.append((source, command))
            elif "pip" in command and "install" in command:
                _pip(command[command.index("install") + 1 :], source, files, practice)


def _pip(arguments: list[str], source: str, files: Files, practice: Practice) -> None:
    """The requirements among pip's arguments; `-r` is followed."""
    found: list[str] = []
    place = 0
    while place < len(arguments):
        word = arguments[place]
        place += 1
        if word in ("-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f"):
            if word in ("-r", "--requirement") and place < len(arguments):
                found += lines(files, arguments[place])
            place += 1
        elif word in ("-e", "--editable") and place < len(arguments):
            found.append(f"-e {arguments[place]}")
            place += 1
        elif not word.startswith("-") and "$" not in word and "{" not in word:
            found.append(word)
    kept = [each for each in found if each.startswith(("-e .", ".")) or "/" not in each or "://" in each]
    practice.requirements.append((f"pip install in {source}", kept))
