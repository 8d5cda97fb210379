"""Requirements as people write them, made into what an image can be built from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from runner.environments.files import Files, beside

BUILT_IN = ("pytest", "pytest-timeout", "coverage")
"""What the runner brings itself; other versions of it are not wanted."""
_TOOLS = """
    autoflake autopep8 bandit black build bump-my-version bump2version bumpversion check-manifest codecov codespell
    commitizen coveralls docformatter docutils-stubs flake8 furo ghp-import hatch interrogate ipdb ipython isort
    jupyter mkdocs mkdocs-material mkdocstrings mypy myst-parser nox pip pip-audit pip-tools pre-commit pudb
    pycodestyle pydocstyle pyflakes pylama pylint pyright pyroma pytest-black pytest-codestyle pytest-enabler
    pytest-flake8 pytest-flakes pytest-isort pytest-mypy pytest-pep8 pytest-pycodestyle pytest-pydocstyle
    pytest-pylint pytest-ruff python-coveralls python-semantic-release pyupgrade readme-renderer reuse ruff safety
    scriv semver-release setuptools-rust sphinx sphinx-autobuild sphinx-rtd-theme towncrier tox tox-gh
    tox-gh-actions tox-uv twine ty uv vulture watchdog yapf zest-releaser
"""
TOOLS = frozenset(_TOOLS.split())
"""What checks, documents and releases a project; no test needs it unless it imports it."""
INSTEAD = {"nose": "pynose", "sklearn": "scikit-learn", "bs4": "beautifulsoup4"}
"""Distributions that cannot be installed any more → what took their place."""
_URL_SCHEME = re.compile(r"(git|hg|svn|bzr)\+|https?://|file:|ssh:", re.IGNORECASE)
_OPTION = re.compile(r"\s--(hash|global-option|install-option|config-settings?)[ =]\S+")
_COMMENT = re.compile(r"(^|\s)#.*$")
MAX_DEPTH = 8
"""Requirements files that include one another."""


def marker_environment(python: str) -> dict[str, str]:
    """PEP 508's variables in the sandbox."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.9",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "platform_release": "6.1.0",
        "platform_version": "1",
        "extra": "",
    }


class Wanted:
    """Requirements collected for one target, each name with the source that named it first."""

    def __init__(self, files: Files, python: str, own_name: str) -> None:
        self._files = files
        self._markers = marker_environment(python)
        self._own = canonicalize_name(own_name) if own_name else ""
        self._found: dict[NormalizedName, list[Requirement]] = {}
        self.extras: list[str] = []
        """Extras of the project itself that were asked for."""
        self.needed: frozenset[str] = frozenset()
        """Distributions that tests import: these stay even where they are tools."""

    def add(self, texts: Iterable[str], source: str, *, tools: bool = False) -> bool:
        """Take in requirement texts; True when any of them was used. `tools` keeps what is one."""
        kept = [requirement for text in texts if (requirement := self._read(text, source, tools)) is not None]
        for requirement in kept:
            name = canonicalize_name(requirement.name)
            known = self._found.setdefault(name, [])
            if str(requirement) not in map(str, known):
                known.append(requirement)
        if kept:
            self._files.note(f"{', '.join(sorted({each.name for each in kept}))}: {source}"[:400])
        return bool(kept)

    def _read(self, text: str, source: str, tools: bool) -> Requirement | None:
        text = text.strip()
        if not text or self._is_own(text):
            return None
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            if (converted := _from_url(text)) is None:
                self._files.note(f"{text[:80]!r} in {source} is left out: it is a path, an option, or no requirement")
                return None
            requirement = converted
        if requirement.marker is not None and not requirement.marker.evaluate(self._markers):
            return None
        requirement.marker = None
        name = canonicalize_name(requirement.name)
        if name == self._own:
            self.extras += [extra for extra in sorted(requirement.extras) if extra not in self.extras]
            return None
        if name in BUILT_IN or (name in TOOLS and not tools and name not in self.needed):
            return None
        if requirement.url is not None and not re.match(r"(git\+)?https://[^@]+(@[^@]*)?$", requirement.url):
            self._files.note(
                f"{requirement.name} in {source} is left out: {requirement.url[:80]!r} is no public address"
            )
            return None
        if name in INSTEAD:
            return Requirement(INSTEAD[name])
        if _moves_with_pytest(name) and requirement.url is None:
            lower = [str(each) for each in requirement.specifier if each.operator in (">=", ">", "!=")]
            requirement.specifier = SpecifierSet(",".join(lower))
        return requirement

    def _is_own(self, text: str) -> bool:
        """Whether a text asks for the project itself: `.`, `-e .[test]`, `--editable=.`."""
        asked = re.fullmatch(r"(?:(?:-e|--editable)[ =]*)?['\"]?\.(?:/)?(?:\[([\w\s,.-]*)\])?['\"]?", text)
        if asked is None:
            return False
        self.extras += [name.strip() for name in (asked[1] or "").split(",") if name.strip() not in ("", *self.extras)]
        return True

    def pin(self, versions: Mapping[NormalizedName, str], source: str) -> None:
        """Take a lock file's versions where they fit what is asked for."""
        pinned = []
        for name, requirements in self._found.items():
            version = versions.get(name)
            if version is None or _moves_with_pytest(name) or any(each.url for each in requirements):
                continue
            if all(each.specifier.contains(version, prereleases=True) for each in requirements):
                extras = sorted(set[str]().union(*(each.extras for each in requirements)))
                extra = f"[{','.join(extras)}]" if extras else ""
                exact = f"{requirements[0].name}{extra}=={version}"
                self._found[name] = [Requirement(exact)]
                pinned.append(name)
        if pinned:
            self._files.note(f"versions of {', '.join(sorted(pinned))}: {source}"[:400])

    def names(self) -> set[str]:
        return set(self._found)

    def texts(self) -> tuple[str, ...]:
        """What pip is given. Of two pins of one package that exclude each other the first one stays."""
        return tuple(str(each) for name in sorted(self._found) for each in self._agreeing(name))

    def _agreeing(self, name: NormalizedName) -> list[Requirement]:
        asked = [each for each in self._found[name] if each.specifier or each.url or each.extras]
        first, *more = asked or self._found[name]
        pins = [each for each in self._found[name] if re.search(r"===?", str(each.specifier))]
        return [first] if len(pins) > 1 or (more and first.url) else [first, *more]


