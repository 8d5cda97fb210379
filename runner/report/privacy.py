"""Who may see what of a run: all of it, its numbers under pseudonyms, or its public part.

A scenario is public where the lock says that it came with taskfit; of runs from before locks said so, none is. Measures
are computed on the trials as they are, and only what is then shown is redacted: no number depends on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from runner.counting import number_of
from runner.errors import UserError
from runner.events import AnyEvent
from runner.measures.record import Record
from runner.report import load, steps
from runner.report.facts import Fact
from runner.report.summary import Profile
from runner.report.withheld import parts, withheld
from runner.results import Hypothesis, Submission, TrialKey, TrialResult
from runner.runs.folder import RunFolder

Mode = Literal["local", "redacted", "public"]
SETTINGS = ("primary", "approver", "runtime")
"""Settings of a study whose words are taskfit's own; of the others, numbers alone are shown."""
BY_SCENARIO = ("told", "limits", "scenarios")
"""Groups of hashes that name scenarios."""


@dataclass
class Pseudonyms:
    """Kind and text → a name that says nothing, the same each time; numbered as texts are first met."""

    known: defaultdict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def __call__(self, kind: str, text: str) -> str:
        if not text:
            return ""
        names = self.known[kind]
        return names.setdefault(text, f"{kind}-{len(names) + 1}")


