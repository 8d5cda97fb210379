"""A challenge is written twice in a transcript, as what it is and as what the model was told, and is one message."""

from __future__ import annotations

from runner.events.conversation import Challenged, Told
from runner.events.endings import TrialFinished
from runner.trajectories.blocks import blocks
from written import began, key, said

KEY = key("s", "m", arm="feedback_prove_it")
TOLD = [Challenged(challenge="prove_it", text="Prove it."), Told(role="user", text="Prove it.")]


def test_a_challenge_that_is_told_next_is_one_message() -> None:
    found = blocks([began(KEY), said("Done."), *TOLD, said("It is."), TrialFinished(verdict="resolved")])
    assert [(block.role, block.text) for block in found] == [
        ("assistant", "Done."),
        ("user", "Prove it."),
        ("assistant", "It is."),
    ]
    assert TOLD[0] in found[0].rest, "nothing is lost"


def test_a_challenge_that_is_told_otherwise_or_not_at_all_stays_one() -> None:
    assert [block.text for block in blocks([TOLD[0], said("It is.")])] == ["Prove it.", "It is."]
    other = TOLD[1].model_copy(update={"text": "Go on."})
    assert [block.text for block in blocks([TOLD[0], other])] == ["Prove it.", "Go on."]
    assert len(blocks([TOLD[0]])) == 1
    assert blocks([]) == []
