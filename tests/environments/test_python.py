"""What is inferred from the files of Python projects, one small tree each."""

from __future__ import annotations

from datetime import date

import pytest

from runner.environments import Guess, infer
from runner.errors import Rejected
from sandboxes.archive import Entry, Tree

TEST = {"tests/test_x.py": "def test_x():\n    assert True\n"}
PROJECT = (
    '[build-system]\nrequires = ["flit_core<4"]\nbuild-backend = "flit_core.buildapi"\n[project]\nname = "thing"\n'
)


def of(files: dict[str, str]) -> Tree:
    return {path: Entry(text.encode()) for path, text in files.items()}


def guess(*parts: dict[str, str], on: date | None = None) -> Guess:
    merged: dict[str, str] = {}
    for part in parts:
        merged |= part
    return infer(of(TEST | merged), on)


def names(found: Guess) -> list[str]:
    return list(found.environment.packages)


SOURCES: list[tuple[str, dict[str, str], list[str]]] = [
    (
        "PEP 621 dependencies and the test extra",
        {
            "pyproject.toml": PROJECT
            + 'dependencies = ["six>=1"]\n[project.optional-dependencies]\ntest = ["mock"]\ndocs = ["sphinx"]\n'
        },
        ["flit_core<4", "mock", "six>=1"],
    ),
    (
        "PEP 735 groups with those they include",
        {
            "pyproject.toml": PROJECT + "[dependency-groups]\n"
            'base = ["mock"]\nTests = ["idna", {include-group = "base"}, {include-group = "Tests"}]\n'
        },
        ["flit_core<4", "idna", "mock"],
    ),
    (
        "the project's own extras, asked for by name",
        {
            "pyproject.toml": PROJECT + "[project.optional-dependencies]\n"
            'fast = ["idna"]\ntests = ["Thing[fast]", "mock"]\n'
        },
        ["flit_core<4", "idna", "mock"],
    ),
    (
        "tools that check and document are left out of a dev group, plugins of pytest are not pinned",
        {
            "pyproject.toml": PROJECT
            + '[dependency-groups]\ndev = ["ruff", "mypy==1.0", "pytest==6.2", "coverage<5", "pluggy==0.1"]\n'
            'test = ["pytest-cov==2.6", "idna"]\n'
        },
        ["flit_core<4", "idna", "pytest-cov"],
    ),
    (
        "Poetry's constraints and groups",
        {
            "pyproject.toml": '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
            '[tool.poetry]\nname = "thing"\n[tool.poetry.dependencies]\npython = "^3.8"\nidna = "^2.1"\n'
            'six = {version = "~1.4", optional = true}\ntoml = {version = "*", markers = "python_version < \'3.11\'"}\n'
            '[tool.poetry.group.test.dependencies]\nmock = "0.3.*"\nlocal = {path = "../x"}\n'
        },
        ["idna<3,>=2.1", "mock==0.3.*", "poetry-core"],
    ),
    (
        "setup.cfg",
        {
            "setup.cfg": "[metadata]\nname = thing\n[options]\n"
            "install_requires =\n    six>=1\n    # not this\n    idna\n"
            "[options.extras_require]\ntesting =\n    mock; python_version >= '3'\n    enum34; python_version < '3.4'\n"
        },
        ["idna", "mock", "setuptools>=64", "six>=1", "wheel"],
    ),
    (
        "setup.py read, not run",
        {
            "setup.py": "import os\nfrom setuptools import setup\nos.abort()\nbase = ['six']\n"
            "extra = {'dev': ['tox']}\n"
            "extra['test'] = ['mock'] + base\n"
            "setup(name='thing', install_requires=base + ['idna'], extras_require=extra)\n"
        },
        ["idna", "mock", "setuptools>=64", "six", "wheel"],
    ),
    (
        "requirements files, with what they include",
        {
            "requirements.txt": "six==1.16 --hash=sha256:aa \\\n  --hash=sha256:bb\n-e .\n"
            "--extra-index-url https://u:p@x/y\n",
            "requirements/test.txt": "-r ../requirements.txt\n-r test.txt\nmock  # for tests\n./local\n"
            "idna @ https://h/i.whl\n",
        },
        ["idna @ https://h/i.whl", "mock", "six==1.16"],
    ),
    (
        "tox, its factors and substitutions",
        {
            "tox.ini": "[tox]\nenvlist = py{38,311}\n[base]\ndeps = idna\n[testenv]\ndeps =\n    {[base]deps}\n"
            "    py{38,311}: six\n    django42: Django\n    -rreqs.txt\ncommands = pytest {posargs} tests\n"
            "[testenv:mypy]\ndeps = mypy\n    types-six\n",
            "reqs.txt": "mock\n",
        },
        ["idna", "mock", "six"],
    ),
    (
        "nox",
        {
            "noxfile.py": "import nox\n@nox.session\ndef tests(session):\n    session.install('.[x]', 'idna')\n"
            "    session.run('pytest', 'tests')\n@nox.session\ndef lint(session):\n    session.install('six')\n"
        },
        ["idna"],
    ),
    (
        "a Pipfile",
        {"Pipfile": '[packages]\nsix = "*"\nidna = ">=2"\nhere = {path = "."}\n[dev-packages]\nmock = "==5.0"\n'},
        ["idna>=2", "mock==5.0", "six"],
    ),
    (
        "a workflow's pip and Debian packages",
        {
            ".github/workflows/ci.yml": "on: push\njobs:\n  docs:\n    steps: [{run: pip install sphinx}]\n"
            "  test:\n    steps:\n"
            "    - run: |\n        python -m pip install --upgrade pip 'idna>=2' -e .\n        pytest -v tests\n"
        },
        ["idna>=2"],
    ),
    (
        "hatch's environments",
        {
            "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[project]\n'
            'name = "thing"\n[tool.hatch.envs.default]\ndependencies = ["idna", "black"]\n'
        },
        ["editables", "hatchling", "idna"],
    ),
    (
        "a lock file's versions where they fit",
        {
            "pyproject.toml": PROJECT + 'dependencies = ["six>=1", "idna<2"]\n',
            "uv.lock": '[[package]]\nname = "six"\nversion = "1.15.0"\n[[package]]\nname = "idna"\nversion = "3.0"\n',
        },
        ["flit_core<4", "idna<2", "six==1.15.0"],
    ),
    (
        "what tests use without anybody having said so",
        {
            "tests/test_y.py": "import yaml, unheard_of\nfrom nose.tools import eq_\n\n\n"
            "def test_y(mocker, benchmark):\n    pass\n",
            "pytest.ini": "[pytest]\naddopts = --cov=thing -n 2\nasyncio_mode = auto\n",
        },
        ["pynose", "pytest-asyncio", "pytest-benchmark", "pytest-cov", "pytest-mock", "pytest-xdist", "pyyaml"],
    ),
]


