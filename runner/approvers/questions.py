"""Requests that wait for a person, and their answers: two small files each, in the run's folder.

    approvals/<id>.json          the question; written whole, by rename
    approvals/<id>.answer.json   the answer; the first one stands, whoever gives it

Any process may answer: `taskfit approvals`, a browser, a script. A time limit answers, too, so that a person's answer
and the end of the time never both count.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from runner.approvals import Decision, Request
from runner.errors import FileProblem, UnknownName, UserError
from runner.messages import Frozen, to_json
from runner.regular import content
from runner.results import TrialKey

Otherwise = Literal["deny", "escalate"]
"""What stands when nobody answered in time: a denial, or no answer."""


class Question(Frozen):
    """A request of a trial that waits."""

    format: Literal[1] = Field(default=1, alias="schema")
    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    trial: TrialKey
    asked: AwareDatetime
    until: AwareDatetime
    """When it is answered without a person."""
    otherwise: Otherwise
    request: Request
    """Without its standing: what a good approver says is not told to the one who answers."""


class Answer(Frozen):
    format: Literal[1] = Field(default=1, alias="schema")
    given: AwareDatetime
    decision: Decision


class Questions:
    """The questions of one run's folder. Safe to use from any thread and process."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "approvals"

    def ask(self, trial: TrialKey, request: Request, seconds: float, otherwise: Otherwise) -> Question:
        """Write a question that stands open for so many seconds."""
        now = datetime.now(UTC)
        question = Question(
            id=secrets.token_hex(4),
            trial=trial,
            asked=now,
            until=now + timedelta(seconds=seconds),
            otherwise=otherwise,
            request=request.model_copy(update={"standing": None}),
        )
        self._folder.mkdir(exist_ok=True)
        self._publish(self._question(question.id), question)
        return question

    def settle(self, question_id: str, decision: Decision) -> Decision:
        """Answer, unless somebody has; returns the answer that stands."""
        with contextlib.suppress(FileExistsError):
            self._publish(self._answer(question_id), Answer(given=datetime.now(UTC), decision=decision))
        return self.answer(question_id) or decision

    def answer(self, question_id: str) -> Decision | None:
        """The answer that stands; None while there is none. Raises FileProblem for one that cannot be read."""
        file = self._answer(question_id)
        try:
            return Answer.model_validate_json(content(file)).decision
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise FileProblem(file, f"is no answer: {error}") from None

    def respond(self, question_id: str, decision: Decision) -> Question:
        """A person's answer. Raises UserError where there is no such question or it has been answered."""
        question = self.find(question_id)
        try:
            self._publish(self._answer(question.id), Answer(given=datetime.now(UTC), decision=decision))
        except FileExistsError:
            stands = self.answer(question.id)
            said = f"{stands.outcome} by {stands.approver}" if stands else "answered"
            raise UserError(f"request {question.id} has been answered before: {said}") from None
        return question

    def waiting(self) -> list[Question]:
        """Those without an answer, the oldest first; what is no question is left out."""
        open_ids = self._names() - self._names(".answer")
        found = [question for each in open_ids if (question := self._read(each)) is not None]
        return sorted(found, key=lambda question: (question.asked, question.id))

    def find(self, start: str) -> Question:
        """The question whose id begins so. Raises UserError where none does, or several do."""
        matching = sorted(name for name in self._names() if start and name.startswith(start))
        if len(matching) > 1:
            raise UserError(f"{start!r} is the beginning of {len(matching)} requests: {', '.join(matching[:8])}")
        question = self._read(matching[0]) if matching else None
        if question is None:
            raise UnknownName("waiting request", start, [each.id for each in self.waiting()])
        return question

    def withdraw(self, question_id: str) -> None:
        """Nobody waits for the answer any more."""
        self._question(question_id).unlink(missing_ok=True)

    def clear(self) -> None:
        """Withdraw what a dead process asked: its trials ask anew."""
        for name in self._names() - self._names(".answer"):
            self.withdraw(name)

    def _names(self, kind: str = "") -> set[str]:
        if not self._folder.is_dir():
            return set()
        names = (file.name.removesuffix(".json") for file in self._folder.glob(f"*{kind}.json"))
        ids = (name.removesuffix(kind) for name in names)
        return {name for name in ids if len(name) == 8 and set(name) <= set("0123456789abcdef")}

    def _read(self, name: str) -> Question | None:
        try:
            question = Question.model_validate_json(content(self._question(name)))
        except (OSError, ValidationError):
            return None
        return question if question.id == name else None

    def _question(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _answer(self, name: str) -> Path:
        return self._folder / f"{name}.answer.json"

    def _publish(self, file: Path, value: BaseModel) -> None:
        """The file whole or not at all. Raises FileExistsError where it is there already."""
        partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            with partial.open("xb") as handle:
                handle.write(to_json(value, indent=1))
                handle.flush()
                os.fsync(handle.fileno())
            os.link(partial, file)
        finally:
            partial.unlink(missing_ok=True)
