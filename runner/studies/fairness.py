"""Whether two runs may be compared: only the model may differ. The answer names each field that differs, and why.

Each run is read from its folder: the lock's hashes, the ids of the images that it ran on, what its providers served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.errors import FileProblem
from runner.events.conversation import Replied
from runner.messages import Frozen
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.ledger import Ledger
from runner.transcript import read

Severity = Literal["refuse", "caveat"]
REFUSE: Mapping[str, str] = {
    "prompts": "models were not told the same",
    "told": "models were not told the same",
    "challenges": "other things were said to submissions",
    "tools": "models had other tools",
    "policy": "other calls were allowed",
    "arms": "an arm of the same name means something else",
    "approver": "somebody else answered, or had another time limit",
    "reviewer": "the reviewer was asked otherwise",
    "limits": "models had another number of turns, minutes or dollars",
    "sandbox": "sandboxes had other limits or another runtime",
    "grading": "fixes were graded otherwise",
    "scenarios": "a scenario's files, tests or instruction changed",
    "images": "trials ran on another image, perhaps with other package versions",
    "seed": "other faults were drawn",
    "forks": "trials went on from other states",
    "twins": "a scenario's twin is another one",
    "models": "the same model was asked with other settings",
    "arm sets": "only arms that both runs have can be compared",
    "scenario sets": "the runs have no scenario in common",
}
"""Field → why a difference in it makes a comparison unfair."""


ONLY_SOME = ("forks", "twins")
"""Fields that only the locks of some runs have."""


class Difference(Frozen):
    """One field in which two runs differ."""

    field: str
    severity: Severity
    why: str
    before: str = ""
    after: str = ""


class Fairness(Frozen):
    """The answer."""

    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> Literal["comparable", "comparable with caveats", "not comparable"]:
        severities = {difference.severity for difference in self.differences}
        if "refuse" in severities:
            return "not comparable"
        return "comparable with caveats" if severities else "comparable"


@dataclass(frozen=True)
class Side:
    """What a run's folder says of its conditions."""

    hashes: Mapping[str, Any]
    study: Mapping[str, Any]
    version: str
    engine: str
    images: Mapping[str, str]
    """Scenario → id of the image that its trials ran on."""
    keys: tuple[TrialKey, ...] = ()
    served: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Model → id that its provider says it served → trials."""

    @classmethod
    def of(cls, run: RunFolder) -> Side:
        """Raises UserError, FileProblem."""
        lock = run.lock()
        ledger = Ledger(run.ledger_file)
        try:
            images, keys = ledger.images(), tuple(row.key for row in ledger.rows())
        finally:
            ledger.close()
        return cls(
            hashes=lock.get("hashes", {}),
            study=lock.get("study", {}),
            version=str(lock.get("taskfit", "")),
            engine=str(lock.get("engine", "")),
            images=images,
            keys=keys,
            served=_served(run, keys),
        )

    def values(self, name: str) -> frozenset[str]:
        """The scenarios, models or arms that it planned."""
        return frozenset(getattr(key, name) for key in self.keys)


def within(side: Side) -> Fairness:
    """What stands against comparing the models of one run: nothing but what a provider changed meanwhile."""
    return Fairness(differences=tuple(_drift(side, "")))


def between(first: Side, second: Side) -> Fairness:
    """What stands against comparing two runs."""
    found = [*_hashes(first, second), *_images(first, second), *_plans(first, second)]
    found += [*_drift(first, "first run: "), *_drift(second, "second run: ")]
    return Fairness(differences=tuple(found))


def _hashes(first: Side, second: Side) -> Iterator[Difference]:
    """Hashes that differ; of scenarios, arms and models, those of what both runs have."""
    for name in sorted(first.hashes.keys() | second.hashes.keys()):
        nothing: Any = {} if name in ONLY_SOME else None
        before, after = first.hashes.get(name, nothing), second.hashes.get(name, nothing)
        why = REFUSE.get(name, "it is held constant within a run")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for key in sorted(_compared(name, before, after)):
                yield from _differing(f"{name}.{key}", why, before.get(key), after.get(key))
        else:
            yield from _differing(name, why, before, after)


def _compared(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    """Prompts, challenges and the like are compared whole; what a run may have more of, where both have it."""
    may_be_more = name in ("scenarios", "told", "arms", "models", "limits", *ONLY_SOME)
    return before.keys() & after.keys() if may_be_more else before.keys() | after.keys()


def _differing(name: str, why: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() & after.keys()):
            yield from _differing(f"{name}.{key}", why, before[key], after[key])
    elif before != after:
        yield Difference(field=name, severity="refuse", why=why, before=_brief(before), after=_brief(after))


def _images(first: Side, second: Side) -> Iterator[Difference]:
    for scenario in sorted(first.images.keys() & second.images.keys()):
        yield from _differing(f"images.{scenario}", REFUSE["images"], first.images[scenario], second.images[scenario])


def _plans(first: Side, second: Side) -> Iterator[Difference]:
    """What was planned: enough in common to compare, and what is not in common."""
    for name, what in (("scenario", "scenario sets"), ("arm", "arm sets")):
        mine, yours = first.values(name), second.values(name)
        common = mine & yours
        if not common:
            yield Difference(field=what, severity="refuse", why=REFUSE[what], before=_some(mine), after=_some(yours))
        elif mine != yours:
            why = f"only the {len(common)} in common are compared"
            only = (_some(mine - yours), _some(yours - mine))
            yield Difference(field=what, severity="caveat", why=why, before=only[0], after=only[1])
    settings = {
        "repeats": (str(first.study.get("repeats")), str(second.study.get("repeats")), "intervals allow for it"),
        "trials at a time": (
            str(first.study.get("concurrency")),
            str(second.study.get("concurrency")),
            "times may differ, outcomes should not",
        ),
        "taskfit": (first.version, second.version, "what is hashed is the same all the same"),
        "engine": (first.engine, second.engine, "what is hashed is the same all the same"),
    }
    for what, (before, after, why) in settings.items():
        if before != after:
            yield Difference(field=what, severity="caveat", why=why, before=before, after=after)


def _drift(side: Side, which: str) -> Iterator[Difference]:
    """A provider that served more than one version of a model."""
    for model, ids in side.served.items():
        if len(ids) < 2:
            continue
        usual, *others = sorted(ids, key=lambda name: -len(ids[name]))
        trials = ", ".join(trial for name in others for trial in ids[name])
        why = f"the provider changed the model while the run went on; served by {', '.join(others)}: {trials}"
        yield Difference(field=f"{which}served.{model}", severity="caveat", why=why, before=usual, after=_some(others))


def _served(run: RunFolder, keys: Iterable[TrialKey]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Model → returned id → trials; transcripts that cannot be read say nothing."""
    found: defaultdict[str, defaultdict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for key in keys:
        if "/" not in key.model and key.model not in run.lock().get("study", {}).get("endpoints", {}):
            continue
        try:
            for event in read(run.trial(key) / "events.jsonl"):
                if isinstance(event, Replied) and event.reply.model_id:
                    found[key.model][event.reply.model_id].setdefault(key.name)
        except (OSError, FileProblem):
            continue
    return {model: {name: tuple(trials) for name, trials in ids.items()} for model, ids in found.items()}


def _brief(value: Any) -> str:
    return "(none)" if value is None else str(value)[:19]


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more or "(none)"
