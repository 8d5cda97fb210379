"""What a user types into the search box, as a value: words, "phrases" and fields, each perhaps refused with `-`.

    overflow "off by one" -skipped          steps with all of these words
    tool:run_command error:exit,timeout     fields; a comma is an or
    model:anthropic/* effect:R3 -arm:control

Nothing of it reaches SQLite as syntax: words become quoted phrases, values become parameters.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from runner.effects import RISK, Effect, Risk
from runner.errors import UnknownName, UserError
from runner.events import AnyEvent
from runner.results import FailureKind, Verdict

LONGEST = 1000
"""Characters of a query."""
MOST_TERMS = 32

REJECTIONS = ("parse", "schema", "unknown_tool", "as_text", "no_call", "too_many", "cut")
REFUSALS = ("forbidden", "denied", "arguments")
ERRORS = ("any", "tool", "timeout", "exit", *REJECTIONS, *REFUSALS, *get_args(FailureKind))
ERROR_MEANINGS: Mapping[str, str] = {
    "any": "each of these",
    "tool": "the tool says that it failed",
    "timeout": "a command took longer than it may",
    "exit": "a command or a test run ended with another code than 0",
    "parse": "a call whose arguments are no JSON",
    "schema": "a call whose arguments are not those of its tool",
    "unknown_tool": "a call of a tool that there is not",
    "as_text": "a call that was written as text",
    "no_call": "a turn without any call",
    "too_many": "more calls in one turn than are made",
    "cut": "the turn reached the output limit before it called a tool",
    "forbidden": "a call that the policy forbids",
    "denied": "a call that the approver denied",
    "arguments": "a call that the approver changed to what its tool does not take",
    "provider_down": "no answer of the provider's, as for all others at that time",
    "provider": "the provider failed in this trial",
    "engine": "the container engine failed",
    "sandbox": "the trial's container failed",
    "stuck": "nothing moved any more",
    "harness": "taskfit itself failed",
}
"""What each value of `error:` finds: calls that failed, were rejected or refused; then what failed below the model."""
TYPES = tuple(sorted(kind.model_fields["type"].default for kind in get_args(get_args(AnyEvent)[0])))

Field = Literal["tool", "error", "verdict", "model", "scenario", "run", "arm", "effect", "type", "label"]
FIELDS: tuple[Field, ...] = get_args(Field)
OF_TRIALS: frozenset[Field] = frozenset({"verdict", "model", "scenario", "run", "arm"})
"""Fields that say which trials; the others say which of their steps."""


@dataclass(frozen=True)
class Phrase:
    """Words that stand one behind the other; with `prefix` the last one may go on."""

    text: str
    prefix: bool = False
    refused: bool = False

    @property
    def expression(self) -> str:
        """As a string of FTS5's, which knows nothing but the doubled quote in it. sqlite.org/fts5.html, 3.1."""
        quoted = self.text.replace('"', '""')
        return f'"{quoted}"{"*" if self.prefix else ""}'


@dataclass(frozen=True)
class Condition:
    """A field that has one of some values; those of open fields may hold `*` and `?`."""

    field: Field
    values: tuple[str, ...]
    refused: bool = False


