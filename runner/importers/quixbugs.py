"""A checkout of QuixBugs: forty small programs with one wrong line each. Old and memorised, so a smoke test.

python_programs/NAME.py            the base, with the program's description at its end
correct_python_programs/NAME.py    the reference fix
python_testcases/test_NAME.py      the hidden test, without the switch between the two
json_testcases/NAME.json           its cases, one a line
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import libcst as cst
import libcst.matchers as m

from runner.errors import FileProblem, Rejected
from runner.importers.base import clean, digest_of, read_inside, slug, text_only
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Limits, Provenance, Scope
from runner.visible import visible
from sandboxes.archive import Entry, Tree, read_folder

PROGRAMS, CORRECT, TESTS, CASES = "python_programs", "correct_python_programs", "python_testcases", "json_testcases"
SHARED = ("load_testdata.py", "node.py")
"""What tests import, beside the programs or the tests."""
TEST_SECONDS = 10.0
PUBLISHED = date(2017, 10, 22)
"""With Lin and others, QuixBugs, SPLASH Companion 2017; the repository is a little older."""
TAGS = ("smoke", "memorised")
_SWITCH = m.Attribute(m.Name("pytest"), m.Name("use_correct"))


def leads(place: Path) -> Iterator[Lead]:
    """A lead a program. Raises FileProblem where there are none."""
    programs = sorted((place / PROGRAMS).glob("*.py"))
    names = [file.stem for file in programs if file.name != "__init__.py" and not file.stem.endswith("_test")]
    names = [name for name in names if name not in {file.removesuffix(".py") for file in SHARED}]
    if not names:
        raise FileProblem(place, f"is no checkout of QuixBugs: {PROGRAMS}/ holds no program")
    for name in names:
        parts = (f"{PROGRAMS}/{name}.py", f"{CORRECT}/{name}.py", f"{TESTS}/test_{name}.py", f"{CASES}/{name}.json")
        yield Lead(f"quixbugs-{slug(name)}", visible(name), _key(place, name, parts), _Load(place, name))


def _key(place: Path, name: str, parts: Iterable[str]) -> str:
    try:
        return digest_of(name, *(_text(place, part) for part in parts if (place / part).is_file()))
    except Rejected as error:
        return digest_of(name, str(error))


@dataclass(frozen=True)
class _Load:
    place: Path
    name: str

    def __call__(self) -> Proposal:
        program, test = f"{PROGRAMS}/{self.name}.py", f"{TESTS}/test_{self.name}.py"
        correct = self.place / CORRECT / f"{self.name}.py"
        for needed, code in ((correct, "malformed"), (self.place / test, "no-tests")):
            if not needed.is_file():
                raise Rejected(code, f"{needed.relative_to(self.place)} is missing")
        beside = {f"{PROGRAMS}/{file}" for file in ("__init__.py", "node.py")}
        base = self._files({program, *beside})
        hidden = self._files({f"{TESTS}/{file}" for file in ("__init__.py", *SHARED)} | set(SHARED))
        hidden |= self._files({f"{CASES}/{self.name}.json"})
        for path in ("conftest.py", f"{TESTS}/conftest.py", test):
            if (self.place / path).is_file():
                hidden[path] = Entry(_without_switch(path, _text(self.place, path)).encode())
        solved = {**base, program: Entry(read_inside(self.place, correct))}
        if solved == base:
            raise Rejected("tests-only", f"{correct.relative_to(self.place)} is the same as {program}")
        text_only(base, solved)
        return Proposal(
            id=f"quixbugs-{slug(self.name)}",
            title=f"{self.name} gives wrong results",
            instruction=_instruction(program, _text(self.place, program)),
            repo=f"quixbugs-{slug(self.name)}",
            base=base,
            solved=solved,
            hidden=hidden,
            provenance=Provenance(
                origin="imported", source="QuixBugs", instance=self.name, public_since=PUBLISHED, instruction="imported"
            ),
            environment=Environment(),
            suite=RepoTests(),
            limits=Limits(test_seconds=TEST_SECONDS),
            scope=Scope(writable=(f"{PROGRAMS}/**",)),
            tags=TAGS,
            notes=("old and in every training set: a model that fixes it may remember it",),
        )

    def _files(self, paths: set[str]) -> dict[str, Entry]:
        found: Tree = read_folder(self.place, (".git", "java_programs"))
        return {path: entry for path, entry in found.items() if path in paths and not entry.is_link}


def _instruction(program: str, source: str) -> str:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Rejected("malformed", f"{program} is no Python: {error}") from None
    texts = [each.value.value for each in body if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)]
    told = [text for text in texts if isinstance(text, str) and len(text) > 20]
    if not told:
        raise Rejected("instruction-thin", f"{program} has no description")
    return clean(f"{program} does not do what its description says.\n\n{told[-1].strip()}")


def _without_switch(path: str, source: str) -> str:
    """A test file without the option that selects the correct versions. Raises Rejected."""
    try:
        changed = cst.parse_module(source).visit(_Unswitch()).code
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise Rejected("malformed", f"{path} is no Python: {error}") from None
    if re.search(rf"use_correct|--correct|{CORRECT}", changed):
        raise Rejected("unsupported", f"{path} uses the correct versions in a way that cannot be taken out")
    return changed


class _Unswitch(cst.CSTTransformer):
    def leave_If(
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if not m.matches(updated_node.test, _SWITCH) or not isinstance(updated_node.orelse, cst.Else):
            return updated_node
        body = updated_node.orelse.body
        kept = [each for each in body.body if isinstance(each, cst.BaseStatement)]
        return cst.FlattenSentinel(kept)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        assigned = m.Assign(targets=[m.AssignTarget(_SWITCH)])
        offered = m.Expr(
            m.Call(args=[m.Arg(m.SimpleString('"--correct"') | m.SimpleString("'--correct'")), m.ZeroOrMore()])
        )
        gone = any(m.matches(each, assigned | offered) for each in updated_node.body)
        return cst.RemoveFromParent() if gone else updated_node


def _text(place: Path, path: str) -> str:
    """Raises Rejected."""
    try:
        return read_inside(place, place / path).decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise Rejected("malformed", visible(f"{path} cannot be read as UTF-8: {error}")) from None
