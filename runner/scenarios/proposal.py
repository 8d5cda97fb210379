"""What is proposed as a scenario: by a repository's history, by hand, by a foreign data set.

A `Lead` is known by name before anything is read; loading it makes a `Proposal`, plain data; `runner.proving` runs it
and keeps it, or raises `Rejected` with one of these codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Limits, Provenance, Scope
from sandboxes.archive import Tree

CODES = {
    "root-commit": "it has no parent: there is nothing before it",
    "shallow": "its parent is not in this clone; fetch the whole history (git fetch --unshallow)",
    "no-tests": "it changes no test",
    "tests-only": "it changes nothing but tests",
    "no-code": "beside tests it changes only documents, version numbers or settings of tools",
    "not-a-fix": "neither its message nor a linked issue speaks of a fault",
    "too-large": "it changes more than one fix would",
    "binary-change": "its fix changes a binary file, which no model edits with text tools",
    "not-utf-8": "its fix changes a file that is not UTF-8",
    "lfs-pointer": "what it changes is in Git LFS, and only the pointer is here",
    "submodule-change": "it changes a submodule, whose files are not in this repository",
    "instruction-thin": "what is known of the fault is too little for anybody to fix it",
    "instruction-leaks": "what is left of the text without the fix in it says too little",
    "unsupported": "it needs something that taskfit does not have; the sentence names it",
    "malformed": "a field is missing or wrong; the sentence names it",
    "source-unavailable": "its source cannot be had",
    "patch-does-not-apply": "a patch does not apply to its base",
    "framework-unknown": "nothing tells how its tests are run; name it in [suite]",
    "image-does-not-build": "its environment cannot be built; the sentence has last lines, likely cause, and key",
    "tests-do-not-run": "its test run breaks off before the end",
    "tests-hang": "its test run takes longer than the limit",
    "needs-network": "the tests that decide need a network, which a sandbox does not have",
    "base-passes": "its tests pass without the fix",
    "reference-fails": "its tests fail with the fix",
    "flaky": "a test that decides comes out otherwise from run to run",
    "duplicate": "another scenario of the pack has the same fix",
    "harness-failed": "taskfit itself failed; the sentence has the error",
}
"""Code → what it means; stable, for tables and scripts."""


@dataclass(frozen=True)
class Proposal:
    """Everything that makes a scenario but the proof."""

    id: str
    """Of the scenario to be: lower-case letters, digits, hyphens."""
    title: str
    instruction: str
    repo: str
    """What the repository is called in the pack; scenarios of one repository share it."""
    base: Tree
    """The buggy files."""
    solved: Tree
    """The same with the reference fix, without its tests."""
    hidden: Tree
    """Laid over the repository's root for grading: tests and what they read."""
    provenance: Provenance
    environment: Environment | None = None
    """None: what `runner.environments` infers."""
    suite: RepoTests | None = None
    """Likewise."""
    fail_to_pass: tuple[str, ...] = ()
    """As the source claims it; empty where running finds out."""
    pass_to_pass: tuple[str, ...] | None = None
    """None: the rest."""
    limits: Limits | None = None
    """None: the usual ones."""
    scope: Scope | None = None
    """None: everything but tests and what steers them."""
    locations: tuple[str, ...] = ()
    """Where the fault is, `file::qualified.symbol`; empty: where the reference fix changes something."""
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What somebody should know before trusting it: sentences."""


@dataclass(frozen=True)
class Lead:
    """Something that may be proposed."""

    id: str
    """Of the scenario to be."""
    label: str
    """What people know it by: an abbreviated hash and its subject, an instance's id."""
    key: str
    """What it is, for the journal: the same key is the same proposal (a commit's hash, a digest of its content)."""
    load: Callable[[], Proposal] = field(compare=False)
    """Raises Rejected."""
