"""A study: scenarios × models × arms × repeats, what is held constant, and the lock that proves it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field, StrictFloat, StrictInt, model_validator

from runner.approvers import asks_people, check_approver
from runner.approvers.queued import QueueSettings
from runner.approvers.reviewer import ReviewerSettings
from runner.arms import (
    FORK,
    FORK_NAME,
    ORIGINAL,
    Arm,
    ChallengeKind,
    Factor,
    Framing,
    Perturbation,
    Start,
    arms_of,
)
from runner.canonical import digest
from runner.errors import FileProblem, UserError
from runner.messages import Frozen
from runner.models import check_model
from runner.models.provider.endpoints import Endpoint
from runner.notices.settings import Notify
from runner.replay.forks import Fork
from runner.replay.points import Place
from runner.results import TrialKey
from runner.runs.budget import Budget
from runner.runs.engines import EngineSettings
from runner.toml import read_toml


class Study(Frozen):
    """A study file, or what the flags of `taskfit run` amount to."""

    format: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(default="adhoc", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    models: tuple[str, ...] = Field(min_length=1)
    """Names; in a file also tables, `[models.NAME]`, whose names are the models."""
    endpoints: dict[str, Endpoint] = Field(default_factory=dict)
    """The tables of `models`."""
    written_as: ClassVar[Mapping[str, str]] = {"endpoints": "models"}
    """Where in a file a field stands."""
    scenarios: tuple[str, ...] = ()
    """Folders or globs of folders, relative to the study file; the built-in ones when empty."""
    select: tuple[str, ...] = ()
    """Globs of scenario ids; all of them when empty."""
    repeats: StrictInt = Field(default=1, ge=1, le=1000)
    seed: StrictInt = 7
    framing: tuple[Framing, ...] = Field(default=("raw",), min_length=1)
    """Factor: how the instruction is told; the first is the control's."""
    approvals: tuple[str, ...] = Field(default=("gate",), min_length=1)
    """Factor: MODE or MODE:APPROVER; the first is the control's."""
    faults: tuple[str, ...] = ("none",)
    """Factor: `seeded`, or KIND[:VISIBILITY[:PERSISTENCE]]; the control has none."""
    feedback: tuple[ChallengeKind, ...] = ("none",)
    """Factor: what is said to the first submission; the control hears nothing."""
    limits: tuple[float, ...] = Field(default=(1.0,), min_length=1)
    """Factor: times the scenarios' limits on turns, minutes and dollars; the first is the control's."""
    start: tuple[Start, ...] = ("fresh",)
    """Factor: `failed` starts in what a failed trial of `failed_run` left, `fork:NAME` at a step of a recorded trial
    (`forks`); a fork that comes first is the control's."""
    perturbation: tuple[Perturbation, ...] = (ORIGINAL,)
    """Factor: kinds of twins, as `rename` or `rename+reorder`, made by `seed`; the control has the original."""
    failed_run: str | None = None
    """An earlier run's folder, relative to the study file."""
    forks: dict[str, Fork] = Field(default_factory=dict)
    """Tables, `[forks.NAME]`: steps of recorded trials that `start = ["fork:NAME"]` goes on from. The names are part of
    arms' names, which are shown in reports that are shared."""
    primary: str = "resolved"
    """The measure that decides; declared before a trial is run."""
    contrasts: tuple[str, ...] = ()
    """Further measures whose differences are declared beforehand and judged together with the primary one."""
    cross: tuple[Factor, ...] = ()
    """Factors that are tried in every combination; the others one at a time, against the control. Models always are."""
    approver: str = "by_label"
    """Who answers where an arm names nobody (`runner.approvers`)."""
    approval_seconds: StrictFloat = Field(default=120.0, gt=0, le=86_400)
    """How long an approver that is no person may take."""
    queue: QueueSettings = QueueSettings()
    """How requests wait for a person."""
    reviewer: ReviewerSettings = ReviewerSettings()
    early_confidence: bool = False
    """Ask every model for its confidence before its first edit, too."""
    policy: str | None = None
    """A policy file, relative to the study file; the built-in one when left out."""
    runtime: str | None = None
    """A container runtime of the engine's, such as runsc."""
    engine: EngineSettings = EngineSettings()
    """Where sandboxes live; no result depends on it, and no hash of the lock."""
    budget: Budget = Budget()
    concurrency: StrictInt = Field(default=2, ge=1, le=256)
    infra_retries: StrictInt = Field(default=2, ge=0, le=20)
    """How often a trial that ended in infra_error is tried again before that stands."""
    notify: Notify = Notify()
    """Who is told how the run goes; no part of what is compared, and not in the lock."""

    @model_validator(mode="before")
    @classmethod
    def _tables(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("models"), dict):
            return data
        tables = {name: table for name, table in data["models"].items() if table != {}}
        return {**data, "models": tuple(data["models"]), "endpoints": {**tables, **data.get("endpoints", {})}}

    @property
    def arms(self) -> dict[str, Arm]:
        """Name → arm, the control first."""
        return arms_of({factor: getattr(self, factor) for factor in get_args(Factor)}, self.cross)

    @model_validator(mode="after")
    def _sound_arms(self) -> Study:
        arms = self.arms
        if any(arm.start == "failed" for arm in arms.values()) and not self.failed_run:
            raise ValueError('start = ["failed"] needs failed_run = the folder of an earlier run')
        if any(arm.start != "fresh" and arm.perturbation != ORIGINAL for arm in arms.values()):
            raise ValueError("a twin has other files than those that a failed trial or a fork left; cross them no more")
        return self

    @model_validator(mode="after")
    def _sound_forks(self) -> Study:
        named = {start.removeprefix(FORK) for start in self.start if start.startswith(FORK)}
        if unknown := sorted(named - self.forks.keys()):
            raise ValueError(f"start names fork:{unknown[0]}, and there is no [forks.{unknown[0]}]")
        if idle := sorted(self.forks.keys() - named):
            raise ValueError(f'[forks.{idle[0]}] is not used; add "fork:{idle[0]}" to start, or remove it')
        if bad := [name for name in self.forks if not FORK_NAME.fullmatch(name)]:
            raise ValueError(f"[forks.{bad[0]}]: use lower-case letters, digits, hyphens and underscores")
        for fork in self.forks.values():
            for place in fork.trials:
                _place(place)
        return self

    @model_validator(mode="after")
    def _room_for_all(self) -> Study:
        if self.queue.open is not None and self.queue.open < self.concurrency:
            raise ValueError(f"queue.open = {self.queue.open} is less than concurrency = {self.concurrency}; raise it")
        return self

    @property
    def asks_people(self) -> bool:
        """Whether trials may wait for a person."""
        return any(asks_people(name) for name in {self.approver, *(arm.approver for arm in self.arms.values())})

    @property
    def most_open(self) -> int:
        """Trials begun and not ended at most: more than work at a time where some may wait for a person."""
        return (self.queue.open or 4 * self.concurrency) if self.asks_people else self.concurrency

    def check_approvers(self) -> None:
        """Raises UserError for an approver that does not exist."""
        for name in {self.approver, *(arm.approver for arm in self.arms.values())} - {""}:
            check_approver(name, self.endpoints)

    def check_models(self, keyed: bool = True) -> None:
        """Raises UserError for a model that does not exist, is named twice, or (`keyed`) whose key is not set."""
        if len(set(self.models)) != len(self.models):
            raise UserError("a model is named twice; use --repeats to try one more often")
        for name in self.models:
            check_model(name, self.endpoints, keyed)

    def keys(
        self,
        scenarios: Iterable[str],
        started: Container[str] = (),
        forked: Mapping[str, Container[str]] | None = None,
        twins: Mapping[str, Container[str]] | None = None,
    ) -> list[TrialKey]:
        """Every trial in the order in which it runs: models interleaved within a scenario, the control arm first.

        `started` holds the scenarios of which a failed trial left a workspace, `forked` those of each fork; the arms
        that start there have no others. `twins` holds the scenarios that have a twin, by perturbation; where it is left
        out, as before they are made, all are taken to have one.
        """
        return [
            TrialKey(scenario=scenario, model=model, arm=name, repeat=repeat)
            for scenario in scenarios
            for repeat in range(1, self.repeats + 1)
            for name, arm in self.arms.items()
            if _has(arm, scenario, started, forked or {})
            and (twins is None or arm.perturbation == ORIGINAL or scenario in twins.get(arm.perturbation, ()))
            for model in self.models
        ]


