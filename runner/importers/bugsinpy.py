"""A checkout of BugsInPy: bugs of real projects, each a pair of commits.

projects/NAME/project.info               github_url
projects/NAME/bugs/N/bug.info            python_version, buggy_commit_id, fixed_commit_id, test_file
projects/NAME/bugs/N/requirements.txt    what pip froze, cleaned of what no index serves
projects/NAME/bugs/N/run_test.sh         the test command; setup.sh: what is installed beside

The fix and its tests are what lies between the commits; which tests decide is found by running.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from runner.errors import FileProblem, Rejected
from runner.importers.base import Sources, clean, digest_of, python_test, read_inside, slug, split, text_only
from runner.importers.shell import commands, logical_lines, requirement, steps, suite_of
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Provenance
from runner.visible import visible
from sandboxes.archive import Tree

PUBLISHED = date(2020, 11, 8)
"""With Widyasari and others, BugsInPy, ESEC/FSE 2020; each fix is older, and the data set does not say how old."""
READ = ("bug.info", "requirements.txt", "run_test.sh", "setup.sh", "bug_patch.txt")
_SETTING = re.compile(r"""^\s*(\w+)\s*=\s*["']?(.*?)["']?\s*$""", re.M)


def leads(place: Path, sources: Sources) -> Iterator[Lead]:
    """A lead a bug. Raises FileProblem where there are none."""
    bugs = [bug for bug in (place / "projects").glob("*/bugs/*") if bug.is_dir()]
    if not bugs:
        raise FileProblem(place, "is no checkout of BugsInPy: there is no projects/NAME/bugs/N")
    for bug in sorted(bugs, key=_order):
        name = f"{bug.parent.parent.name}-{bug.name}"
        yield Lead(slug(f"bugsinpy-{name}"), visible(name), _key(bug, name), _Load(bug, name, sources))


def _key(bug: Path, name: str) -> str:
    try:
        return digest_of(name, *(_raw(bug / file).decode("latin-1") for file in READ if (bug / file).is_file()))
    except Rejected as error:
        return digest_of(name, str(error))


def _order(bug: Path) -> tuple[str, int, str]:
    return bug.parent.parent.name, int(bug.name) if bug.name.isdecimal() else 0, bug.name


@dataclass(frozen=True)
class _Load:
    bug: Path
    name: str
    sources: Sources

    def __call__(self) -> Proposal:
        project = self.bug.parent.parent
        about = _settings(project / "project.info") | _settings(self.bug / "bug.info")
        for field in ("github_url", "buggy_commit_id", "fixed_commit_id"):
            if not about.get(field):
                raise Rejected("malformed", f"{field} is missing")
        url = about["github_url"].rstrip("/")
        known = "/".join(url.removesuffix(".git").rsplit("/", 2)[-2:]) if url.count("/") > 3 else project.name
        known = known if re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", known) else project.name
        base, fixed = (self.sources.tree(known, url, about[f"{which}_commit_id"]) for which in ("buggy", "fixed"))
        named = set(about.get("test_file", "").split(";")) - {""}
        notes: list[str] = []
        solved, hidden = split(base, fixed, lambda path: path in named or python_test(path))
        text_only(base, solved)
        framework = _suite(_text(self.bug / "run_test.sh"))
        return Proposal(
            id=slug(f"bugsinpy-{self.name}"),
            title=f"{project.name}: tests of {_shown(hidden)} fail",
            instruction=clean(_instruction(project.name, self.bug, hidden)),
            repo=slug(project.name),
            base=base,
            solved=solved,
            hidden=hidden,
            provenance=Provenance(
                origin="imported",
                source="BugsInPy",
                instance=visible(self.name),
                fix=about["fixed_commit_id"],
                public_since=PUBLISHED,
                instruction="imported",
            ),
            environment=self._environment(about, base, notes),
            suite=framework,
            notes=("the data set has no text of the issue: rewrite the instruction by hand", *notes),
        )

    def _environment(self, about: dict[str, str], base: Tree, notes: list[str]) -> Environment:
        wanted = [line.strip() for line in _text(self.bug / "requirements.txt").splitlines() if line.strip()]
        wanted = [line for line in wanted if not line.startswith("#")]
        kept = [line for wish in wanted if (line := requirement(wish))]
        if len(kept) < len(wanted):
            dropped = [wish for wish in wanted if not requirement(wish)]
            notes.append(f"{len(dropped)} lines of requirements.txt are left out, as {visible(dropped[0])[:80]!r}")
        found = steps(_text(self.bug / "setup.sh"))
        itself = ["python -m pip install --no-deps -e ."] if {"setup.py", "pyproject.toml"} & base.keys() else []
        version = re.match(r"3\.\d{1,2}", about.get("python_version", ""))
        try:
            return Environment(
                python=version[0] if version else None,
                system=found.system,
                packages=(*kept, *found.packages),
                install=(*itself, *(command for command in found.install if command not in itself)),
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise Rejected("malformed", visible(f"setup.sh: {first['msg']}")) from None


def _suite(script: str) -> RepoTests:
    """Raises Rejected for a command of no framework here."""
    lines = [line for line in logical_lines(script) if commands(line)]
    for line in lines:
        if (found := suite_of(line)) is not None:
            return found
    if not lines:
        raise Rejected("malformed", "run_test.sh is missing or empty")
    raise Rejected("framework-unknown", visible(f"run_test.sh runs {lines[0][:120]!r}"))


def _shown(hidden: Tree) -> str:
    names = sorted(path.rsplit("/", 1)[-1] for path in hidden)
    return visible(", ".join(names[:2]) + (" and others" if len(names) > 2 else ""))


def _instruction(project: str, bug: Path, hidden: Tree) -> str:
    """The little that is known without telling the fix: what was run."""
    run = [line for line in logical_lines(_text(bug / "run_test.sh")) if not line.startswith("cd ")]
    return (
        f"{project} has a fault that its present tests do not show. With newer versions of {_shown(hidden)}, "
        f"these fail:\n\n" + "\n".join(f"    {line}" for line in run)
    )


def _settings(file: Path) -> dict[str, str]:
    return dict(_SETTING.findall(_text(file)))


def _raw(file: Path) -> bytes:
    """Raises FileNotFoundError, Rejected."""
    place = file.parents[2] if file.name == "project.info" else file.parents[4]
    return read_inside(place, file)


def _text(file: Path) -> str:
    """A file's text; empty where there is none. Raises Rejected."""
    try:
        data = _raw(file)
    except FileNotFoundError:
        return ""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Rejected("malformed", visible(f"{file.name} is not UTF-8: {error}")) from None