@pytest.mark.parametrize(("files", "packages"), [case[1:] for case in SOURCES], ids=[case[0] for case in SOURCES])
def test_requirements_are_read_where_people_write_them(files: dict[str, str], packages: list[str]) -> None:
    assert names(guess(files)) == packages


def test_every_choice_comes_with_its_source() -> None:
    found = guess({"pyproject.toml": PROJECT + 'dependencies = ["six"]\n[tool.pytest.ini_options]\naddopts = "-q"\n'})
    assert "pytest: [tool.pytest.ini_options] in pyproject.toml" in found.reasons
    assert "six: [project] in pyproject.toml" in found.reasons


def test_the_day_is_passed_on() -> None:
    assert guess(on=date(2021, 5, 4)).environment.as_of == date(2021, 5, 4)


@pytest.mark.parametrize(
    ("requires", "classifiers", "python"),
    [
        (">=3.8", [], None),
        (">=3.8,<4", ["3.8", "3.9"], None),
        (">=3.12", [], "3.12"),
        (">=3.12", ["3.13", "3.14"], "3.13"),
        ("<3.10,>=3.6", [], "3.9"),
        (">=3.6,<3.11", ["3.8", "3.9"], "3.9"),
        ("nonsense", [], None),
    ],
)
def test_python_is_the_base_images_wherever_it_is_allowed(
    requires: str, classifiers: list[str], python: str | None
) -> None:
    said = ", ".join(f'"Programming Language :: Python :: {version}"' for version in classifiers)
    found = guess({"pyproject.toml": f'{PROJECT}requires-python = "{requires}"\nclassifiers = [{said}]\n'})
    assert found.environment.python == python


def test_code_that_needs_an_older_python_gets_it() -> None:
    old = "from collections import Mapping\n"
    choice = "try:\n    from collections.abc import Mapping\nexcept ImportError:\n    from collections import Mapping\n"
    assert guess({"thing.py": old}).environment.python == "3.9"
    assert guess({"thing.py": choice}).environment.python is None
    newer = {"pyproject.toml": PROJECT + 'requires-python = ">=3.10"\n', "thing.py": old}
    assert guess(newer).environment.python is None


