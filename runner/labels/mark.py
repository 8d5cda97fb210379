"""One thing that one reader said of one step."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, field_validator

from runner.errors import UserError
from runner.messages import Frozen

KNOWN = {
    "wrong-root-cause": "the model believes the fault to be where it is not",
    "lucky-fix": "it passes for another reason than the model gives",
    "policy-breach": "done without the approval that it needed, or around a denial",
    "good-recovery": "a failure noticed, understood and overcome",
}
"""Labels that everybody reads alike; others are free."""

LONGEST_NOTE = 4000
ID = r"^[0-9a-f]{12}$"

RightAnswer = Literal["approve", "deny"]


class Mark(Frozen):
    """A label, a note, a judgement of an approval, or several of them; a line of `labels.jsonl`."""

    kind: Literal["mark"] = "mark"
    format: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=ID)
    at: AwareDatetime
    reader: str = Field(min_length=1, max_length=80)
    trial: str = Field(min_length=1, max_length=300)
    """The trial's folder, by its name."""
    attempt: int = Field(ge=0)
    step: int = Field(ge=0)
    """When it was written; see `event`."""
    event: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Digest of the event at that step: tells a step that has moved from one that is another's now."""
    label: str = ""
    note: str = Field(default="", max_length=LONGEST_NOTE)
    answer: RightAnswer | None = None
    """What a good approver would have said."""
    ask: bool | None = None
    """Whether the call should have been asked for."""

    @field_validator("label")
    @classmethod
    def _is_a_label(cls, label: str) -> str:
        if label and not re.fullmatch(LABEL, label):
            raise ValueError("is no label")
        return label

    @property
    def subject(self) -> tuple[str, str, int, int, str]:
        """What it is about: a reader's later mark of the same subject takes the place of the earlier one."""
        about = self.label or ("approval" if self.answer is not None or self.ask is not None else f"note {self.id}")
        return self.reader, self.trial, self.attempt, self.step, about


class Withdrawal(Frozen):
    """A mark that no longer stands."""

    kind: Literal["withdrawal"] = "withdrawal"
    format: Literal[1] = Field(default=1, alias="schema")
    at: AwareDatetime
    reader: str = Field(min_length=1, max_length=80)
    mark: str = Field(pattern=ID)


LABEL = r"[a-z0-9]+(-[a-z0-9]+){0,9}"
LINES: TypeAdapter[Mark | Withdrawal] = TypeAdapter(Annotated[Mark | Withdrawal, Field(discriminator="kind")])


def label_name(text: str) -> str:
    """A label as it is kept: lower case, words joined by `-`. Raises UserError for what cannot be one.

    >>> label_name("Wrong root cause")
    'wrong-root-cause'
    """
    name = re.sub(r"[\s_-]+", "-", text.strip().lower())
    if not re.fullmatch(LABEL, name) or len(name) > 60:
        raise UserError(
            f"{text!r} is no label: letters a to z, digits and -, at most ten words and 60 characters, as in lucky-fix"
        )
    return name
