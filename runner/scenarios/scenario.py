"""A scenario as people write it down (`scenario.toml`), as a value."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

import pathspec
from pydantic import AfterValidator, Discriminator, Field, StrictFloat, StrictInt, Tag, field_validator, model_validator

from runner.effects import Effect
from runner.messages import Frozen
from runner.scenarios.repo import Environment, InsideGlob, RepoTests


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError("use lower-case letters, digits and hyphens, as in invoice-rounding")
    return value


def _node_id(value: str) -> str:
    file, _, test = value.partition("::")
    names = (test.partition("[")[0] if file.endswith(".py") else test).split("::")
    if not all(names) or not all(part.strip(".") for part in file.split("/")):
        raise ValueError("a test id from the repository's root is needed, as in tests/test_x.py::test_y")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]
NodeId = Annotated[str, AfterValidator(_node_id)]


def _form(value: object) -> str | None:
    if value == "rest":
        return "rest"
    return "ids" if isinstance(value, list | tuple) else None


PassToPass = Annotated[
    Annotated[Literal["rest"], Tag("rest")] | Annotated[tuple[NodeId, ...], Tag("ids")],
    Discriminator(
        _form,
        custom_error_type="pass_to_pass",
        custom_error_message='use "rest", or a list of test ids, as in ["tests/test_x.py::test_y"]',
    ),
]


class TestSpec(Frozen):
    """Which tests decide."""

    __test__ = False

    fail_to_pass: tuple[NodeId, ...] = Field(min_length=1)
    """Fail before the fix and pass after it."""
    pass_to_pass: PassToPass = "rest"
    """Pass before and after; `rest` is every other test that does so with the reference fix."""
    unstable: tuple[NodeId, ...] = ()
    """Come out otherwise from run to run, whatever is changed: they count neither way."""

    @model_validator(mode="after")
    def _decide_or_not(self) -> TestSpec:
        named = self.pass_to_pass if isinstance(self.pass_to_pass, tuple) else ()
        if both := sorted({*self.fail_to_pass, *named}.intersection(self.unstable)):
            raise ValueError(f"{both[0]} is unstable, so it cannot decide; take it out of one of the two")
        return self


class Scope(Frozen):
    """Where the model may write; globs as in .gitignore, `protected` wins over `writable`."""

    writable: tuple[InsideGlob, ...] = ("**",)
    protected: tuple[InsideGlob, ...] = ()

    def covers(self, path: str) -> Literal["writable", "protected", "other"]:
        """How a path relative to the repository's root stands."""
        if path == ".git" or path.startswith(".git/") or _matches(self.protected, path):
            return "protected"
        return "writable" if _matches(self.writable, path) else "other"


def _matches(globs: tuple[str, ...], path: str) -> bool:
    return pathspec.PathSpec.from_lines("gitignore", globs).match_file(path)


class Truth(Frozen):
    """What only the graders know."""

    locations: tuple[str, ...] = ()
    """Where the fault is: `file::qualified.symbol`."""


Authorisation = Literal["explicit", "implied", "none"]
"""How far a call is covered by what the model was told: in so many words, or granted; part of any fix; not at all."""
Label = Literal["free", "optional", "ask", "forbidden"]
"""Whether a call should be asked for; `optional` ones count neither way."""


class ApprovalRule(Frozen):
    """What is right about some calls in this scenario; the first rule that fits a call decides (`runner.trials.standing`)."""

    effect: Effect | tuple[Effect, ...] | None = None
    """Any of these effects; any effect at all when left out."""
    paths: tuple[InsideGlob, ...] = ()
    """Globs as in .gitignore; one of the call's targets must match one. Any call at all when empty."""
    authorisation: Authorisation | None = None
    label: Label | None = None
    """Instead of what effect and authorisation make of it."""
    answer: Literal["approve", "deny"] | None = None
    """What a good approver says."""
    reason: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> ApprovalRule:
        if not self.effect and not self.paths:
            raise ValueError("give effect or paths, else it fits every call")
        if self.authorisation is None and self.label is None and self.answer is None:
            raise ValueError("give authorisation, label or answer, else it says nothing")
        return self

    def fits(self, effects: frozenset[Effect], targets: tuple[str, ...]) -> bool:
        wanted = {self.effect} if isinstance(self.effect, Effect) else set(self.effect or effects)
        if not wanted & effects:
            return False
        return not self.paths or any(_matches(self.paths, target.removeprefix("/")) for target in targets)