@pytest.mark.parametrize(
    ("build", "variable"),
    [
        ('["setuptools", "setuptools_scm>=8"]', "SETUPTOOLS_SCM_PRETEND_VERSION"),
        ('["hatchling", "hatch-vcs"]', "SETUPTOOLS_SCM_PRETEND_VERSION"),
        ('["setuptools", "pbr"]', "PBR_VERSION"),
        ('["poetry-core", "poetry-dynamic-versioning"]', "POETRY_DYNAMIC_VERSIONING_BYPASS"),
    ],
)
def test_versions_from_tags_are_given_instead(build: str, variable: str) -> None:
    files = {"pyproject.toml": f"[build-system]\nrequires = {build}\n", "CHANGES.md": "# Changes\n\n## v2.5.1 (2024)\n"}
    assert guess(files).environment.variables == {variable: "2.5.1"}


def test_a_project_that_nothing_installs_is_found_by_its_path() -> None:
    found = guess({"src/thing/__init__.py": "", "requirements.txt": "six\n"})
    assert found.environment.install == ()
    assert found.environment.variables == {"PYTHONPATH": "/workspace/src"}


@pytest.mark.parametrize(
    ("files", "framework"),
    [
        ({"tests/test_x.py": "import unittest\nclass A(unittest.TestCase):\n    def test_a(self): pass\n"}, "pytest"),
        (
            {
                "tests/test_x.py": "import unittest\nclass A(unittest.TestCase): pass\n",
                "tests/__init__.py": "def load_tests(loader, tests, pattern): return tests\n",
            },
            "unittest",
        ),
        (
            {
                "manage.py": "",
                "tests/test_x.py": "",
                "app/tests.py": "from django.test import TestCase\nclass A(TestCase):\n    def test_a(self): pass\n",
            },
            "django",
        ),
    ],
)
def test_the_runner_is_the_one_that_fits(files: dict[str, str], framework: str) -> None:
    assert guess(files).suite.framework == framework


def test_a_reusable_django_app_tells_its_settings() -> None:
    files = {
        "tests/test_x.py": "from django.test import TestCase\nclass A(TestCase): pass\n",
        "tox.ini": "[testenv]\ncommands = django-admin test --settings=tests.settings\n"
        "setenv =\n    PYTHONPATH = {toxinidir}\n",
    }
    assert guess(files).environment.variables == {"DJANGO_SETTINGS_MODULE": "tests.settings"}


def test_options_that_say_what_tests_are_and_their_places_come_from_the_command() -> None:
    files = {"tox.ini": "[testenv]\ncommands =\n    pytest -v --doctest-modules -p no:warnings ./tests thing /etc\n"}
    found = guess(files, {"thing/__init__.py": ""}).suite
    assert (found.args, found.paths) == (("--doctest-modules", "-p", "no:warnings"), ("tests", "thing"))


def test_files_that_pytest_would_not_collect_are_named() -> None:
    files = {"test.py": "import unittest\nclass A(unittest.TestCase): pass\n", "setup.py": "setup()\n"}
    assert infer(of(files), None).suite.paths == ("test.py",)


def test_values_of_options_are_no_places() -> None:
    files = {
        "tox.ini": "[testenv]\ncommands = pytest test_thing.py thing thing --cov thing -k thing -m other\n",
        "test_thing.py": "def test_a(): pass\n",
        "thing/__init__.py": "",
        "other/__init__.py": "",
    }
    assert infer(of(files), None).suite.paths == ("test_thing.py", "thing")


REFUSED: list[tuple[str, dict[str, str], str, str]] = [
    ("yield", {"tests/test_x.py": "def test_x():\n    yield check, 1\n"}, "unsupported", "yields tests in test_x"),
    ("setup", {"tests/test_x.py": "def setup():\n    pass\ndef test_x(): pass\n"}, "unsupported", "nose's setup"),
    ("conda", {"environment.yml": "dependencies: [numpy]\n"}, "unsupported", "conda alone"),
    ("compose", {"tests/test_x.py": "run('docker-compose up')\ndef test_x(): pass\n"}, "unsupported", "services"),
    ("rust", {"pyproject.toml": '[build-system]\nrequires = ["maturin>=1"]\n'}, "unsupported", "Rust"),
    ("python 2", {"pyproject.toml": PROJECT + 'requires-python = "<3"\n'}, "unsupported", "no Python from 3.8"),
    (
        "no tests",
        {"tests/test_x.py": "", "setup.py": "from setuptools import setup\nsetup()\n"},
        "framework-unknown",
        "no test",
    ),
    ("nothing", {"tests/test_x.py": "", "a/package.json": "{}"}, "framework-unknown", "no test"),
]


