"""What a Python project declares of itself: pyproject.toml, setup.cfg, setup.py, in their several dialects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from runner.environments.files import Files, strings, table
from runner.environments.requirements import lines, poetry, specifiers
from runner.environments.setup_py import setup_call

TEST_NAMES = ("test", "tests", "testing", "unittest", "unittests", "pytest", "unit", "test-deps", "tests-require")
DEV_NAMES = ("dev", "develop", "development", "ci", "all", "full", "complete", "extra", "extras", "local")
COMPILED = {
    "maturin": "a Rust extension (maturin)",
    "setuptools-rust": "a Rust extension (setuptools-rust)",
    "scikit-build": "a compiled extension (scikit-build)",
    "scikit-build-core": "a compiled extension (scikit-build-core)",
    "meson-python": "a compiled extension (meson-python)",
    "cython": "a compiled extension (Cython)",
    "pybind11": "a compiled extension (pybind11)",
    "nanobind": "a compiled extension (nanobind)",
}
_VERSION = re.compile(r"(?m)^[^\w\n]*(?:version |release |v)?\[?v?(\d+\.\d+(?:\.\d+)?)\b", re.IGNORECASE)


@dataclass
class Project:
    """A Python project's own words."""

    name: str = ""
    pythons: SpecifierSet | None = None
    """`requires-python`."""
    pythons_from: str = ""
    classifiers: tuple[str, ...] = ()
    runtime: list[tuple[str, list[str]]] = field(default_factory=list)
    """Source and requirement texts, of what the code needs."""
    extras: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Name → source and requirement texts, of extras, groups and environments."""
    build: list[str] = field(default_factory=list)
    """What building it needs."""
    installed: bool = False
    """Whether pip can install it."""
    compiled: str = ""
    """The kind of extension that must be compiled, where there is one."""
    test_suite: str = ""
    """setup.py's `test_suite`."""


def read_project(files: Files) -> Project:
    """Read what is there; what cannot be read is left out and noted."""
    project = Project()
    settings = files.toml("pyproject.toml")
    _standard(files, project, settings)
    _poetry(files, project, settings)
    _tools(project, settings, files.toml("hatch.toml"))
    _setup_cfg(files, project)
    _setup_py(files, project)
    build = table(settings, "build-system")
    broken = "pyproject.toml" in files and not settings
    if not broken and (build or "setup.py" in files or _named(files)):
        project.installed = table(settings, "tool", "poetry").get("package-mode") is not False
    project.build += strings(build.get("requires")) or (["setuptools>=64"] if project.installed else [])
    if project.installed and not any(re.match(r"(?i)setuptools\b", each) for each in project.build):
        backend = str(build.get("build-backend") or "setuptools")
        project.build += ["setuptools"] if backend.startswith("setuptools") else []
    if any(re.match(r"(?i)setuptools\b", each) for each in project.build):
        project.build.append("wheel")
    if any(re.match(r"(?i)hatchling\b", each) for each in project.build):
        project.build.append("editables")
    for text in project.build:
        name = canonicalize_name(re.split(r"[\s\[<>=!~;@(]", text.strip(), maxsplit=1)[0])
        project.compiled = project.compiled or COMPILED.get(name, "")
    return project


def _named(files: Files) -> bool:
    return files.ini("setup.cfg").has_option("metadata", "name")


def _standard(files: Files, project: Project, settings: dict[str, Any]) -> None:
    """PEP 621 and PEP 735, setuptools' dynamic fields, flit's own table."""
    told = table(settings, "project")
    project.name = str(told.get("name") or table(settings, "tool", "flit", "metadata").get("module") or "")
    _pythons(files, project, told.get("requires-python"), "requires-python in pyproject.toml")
    project.classifiers = tuple(strings(told.get("classifiers")))
    if dependencies := strings(told.get("dependencies")):
        project.runtime.append(("[project] in pyproject.toml", dependencies))
    for name, texts in table(told, "optional-dependencies").items():
        _extra(project, name, f"[project.optional-dependencies] {name}", strings(texts))
    dynamic = table(settings, "tool", "setuptools", "dynamic")
    for path in _paths(dynamic.get("dependencies")):
        project.runtime.append((path, list(lines(files, path))))
    for name, value in table(dynamic, "optional-dependencies").items():
        for path in _paths(value):
            _extra(project, name, path, list(lines(files, path)))
    groups = {_group(name): value for name, value in table(settings, "dependency-groups").items()}
    for name in groups:
        _extra(project, name, f"[dependency-groups] {name}", _group_texts(groups, name, frozenset()))
    flit = table(settings, "tool", "flit", "metadata")
    _pythons(files, project, flit.get("requires-python"), "[tool.flit.metadata]")
    if required := strings(flit.get("requires")):
        project.runtime.append(("[tool.flit.metadata]", required))
    for name, texts in table(flit, "requires-extra").items():
        _extra(project, name, f"[tool.flit.metadata.requires-extra] {name}", strings(texts))