class View:
    """A run as it is shown in a mode. Raises UserError where nothing of it may be shown in that mode."""

    def __init__(self, run: RunFolder, mode: Mode = "local") -> None:
        self.run = run
        self.mode = mode
        self.names = Pseudonyms()
        built_in = run.lock().get("built_in")
        self._public = frozenset(map(str, built_in)) if isinstance(built_in, list) else frozenset()
        planned = run.keys()
        self.private = {key.scenario for key in planned} - self._public
        self._keys = [key for key in planned if self._is_shown(key)]
        if mode == "public" and planned and not self._keys:
            raise UserError(
                f"{run.path}: none of its scenarios came with taskfit, so --public leaves nothing; use --redact instead"
            )
        width = max(2, len(str(len(self.private))))
        for at, scenario in enumerate(sorted(self.private), start=1):
            self.names.known["scenario"][scenario] = f"scenario-{at:0{width}d}"

    def keys(self) -> list[TrialKey]:
        """Every planned trial that is shown, as it is called in the run."""
        return self._keys

    def records(self, problem: Callable[[str], None]) -> Iterator[Record]:
        """The trials that count for what is shown, as they are."""
        return (trial for trial in load.records(self.run, problem) if self._is_shown(trial.key))

    def probes(self, problem: Callable[[str], None]) -> Iterator[Record]:
        """Likewise the blind probes."""
        return (probe for probe in load.probes(self.run, problem) if self._is_shown(probe.key))

    def key(self, key: TrialKey) -> TrialKey:
        if not self.is_redacted(key):
            return key
        return key.model_copy(update={"scenario": self.names("scenario", key.scenario)})

    def record(self, trial: Record) -> Record:
        """A trial under its pseudonyms, for a table of trials."""
        return replace(trial, key=self.key(trial.key), **self._named(trial.key, trial.repo, trial.tags))

    def fact(self, fact: Fact) -> Fact:
        renamed = self._named(fact.key, fact.repo, fact.tags)
        return replace(fact, key=self.key(fact.key), twin=self.key(fact.twin), **renamed)

    def result(self, result: TrialResult) -> TrialResult:
        if not self.is_redacted(result.key):
            return result
        files = {
            name: tuple(self.names("file", path) for path in getattr(result, name))
            for name in ("changed_files", "dropped_files")
        }
        submission = self._submission(result.submission) if result.submission is not None else None
        update = {"key": self.key(result.key), "reason": withheld(result.reason), "submission": submission, **files}
        return result.model_copy(update=update)

    def profiles(self, found: Mapping[str, Profile]) -> dict[str, Profile]:
        """The same numbers, with links to trials as they are called here."""
        return {model: self._profile(profile) for model, profile in found.items()} if self.private else dict(found)

    def real_trial(self, shown: str) -> str:
        """The folder of a trial that is called so here; empty for none."""
        return self._folders.get(shown, "")

    def parts(self, shown: str, event: AnyEvent) -> tuple[str, str]:
        """Title and body of a step."""
        scenario = self._redacted_trials.get(shown)
        if scenario is not None:
            return parts(event, scenario, self.names)
        title, _, body = steps.parts(event)
        return title, body

    def lock(self) -> dict[str, Any]:
        """What was held constant."""
        whole = self.run.lock()
        if self.mode == "local":
            return whole
        study, hashes = whole.get("study", {}), whole.get("hashes", {})
        numbers = {name: value for name, value in study.items() if isinstance(value, int | float) or name in SETTINGS}
        return {
            "taskfit": whole.get("taskfit", ""),
            "study": numbers,
            "hashes": {
                name: self.by_scenario(value) if name in BY_SCENARIO and isinstance(value, dict) else value
                for name, value in hashes.items()
            },
        }

    def by_scenario(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A mapping of scenarios, under the names and without those that are not shown here."""
        if self.mode == "local":
            return dict(values)
        shown = {name: value for name, value in values.items() if self.mode == "redacted" or name in self._public}
        return {name if name in self._public else self.names("scenario", name): shown[name] for name in shown}

    def problems(self, found: list[str]) -> list[str]:
        """Files that could not be read, which are named by what is private."""
        return found if self.mode == "local" or not found else [f"{len(found)} files, whose names are withheld"]

    @property
    def name(self) -> str:
        return self.run.path.name if self.mode == "local" else "run"

    @property
    def note(self) -> str:
        """What is to be said of it; empty for a run that holds nothing private."""
        count = number_of(len(self.private), "private scenario")
        if not self.private:
            return ""
        if self.mode == "local":
            return f"Local: holds {count}. To share it, write it with --redact (pseudonyms) or --public (without them)."
        if self.mode == "redacted":
            return f"Redacted: names, paths, tests, code and words of {count} are replaced; the numbers are the same."
        return f"Public part: {count} left out, and no number here counts them."

    @cached_property
    def _linked(self) -> list[TrialKey]:
        """What links may lead to."""
        return [*self._keys, *load.probe_keys(self._keys)]

    @cached_property
    def _folders(self) -> dict[str, str]:
        return {self.key(key).name: key.name for key in self._linked}

    @cached_property
    def _redacted_trials(self) -> dict[str, str]:
        """Trial → scenario, both as they are called here."""
        redacted = [self.key(key) for key in self._linked if self.is_redacted(key)]
        return {key.name: key.scenario for key in redacted}

    @cached_property
    def _shown_names(self) -> dict[str, str]:
        return {folder: shown for shown, folder in self._folders.items()}

    def is_redacted(self, key: TrialKey) -> bool:
        """A result names its trial itself, and may have come from anywhere: whatever is not public is private."""
        return self.mode == "redacted" and key.scenario not in self._public

    def _is_shown(self, key: TrialKey) -> bool:
        return self.mode != "public" or key.scenario in self._public

    def _named(self, key: TrialKey, repo: str, tags: tuple[str, ...]) -> dict[str, Any]:
        if not self.is_redacted(key):
            return {}
        return {"repo": self.names("repo", repo), "tags": tuple(self.names("tag", tag) for tag in tags)}

    def _submission(self, handed: Submission) -> Submission:
        hypotheses = tuple(
            Hypothesis(file=self.names("file", each.file), symbol=self.names("symbol", each.symbol))
            for each in handed.hypotheses
        )
        summary, risks = withheld(handed.summary), withheld(handed.risks)
        return Submission(
            outcome=handed.outcome,
            evidence=withheld(handed.evidence),
            summary=summary,
            hypotheses=hypotheses,
            risks=risks,
            confidence=handed.confidence,
        )

    def _profile(self, profile: Profile) -> Profile:
        measures = {
            name: finding.model_copy(update={"evidence": tuple(self._links(finding.evidence))})
            for name, finding in profile.measures.items()
        }
        return profile.model_copy(update={"measures": measures})

    def _links(self, links: tuple[str, ...]) -> Iterator[str]:
        for link in links:
            trial, _, step = link.rpartition("#")
            if self.mode == "local":
                yield link
            elif trial in self._shown_names:
                yield f"{self._shown_names[trial]}#{step}"
