"""One commit as a proposal: its parent is the base, its tests are hidden, the rest of its change is the fix."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from runner.errors import Rejected
from runner.mining.ambiguity import unnamed
from runner.mining.changelog import entry
from runner.mining.cleaning import Fix
from runner.mining.commits import LINK, Change, Commit
from runner.mining.instruction import FEWEST_WORDS, instruction
from runner.mining.issues import Issue
from runner.mining.locations import locations
from runner.mining.messages import title
from runner.mining.paths import kind, protecting
from runner.mining.source import History
from runner.python import parsed
from runner.scenarios.catalog import CACHES
from runner.scenarios.git import GitRefused
from runner.scenarios.leaks import leak
from runner.scenarios.objects import blobs, tree_at
from runner.scenarios.proposal import Proposal
from runner.scenarios.scenario import Provenance, Scope
from sandboxes.archive import Entry, Tree, safe_path

LFS = b"version https://git-lfs.github.com/spec/"
TELLING_LEAK = 0.5
"""A leak from which on a note warns of it."""


@dataclass(frozen=True)
class Fault:
    """What is known of a commit before its files are read."""

    id: str
    commit: Commit
    message: str
    """The commit's own, or for a merge what it brought in."""
    issue: Issue | None = None
    fewest_words: int = FEWEST_WORDS
    comments: bool = False
    text: str | None = None
    """An instruction written by hand, used as it is."""
    unspoken: bool = False
    """No word of it speaks of a fault: then tests that need new names tell of a feature."""


def propose(history: History, fault: Fault) -> Proposal:
    """Read a commit's files and its parent's. Raises Rejected.

    Documents that the commit changes are left out of the fix: no test reads them, and the names in them would count as
    the fix's own. Settings, version numbers and generated files stay in it, since its tests may need them.
    """
    commit = fault.commit
    try:
        base = tree_at(history.folder, commit.parents[0], CACHES)
        data = blobs(history.folder, [each.blob for each in commit.changes if each.status != "D"])
    except GitRefused as error:
        raise Rejected("source-unavailable", f"its files cannot be read: {error}") from None
    changed = [each for each in commit.changes if _is_kept(each.path)]
    fixing = [each for each in changed if _is_fix(each.path)]
    testing = [each for each in changed if kind(each.path) == "test"]
    solved = _after(base, changed, data)
    hidden = {each.path: _entry(each, data) for each in testing if each.status != "D"}
    _check(fixing, testing, base, solved, hidden)
    if fault.unspoken and (unknown := unnamed("", base, solved, hidden)):
        names = ", ".join(unknown[:3])
        raise Rejected("not-a-fix", f"its message speaks of no fault, and its tests use what it adds: {names}")
    fix = Fix.between(base, solved)
    if fault.text is None:
        documents = ((each.path, _entry(each, data)) for each in changed if each.status != "D")
        noted = entry(base, documents)
        told = instruction(fault.message, fix, fault.issue, noted, fault.fewest_words, fault.comments)
        text, source = told.text, told.source
    else:
        text, source = fault.text, None
    given = leak(text, base, solved)
    code = [each.path for each in fixing if kind(each.path) == "code"]
    before = [path for each in fixing if kind(each.path) == "code" for path in {each.before, each.path}]
    return Proposal(
        id=fault.id,
        title=title(fault.issue.title if fault.issue is not None else fault.message.partition("\n")[0]) or fault.id,
        instruction=text,
        repo=history.name,
        base=base,
        solved=solved,
        hidden=hidden,
        provenance=Provenance(
            origin="mined",
            source=history.origin,
            instance=commit.sha[:12],
            fix=commit.sha,
            fixed_on=commit.date.date(),
            instruction=source or "written",
            leak=given.score,
        ),
        scope=Scope(protected=protecting(base, hidden, [each.path for each in fixing])),
        locations=locations(base, solved, before),
        tags=("single-file" if len(code) == 1 else "multi-file",),
        notes=tuple(_notes(testing, base, given.score, given.shared + given.lines)),
    )


