"""A query as SQL: which steps of the index it holds of. Words and values are parameters, never text of a statement."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from runner.search.index import About, storable, stored_path
from runner.search.query import OF_TRIALS, Condition, Field, Query

NAMED: tuple[Field, ...] = ("tool", "model", "scenario", "arm", "run")
"""Fields whose values are names that may have been mistaken."""
COLUMNS = {"type": "s.type", "tool": "s.tool", "run": "name_of(r.path)"}
"""Of the others, as of `t`, the transcript."""
STEPS = "steps s JOIN transcripts t ON t.id = s.transcript JOIN runs r ON r.id = t.run"
TRANSCRIPTS = "transcripts t JOIN runs r ON r.id = t.run"


class Labelled(NamedTuple):
    """A label that a step carries."""

    label: str
    transcript: Path
    """Its folder."""
    step: int


class Hit(NamedTuple):
    """A transcript that a query holds of."""

    run: str
    place: str
    about: About
    steps: tuple[tuple[int, int, int], ...]
    """Step, start and length of the first ones."""
    found: int
    """Steps in all."""


def _hits(
    db: sqlite3.Connection, query: Query, runs: Sequence[str], labelled: Labelled, page: tuple[int, int], steps: int
) -> tuple[list[_Hit], int, int]:
    _take_labels(db, query, labelled)
    where, values = _where(query, runs)
    rows = db.execute(f"SELECT s.transcript, s.id FROM {_FROM} WHERE {where} ORDER BY s.transcript, s.step", values)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for transcript, step in rows:
        found[transcript].append(step)
    order = _ordered(db, found)
    hits = []
    for transcript in order[page[0] : page[1]]:
        place, run, *about = db.execute(
            "SELECT place, runs.path, scenario, model, arm, repeat, attempt, verdict FROM transcripts "
            "JOIN runs ON runs.id = run WHERE transcripts.id = ?",
            (transcript,),
        ).fetchone()
        first = found[transcript][:steps]
        marks = ",".join("?" * len(first))
        lines = db.execute(f"SELECT step, start, length FROM steps WHERE id IN ({marks}) ORDER BY step", first)
        hits.append(_Hit(transcript, place, run, About._make(about), tuple(lines.fetchall()), len(found[transcript])))
    return hits, len(found), sum(map(len, found.values()))


_FROM = "steps s JOIN transcripts t ON t.id = s.transcript JOIN runs r ON r.id = t.run"


def _ordered(db: sqlite3.Connection, found: Iterable[int]) -> list[int]:
    """The newest run first, which is the last by its name; in it the trials by theirs."""
    wanted = set(found)
    rows = db.execute("SELECT t.id, r.path, t.place FROM transcripts t JOIN runs r ON r.id = t.run").fetchall()
    by_place = sorted((row for row in rows if row[0] in wanted), key=lambda row: str(row[2]))
    return [number for number, _, _ in sorted(by_place, key=lambda row: str(row[1]).rpartition("/")[2], reverse=True)]


def _where(query: Query, runs: Sequence[str]) -> tuple[str, list[str]]:
    """An expression over steps, transcripts and runs, and its parameters."""
    parts = [f"r.path IN ({','.join('?' * len(runs))})"]
    values: list[str] = list(runs)
    wanted = [phrase.expression for phrase in query.phrases if not phrase.refused]
    if wanted:
        parts.append("s.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
        values.append(storable(" AND ".join(wanted)))
    for phrase in query.phrases:
        if phrase.refused:
            parts.append("s.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(storable(phrase.expression))
    for condition in query.conditions:
        test, more = _test(condition)
        parts.append(f"NOT ({test})" if condition.refused else f"({test})")
        values += more
    if query.of_trials_alone:
        parts.append("s.step = (SELECT max(step) FROM steps WHERE transcript = t.id)")
    return " AND ".join(parts), values


def _test(condition: Condition) -> tuple[str, list[str]]:
    match condition.field:
        case "effect":
            tests = ["instr(s.effects, ?)"] * len(condition.values)
            return " OR ".join(tests), [f",{value}," for value in condition.values]
        case "error":
            tests = ["s.errors != ''" if value == "any" else "instr(s.errors, ?)" for value in condition.values]
            return " OR ".join(tests), [f",{value}," for value in condition.values if value != "any"]
        case "label":
            test = "s.id IN (SELECT step FROM temp.labelled WHERE lower(label) GLOB ?)"
            return " OR ".join([test] * len(condition.values)), [_glob(value) for value in condition.values]
        case field:
            column = {"type": "s.type", "tool": "s.tool", "run": "name_of(r.path)"}.get(field, f"t.{field}")
            return " OR ".join([f"lower({column}) GLOB ?"] * len(condition.values)), [
                _glob(value) for value in condition.values
            ]


def _glob(value: str) -> str:
    """For SQLite's GLOB, in which `*` and `?` mean what they mean here."""
    return storable(value).lower().replace("[", "[[]")


def _take_labels(db: sqlite3.Connection, query: Query, labelled: Labelled) -> None:
    """What is labelled, beside the index for as long as the connection lives."""
    db.create_function("name_of", 1, lambda path: str(path).rpartition("/")[2], deterministic=True)
    if not any(condition.field == "label" for condition in query.conditions):
        return
    db.execute("CREATE TEMP TABLE labelled (label TEXT NOT NULL, step INTEGER NOT NULL)")
    for label, at in labelled.items():
        for where, steps in at.items():
            run, _, place = where.rpartition("/trials/")
            for step in steps:
                db.execute(
                    f"INSERT INTO temp.labelled SELECT ?, s.id FROM {_FROM} WHERE r.path = ? AND t.place = ? AND s.step = ?",
                    (storable(label), stored_path(Path(run)), f"trials/{place}", step),
                )


def _hints(db: sqlite3.Connection, query: Query, runs: Sequence[str], labelled: Labelled) -> tuple[str, ...]:
    """Values of open fields that nothing in these runs has."""
    hints = []
    _take_labels(db, Query("") if not labelled else query, labelled)
    for condition in query.conditions:
        if condition.refused or condition.field not in NAMED:
            continue
        test, values = _test(condition)
        marks = ",".join("?" * len(runs))
        source = "transcripts t JOIN runs r ON r.id = t.run" if condition.field in OF_TRIALS else _FROM
        there = db.execute(f"SELECT 1 FROM {source} WHERE r.path IN ({marks}) AND ({test}) LIMIT 1", [*runs, *values])
        if there.fetchone() is None:
            column = {"tool": "s.tool", "run": "name_of(r.path)"}.get(condition.field, f"t.{condition.field}")
            rows = db.execute(f"SELECT {column}, count(*) FROM {source} WHERE r.path IN ({marks}) GROUP BY 1", runs)
            known = Counter({str(name): number for name, number in rows if name})
            some = ", ".join(name for name, _ in known.most_common(6))
            hints.append(
                f"no {condition.field} is named {', '.join(condition.values)}" + (f"; there are {some}" if some else "")
            )
    return tuple(hints)