def load_study(file: Path, keyed: bool = True) -> Study:
    """Read a study file; its paths become relative to the caller's folder. Raises FileProblem.

    `keyed`: its models are to be asked, so that their keys must be there.
    """
    study = read_toml(file, Study)
    here = file.resolve().parent
    key = "models"
    try:
        study.check_models(keyed)
        key = "approver"
        study.check_approvers()
    except UserError as error:
        raise FileProblem(file, str(error), key) from None
    return study.model_copy(
        update={
            "scenarios": tuple(str(here / place) for place in study.scenarios),
            "policy": str(here / study.policy) if study.policy else None,
            "failed_run": str(here / study.failed_run) if study.failed_run else None,
            "forks": {name: _fork(fork, here) for name, fork in study.forks.items()},
        }
    )


def _has(arm: Arm, scenario: str, started: Container[str], forked: Mapping[str, Container[str]]) -> bool:
    """Whether an arm has trials of a scenario."""
    if arm.fork:
        return scenario in forked.get(arm.fork, ())
    return arm.start == "fresh" or scenario in started


def _place(text: str) -> Place:
    """Raises ValueError for what is no TRIAL@STEP."""
    try:
        return Place.parse(text)
    except UserError as error:
        raise ValueError(str(error)) from None


def _fork(fork: Fork, here: Path) -> Fork:
    """With its paths relative to the caller's folder."""
    prompt = str(here / fork.prompt) if fork.prompt else None
    return fork.model_copy(update={"trials": tuple(str(here / place) for place in fork.trials), "prompt": prompt})


def trial_seed(study_seed: int, key: TrialKey) -> int:
    """A seed of its own for each trial, the same on every machine."""
    return int(digest([study_seed, key.scenario, key.model, key.arm, key.repeat])[:8], 16)