def _moves_with_pytest(name: str) -> bool:
    """Whether a pin of it would pull the runner's own pytest down with it."""
    return name.startswith("pytest") or name in ("exceptiongroup", "iniconfig", "packaging", "pluggy", "pygments")


def _from_url(text: str) -> Requirement | None:
    """`-e git+https://…#egg=name` as PEP 508 has it."""
    text = re.sub(r"^(-e|--editable)[ =]*", "", text)
    egg = re.search(r"#(?:.*&)?egg=([\w.-]+)", text)
    if egg is None or not _URL_SCHEME.match(text):
        return None
    try:
        return Requirement(f"{egg[1]} @ {text.partition('#')[0]}")
    except InvalidRequirement:
        return None


def lines(files: Files, path: str, depth: int = 0, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The requirement texts of a requirements file, `-r` followed; hashes and options are dropped."""
    text = files.text(path)
    if text is None or path in seen or depth > MAX_DEPTH:
        return
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        line = _OPTION.sub("", _COMMENT.sub("", line)).strip()
        included = re.match(r"(?:-r|--requirement)[ =]*(\S+)", line)
        if included:
            yield from lines(files, beside(path, included[1]), depth + 1, seen | {path})
        elif re.match(r"(-i|-f|--(extra-)?index-url|--find-links|--no-index|--trusted-host)\b", line):
            files.note(f"{line.split()[0]} in {path} is not used; the host's pip settings say which index there is")
        elif re.match(r"-(?!e\b|-editable)", line) or "${" in line:
            continue
        elif line:
            yield line


def words(command: str) -> list[str]:
    """A shell command's words; none where it cannot be split."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return []


def poetry(name: str, constraint: object) -> str | None:
    """A dependency as Poetry writes it, as PEP 508 has it; None for an optional one, a path, or another Python.

    https://python-poetry.org/docs/dependency-specification/
    """
    if isinstance(constraint, list):
        return next((text for each in constraint if (text := poetry(name, each)) is not None), None)
    extras, marker = "", ""
    if isinstance(constraint, dict):
        if constraint.get("optional") or "path" in constraint:
            return None
        extras = ",".join(each for each in constraint.get("extras", []) if isinstance(each, str))
        marker = str(constraint.get("markers") or "")
        if isinstance(url := constraint.get("git") or constraint.get("url"), str):
            rev = constraint.get("rev") or constraint.get("tag") or constraint.get("branch")
            return f"{name} @ {'git+' if 'git' in constraint else ''}{url}{f'@{rev}' if rev else ''}"
        constraint = constraint.get("version", "*")
    if not isinstance(constraint, str):
        return None
    specifier = ",".join(filter(None, (_caret(part) for part in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", constraint))))
    return f"{name}{f'[{extras}]' if extras else ''}{specifier}{f' ; {marker}' if marker else ''}"


def _caret(part: str) -> str:
    """One of Poetry's constraints as a specifier; empty for any version."""
    part = part.split("||")[0].strip()
    match = re.fullmatch(r"([\^~]?)v?(\d+(?:\.\d+)*)(.*)", part)
    if match is None or (not match[1] and "*" in part):
        return "" if part in ("*", "") else f"=={part}" if part[0].isdigit() else part.replace(" ", "")
    sign, version, rest = match.groups()
    if not sign:
        return f"=={part}"
    numbers = [int(each) for each in version.split(".")]
    if sign == "~" and part.startswith("~="):
        return part
    place = min(1, len(numbers) - 1) if sign == "~" else next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
    upper = [*numbers[:place], numbers[place] + 1]
    return f">={version}{rest},<{'.'.join(map(str, upper))}"


def specifiers(text: object, note: Callable[[str], None], source: str) -> SpecifierSet | None:
    """A `requires-python`; None for none and for a broken one, which is noted."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return SpecifierSet(",".join(filter(None, (_caret(part) for part in text.split(",")))))
    except InvalidSpecifier:
        note(f"{text[:60]!r} in {source} is no version specifier and is not used")
        return None