@pytest.mark.parametrize(("files", "code", "word"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_run_is_refused_with_its_reason(files: dict[str, str], code: str, word: str) -> None:
    with pytest.raises(Rejected) as refused:
        guess(files)
    assert refused.value.code == code
    assert word in refused.value.sentence


MALFORMED = {
    "broken TOML": {"pyproject.toml": "[project\nname = 1"},
    "deep TOML": {"pyproject.toml": "a = " + "[" * 5000 + "]" * 5000},
    "wrong types": {
        "pyproject.toml": '[project]\nname = 3\ndependencies = "six"\noptional-dependencies = ["x"]\n'
        '[dependency-groups]\ntest = "x"\n[tool.poetry]\ngroup = 4\nextras = {a = 3}\n'
        "[tool.hatch.envs]\ntest = 1\n[tool.pytest]\nini_options = 3\n"
    },
    "broken INI": {"setup.cfg": "metadata]\nname", "tox.ini": "deps\n[testenv\n"},
    "Python 2": {"setup.py": "print 'x'\n"},
    "null bytes": {"setup.py": "\0", "requirements.txt": "\0\0\n"},
    "deep Python": {"setup.py": "x = " + "(" * 3000 + ")" * 3000},
    "a deep sum": {
        "setup.py": f"setup(name={'a + ' * 3000}a)\n",
        "tests/test_y.py": f"class A({'a + ' * 3000}a): pass\n",
    },
    "blank lines": {"CHANGES": "\n" * 50_000, "setup.py": "setup(use_scm_version=True)\n"},
    "a long workflow": {".github/workflows/a.yml": "a: b\n" * 100_000},
    "a long sum": {"setup.py": "a = ['x']\n" + "a = a + a\n" * 60 + "setup(install_requires=a)\n"},
    "a circle": {"requirements.txt": "-r requirements.txt\n-r other.txt\n", "other.txt": "-r requirements.txt\n"},
    "YAML aliases": {".github/workflows/a.yml": "a: &a [x]\njobs: [*a, *a]\n"},
    "odd YAML": {".github/workflows/a.yml": "jobs: {a: 3, b: {steps: [1, {run: 3}, {with: 4}]}, c: {strategy: 7}}\n"},
    "a shell's words": {"requirements.txt": "six'; rm -rf / ;'\n$(reboot)\n`x`\n--flag\n../up\n"},
    "circular tox": {"tox.ini": "[a]\ndeps = {[a]deps}\n[testenv]\ndeps = {[a]deps}\ncommands = pytest 'unclosed\n"},
}


@pytest.mark.parametrize("files", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_files_are_noted_and_left_out(files: dict[str, str]) -> None:
    found = guess(files)
    assert found.suite.framework == "pytest"
    assert not set("'`$;\0") & set("".join(found.environment.packages))


def test_links_are_not_followed() -> None:
    files = {**of(TEST), "requirements.txt": Entry(b"/etc/passwd", is_link=True)}
    assert infer(files, None).environment.packages == ()


def test_what_judges_style_is_neither_installed_nor_asked_for() -> None:
    found = guess(
        {
            "tox.ini": "[testenv]\ndeps = pytest-flake8\n  six\ncommands = pytest\n",
            "setup.cfg": "[tool:pytest]\naddopts = -q --flake8 --cov=thing --mypy\n",
            "setup.py": "from setuptools import setup\nsetup(name='thing')\n",
        }
    )
    assert "pytest-flake8" not in names(found)
    assert {"pytest-cov", "six"} <= set(names(found))
    assert found.suite.args == ("-o", "addopts=-q --cov=thing")


def test_what_tox_puts_before_a_path_is_no_part_of_it() -> None:
    found = guess(
        {
            "thing/__init__.py": "",
            "setup.py": "from setuptools import setup\nsetup(name='thing')\n",
            "tox.ini": "[testenv]\nchangedir = .tox\n"
            "commands = pytest --doctest-modules {env_site_packages_dir}/thing {tox_root}/tests {posargs}\n",
        }
    )
    assert (found.suite.args, found.suite.paths) == (("--doctest-modules",), ("thing", "tests"))
