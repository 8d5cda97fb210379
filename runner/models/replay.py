"""Plays the turns of a recorded transcript again, whatever the tools answer this time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.errors import ModelFault, UserError
from runner.events.conversation import Replied
from runner.messages import Message, Reply, ToolSpec
from runner.models.base import KeylessModel, Opening
from runner.transcript import read


class Replay(KeylessModel):
    """`path` is a transcript, a trial's folder, or a run's folder (the scenario's first recorded trial there)."""

    def __init__(self, opening: Opening, path: Path) -> None:
        file = recorded(path, opening.scenario, opening.arm)
        replies = (event.reply for event in read(file) if isinstance(event, Replied))
        self._replies = iter([reply.model_copy(update={"cost_usd": 0.0}) for reply in replies])
        self._file = file

    def take_up(self, conversation: Sequence[Message]) -> None:
        """Nothing to do: a trial that took up a conversation recorded its own turns alone."""

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        """Raises ModelFault when the recording ends before the trial does."""
        found = next(self._replies, None)
        if found is None:
            raise ModelFault(f"the recording {self._file} has no further turn")
        return found


def recorded(path: Path, scenario: str, arm: str) -> Path:
    """The transcript that a path stands for: in a run, one of the arm, if any. Raises UserError where there is none."""
    in_run = [sorted(path.glob(f"trials/{scenario}.*{end}/events.jsonl")) for end in (f".{arm}.*", "")]
    candidates = [path, path / "events.jsonl", *in_run[0], *in_run[1]]
    for file in candidates:
        if file.is_file():
            return file
    raise UserError(f"replay: no transcript of scenario {scenario} at {path}")
