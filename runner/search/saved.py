"""Queries that were given a name: one file in the folder of the runs, so that they go where the runs go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from runner.durable import write_whole
from runner.errors import FileProblem, UnknownName, UserError
from runner.messages import Frozen, to_json
from runner.search.query import parse

FILE = "searches.json"
MOST = 200
"""Names in one file."""


class _Saved(Frozen):
    format: Literal[1] = Field(default=1, alias="schema")
    searches: dict[str, str] = Field(default_factory=dict)


class SavedQueries:
    """The named queries of a folder of runs."""

    def __init__(self, runs: Path) -> None:
        self.file = runs / FILE

    def all(self) -> dict[str, str]:
        """Name → query, by name. Raises FileProblem for a file that is none of this kind."""
        try:
            found = _Saved.model_validate_json(self.file.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise FileProblem(self.file, f"cannot be read: {error}") from None
        except ValidationError as error:
            raise FileProblem(self.file, f"holds no searches: {error.errors(include_url=False)[0]['msg']}") from None
        return dict(sorted(found.searches.items()))

    def find(self, name: str) -> str:
        """Raises UnknownName."""
        known = self.all()
        if name not in known:
            raise UnknownName("saved search", name, known)
        return known[name]

    def save(self, name: str, query: str) -> None:
        """Under a new name, or in place of what had it. Raises UserError for a query or a name that is none."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,59}", name):
            raise UserError(
                f"a search's name is made of letters, digits, spaces, - _ and ., at most 60 of them: {name!r}"
            )
        parse(query)
        self._change({name: query})

    def forget(self, name: str) -> None:
        """Raises UnknownName."""
        self.find(name)
        self._change({name: None})

    def _change(self, changes: dict[str, str | None]) -> None:
        try:
            with FileLock(self.file.with_name(f".{FILE}.lock"), timeout=10):
                known: dict[str, str | None] = {**self.all(), **changes}
                kept = {name: query for name, query in known.items() if query is not None}
                if len(kept) > MOST:
                    raise UserError(f"{self.file} holds {MOST} searches, which is the most; remove some")
                write_whole(self.file, to_json(_Saved(searches=kept), indent=1) + b"\n")
        except (OSError, Timeout) as error:
            raise FileProblem(self.file, f"cannot be written: {error}") from None
