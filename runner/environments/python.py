"""A Python project's environment."""

from __future__ import annotations

import re
import sys
from datetime import date
from typing import Any

from packaging.utils import canonicalize_name

from runner.environments.evidence import Evidence, read_evidence
from runner.environments.files import Files, table
from runner.environments.practice import Practice, read_practice
from runner.environments.project import DEV_NAMES, TEST_NAMES, Project, pretended, read_project
from runner.environments.requirements import Wanted, lines
from runner.environments.suites import choose_suite
from runner.environments.versions import BASE, choose_python
from runner.errors import Rejected
from runner.scenarios.repo import Environment, RepoTests

INSTALL = "pip install -q --no-build-isolation -e ."
"""What it needs is there already, so this works without an index; edits are seen."""
MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "tox.ini", "Pipfile", "pytest.ini", "manage.py")
NOT_BUILT = ("maturin", "setuptools-rust", "scikit-build", "meson-python")
_REQUIREMENTS = re.compile(r"(requirements?/)?([\w.-]*requirements?[\w.-]*|requirements?/[\w.-]+)\.(txt|in)")
_SAME = """
    aiohttp anyio attr attrs babel bottle celery certifi chardet click colorama cryptography ddt django docutils
    faker fastapi flask freezegun gevent html5lib httpx hypothesis idna jinja2 jsonschema lxml markdown marshmallow
    matplotlib mock moto msgpack networkx numpy orjson packaging pandas parameterized peewee pexpect psutil py pydantic
    pyfakefs pygments pyparsing pyramid pytz requests responses respx rich scipy simplejson six sqlalchemy starlette
    sympy syrupy termcolor testfixtures testtools toml tomli tornado tqdm trio twisted typing_extensions tzdata
    ujson urllib3 webob webtest werkzeug
"""
MODULES = {name: name for name in _SAME.split()} | {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "nose": "pynose",
    "pkg_resources": "setuptools<81",
    "rest_framework": "djangorestframework",
    "sklearn": "scikit-learn",
    "time_machine": "time-machine",
    "yaml": "pyyaml",
}
"""Module that tests import → its distribution. Nothing outside this table is ever guessed: a name that nobody declared
may be anybody's package."""


def is_python(files: Files) -> bool:
    """Whether the root holds what Python projects have there."""
    return any(mark in files for mark in MARKS)


def infer_python(files: Files, on: date | None) -> tuple[Environment, RepoTests]:
    """Raises Rejected."""
    project = read_project(files)
    practice = read_practice(files)
    _refuse(files, project)
    python = choose_python(files, project, practice)
    evidence = read_evidence(files)
    suite = choose_suite(files, project, practice, evidence)
    wanted = Wanted(files, python or f"3.{BASE}", project.name)
    wanted.needed = frozenset(canonicalize_name(MODULES.get(name, name)) for name in evidence.imports)
    _runtime(files, project, wanted)
    _testing(files, project, practice, wanted)
    _evident(files, project, evidence, wanted)
    _locked(files, wanted)
    compiler = ("gcc", "libc6-dev", "python3-dev") if project.compiled else ()
    if compiler:
        files.note(f"{', '.join(compiler)}: {project.compiled}; it is built once, edits to its sources are not seen")
    for source, name in practice.system:
        files.note(f"{name}: apt-get in {source}")
    system = {*compiler, *(name for _, name in practice.system)}
    for source, service in practice.services:
        files.note(f"{source} runs {service} beside the tests, which a sandbox has not; tests that need it fail")
    variables = pretended(files, project) | evidence.variables
    install: tuple[str, ...] = ()
    if project.installed:
        install = (INSTALL,)
        files.note(f"install: {'pyproject.toml' if 'pyproject.toml' in files else 'setup.py or setup.cfg'}")
    elif any(path.startswith("src/") and path.endswith(".py") for path in files.tree):
        variables["PYTHONPATH"] = "/workspace/src"
        files.note("PYTHONPATH: nothing installs what is in src/")
    environment = Environment(
        python=python,
        as_of=on,
        system=tuple(sorted(system)),
        packages=wanted.texts(),
        install=install,
        variables=variables,
    )
    return environment, suite