@dataclass(frozen=True)
class Query:
    """All of it must hold of one step and its trial."""

    text: str
    phrases: tuple[Phrase, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def of_trials_alone(self) -> bool:
        """It says nothing of steps, so that a trial's end stands for it."""
        return not self.phrases and all(each.field in OF_TRIALS for each in self.conditions)


def parse(text: str) -> Query:
    """Raises UserError for a query that means nothing, with what would."""
    plain = _plain(text)
    if len(plain) > LONGEST:
        raise UserError(f"the query is {len(plain)} characters long; {LONGEST} are read")
    phrases: list[Phrase] = []
    conditions: list[Condition] = []
    for refused, raw in _terms(plain):
        name, colon, rest = raw.partition(":")
        if colon and _names_field(name, rest):
            conditions.append(_condition(name, rest, refused))
        else:
            phrases.append(_phrase(raw, refused))
    if not phrases and not conditions:
        raise UserError('the query is empty; try a word, a "phrase", or a field as in error:schema')
    if len(phrases) + len(conditions) > MOST_TERMS:
        raise UserError(f"the query has {len(phrases) + len(conditions)} terms; {MOST_TERMS} are read")
    return Query(plain, tuple(phrases), tuple(conditions))


def _plain(text: str) -> str:
    """Controls and half characters become spaces; all else stays."""
    return " ".join(
        "".join(" " if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") else each for each in text).split(" ")
    ).strip()


def _terms(text: str) -> list[tuple[bool, str]]:
    """Whether a term is refused, and the term with its quotes. Raises UserError for a quote that does not end."""
    found = []
    for match in re.finditer(r'(-?)((?:"[^"]*"|[^\s"]|"(?P<open>))+)', text):
        minus, raw = match[1], match[2]
        if match["open"] is not None:
            raise UserError(f'a " in the query does not end: {raw[:60]}')
        if raw == "-" or not raw:
            raise UserError("a - in the query stands alone; write it before a word or a field, as in -skipped")
        found.append((bool(minus), raw))
    return found


def _names_field(name: str, rest: str) -> bool:
    """Whether a term with a colon is a field. Raises UserError for one that is only nearly one."""
    if name in FIELDS:
        return True
    if name.isascii() and name.isalpha() and not rest.startswith((":", "/", "\\")):
        near = difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.75)
        if near:
            raise UserError(f"no field named {name!r}; did you mean {near[0]}:? To look for the text, put it in quotes")
    return False


def _phrase(raw: str, refused: bool) -> Phrase:
    text = raw.replace('"', " ").strip()
    prefix = text.endswith("*") and not raw.endswith('"')
    text = text.rstrip("*") if prefix else text
    if not any(unicodedata.category(each)[0] in "LN" or unicodedata.category(each) == "Co" for each in text):
        raise UserError(f"{raw} holds no letter and no digit; words are what is looked for")
    return Phrase(text, prefix, refused)


def _condition(name: str, rest: str, refused: bool) -> Condition:
    known = next(each for each in FIELDS if each == name)
    given = [value for raw in _split(rest) if (value := raw.replace('"', "").strip())]
    if not given:
        raise UserError(f"{name}: has no value; {_HINTS[known]}")
    check = _CHECKS.get(known)
    values = [value for raw in given for value in (check(raw) if check else [raw])]
    return Condition(known, tuple(dict.fromkeys(values)), refused)


def _split(rest: str) -> list[str]:
    return re.findall(r'(?:"[^"]*"|[^,"])+', rest)


def _effects(value: str) -> Sequence[str]:
    """The effects of a risk (R0 to R4), or one effect by its name. Raises UnknownName."""
    if re.fullmatch(r"[rR][0-4]", value):
        return [effect for effect in Effect if RISK[effect] == Risk[value.upper()]]
    return [_one("effect", value, [*Effect, *Risk.__members__])]


def _one(kind: str, value: str, known: Sequence[str]) -> str:
    name = value.lower().replace("-", "_")
    if name not in known:
        raise UnknownName(kind, value, known)
    return name


_CHECKS: Mapping[Field, Callable[[str], Sequence[str]]] = {
    "effect": _effects,
    "error": lambda value: [_one("kind of error", value, ERRORS)],
    "type": lambda value: [_one("type of step", value, TYPES)],
    "verdict": lambda value: [_one("verdict", value, get_args(Verdict))],
}
_HINTS: Mapping[Field, str] = {
    "tool": "as in tool:run_command",
    "error": f"one of {', '.join(ERRORS)}",
    "verdict": f"one of {', '.join(get_args(Verdict))}",
    "model": "as in model:oracle or model:anthropic/*",
    "scenario": "as in scenario:memo-*",
    "run": "the name of a run's folder, as in run:2026-11-*",
    "arm": "as in arm:control",
    "effect": f"R0 to R4, or one of {', '.join(Effect)}",
    "type": f"one of {', '.join(TYPES)}",
    "label": "as in label:lucky-fix",
}
