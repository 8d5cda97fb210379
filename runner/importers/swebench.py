"""Rows of the SWE-bench schema, and of its relatives as far as their fields agree.

repo, base_commit      the base                                   (Multi-SWE: org, repo, base.sha; SWE-smith: in repo)
patch, test_patch      the reference fix, the hidden tests        (Multi-SWE: fix_patch; SWE-smith: patch makes the bug)
problem_statement      the instruction; hints are never used      (Multi-SWE: resolved_issues)
FAIL_TO_PASS           kept where every id is a test of the tree; else running finds out
install_config         the environment                            (SWE-rebench)
created_at             since when the fix may be known

PASS_TO_PASS is not used: every test that passes before and after counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator

from runner.errors import Rejected
from runner.importers.base import (
    Names,
    Sources,
    applied,
    clean,
    day,
    digest_of,
    refused,
    slug,
    text_only,
    title_of,
    without,
)
from runner.importers.claims import known_ids
from runner.importers.rows import Row, rows
from runner.importers.shell import Steps, requirement, steps, suite_of
from runner.scenarios.patches import PatchHostile, PatchRefused, touched
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Provenance
from runner.visible import visible
from sandboxes.archive import Tree

HUB = "https://github.com/{}.git"
NOT_USED = (
    "image",
    "image_name",
    "docker_image",
    "eval_script",
    "test_cmds",
    "rebuild_cmds",
    "log_parser",
    "environment_setup_commit",
)
"""Fields of later versions that describe another harness's environment."""
SMITH = re.compile(r"swesmith/(?P<owner>[\w.-]+?)__(?P<name>[\w.-]+)\.(?P<commit>[0-9a-f]{7,40})")


class Instance(BaseModel):
    """What is used of a row."""

    instance_id: str = Field(min_length=1, max_length=300)
    repo: str = Field(pattern=r"^[\w-][\w.-]*/[\w-][\w.-]*$", max_length=200)
    base_commit: str = Field(pattern=r"^[0-9a-f]{7,40}$")
    patch: str = Field(min_length=1)
    test_patch: str = ""
    problem_statement: str = Field(min_length=1)
    fail_to_pass: tuple[str, ...] = Field(default=(), alias="FAIL_TO_PASS")
    install_config: dict[str, Any] | None = None
    created_at: Any = None

    @field_validator("fail_to_pass", mode="before")
    @classmethod
    def _list_or_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return () if value is None else value
        try:
            return json.loads(value) if value.strip() else ()
        except (ValueError, RecursionError):
            raise ValueError("neither a list of test ids nor one as JSON") from None


def leads(place: Path, sources: Sources, *, source: str = "", hub: str = HUB) -> Iterator[Lead]:
    """A lead a row, also for rows that are bad or occur twice; `hub` makes a URL of `owner/name`.

    `source` is what the data set is called, its file's name when left out. Raises FileProblem, UserError.
    """
    names = Names()
    seen: dict[str, str] = {}
    for row in rows(place):
        written = str((row.data or {}).get("instance_id") or f"row-{row.number}")[:300]
        key = _key(row)
        id = names.give(written)
        if id is None:
            twin = slug(f"{written}-again-{row.number}")
            sentence = f"{row.where} has the instance_id of {seen[written]}, {written}"
            yield refused(twin, written, key, "duplicate", sentence)
        elif row.data is None:
            seen[written] = row.where
            yield refused(id, row.where, key, "malformed", f"{row.where} {row.problem}")
        else:
            seen[written] = row.where
            yield Lead(id, visible(written), key, _Load(id, row, sources, source or place.name, hub))


def _key(row: Row) -> str:
    try:
        return digest_of(json.dumps(row.data, sort_keys=True, default=str))
    except RecursionError:
        return digest_of(row.where)


@dataclass(frozen=True)
class _Load:
    """A row as a proposal, once somebody asks for it."""

    id: str
    row: Row
    sources: Sources
    source: str
    hub: str

    def __call__(self) -> Proposal:
        data = self.row.data or {}
        smith = SMITH.fullmatch(str(data.get("repo"))) if not data.get("test_patch") else None
        if smith is not None:
            data = {"base_commit": smith["commit"]} | data | {"repo": f"{smith['owner']}/{smith['name']}"}
        elif "fix_patch" in data:
            data = _multi(data)
        instance = _instance(data, self.row.where)
        _sound(instance)
        url = self.hub.format(instance.repo)
        tree = self.sources.tree(instance.repo, url, instance.base_commit)
        notes = [f"{name} of the row is not used" for name in NOT_USED if data.get(name)]
        if smith is not None:
            base, solved, hidden = _sabotaged(instance, tree)
        else:
            base, solved, hidden = _repaired(instance, tree, notes)
        text_only(base, solved)
        environment, suite = _set_up(instance, notes)
        return Proposal(
            id=self.id,
            title=title_of(instance.problem_statement, instance.instance_id),
            instruction=clean(instance.problem_statement),
            repo=slug(instance.repo.replace("/", "-")),
            base=base,
            solved=solved,
            hidden=hidden,
            provenance=Provenance(
                origin="imported",
                source=visible(self.source),
                instance=visible(instance.instance_id),
                public_since=day(instance.created_at),
                instruction="imported",
            ),
            environment=environment,
            suite=suite,
            fail_to_pass=known_ids(instance.fail_to_pass, {**base, **hidden}, notes),
            notes=tuple(notes),
        )