def _paths(value: object) -> list[str]:
    named = value.get("file") if isinstance(value, dict) else None
    return [named] if isinstance(named, str) else strings(named)


def _group(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _group_texts(groups: dict[str, Any], name: str, seen: frozenset[str]) -> list[str]:
    """A PEP 735 group with those that it includes; a circle is cut."""
    texts: list[str] = []
    members = groups.get(name)
    for each in members if isinstance(members, list) else ():
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(included := table(each).get("include-group"), str) and _group(included) not in {*seen, name}:
            texts += _group_texts(groups, _group(included), seen | {name})
    return texts


def _poetry(files: Files, project: Project, settings: dict[str, Any]) -> None:
    told = table(settings, "tool", "poetry")
    project.name = project.name or str(told.get("name") or "")
    project.classifiers = project.classifiers or tuple(strings(told.get("classifiers")))
    needed = table(told, "dependencies")
    _pythons(files, project, needed.pop("python", None), "[tool.poetry.dependencies] python")
    if needed:
        project.runtime.append(("[tool.poetry.dependencies]", _poetry_texts(needed)))
    for name, names in table(told, "extras").items():
        optional = {each: needed[each] for each in strings(names) if each in needed}
        _extra(project, name, f"[tool.poetry.extras] {name}", _poetry_texts(optional, even_optional=True))
    _extra(project, "dev", "[tool.poetry.dev-dependencies]", _poetry_texts(table(told, "dev-dependencies")))
    for name, group in table(told, "group").items():
        _extra(project, name, f"[tool.poetry.group.{name}]", _poetry_texts(table(group, "dependencies")))


def _poetry_texts(needed: dict[str, Any], *, even_optional: bool = False) -> list[str]:
    if even_optional:
        needed = {name: each | {"optional": False} if isinstance(each, dict) else each for name, each in needed.items()}
    return [text for name, each in needed.items() if (text := poetry(name, each)) is not None]


def _tools(project: Project, settings: dict[str, Any], hatch: dict[str, Any]) -> None:
    """pdm's groups, uv's, and hatch's environments."""
    for name, texts in table(settings, "tool", "pdm", "dev-dependencies").items():
        _extra(project, name, f"[tool.pdm.dev-dependencies] {name}", strings(texts))
    _extra(project, "dev", "[tool.uv] dev-dependencies", strings(table(settings, "tool", "uv").get("dev-dependencies")))
    for environments in (table(settings, "tool", "hatch", "envs"), table(hatch, "envs")):
        for name, each in environments.items():
            told = table(each)
            texts = strings(told.get("dependencies")) + strings(told.get("extra-dependencies"))
            features = strings(told.get("features"))
            if features and project.name:
                texts.append(f"{project.name}[{','.join(features)}]")
            called = "test" if name.startswith(("test", "hatch-test")) else "dev" if name == "default" else name
            _extra(project, called, f"[tool.hatch.envs.{name}]", texts)


def _setup_cfg(files: Files, project: Project) -> None:
    told = files.ini("setup.cfg")

    def listed(section: str, option: str) -> list[str]:
        value = told.get(section, option, fallback=None) or ""
        found = []
        for line in value.splitlines():
            if line.strip().startswith("file:"):
                for path in line.partition(":")[2].split(","):
                    found += list(lines(files, path.strip()))
            elif line.strip() and not line.strip().startswith("#"):
                found += [part for part in line.split(";;")[0].strip().split("\n") if part]
        return found

    project.name = project.name or (told.get("metadata", "name", fallback=None) or "").strip()
    project.classifiers = project.classifiers or tuple(listed("metadata", "classifiers"))
    _pythons(files, project, told.get("options", "python_requires", fallback=None), "python_requires in setup.cfg")
    if required := listed("options", "install_requires"):
        project.runtime.append(("install_requires in setup.cfg", required))
    _extra(project, "test", "tests_require in setup.cfg", listed("options", "tests_require"))
    project.build += listed("options", "setup_requires")
    if told.has_section("options.extras_require"):
        for name in told.options("options.extras_require"):
            texts = listed("options.extras_require", name)
            _extra(project, name, f"[options.extras_require] {name} in setup.cfg", texts)


def _setup_py(files: Files, project: Project) -> None:
    told = setup_call(files)
    text = files.text("setup.py") or ""
    project.name = project.name or (told["name"] if isinstance(told.get("name"), str) else "")
    project.classifiers = project.classifiers or tuple(strings(told.get("classifiers")))
    project.test_suite = told["test_suite"] if isinstance(told.get("test_suite"), str) else ""
    _pythons(files, project, told.get("python_requires"), "python_requires in setup.py")
    for keyword, place in (("install_requires", "runtime"), ("tests_require", "test"), ("setup_requires", "build")):
        value = told.get(keyword)
        texts = value.splitlines() if isinstance(value, str) else strings(value)
        if keyword in told and value is None:
            files.note(f"{keyword} in setup.py is computed; pip finds out when it installs the project")
        if place == "runtime" and texts:
            project.runtime.append(("install_requires in setup.py", texts))
        elif place == "test":
            _extra(project, "test", "tests_require in setup.py", texts)
        else:
            project.build += texts if place == "build" else []
    if told.get("use_scm_version") and not any("setuptools_scm" in each.replace("-", "_") for each in project.build):
        project.build.append("setuptools-scm")
    if told.get("pbr") and not any(each.startswith("pbr") for each in project.build):
        project.build.append("pbr")
    for name, value in table(told.get("extras_require")).items():
        _extra(project, name, f"extras_require[{name!r}] in setup.py", strings(value))
    if told.get("ext_modules", ()) is None or told.get("ext_modules") or re.search(r"\bExtension\s*\(", text):
        project.compiled = project.compiled or "a C extension (setup.py)"


def _extra(project: Project, name: str, source: str, texts: list[str]) -> None:
    """Add texts to an extra; `name:marker` is the old way to write a marker."""
    name, _, marker = name.partition(":")
    texts = [f"{text} ; {marker}" if marker and ";" not in text else text for text in texts]
    if not name:
        project.runtime.append((source, texts))
    elif texts:
        known, before = project.extras.get(_group(name), (source, []))
        project.extras[_group(name)] = (known, before + texts)


def _pythons(files: Files, project: Project, text: object, source: str) -> None:
    if project.pythons is None and (found := specifiers(text, files.note, source)) is not None:
        project.pythons, project.pythons_from = found, source


def pretended(files: Files, project: Project) -> dict[str, str]:
    """Variables that give a version to what reads it from git's tags, which a fresh repository does not have."""
    settings = files.text("pyproject.toml") or ""
    said = " ".join([*project.build, settings, files.text("setup.py") or "", files.text("setup.cfg") or ""])
    readers = {
        r"setuptools[-_]scm|hatch-vcs|vcs-versioning|flit[-_]scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
        r"\bpbr\b": "PBR_VERSION",
        r"poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
        r"uv-dynamic-versioning": "UV_DYNAMIC_VERSIONING_BYPASS",
        r"\[tool\.pdm\.version\]": "PDM_BUILD_SCM_VERSION",
    }
    needed = {variable for pattern, variable in readers.items() if re.search(pattern, said)}
    if not needed:
        return {}
    version, source = _version(files)
    files.note(f"version {version} for {', '.join(sorted(needed))}: {source}")
    return dict.fromkeys(sorted(needed), version)


def _version(files: Files) -> tuple[str, str]:
    """The version that a source release carries, else the newest one of the list of changes."""
    if match := re.search(r"(?m)^Version: (\d[\w.+!-]*)$", files.text("PKG-INFO") or ""):
        return match[1], "PKG-INFO"
    for path in sorted(files.tree):
        if re.fullmatch(r"(?i)(docs?/)?(changelog|changes|history|news|release_?notes)(\.(md|rst|txt))?", path) and (
            match := _VERSION.search((files.text(path) or "")[:20_000])
        ):
            return match[1], path
    return "1.0.0", "nothing tells the version"
