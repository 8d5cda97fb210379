"""The model around a personality's play: calls out, answers in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.errors import UserError
from runner.messages import AssistantMessage, Message, Reply, ToolSpec
from runner.models.base import KeylessModel, Opening
from runner.models.personalities.play import Play, Scene, play, recited
from runner.models.personalities.traits import PERSONALITIES, Traits


class Personality(KeylessModel):
    """One call a turn; deterministic."""

    def __init__(self, opening: Opening, traits: Traits) -> None:
        self._opening = opening
        self._traits = traits
        self._play: Play | None = None
        self._turns = 0

    @classmethod
    def named(cls, name: str) -> Callable[[Opening], Personality]:
        """Raises UserError for a name that is none."""
        if name not in PERSONALITIES:
            raise UserError(f"no personality named {name!r}; there are: {', '.join(PERSONALITIES)}")
        return lambda opening: cls(opening, PERSONALITIES[name])

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        if not tools:
            asked = conversation[-1].text
            said = recited(Scene.of(self._opening, conversation), self._traits, asked)
            return Reply(message=AssistantMessage(text=said))
        if self._play is None:
            self._play = play(Scene.of(self._opening, conversation), self._traits)
            call = next(self._play)
        else:
            call = self._play.send(_heard(conversation))
        self._turns += 1
        call = call.model_copy(update={"id": f"call-{self._turns}"})
        return Reply(message=AssistantMessage(tool_calls=(call,)))


def _heard(conversation: Sequence[Message]) -> list[Message]:
    """What was said since the model's last turn."""
    last = max(at for at, said in enumerate(conversation) if isinstance(said, AssistantMessage))
    return list(conversation[last + 1 :])
