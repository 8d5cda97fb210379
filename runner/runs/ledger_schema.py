"""The tables of a run's ledger, and what ledgers of earlier versions lack of them."""

from __future__ import annotations

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    position INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL, model TEXT NOT NULL, arm TEXT NOT NULL, repeat INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'done')),
    attempts INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    seconds REAL,
    UNIQUE (scenario, model, arm, repeat)
);
CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trials (position),
    reserved REAL NOT NULL CHECK (reserved >= 0),
    spent REAL CHECK (spent >= 0),
    reserved_tokens INTEGER NOT NULL DEFAULT 0 CHECK (reserved_tokens >= 0),
    spent_tokens INTEGER CHECK (spent_tokens >= 0)
);
CREATE TABLE IF NOT EXISTS images (scenario TEXT PRIMARY KEY, image TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0);
"""
ADDED = {
    "spending": {"reserved_tokens": "INTEGER NOT NULL DEFAULT 0", "spent_tokens": "INTEGER"},
    "trials": {"failures": "INTEGER NOT NULL DEFAULT 0", "seconds": "REAL"},
}
"""Columns that ledgers of earlier versions lack."""


def set_up(db: sqlite3.Connection) -> None:
    """Make what is missing."""
    db.executescript(SCHEMA)
    for table, columns in ADDED.items():
        known = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        for name in columns.keys() - known:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")
