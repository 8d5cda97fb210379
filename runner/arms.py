"""An arm: one setting of the factors that a study varies beside the model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, field_validator

from runner.messages import Frozen
from runner.scenarios.scenario import ImpossibleKind

TwinKind = Literal["rename", "move", "reorder", "reword", "constants", "layout"]
"""A transformation that makes a twin of a scenario (`runner.twins`)."""
Kind = TwinKind | ImpossibleKind
"""What a scenario can be made into: the same problem in another form, or one that nobody can solve."""
ORIGINAL = "original"
ChallengeKind = Literal["none", "continue", "prove_it", "verify", "evidence", "false_alarm"]
"""What is said to the first submission; `continue` gives the same extra budget without a challenge: the control."""
FaultKind = Literal[
    "tool_error",
    "timeout",
    "truncated_output",
    "stale_read",
    "lost_edit",
    "flaky_test",
    "disk_full",
    "denied_approval",
]
Visibility = Literal["explicit", "implicit"]
"""Whether the answer says that something went wrong."""
Persistence = Literal["transient", "permanent"]
"""Whether it happens once, or to every such call from then on."""
Mode = Literal["gate", "must_ask"]
"""Whether the policy asks before a boundary call, or the model has to ask itself."""
FORK = "fork:"
FORK_NAME = re.compile(r"[a-z0-9][a-z0-9_]*(?:-[a-z0-9_]+)*")


def _start(value: str) -> str:
    if value in ("fresh", "failed") or (value.startswith(FORK) and FORK_NAME.fullmatch(value.removeprefix(FORK))):
        return value
    raise ValueError("use fresh, failed, or fork:NAME for a fork of [forks.NAME], in lower case as in fork:early")


Start = Annotated[str, AfterValidator(_start)]
"""Where a trial starts: at the buggy base (`fresh`), in the workspace that somebody's failed trial left (`failed`), or
at a step of a recorded trial, with its conversation (`fork:NAME`)."""
CONTROL = "control"
PERTURBED = "perturbation_"
"""How the part of an arm's name begins that says in which other form its scenarios stand."""


def _perturbation(value: str) -> str:
    twin_kinds(value)
    return value


Perturbation = Annotated[str, AfterValidator(_perturbation)]
"""`original`, the kinds of a twin joined by +, as in `rename+reorder`, or one kind of impossible twin."""


Framing = Literal["raw", "messy", "clean", "paraphrase-1", "paraphrase-2", "paraphrase-3"]
"""How the instruction is told: as reported, hurriedly, with a frame around it, in other words."""
Factor = Literal["framing", "approvals", "faults", "feedback", "limits", "start", "perturbation"]


def twin_kinds(value: str) -> tuple[Kind, ...]:
    """The kinds that a perturbation names, in their order, none for `original`. Raises ValueError.

    >>> twin_kinds("rename+reorder"), twin_kinds("contradiction")
    (('rename', 'reorder'), ('contradiction',))
    """
    if value == ORIGINAL:
        return ()
    kinds = value.split("+")
    known: Mapping[str, Kind] = {kind: kind for kind in (*get_args(TwinKind), *get_args(ImpossibleKind))}
    if bad := [kind for kind in kinds if kind not in known]:
        raise ValueError(f"{bad[0]!r} is none of {ORIGINAL}, {', '.join(known)}; join several with +")
    if len(set(kinds)) != len(kinds):
        raise ValueError(f"{value!r} names a kind twice")
    if len(kinds) > 1 and (alone := [kind for kind in kinds if kind in get_args(ImpossibleKind)]):
        raise ValueError(f"{alone[0]} makes a task impossible and cannot be joined with another kind")
    return tuple(known[kind] for kind in kinds)


class Arm(Frozen):
    """One setting. The control arm holds each factor's first value."""

    framing: Framing = "raw"
    approvals: str = "gate"
    """MODE or MODE:APPROVER, as in `must_ask:by_label`."""
    faults: str = "none"
    """`none`, `seeded` (kind, visibility, persistence and place are drawn), or KIND[:VISIBILITY[:PERSISTENCE]]."""
    feedback: ChallengeKind = "none"
    limits: float = Field(default=1.0, gt=0, le=100)
    """Times the scenario's limits on turns, minutes and dollars."""
    start: Start = "fresh"
    perturbation: Perturbation = ORIGINAL

    @field_validator("approvals")
    @classmethod
    def _mode(cls, value: str) -> str:
        if value.partition(":")[0] not in get_args(Mode) or value.endswith(":"):
            raise ValueError(f"use {' or '.join(get_args(Mode))}, with an approver if need be, as in must_ask:by_label")
        return value

    @field_validator("faults")
    @classmethod
    def _fault(cls, value: str) -> str:
        parse_fault(value)
        return value

    @property
    def mode(self) -> Mode:
        return "must_ask" if self.approvals.startswith("must_ask") else "gate"

    @property
    def fork(self) -> str:
        """Name of the fork that its trials go on from; empty for none."""
        return self.start.removeprefix(FORK) if self.start.startswith(FORK) else ""

    @property
    def approver(self) -> str:
        """Empty: the study's own."""
        return self.approvals.partition(":")[2]


