"""How a Python project's tests are run."""

from __future__ import annotations

import re

from runner.environments.evidence import Evidence
from runner.environments.files import Files
from runner.environments.practice import Practice
from runner.environments.project import Project
from runner.errors import Rejected
from runner.scenarios.repo import FrameworkName, RepoTests

KEPT_OPTIONS = re.compile(r"--(doctest-modules|doctest-glob=\S+|doctest-continue-on-failure|import-mode=\w+|ds=[\w.]+)")
"""Options of pytest that say what tests are, not how they are reported."""
VALUED = frozenset(
    {
        *("--cov", "--cov-report", "--cov-config", "-k", "-m", "-n", "-c", "-o", "-W", "-r", "--ignore", "--deselect"),
        *("--junitxml", "--junit-xml", "--rootdir", "--basetemp", "--durations", "--timeout", "--maxfail", "--tb"),
    }
)
"""Options of which the next word is a value, and no place."""
LINTERS = re.compile(r"(?<=\s)--(flake8|flakes|black|isort|mypy|pylint|pep8|pycodestyle|pydocstyle|ruff)\S*(?=\s)")


def choose_suite(files: Files, project: Project, practice: Practice, evidence: Evidence) -> RepoTests:
    """Raises Rejected when nothing tells, or when only nose would do."""
    if evidence.nose:
        raise Rejected("unsupported", f"{evidence.nose}; pytest has dropped that, and nose runs on no Python since 3.9")
    framework = _framework(files, practice, evidence)
    if framework == "django":
        return _django(files, practice, evidence)
    if framework == "unittest":
        return RepoTests(framework=framework)
    args, paths = _command(files, practice)
    if evidence.settings.get("testpaths"):
        paths = ()
    elif not paths:
        paths = _folders(files, args)
    if paths:
        files.note(f"paths {', '.join(paths)}: what the tests' command names, or the folder that holds the tests")
    return RepoTests(args=(*args, *_without_linters(files, evidence)), paths=paths)


def _without_linters(files: Files, evidence: Evidence) -> tuple[str, ...]:
    """The settings' own options but for those of plugins that judge style, which are not installed."""
    options = evidence.settings.get("addopts", "")
    plain = " ".join(LINTERS.sub(" ", f" {options} ").split())
    if plain == " ".join(options.split()):
        return ()
    files.note(f"addopts without what judges style: {evidence.configured}")
    return ("-o", f"addopts={plain}")


def _framework(files: Files, practice: Practice, evidence: Evidence) -> FrameworkName:
    commands = [(source, " ".join(command)) for source, command in practice.commands]
    by_pytest = next((source for source, text in commands if re.search(r"\b(pytest|py\.test)\b", text)), "")
    configured = evidence.configured or by_pytest
    if not configured and evidence.load_tests:
        files.note(f"unittest: {evidence.load_tests} has load_tests(), which pytest does not call")
        return "unittest"
    if not configured and evidence.django and "pytest-django" not in evidence.plugins:
        files.note(f"django: {evidence.django} uses django.test, and nothing speaks of pytest")
        return "django"
    if configured or evidence.functions:
        files.note(f"pytest: {configured or evidence.functions}")
        return "pytest"
    if evidence.cases:
        files.note(f"pytest: {evidence.cases} has unittest's classes, which pytest runs as well")
        return "pytest"
    if any(re.search(r"doctest", text) for _, text in commands):
        files.note("pytest: the tests' command speaks of doctests")
        return "pytest"
    raise Rejected("framework-unknown", "no test, no setting and no command of a test runner was found in it")


def _django(files: Files, practice: Practice, evidence: Evidence) -> RepoTests:
    """`manage.py` knows its settings; a reusable app's are in a variable or an option."""
    if "DJANGO_SETTINGS_MODULE" in practice.variables:
        evidence.variables["DJANGO_SETTINGS_MODULE"] = practice.variables["DJANGO_SETTINGS_MODULE"]
    for source, command in practice.commands:
        for word, following in zip(command, [*command[1:], ""], strict=True):
            match = re.fullmatch(r"--settings(?:=([\w.]+))?", word)
            if match and (module := match[1] or following):
                evidence.variables["DJANGO_SETTINGS_MODULE"] = module
                files.note(f"DJANGO_SETTINGS_MODULE: {source}")
    if "manage.py" not in files and "DJANGO_SETTINGS_MODULE" not in evidence.variables:
        scripts = [path for path in files.tree if path.rpartition("/")[2] in ("runtests.py", "quicktest.py")]
        found = [
            (match[1], path)
            for path in sorted(scripts)
            if (match := re.search(r"DJANGO_SETTINGS_MODULE['\"]\]?\s*[,=]\s*['\"]([\w.]+)", files.text(path) or ""))
        ]
        if not found:
            problem = "its tests are Django's, and no manage.py or DJANGO_SETTINGS_MODULE tells their settings"
            raise Rejected("framework-unknown", problem)
        evidence.variables["DJANGO_SETTINGS_MODULE"] = found[0][0]
        files.note(f"DJANGO_SETTINGS_MODULE: {found[0][1]}")
    return RepoTests(framework="django")


def _command(files: Files, practice: Practice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Options and places of the first command that runs pytest."""
    for source, command in practice.commands:
        names = [word.rpartition("/")[2] for word in command]
        place = next((place for place, name in enumerate(names) if name in ("pytest", "py.test")), None)
        if place is None:
            continue
        args, paths, words = [], [], iter(command[place + 1 :])
        for word in words:
            if word == "-p" and re.fullmatch(r"[\w.:-]+", plugin := next(words, "")):
                args += [word, plugin] if plugin.startswith("no:") else []
            elif KEPT_OPTIONS.fullmatch(word):
                args.append(word)
            elif word in VALUED:
                next(words, "")
            elif re.fullmatch(r"[\w./-]+", word) and not word.startswith(("-", "/")) and ".." not in word.split("/"):
                folder = word.removeprefix("./").rstrip("/")
                if folder in files or any(path.startswith(f"{folder}/") for path in files.tree):
                    paths.append(folder)
        if args:
            files.note(f"{' '.join(args)}: {source}")
        return tuple(args), tuple(dict.fromkeys(paths))
    return (), ()


def _folders(files: Files, args: tuple[str, ...]) -> tuple[str, ...]:
    """The one folder that holds the tests, so that examples and tools are not collected.

    Where no file is called as pytest wants it, those called `test.py` or `tests.py`.
    """
    if any(arg.startswith("--doctest") for arg in args):
        return ()
    usual = [path for path in files.tests() if re.fullmatch(r"(.*/)?(test_[^/]*|[^/]*_test)\.py", path)]
    if not usual:
        return tuple(path for path in files.tests() if re.fullmatch(r"(.*/)?tests?\.py", path))
    roots = {path.split("/")[0] for path in files.tests() if "/" in path and path.rpartition("/")[2].startswith("test")}
    loose = any("/" not in path for path in files.tests())
    named = [folder for folder in ("tests", "test", "testing") if folder in roots]
    return (named[0],) if len(named) == 1 and not loose else ()
