"""A repository as people write it down (`repo.toml`): its source, its environment, its tests."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictFloat, field_validator, model_validator

from runner.messages import Frozen


def _inside(value: str) -> str:
    if value.startswith("/") or ".." in value.split("/"):
        raise ValueError("must be relative to the repository's root, without '..'")
    return value


InsideGlob = Annotated[str, AfterValidator(_inside)]
FrameworkName = Literal["pytest", "unittest", "django", "node", "jest", "vitest", "go", "cargo"]
"""What runs a repository's tests; each is a module of `runner.frameworks`."""


class Source(Frozen):
    """Where a repo's files come from: a folder beside repo.toml, or a git repository at a commit."""

    path: str | None = None
    git: str | None = None
    """A URL or path that git can clone."""
    commit: str | None = None
    """Full hash; needed with `git`."""

    @model_validator(mode="after")
    def _one_of(self) -> Source:
        if (self.path is None) == (self.git is None):
            raise ValueError("give either path (a folder) or git (with commit)")
        if self.git is not None and not re.fullmatch(r"[0-9a-f]{40}", self.commit or ""):
            raise ValueError("git needs commit = the full 40-digit hash, so that the source cannot move")
        return self


class Environment(Frozen):
    """How the image is built, in this order."""

    python: str | None = None
    """Another Python than the base image's, as in `3.9`."""
    node: str | None = None
    """The major version of Node that is installed with its npm, as in `22`; Debian's own is among `system`."""
    as_of: date | None = None
    """Packages as their index had them at the end of that day, where the index can tell."""
    dockerfile: InsideGlob | None = None
    """A Dockerfile beside repo.toml that makes the environment instead; `FROM taskfit/base` is the base image."""
    system: tuple[str, ...] = ()
    """Debian packages."""
    packages: tuple[str, ...] = ()
    """pip requirements beside pytest and coverage, which are always there."""
    install: tuple[str, ...] = ()
    """Shell commands run in the workspace once the source is placed, as in `pip install -e .`."""
    minutes: StrictFloat = Field(default=60.0, gt=0, le=1440)
    """What making one image of it may take; a step that says nothing for half an hour is stopped before."""
    variables: dict[str, str] = Field(default_factory=dict)
    """Environment variables of every command in the sandbox; never a key."""

    @field_validator("python")
    @classmethod
    def _version(cls, version: str | None) -> str | None:
        if version is not None and not re.fullmatch(r"3\.\d{1,2}", version):
            raise ValueError("a minor version is needed, as in 3.9")
        return version

    @field_validator("node")
    @classmethod
    def _major(cls, version: str | None) -> str | None:
        if version is not None and not re.fullmatch(r"[1-9]\d", version):
            raise ValueError("a major version is needed, as in 22")
        return version

    @field_validator("system")
    @classmethod
    def _package_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
                raise ValueError(f"{name!r} is no Debian package name")
        return names


class RepoTests(Frozen):
    """How the repo's tests are called."""

    framework: FrameworkName = "pytest"
    args: tuple[str, ...] = ()
    """Extra arguments of the framework's command."""
    paths: tuple[InsideGlob, ...] = ()
    """What to collect when the whole suite runs; the framework's own choice when empty."""


class Repo(Frozen):
    """Where source comes from and how its environment is built (`repo.toml`)."""

    format: Literal[1] = Field(alias="schema")
    title: str = Field(min_length=1, max_length=200)
    domain: str = ""
    source: Source
    environment: Environment = Environment()
    tests: RepoTests = RepoTests()
