"""An arm: one setting of the factors that a study varies beside the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import field_validator

from runner.messages import Frozen

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
Start = Literal["fresh", "failed"]
"""Where a trial starts: at the buggy base, or in the workspace that somebody's failed trial left."""
CONTROL = "control"


class Arm(Frozen):
    """One setting. The control arm holds each factor's first value."""

    approvals: str = "gate"
    """MODE or MODE:APPROVER, as in `must_ask:by_label`."""
    faults: str = "none"
    """`none`, `seeded` (kind, visibility, persistence and place are drawn), or KIND[:VISIBILITY[:PERSISTENCE]]."""
    feedback: ChallengeKind = "none"
    start: Start = "fresh"

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

    >>> arm_name(Arm(faults="lost_edit:implicit"), Arm())
    'faults_lost_edit-implicit'
    """
    differing = [
        f"{factor}_{re.sub(r'[^A-Za-z0-9_]+', '-', getattr(arm, factor))}"
        for factor in Arm.model_fields
        if getattr(arm, factor) != getattr(control, factor)
    ]
    return "-".join(differing) or CONTROL


def arms_of(
    approvals: Sequence[str], faults: Sequence[str], feedback: Sequence[ChallengeKind], start: Sequence[Start] = ()
) -> dict[str, Arm]:
    """Name → arm: the control, then one factor changed at a time.

    The first of `approvals` is the control's. The control of the others is `none` or `fresh`, listed or not: each
    faulted trial has its fault-free twin, each challenge the submission that it branches from. Raises ValueError for
    two arms of one name.
    """
    control = Arm(approvals=approvals[0])
    arms = [control]
    arms += [control.model_copy(update={"approvals": value}) for value in approvals[1:]]
    arms += [control.model_copy(update={"faults": value}) for value in faults if value != "none"]
    arms += [control.model_copy(update={"feedback": value}) for value in feedback if value != "none"]
    arms += [control.model_copy(update={"start": value}) for value in start if value != "fresh"]
    named = {arm_name(arm, control): Arm.model_validate(arm.model_dump()) for arm in arms}
    if len(named) != len(arms):
        raise ValueError("a value of a factor is named twice, or two of them share a name")
    return named