def _expressions(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return texts


Section = Literal["hypotheses", "evidence", "risks"]


class Checks(Frozen):
    """What following the instruction means, beside passing tests; checked on the submission and the patch."""

    sections: tuple[Section, ...] = ("hypotheses", "evidence", "risks")
    """Parts of the submission that may not be empty."""
    changed_lines: StrictInt | None = Field(default=None, ge=1)
    """The most lines that the patch may add and remove together, where the instruction says so."""
    new_dependency: bool = False
    """Whether files that declare dependencies may change."""
    mentions: tuple[str, ...] = ()
    """Regular expressions, one of which the submission's text must contain (case does not matter)."""

    @field_validator("mentions")
    @classmethod
    def _compile(cls, mentions: tuple[str, ...]) -> tuple[str, ...]:
        return _expressions(mentions)


class Framing(Frozen):
    """What the issue says in whatever words it is told (`runner.scenarios.framings`)."""

    facts: tuple[str, ...] = ()
    """Regular expressions, each of which every framing must contain; neither case nor line breaks matter."""

    @field_validator("facts")
    @classmethod
    def _compile(cls, facts: tuple[str, ...]) -> tuple[str, ...]:
        return _expressions(facts)


class Limits(Frozen):
    """When a trial ends without a submission."""

    turns: StrictInt = Field(default=40, ge=1, le=1000)
    minutes: StrictFloat = Field(default=15.0, gt=0, le=600)
    """Of the model's and the tools' time; waiting for approvals or rate limits does not count."""
    usd: StrictFloat | None = Field(default=None, ge=0)
    revision_turns: StrictInt = Field(default=12, ge=1, le=1000)
    """After a challenge; the same for every kind of it."""
    revision_minutes: StrictFloat = Field(default=5.0, gt=0, le=600)
    command_seconds: StrictFloat = Field(default=120.0, gt=0, le=3600)
    """For one command or test run of the model's, and for one grading."""
    test_seconds: StrictFloat = Field(default=30.0, gt=0, le=3600)
    """For one test while grading, so that a hanging test cannot take its neighbours along."""


class Provenance(Frozen):
    """Where a scenario comes from."""

    origin: Literal["written", "mined", "patch", "imported"] = "written"
    source: str = ""
    """What it was taken from: a repository, a data set and its version, two releases of a package."""
    instance: str = ""
    """What it is called there."""
    fix: str = ""
    """The commit that fixed it, where there is one."""
    fixed_on: date | None = None
    """When the fix was made."""
    public_since: date | None = None
    """When the fix became public, where it ever did: a model trained later may have seen it."""
    instruction: Literal["written", "commit", "issue", "imported", "model"] = "written"
    """Whose words the instruction is made of."""
    leak: StrictFloat | None = Field(default=None, ge=0, le=1)
    """How much of the fix the instruction gave away when it was made (`runner.scenarios.leaks`)."""
    canary: str = ""
    """A random string that is nowhere else: a model that knows it has read this file."""

    @property
    def undated(self) -> bool:
        """Whether it is out of somebody else's collection, and nobody says since when that is public, if it is."""
        return self.origin == "imported" and self.public_since is None


ImpossibleKind = Literal["contradiction", "wrong_test"]
"""`contradiction`: tests want two results of one call; `wrong_test`: a test wants what the issue rules out."""


class Impossible(Frozen):
    """What is asked cannot be done: the right answer is to say so."""

    kind: ImpossibleKind | Literal["written"] = "written"
    why: str = Field(min_length=1)
    """What shows it, for readers of a report; never shown to a model."""


class Scenario(Frozen):
    """One buggy repository, what is asked, and what decides (`scenario.toml`)."""

    format: Literal[1] = Field(alias="schema")
    title: str = Field(min_length=1, max_length=200)
    repo: Identifier
    tags: tuple[str, ...] = ()
    tests: TestSpec
    scope: Scope = Scope()
    truth: Truth = Truth()
    approval: tuple[ApprovalRule, ...] = ()
    """TOML: `[[approval]]` tables."""
    checks: Checks = Checks()
    framing: Framing = Framing()
    limits: Limits = Limits()
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")
    """The base in the repo's git source, instead of the commit that repo.toml names."""
    environment: Environment | None = None
    """Instead of the repo's own: the whole of it."""
    suite: RepoTests | None = None
    """Instead of the repo's own `[tests]`."""
    provenance: Provenance = Provenance()
    impossible: Impossible | None = None
    """Where there is no honest way to pass: a fail-to-pass test fails with the reference fix, which is proved."""
