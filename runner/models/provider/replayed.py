"""A provider's model out of a recording: the same requests get the same bytes, without a network and for nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from runner.errors import UserError
from runner.events.origins import TrialStarted
from runner.messages import Message, Reply, ToolSpec
from runner.models.base import KeylessModel
from runner.models.provider.client import assembled
from runner.models.provider.endpoints import Endpoint, endpoint_of
from runner.models.provider.model import FORMATS, request_body
from runner.models.provider.recording import Recorded
from runner.transcript import read

ENDPOINTS: TypeAdapter[dict[str, Endpoint]] = TypeAdapter(dict[str, Endpoint])


class Replayed(KeylessModel):
    """`trial` is the recorded trial's folder, within its run's. Raises UserError where that run's lock is gone."""

    def __init__(self, trial: Path) -> None:
        lock = trial.parent.parent / "study.lock.json"
        name = next(event.key.model for event in read(trial / "events.jsonl") if isinstance(event, TrialStarted))
        try:
            tables = json.loads(lock.read_text(encoding="utf-8"))["study"].get("endpoints", {})
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"replay: {lock} is needed to know how {name} was asked: {error}") from None
        endpoint = endpoint_of(name, ENDPOINTS.validate_python(tables))
        if endpoint is None:
            raise UserError(f"replay: {trial} holds exchanges of {name}, which is no provider's model")
        self._endpoint = endpoint
        self._recorded = Recorded(trial)

    def take_up(self, conversation: Sequence[Message]) -> None:
        """Nothing to do: a trial that took up a conversation recorded its own exchanges alone."""

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        """Raises ModelFault for another request than was recorded here, and past the recording's end."""
        body = request_body(self._endpoint, conversation, tools)
        found = assembled(FORMATS[self._endpoint.format], self._recorded.answer_to(body))
        return Reply(message=found.message, stop=found.stop, usage=found.usage, model_id=found.model_id)
