"""Forks made: each step is come to again by a replay, and what is there is kept in the run's folder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from runner.arms import of_twin
from runner.errors import FileProblem, UserError
from runner.events.calls import Decided
from runner.events.conversation import Replied
from runner.events.origins import ForkedFrom
from runner.faults.base import Fault
from runner.messages import SystemMessage, to_json
from runner.replay.forks import FILE, FILES, FOLDER, Fork, Forks, Kept, kept_in
from runner.replay.lasting import fault_of, in_words, left_of
from runner.replay.origin import EVENTS, Recorded
from runner.replay.points import (
    Place,
    Used,
    conversation,
    fork_step,
    prefix_digest,
    used,
    write_conversation,
)
from runner.replay.rerun import Replayer
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.scenario import Limits
from runner.trials.snapshot import FILE as WORKSPACE
from runner.trials.snapshot import save

LARGEST_PROMPT = 1 << 20
"""Bytes of a text that takes the place of the system message."""
OWN = (*FILES, f"{WORKSPACE}.partial")
"""What a fork that was broken off may have left."""


def rebuild(
    run: Path,
    forks: Mapping[str, Fork],
    scenarios: Mapping[str, ScenarioFolder],
    replayer: Replayer,
    faulted: Collection[str] = (),
) -> Forks:
    """Make every fork's workspace again, by a replay up to its step, and keep it in the run's folder.

    `faulted` are the forks that an arm with a fault of its own goes on from.

    Raises UserError where such an arm would have two faults, where the trial, the step or the scenario is not there or
    has changed, where a call answered otherwise (unless `anyway`), where nothing is left of the limits, and where
    somebody's files lie in the way.
    """
    for name in forks:
        _make_room(run / FOLDER / name)
    for name, fork in forks.items():
        prompt = _text(Path(fork.prompt)) if fork.prompt is not None else None
        for number, written in enumerate(fork.trials, start=1):
            place = f"{name}/{number}"
            _rebuild(run, place, Place.parse(written), fork, prompt, scenarios, replayer, name in faulted)
    return Forks(run, forks)


def _make_room(folder: Path) -> None:
    """Remove what a plan that never came to be left there, and nothing else. Raises UserError."""
    if not folder.exists() and not folder.is_symlink():
        return
    found = [folder, *folder.rglob("*")]
    others = [path for path in found if path.is_symlink() or not (path.is_dir() or path.name in OWN)]
    if others:
        raise UserError(f"{others[0]} is in the way of a fork and no part of one; name another folder with --out")
    shutil.rmtree(folder)


def _rebuild(
    run: Path,
    place: str,
    at: Place,
    fork: Fork,
    prompt: str | None,
    scenarios: Mapping[str, ScenarioFolder],
    replayer: Replayer,
    is_faulted: bool,
) -> None:
    recorded = Recorded.of(at.trial)
    recorded.check_ended()
    step, note = fork_step(recorded, at.step)
    if note:
        replayer.say(note)
    key = recorded.started.key
    if (found := scenarios.get(key.scenario)) is None:
        raise UserError(f"{at.trial} is of scenario {key.scenario}, which is not among this run's; add it")
    if of_twin(key.arm):
        raise UserError(f"{at.trial} ran on a twin, whose files are others than its scenario's; fork a trial of that")
    recorded.scenario(fork.anyway, found.folder)
    earlier, decided = _earlier(recorded)
    spent = used(recorded.events, step, earlier)
    if fork.limits == "left" and (gone := _exhausted(spent, found.scenario.limits, recorded)):
        raise UserError(
            f"{at.trial}@{step}: nothing is left of its {gone}; fork it earlier, or with limits of its own: "
            "--limits fresh"
        )
    fault = _fault(recorded, step) if fork.faults == "left" else None
    name = place.partition("/")[0]
    if fault is not None and is_faulted:
        raise UserError(
            f"{at.trial}@{step}: the recorded trial's fault goes on ({in_words(fault)}), and an arm of this study "
            "injects one as well, so that nobody could tell what was met; leave that arm's out, or end the recorded "
            f'one: faults = "none" in [forks.{name}]'
        )
    said = conversation(recorded, step)
    if prompt is not None:
        said = [SystemMessage(text=prompt), *(message for message in said if not isinstance(message, SystemMessage))]
    rerun = replayer.replay(recorded, found, before=step)
    differing = tuple(call.step for call in rerun.seen.differing)
    if differing and not fork.anyway:
        first = rerun.seen.differing[0]
        raise UserError(
            f"{at.trial}@{step} cannot be rebuilt: the call at step {first.step} ({first.what}) differs now: "
            f"{first.why}. "
            f"`taskfit replay {at.trial} --raw` shows it; go on all the same, which is recorded: --anyway"
        )
    if rerun.changes is None:
        raise UserError(f"{at.trial}@{step}: the workspace cannot be taken out of its sandbox; it is too large")
    folder = run / FOLDER / place
    write_conversation(folder, said)
    if not save(folder, rerun.changes):
        raise UserError(f"{at.trial}@{step}: the workspace changed too much to be kept")
    (folder / EVENTS).write_bytes(b"".join(to_json(event) + b"\n" for event in recorded.events[:step]))
    event = ForkedFrom(
        fork=place,
        trial=key,
        run=recorded.run.path.name if recorded.run is not None else "",
        at_step=step,
        digest=prefix_digest(recorded.events, step),
        turns=sum(isinstance(each, Replied) for each in recorded.events[:step]),
        agreed=not differing,
        differing=differing,
        limits=fork.limits,
        prompt=hashlib.sha256(prompt.encode()).hexdigest() if prompt is not None else "",
        fault=in_words(fault) if fault is not None else "",
    )
    own = tuple(each for each in recorded.events[:step] if isinstance(each, Decided))
    kept = Kept(event=event, used=spent, decided=(*decided, *own), fault=fault)
    (folder / FILE).write_bytes(to_json(kept, indent=1))


def _fault(recorded: Recorded, step: int) -> Fault | None:
    """What is left of a recorded trial's fault at a step, its arm's or one that it inherited. Raises FileProblem."""
    fault = fault_of(recorded)
    if fault is None and (trunk := recorded.trunk()) is not None:
        fault = _fault(trunk, len(trunk.events))
    elif fault is None and recorded.forked is not None:
        fault = kept_in(recorded.fork(recorded.forked.fork)).fault
    return left_of(fault, recorded.events[:step])


def _exhausted(spent: Used, limits: Limits, recorded: Recorded) -> str:
    """The limit that was used up; empty for none."""
    scale = recorded.started.arm.limits if recorded.started.arm is not None else 1.0
    if spent.turns >= limits.turns * scale:
        return f"{limits.turns * scale:g} turns"
    if spent.seconds >= limits.minutes * scale * 60:
        return f"{limits.minutes * scale:g} minutes"
    if limits.usd is not None and spent.usd >= limits.usd * scale:
        return f"{limits.usd * scale:g} USD"
    return ""


def _earlier(recorded: Recorded) -> tuple[Used, tuple[Decided, ...]]:
    """What a trial had used, and what had been decided, in those that it went on from itself. Raises FileProblem.

    A submission's revision has limits of its own, and so has a fork with fresh ones.
    """
    if (trunk := recorded.trunk()) is not None:
        own = tuple(event for event in trunk.events if isinstance(event, Decided))
        return Used(), (*_earlier(trunk)[1], *own)
    if (forked := recorded.forked) is None:
        return Used(), ()
    kept = kept_in(recorded.fork(forked.fork))
    return kept.used if forked.limits == "left" else Used(), kept.decided


def _text(file: Path) -> str:
    """May be a pipe. Raises FileProblem."""
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_PROMPT + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    if len(data) > LARGEST_PROMPT:
        raise FileProblem(file, f"is longer than {LARGEST_PROMPT // 2**20} MiB; that is no system message")
    if not text.strip():
        raise FileProblem(file, "is empty; write what the model is to be told")
    return text