class FaultPattern(Frozen):
    """What an arm says about its fault; None where it is drawn."""

    kind: FaultKind | None = None
    visibility: Visibility | None = None
    persistence: Persistence | None = None


def parse_fault(value: str) -> FaultPattern | None:
    """A faults setting; None for `none`. Raises ValueError."""
    if value == "none":
        return None
    if value == "seeded":
        return FaultPattern()
    parts = value.split(":")
    choices = (get_args(FaultKind), get_args(Visibility), get_args(Persistence))
    if len(parts) > len(choices):
        raise ValueError("use KIND[:VISIBILITY[:PERSISTENCE]], as in lost_edit:implicit:transient")
    for part, known in zip(parts, choices, strict=False):
        if part not in known:
            raise ValueError(f"{part!r} is none of {', '.join(known)}; or use none or seeded for the whole")
    return FaultPattern.model_validate(dict(zip(FaultPattern.model_fields, parts, strict=False)))


def arm_name(arm: Arm, control: Arm) -> str:
    """A name for a folder: the factors in which the arm differs from the control, with their values.

    >>> arm_name(Arm(framing="messy", faults="lost_edit:implicit"), Arm())
    'framing_messy+faults_lost_edit-implicit'
    """
    differing = [
        f"{factor}_{re.sub(r'[^A-Za-z0-9_]+', '-', str(getattr(arm, factor)))}"
        for factor in Arm.model_fields
        if getattr(arm, factor) != getattr(control, factor)
    ]
    return "+".join(differing) or CONTROL


def without_events(name: str) -> str:
    """The arm in which nothing goes wrong, nothing is said to a submission and nobody's work is inherited.

    That is the one which a faulted, challenged or inherited trial is compared with, and a challenge branches from.

    >>> without_events("framing_messy+feedback_prove_it")
    'framing_messy'
    """
    kept = [part for part in name.split("+") if not part.startswith(("faults_", "feedback_", "start_"))]
    return "+".join(kept) or CONTROL


def twin_of(name: str) -> str:
    """The arm that a trial of this one is compared with: `without_events`, or the control where it has none.

    >>> twin_of("framing_messy")
    'control'
    """
    calm = without_events(name)
    return calm if calm != name else CONTROL


def of_twin(name: str) -> bool:
    """Whether the trials of an arm run on twins.

    >>> of_twin("perturbation_rename+feedback_verify"), of_twin("control")
    (True, False)
    """
    return any(part.startswith(PERTURBED) for part in name.split("+"))


def perturbation_of(name: str) -> str:
    """What the scenarios of an arm are perturbed by, of its name.

    >>> perturbation_of("perturbation_move-rename+framing_messy"), perturbation_of("control")
    ('move+rename', 'original')
    """
    found = (part.removeprefix(PERTURBED) for part in name.split("+") if part.startswith(PERTURBED))
    return next(found, ORIGINAL).replace("-", "+")


def arms_of(values: Mapping[Factor, Sequence[Any]], cross: Sequence[Factor] = ()) -> dict[str, Arm]:
    """Name → arm: the control first, then one factor changed at a time; those of `cross` in every combination.

    A factor's first value is the control's. The control of faults, feedback, start and perturbation is `none`, `fresh`
    or `original`, listed or not: each faulted trial has its fault-free twin, each challenge the submission that it
    branches from. A fork that is listed first is the control itself: all trials go on from it. Raises ValueError for
    two arms of one name.
    """
    settings = {factor: _with_control(factor, values.get(factor, ())) for factor in get_args(Factor)}
    control = Arm.model_validate({factor: found[0] for factor, found in settings.items()})
    crossed = product(*(settings[factor] for factor in get_args(Factor) if factor in cross))
    names = [factor for factor in get_args(Factor) if factor in cross]
    arms = [_changed(control, dict(zip(names, chosen, strict=True))) for chosen in crossed]
    for factor, found in settings.items():
        if factor not in cross:
            arms += [_changed(control, {factor: value}) for value in found[1:]]
    named = {arm_name(arm, control): arm for arm in arms}
    if len(named) != len(arms):
        raise ValueError("a value of a factor is named twice, or two of them share a name")
    return named


def _with_control(factor: Factor, values: Sequence[Any]) -> list[Any]:
    default = Arm.model_fields[factor].default
    forked = factor == "start" and bool(values) and str(values[0]).startswith(FORK)
    if factor in ("faults", "feedback", "start", "perturbation") and not forked:
        return [default, *(value for value in values if value != default)]
    return list(values) or [default]


def _changed(control: Arm, changes: dict[Any, Any]) -> Arm:
    return Arm.model_validate(control.model_dump() | changes)
