"""A run's trials and measures as tables for other programs: CSV, Parquet, Markdown, JUnit XML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from runner.errors import UserError
from runner.events import AnyEvent
from runner.events.conversation import Replied
from runner.measures.catalogue import CATALOGUE
from runner.measures.record import Record
from runner.report.summary import Profile
from runner.results import TrialKey
from runner.spreadsheet import inert
from runner.visible import visible

Row = dict[str, Any]


def trial_rows(trials: Iterable[Record]) -> list[Row]:
    """One row a trial."""
    return [
        {
            "scenario": trial.key.scenario,
            "repo": trial.repo,
            "model": trial.key.model,
            "arm": trial.key.arm,
            "repeat": trial.key.repeat,
            "verdict": trial.verdict,
            "resolved": trial.resolved,
            "impossible": trial.impossible,
            "counted": trial.counted,
            "confidence": trial.submission.confidence if trial.submission is not None else None,
            "turns": trial.turns,
            "calls": len(trial.calls),
            "tokens": trial.usage.total,
            "cost_usd": trial.cost_usd,
            **{f"seconds_{part}": seconds for part, seconds in trial.times.model_dump().items()},
        }
        for trial in trials
    ]


def measure_rows(profiles: Mapping[str, Profile]) -> list[Row]:
    """One row a model and measure."""
    return [
        {
            "model": model,
            "dimension": dimension,
            "measure": measure.name,
            "unit": measure.unit,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "n": found.n,
            "trials": found.trials,
            "reason": found.reason,
        }
        for model, profile in profiles.items()
        for dimension, group in CATALOGUE.items()
        for measure in group
        for found in (profile.measures[measure.name],)
    ]


def event_rows(key: TrialKey, events: Iterable[AnyEvent]) -> Iterator[Row]:
    """One row a step: what every step has, what many have, and the whole as JSON."""
    trial = {"scenario": key.scenario, "model": key.model, "arm": key.arm, "repeat": key.repeat, "trial": key.name}
    for event in events:
        plain = event.model_dump(mode="json")
        reply = event.reply if isinstance(event, Replied) else None
        text = reply.message.text if reply is not None else plain.get("text", plain.get("message"))
        yield {
            **trial,
            "step": event.step,
            "at": event.at,
            "seconds": event.seconds,
            "type": event.type,
            "tool": plain.get("tool"),
            "call_id": plain.get("call_id"),
            "is_error": plain.get("is_error"),
            "exit_code": plain.get("exit_code"),
            "tokens": reply.usage.total if reply is not None else None,
            "cost_usd": reply.cost_usd if reply is not None else None,
            "text": text,
            "event": json.dumps(plain, ensure_ascii=False),
        }


def as_csv(rows: Sequence[Row]) -> bytes:
    """RFC 4180, UTF-8; text that a spreadsheet would run as a formula gets a quote before it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def as_markdown(rows: Sequence[Row]) -> bytes:
    """One pipe table."""
    names = list(rows[0]) if rows else []
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Raises UserError where the library for it is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UserError("Parquet needs pyarrow: pip install 'taskfit[parquet]'") from None
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), out)
    return out.getvalue()


def as_junit(trials: Iterable[Record]) -> bytes:
    """A suite a model, a case a trial; not resolved is a failure, or an error where that is not the model's fault."""
    root = ElementTree.Element("testsuites", name="taskfit")
    suites: dict[str, ElementTree.Element] = {}
    for trial in trials:
        suite = suites.get(trial.key.model)
        if suite is None:
            suite = suites[trial.key.model] = ElementTree.SubElement(root, "testsuite", name=visible(trial.key.model))
        name = f"{trial.key.scenario}.{trial.key.arm}.{trial.key.repeat}"
        seconds = f"{trial.times.total:.3f}"
        case = ElementTree.SubElement(
            suite, "testcase", classname=visible(trial.key.model), name=visible(name), time=seconds
        )
        if not trial.resolved:
            ElementTree.SubElement(case, "failure" if trial.counted else "error", message=trial.verdict)
    for suite in suites.values():
        for attribute, tag in (("failures", "failure"), ("errors", "error")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
        suite.set("tests", str(len(suite)))
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return inert(visible(value))
    return "" if value is None else value


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else visible(str(value))
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
