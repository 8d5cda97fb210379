"""What a Python project's tests and settings show of what they need, where nobody says so."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.environments.files import Files, table

FIXTURES = {
    "mocker": "pytest-mock",
    "benchmark": "pytest-benchmark",
    "httpserver": "pytest-httpserver",
    "httpbin": "pytest-httpbin",
    "requests_mock": "requests-mock",
    "respx_mock": "respx",
    "snapshot": "syrupy",
    "freezer": "pytest-freezer",
    "fs": "pyfakefs",
    "datadir": "pytest-datadir",
    "lazy_datadir": "pytest-datadir",
    "data_regression": "pytest-regressions",
    "file_regression": "pytest-regressions",
    "aiohttp_client": "pytest-aiohttp",
    "testdir": "",
}
"""Fixture → the plugin that has it."""
OPTIONS = {
    r"--cov\b": "pytest-cov",
    r"(?<!\S)(-n|--numprocesses|--dist)\b": "pytest-xdist",
    r"asyncio_mode|--asyncio-mode|mark\.asyncio\b": "pytest-asyncio",
    r"--benchmark": "pytest-benchmark",
    r"--randomly": "pytest-randomly",
    r"--random-order": "pytest-random-order",
    r"--doctest-plus|doctest_plus": "pytest-doctestplus",
    r"--ds\b|DJANGO_SETTINGS_MODULE|mark\.django_db": "pytest-django",
    r"--strict-config.*required_plugins": "",
    r"--reruns": "pytest-rerunfailures",
    r"--html\b": "pytest-html",
    r"--sugar": "pytest-sugar",
    r"--socket|--disable-socket": "pytest-socket",
    r"--snapshot": "syrupy",
}
"""What settings of pytest hold → the plugin that understands it."""
CONFIGURATION = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)


@dataclass
class Evidence:
    """What was seen."""

    imports: dict[str, str] = field(default_factory=dict)
    """Top-level module → the first test file that imports it, not in a `try`."""
    plugins: dict[str, str] = field(default_factory=dict)
    """Plugin of pytest → where it was seen."""
    configured: str = ""
    """Where pytest is configured."""
    settings: dict[str, str] = field(default_factory=dict)
    """pytest's settings as texts."""
    functions: str = ""
    """A file with test functions or with fixtures, which only pytest understands."""
    cases: str = ""
    """A file with unittest's classes."""
    django: str = ""
    """A file with Django's."""
    load_tests: str = ""
    """A file that collects its tests itself, in other ways than adding doctests."""
    nose: str = ""
    """A file with what only nose understands, and what it is."""
    variables: dict[str, str] = field(default_factory=dict)


def read_evidence(files: Files) -> Evidence:
    """Look into settings of pytest, `conftest.py` and test files."""
    evidence = Evidence()
    _settings(files, evidence)
    text = " ".join(f"{name} {value}" for name, value in evidence.settings.items())
    _plugins(text, evidence.configured, evidence)
    conftests = [path for path in files.tree if path.rpartition("/")[2] == "conftest.py"]
    evidence.functions = conftests[0] if conftests else ""
    for path in dict.fromkeys([*files.tests(), *conftests]):
        with contextlib.suppress(RecursionError):
            _look(files, path, evidence)
    return evidence


def _settings(files: Files, evidence: Evidence) -> None:
    """pytest's own order: https://docs.pytest.org/en/stable/reference/customize.html."""
    tool = table(files.toml("pyproject.toml"), "tool", "pytest")
    inner = table(tool, "ini_options") or {name: value for name, value in tool.items() if name != "ini_options"}
    for path, section in CONFIGURATION[:2]:
        if path in files:
            evidence.configured = f"[{section}] in {path}"
            told = files.ini(path)
            options = told.items(section) if told.has_section(section) else []
            evidence.settings = {name: value or "" for name, value in options}
            return
    if tool:
        evidence.configured = "[tool.pytest.ini_options] in pyproject.toml"
        evidence.settings = {
            name: " ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in inner.items()
        }
        return
    for path, section in CONFIGURATION[2:]:
        told = files.ini(path)
        if told.has_section(section):
            evidence.configured = f"[{section}] in {path}"
            evidence.settings = {name: value or "" for name, value in told.items(section)}
            return


def _plugins(text: str, source: str, evidence: Evidence) -> None:
    for pattern, plugin in OPTIONS.items():
        if plugin and re.search(pattern, text):
            evidence.plugins.setdefault(plugin, f"{source} uses it")


def _look(files: Files, path: str, evidence: Evidence) -> None:
    module = files.python(path)
    if module is None:
        return
    _plugins(" ".join(re.findall(r"mark\.\w+", files.text(path) or "")), path, evidence)
    for name in _imports(module.body):
        evidence.imports.setdefault(name, path)
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _function(node, path, evidence)
        elif isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            if any(base.endswith("TestCase") for base in bases):
                evidence.cases = evidence.cases or path
            elif node.name.startswith("Test"):
                evidence.functions = evidence.functions or path
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test"):
                    _fixtures(inner, path, evidence)
    if "django.test" in (files.text(path) or ""):
        evidence.django = evidence.django or path


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str, evidence: Evidence) -> None:
    if node.name == "load_tests" and "doctest" not in ast.unparse(node):
        evidence.load_tests = evidence.load_tests or path
    if node.name in ("setup", "teardown") and not node.decorator_list and not node.args.args and _is_test(path):
        evidence.nose = evidence.nose or f"{path} has nose's {node.name}() for a module"
    if not node.name.startswith("test"):
        return
    evidence.functions = evidence.functions or path
    _fixtures(node, path, evidence)
    if isinstance(node, ast.FunctionDef) and any(isinstance(each, ast.Yield) for each in _own_nodes(node)):
        evidence.nose = evidence.nose or f"{path} yields tests in {node.name}()"


def _is_test(path: str) -> bool:
    return path.rpartition("/")[2].startswith("test")


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A function's nodes without those of functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _fixtures(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str, evidence: Evidence) -> None:
    for argument in node.args.args:
        if plugin := FIXTURES.get(argument.arg):
            evidence.plugins.setdefault(plugin, f"{argument.arg} is a fixture of {path}")


def _imports(body: list[ast.stmt]) -> Iterator[str]:
    """Top-level names of a module's imports that must succeed."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
