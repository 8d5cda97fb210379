"""Trials as logs of Inspect (inspect_ai): one `.eval` a model and arm, a sample a scenario, an epoch a repeat.

A log is a zip archive: `header.json`, `summaries.json`, a member a sample and a journal of the start. It is written
here, deflated, so that nobody needs Inspect to write one; Inspect's own reader and viewer are what it is tried with.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runner import __version__
from runner.messages import Usage, to_plain
from runner.results import file_name
from runner.statistics.rates import rate
from runner.trajectories.base import Losses, Trial, Write
from runner.trajectories.inspect_sample import SCORER, sample, usage_of

VERSION = 2
"""Of the log's schema."""
DAY_ONE = "1970-01-01T00:00:00+00:00"
TOOLS = "tool definitions that models were given, which no transcript holds"


@dataclass
class _Log:
    """One archive while samples are put into it."""

    run: str
    model: str
    arm: str
    data: io.BytesIO = field(default_factory=io.BytesIO)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, list[float]] = field(default_factory=dict)
    """Scenario → outcomes of the trials that count."""
    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    began: str = ""
    ended: str = ""

    def __post_init__(self) -> None:
        self.zip = zipfile.ZipFile(self.data, "w", zipfile.ZIP_DEFLATED)

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.run}\0{self.model}\0{self.arm}".encode()).hexdigest()[:22]

    @property
    def file(self) -> str:
        stamp = re.sub(r"[:+.]", "-", (self.began or DAY_ONE)[:19]) + "-00-00"
        return f"{stamp}_{file_name(self.model)}-{re.sub(r'[^A-Za-z0-9-]+', '-', self.arm)}_{self.id}.eval"

    def add(self, trial: Trial, losses: Losses) -> None:
        key, found = trial.key, sample(trial, losses)
        self.put(f"samples/{key.scenario}_epoch_{key.repeat}.json", found)
        summary = {name: found[name] for name in ("id", "epoch", "input", "target", "metadata", "scores")}
        summary |= {name: found[name] for name in ("started_at", "completed_at", "total_time", "working_time", "uuid")}
        summary |= {"model_usage": found["model_usage"], "message_count": len(found["messages"]), "completed": True}
        summary["error"] = found["error"]["message"] if found["error"] else None
        summary["limit"] = found["limit"]["type"] if found["limit"] else None
        summary["input"] = summary["input"][:5000]
        self.summaries.append(summary)
        if trial.record.counted:
            self.outcomes.setdefault(key.scenario, []).append(float(trial.record.resolved))
        self.usage += trial.record.usage
        self.usd += trial.record.cost_usd
        self.began = min(filter(None, (self.began, trial.began)), default="")
        self.ended = max(self.ended, trial.ended)

    def put(self, name: str, value: Any) -> None:
        self.zip.writestr(zipfile.ZipInfo(name), to_plain(value), zipfile.ZIP_DEFLATED)

    def closed(self) -> bytes:
        header = self._header()
        self.put("_journal/start.json", {name: header[name] for name in ("version", "eval", "plan")})
        self.put("summaries.json", self.summaries)
        self.put("header.json", header)
        self.zip.close()
        return self.data.getvalue()

    def _header(self) -> dict[str, Any]:
        task = f"{self.run}/{self.arm}" if self.run else self.arm
        scenarios = list(dict.fromkeys(str(each["id"]) for each in self.summaries))
        epochs = max((int(each["epoch"]) for each in self.summaries), default=1)
        return {
            "version": VERSION,
            "status": "success",
            "eval": {
                "eval_id": self.id,
                "run_id": hashlib.sha256(self.run.encode()).hexdigest()[:22],
                "created": self.began or DAY_ONE,
                "task": task,
                "task_id": self.id,
                "task_version": 0,
                "task_attribs": {},
                "task_args": {},
                "dataset": {
                    "name": self.run or "taskfit",
                    "samples": len(scenarios),
                    "sample_ids": scenarios,
                    "shuffled": False,
                },
                "model": self.model,
                "model_args": {},
                "config": {"epochs": epochs},
                "packages": {"taskfit": __version__},
                "metadata": {"arm": self.arm, "run": self.run},
                "scorers": [{"name": SCORER}],
            },
            "plan": {"name": "taskfit", "steps": [{"solver": "taskfit", "params": {"arm": self.arm}}], "config": {}},
            "results": self._results(),
            "stats": {
                "started_at": self.began,
                "completed_at": self.ended,
                "model_usage": {self.model: usage_of(self.usage, self.usd)},
            },
        }

    def _results(self) -> dict[str, Any]:
        """The share of resolved trials, the mean within a scenario first, with its 95 % interval over scenarios."""
        scored = sum(map(len, self.outcomes.values()))
        results = {"total_samples": len(self.summaries), "completed_samples": len(self.summaries), "scores": []}
        if not scored:
            return results
        found = rate(list(self.outcomes.values()))
        numbers = {"resolved": found.value, "low_95": found.low, "high_95": found.high, "scenarios": found.n}
        metrics = {name: {"name": name, "value": value} for name, value in numbers.items() if value is not None}
        score = {
            "name": SCORER,
            "scorer": SCORER,
            "scored_samples": scored,
            "unscored_samples": len(self.summaries) - scored,
            "metrics": metrics,
        }
        return results | {"scores": [score]}


def export(trials: Iterable[Trial], write: Write, losses: Losses) -> None:
    """A file a model and arm, named as Inspect names its own: start, task and id."""
    logs: dict[tuple[str, str], _Log] = {}
    for trial in trials:
        key = trial.key
        if (key.model, key.arm) not in logs:
            logs[key.model, key.arm] = _Log(trial.run, key.model, key.arm)
        logs[key.model, key.arm].add(trial, losses)
    for log in logs.values():
        write(log.file, log.closed())
    losses.add(TOOLS, sum(len(log.summaries) for log in logs.values()))