def _is_kept(path: str) -> bool:
    return safe_path(path) == path and not set(path.split("/")[:-1]).intersection(CACHES)


def _entry(change: Change, data: dict[str, bytes]) -> Entry:
    return Entry(data[change.blob], change.modes[1] == "100755", change.modes[1] == LINK)


def _is_fix(path: str) -> bool:
    return kind(path) not in ("test", "document")


def _after(base: Tree, changes: list[Change], data: dict[str, bytes]) -> dict[str, Entry]:
    """`base` with what these changes do to code; code that becomes a test is gone, a test that becomes code stays."""
    gone = {each.before for each in changes if each.status in "DR" and _is_fix(each.before)}
    there = {each.path: _entry(each, data) for each in changes if each.status != "D" and _is_fix(each.path)}
    return {path: kept for path, kept in base.items() if path not in gone} | there


def _check(fixing: list[Change], testing: list[Change], base: Tree, solved: Tree, hidden: Tree) -> None:
    """Raises Rejected for content that makes no scenario."""
    for each in (*fixing, *testing):
        for there in (base.get(each.before), solved.get(each.path), hidden.get(each.path)):
            if there is not None and there.data.startswith(LFS):
                raise Rejected("lfs-pointer", f"{each.path!r} is in Git LFS, and only its pointer is here")
    for each in fixing:
        for there in (base.get(each.before), solved.get(each.path)):
            if there is None:
                continue
            if b"\0" in there.data:
                raise Rejected("binary-change", f"{each.path!r} is a binary file, which no model edits with text tools")
            if not _is_text(there.data) or not _is_text(each.path.encode("utf-8", "surrogateescape")):
                raise Rejected("not-utf-8", f"{each.path!r}, its name or its content, is not UTF-8")
    code = [each for each in fixing if kind(each.path) == "code"]
    if all(_says_the_same(each, base, solved) for each in code):
        raise Rejected("no-code", "beside tests it changes nothing but white space, comments and docstrings")


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _says_the_same(change: Change, base: Tree, solved: Tree) -> bool:
    """Whether a file differs in white space alone; a Python file also in comments and docstrings."""
    before, after = base.get(change.before), solved.get(change.path)
    if before is None or after is None or change.before != change.path or before.is_link or after.is_link:
        return False
    if before.executable != after.executable:
        return False
    if change.path.endswith((".py", ".pyi")):
        old, new = _python(before.data), _python(after.data)
        return old is not None and old == new
    return [line.split() for line in _lines(before)] == [line.split() for line in _lines(after)]


def _lines(entry: Entry) -> list[bytes]:
    return [line for line in entry.data.splitlines() if line.strip()]


def _python(data: bytes) -> str | None:
    """A Python file's syntax without docstrings; None where it is none."""
    tree = parsed(data)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree) if tree is not None else None


def _notes(testing: list[Change], base: Tree, score: float, shared: tuple[str, ...]) -> list[str]:
    notes = []
    if gone := [each.path for each in testing if each.status == "D"]:
        notes.append(f"The fix removes tests that stay in the base: {', '.join(gone[:5])}.")
    if moved := [each for each in testing if each.status == "R" and each.before in base]:
        names = ", ".join(f"{each.before} to {each.path}" for each in moved[:5])
        notes.append(f"The fix renames tests, which the base keeps under their old names: {names}.")
    if ".gitmodules" in base:
        notes.append("The repository has submodules; their files are left out.")
    if pointers := [path for path, kept in base.items() if kept.data.startswith(LFS)]:
        notes.append(f"{len(pointers)} files are in Git LFS, and only their pointers are here, as in {pointers[0]}.")
    if score >= TELLING_LEAK:
        notes.append(f"The instruction gives away much of the fix ({score:.2f}): {', '.join(shared[:5])}.")
    return notes