def _instance(data: dict[str, Any], where: str) -> Instance:
    try:
        return Instance.model_validate({name: value for name, value in data.items() if name != "fail_to_pass"})
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        field = ".".join(map(str, first["loc"]))
        said = "is missing" if first["type"] == "missing" else f"{first['msg']}; found {first['input']!r:.120}"
        others = f" (and {len(more)} more)" if more else ""
        raise Rejected("malformed", visible(f"{where}: {field}: {said}{others}")) from None


def _multi(data: dict[str, Any]) -> dict[str, Any]:
    """A row of Multi-SWE-bench in SWE-bench's names."""
    base, issues = data.get("base"), data.get("resolved_issues")
    issues = [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    told = "\n\n".join(f"{issue.get('title') or ''}\n\n{issue.get('body') or ''}".strip() for issue in issues)
    found = {
        "instance_id": f"{data.get('org')}__{data.get('repo')}-{data.get('number')}",
        "repo": f"{data.get('org')}/{data.get('repo')}",
        "base_commit": base.get("sha") if isinstance(base, dict) else None,
        "patch": data["fix_patch"],
        "problem_statement": told or data.get("body"),
    }
    return {**found, **{name: data[name] for name in ("instance_id", "test_patch", "created_at") if name in data}}


def _sound(instance: Instance) -> None:
    """Raises Rejected for patches that are none or reach outside, before anything is fetched."""
    for field in ("patch", "test_patch"):
        text: str = getattr(instance, field)
        if not text.strip():
            continue
        try:
            touched(text)
        except (PatchRefused, PatchHostile) as error:
            raise Rejected("malformed", visible(f"{field}: {error}")) from None


def _repaired(instance: Instance, base: Tree, notes: list[str]) -> tuple[Tree, Tree, Tree]:
    """Base, solved and hidden tests where `patch` is the fix."""
    if not instance.test_patch.strip():
        raise Rejected("no-tests", "its test_patch is empty")
    solved = applied(base, instance.patch, "patch")
    tested = applied(base, instance.test_patch, "test_patch")
    if gone := sorted(base.keys() - tested.keys()):
        notes.append(f"test_patch removes {', '.join(map(visible, gone))}, which stays here")
    hidden = {path: entry for path, entry in tested.items() if base.get(path) != entry}
    if not hidden:
        raise Rejected("no-tests", "its test_patch changes no content")
    return base, solved, hidden


def _sabotaged(instance: Instance, healthy: Tree) -> tuple[Tree, Tree, Tree]:
    """The same where `patch` makes the bug: files of tests that must fail are hidden, and gone from the base."""
    files = {test.partition("::")[0] for test in instance.fail_to_pass}
    hidden = {path: entry for path, entry in healthy.items() if path in files}
    if not hidden:
        raise Rejected("no-tests", "no file that FAIL_TO_PASS names is in its source")
    buggy = applied(healthy, instance.patch, "patch")
    return without(buggy, files), without(healthy, files), hidden


def _set_up(instance: Instance, notes: list[str]) -> tuple[Environment | None, RepoTests | None]:
    """Environment and suite from `install_config`; None for each that it does not tell."""
    config = instance.install_config
    if not config:
        return None, None
    try:
        before = steps("\n".join(_texts(config, "pre_install")))
        wanted = [name for text in _texts(config, "pip_packages") for name in text.split("\n")]
        files = [f"python -m pip install -r {path}" for path in _texts(config, "reqs_path")]
        after = steps("\n".join(_texts(config, "install")))
        found = Steps(
            (*before.system, *after.system),
            (*before.packages, *(name for name in wanted if requirement(name)), *after.packages),
            (*before.install, *files, *after.install),
        )
        version = re.match(r"3\.\d{1,2}", str(config.get("python", "")))
        variables = config.get("env_vars") or {}
        environment = found.environment(python=version[0] if version else None, variables=variables)
        suite = suite_of("; ".join(_texts(config, "test_cmd")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Rejected("malformed", visible(f"install_config: {first['msg']}; found {first['input']!r:.120}")) from None
    for name in ("env_yml_path", "no_use_env"):
        if config.get(name):
            notes.append(f"install_config.{name} is not used: there is no conda here")
    return environment, suite


def _texts(config: dict[str, Any], key: str) -> list[str]:
    """A key's value as texts, whether it is one or a list. Raises Rejected."""
    value = config.get(key) or []
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise Rejected("malformed", visible(f"install_config.{key}: a text or a list of texts is needed"))
    return found