def _refuse(files: Files, project: Project) -> None:
    if any(tool in text for tool in NOT_BUILT for text in project.build):
        raise Rejected("unsupported", f"it has {project.compiled}, of which an edit is not seen without building again")
    declared = project.installed or project.runtime or any(_REQUIREMENTS.fullmatch(path) for path in files.tree)
    conda = [path for path in sorted(files.tree) if re.fullmatch(r"(conda/)?(environment|conda)[\w.-]*\.ya?ml", path)]
    if conda and not declared:
        raise Rejected("unsupported", f"what it needs is known to conda alone ({conda[0]})")
    compose = [path for path in sorted(files.tree) if re.fullmatch(r"(.*/)?(docker-)?compose[\w.-]*\.ya?ml", path)]
    for path in files.tests():
        if re.search(r"docker[-_ ]compose|testcontainers", files.text(path) or ""):
            beside = f" ({compose[0]})" if compose else ""
            raise Rejected("unsupported", f"its tests start services in containers{beside}: {path}")


def _runtime(files: Files, project: Project, wanted: Wanted) -> None:
    wanted.add(project.build, "[build-system] or setup_requires", tools=True)
    for source, texts in project.runtime:
        wanted.add(texts, source, tools=True)
    if not project.runtime:
        for path in ("requirements.txt", "requirements/base.txt", "requirements.in", "requirements/requirements.txt"):
            if path in files and wanted.add(lines(files, path), path):
                break
    pipfile = files.toml("Pipfile")
    for section in ("packages", "dev-packages"):
        wanted.add(_pipfile(table(pipfile, section)), f"[{section}] in Pipfile")


def _pipfile(section: dict[str, Any]) -> list[str]:
    texts = []
    for name, value in section.items():
        told = value if isinstance(value, dict) else {"version": value}
        version = str(told.get("version") or "*")
        if not ({"path", "git", "file"} & set(told)):
            texts.append(name + ("" if version == "*" else version))
    return texts


def _testing(files: Files, project: Project, practice: Practice, wanted: Wanted) -> None:
    """What tests need: from places that are about tests, or else from those that are about development."""
    found = _named(project, wanted, TEST_NAMES)
    for path in _requirement_files(files, ("test", "tests", "testing", "ci")):
        found |= wanted.add(lines(files, path), path)
    for source, texts in practice.requirements:
        wanted.add(texts, source)
    for _, name in practice.extras:
        wanted.extras.append(name)
    if not found:
        _named(project, wanted, DEV_NAMES)
        for path in _requirement_files(files, ("dev", "develop", "development")):
            wanted.add(lines(files, path), path)
    done: set[str] = set()
    while asked := [name for name in wanted.extras if name not in done]:
        for name in asked:
            done.add(name)
            if (key := re.sub(r"[-_.]+", "-", name).lower()) in project.extras:
                source, texts = project.extras[key]
                wanted.add(texts, source)


def _named(project: Project, wanted: Wanted, names: tuple[str, ...]) -> bool:
    found = False
    for name in names:
        if name in project.extras:
            source, texts = project.extras[name]
            found |= wanted.add(texts, source)
    return found


def _requirement_files(files: Files, about: tuple[str, ...]) -> list[str]:
    found = []
    for path in sorted(files.tree):
        near = re.fullmatch(r"((requirements?|tests?|deps|reqs)/)?[\w.-]+\.(txt|in)", path)
        parts = re.split(r"[/._-]", path.lower())
        if near and any("req" in part or part == "deps" for part in parts) and set(parts) & set(about):
            found.append(path)
    compiled = {path[:-4] for path in found if path.endswith(".txt")}
    return [path for path in found if path.endswith(".txt") or path[:-3] not in compiled]


def _evident(files: Files, project: Project, evidence: Evidence, wanted: Wanted) -> None:
    """What tests use without anybody having said so."""
    own = {canonicalize_name(project.name), *(path.split("/")[0].removesuffix(".py") for path in files.tree)}
    own |= {path.split("/")[1].removesuffix(".py") for path in files.tree if path.startswith(("src/", "lib/"))}
    for module, path in sorted(evidence.imports.items()):
        distribution = MODULES.get(module)
        name = canonicalize_name(re.split(r"[<>=]", distribution)[0]) if distribution else ""
        if not distribution or module in own or module in sys.stdlib_module_names:
            continue
        if name not in wanted.names() or module == "pkg_resources":
            wanted.add([distribution], f"imported by {path}", tools=True)
    for plugin, source in sorted(evidence.plugins.items()):
        if plugin not in wanted.names():
            wanted.add([plugin], source, tools=True)


def _locked(files: Files, wanted: Wanted) -> None:
    """Versions of lock files, which hold at the time of the commit."""
    for path in ("poetry.lock", "uv.lock", "pdm.lock"):
        packages = files.toml(path).get("package")
        versions = {
            canonicalize_name(str(each["name"])): str(each["version"])
            for each in (packages if isinstance(packages, list) else ())
            if isinstance(each, dict) and "name" in each and "version" in each
        }
        wanted.pin(versions, path)
