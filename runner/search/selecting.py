"""A query as SQL: which steps of the index it holds of. Words and values are parameters, never text of a statement."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from runner.search.index import About, storable, stored_path
from runner.search.query import OF_TRIALS, Condition, Field, Query

NAMED: tuple[Field, ...] = ("tool", "model", "scenario", "arm", "run")
"""Fields whose values are names that may have been mistaken."""
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


def hits_of(
    db: sqlite3.Connection, query: Query, runs: Sequence[str], labelled: Iterable[Labelled], page: slice, most: int
) -> tuple[list[Hit], int, int]:
    """A page of the transcripts with at most so many steps each; and in how many and which number of steps it holds."""
    _prepare(db, labelled)
    where, values = _where(query, runs)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for transcript, step in db.execute(
        f"SELECT s.transcript, s.id FROM {STEPS} WHERE {where} ORDER BY s.transcript, s.step", values
    ):
        found[transcript].append(step)
    hits = [_hit(db, transcript, found[transcript], most) for transcript in _ordered(db, found)[page]]
    return hits, len(found), sum(map(len, found.values()))


def hints_of(db: sqlite3.Connection, query: Query, runs: Sequence[str]) -> list[str]:
    """Of a query that finds nothing: the names in it that nothing in these runs has."""
    _prepare(db, ())
    within, hints = f"r.path IN ({_marks(runs)})", []
    for condition in query.conditions:
        if condition.refused or condition.field not in NAMED:
            continue
        source = TRANSCRIPTS if condition.field in OF_TRIALS else STEPS
        test, values = _test(condition)
        if db.execute(f"SELECT 1 FROM {source} WHERE {within} AND ({test}) LIMIT 1", [*runs, *values]).fetchone():
            continue
        column = _column(condition.field)
        known = [
            str(name)
            for (name,) in db.execute(
                f"SELECT {column} FROM {source} WHERE {within} AND {column} != '' "
                f"GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT 6",
                runs,
            )
        ]
        some = f"; there are {', '.join(known)}" if known else ""
        hints.append(f"no {condition.field} is named {' or '.join(condition.values)}{some}")
    return hints


def _prepare(db: sqlite3.Connection, labelled: Iterable[Labelled]) -> None:
    """What a statement needs beside the index, for as long as the connection lives."""
    db.create_function("name_of", 1, lambda path: str(path).rpartition("/")[2], deterministic=True)
    db.execute("CREATE TEMP TABLE IF NOT EXISTS labelled (label TEXT NOT NULL, step INTEGER NOT NULL)")
    for label, folder, step in labelled:
        run, _, place = stored_path(folder).rpartition("/trials/")
        db.execute(
            f"INSERT INTO temp.labelled SELECT ?, s.id FROM {STEPS} WHERE r.path = ? AND t.place = ? AND s.step = ?",
            (storable(label), run, f"trials/{place}", step),
        )


def _hit(db: sqlite3.Connection, transcript: int, found: Sequence[int], most: int) -> Hit:
    run, place, *about = db.execute(
        f"SELECT r.path, t.place, t.scenario, t.model, t.arm, t.repeat, t.attempt, t.verdict FROM {TRANSCRIPTS} "
        "WHERE t.id = ?",
        (transcript,),
    ).fetchone()
    first = found[:most]
    lines = db.execute(f"SELECT step, start, length FROM steps WHERE id IN ({_marks(first)}) ORDER BY step", first)
    return Hit(run, place, About._make(about), tuple(lines.fetchall()), len(found))


def _ordered(db: sqlite3.Connection, found: Container[int]) -> list[int]:
    """The newest run first, which is the last by its name; in it the trials by theirs."""
    rows = db.execute(f"SELECT t.id, name_of(r.path), t.place FROM {TRANSCRIPTS} ORDER BY 2 DESC, r.path, 3")
    return [number for number, _, _ in rows if number in found]


def _where(query: Query, runs: Sequence[str]) -> tuple[str, list[str]]:
    """An expression over steps, transcripts and runs, and its parameters."""
    tests, values = [f"r.path IN ({_marks(runs)})"], list(runs)
    wanted = [phrase.expression for phrase in query.phrases if not phrase.refused]
    if wanted:
        tests.append("s.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
        values.append(storable(" AND ".join(wanted)))
    for phrase in query.phrases:
        if phrase.refused:
            tests.append("s.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(storable(phrase.expression))
    for condition in query.conditions:
        test, more = _test(condition)
        tests.append(f"{'NOT ' if condition.refused else ''}({test})")
        values += more
    if query.of_trials_alone:
        tests.append("s.step = (SELECT max(step) FROM steps WHERE transcript = t.id)")
    return " AND ".join(tests), values


def _test(condition: Condition) -> tuple[str, list[str]]:
    """An expression that holds where the field has one of its values."""
    values: Iterable[str] = condition.values
    match condition.field:
        case "effect" | "error" as field:
            if "any" in condition.values:
                return "s.errors != ''", []
            one, values = f"instr({_column(field)}, ?)", [f",{value}," for value in values]
        case "label":
            one, values = "s.id IN (SELECT step FROM temp.labelled WHERE label GLOB ?)", map(_glob, values)
        case field:
            one, values = f"lower({_column(field)}) GLOB ?", map(_glob, values)
    return " OR ".join([one] * len(condition.values)), list(values)


def _column(field: Field) -> str:
    match field:
        case "effect" | "error":
            return f"s.{field}s"
        case "type" | "tool":
            return f"s.{field}"
        case "run":
            return "name_of(r.path)"
        case _:
            return f"t.{field}"


def _glob(value: str) -> str:
    """For SQLite's GLOB, in which `*` and `?` mean what they mean here."""
    return storable(value).lower().replace("[", "[[]")


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
