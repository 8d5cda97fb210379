"""Our own events beside a foreign document: each with what the document itself holds replaced by a pointer into it.

So nothing is written twice, another program's edit of the document holds here too, and an import gets back each event
as it was. Pointers are JSON Pointers (RFC 6901); `dumps:` before one says that the field is that value as JSON text,
`loads:` that it is that JSON text as a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from runner.events import EVENTS, AnyEvent
from runner.events.origins import Data

NAME = "taskfit"
"""The key under which formats keep it."""
VERSION = 1
MOST = 100_000
"""Events of one trial."""
ALL: frozenset[Data] = frozenset(get_args(Data))
"""A transcript of taskfit's own tells everything."""
Held = dict[int, dict[str, str]]
"""Step → field of the event, as a dotted path → pointer."""


class Unreadable(Exception):
    """What stands beside a document is not what was written there."""


def pack(events: Iterable[AnyEvent], held: Mapping[int, Mapping[str, str]], document: Any) -> dict[str, Any]:
    """What is to be kept in `document`, which must be complete but for this."""
    return {"version": VERSION, "events": [_packed(event, held.get(event.step, {}), document) for event in events]}


def unpack(kept: Any, document: Any, room: int) -> list[AnyEvent]:
    """The events again, in the order of their steps; pointers may bring `room` characters. Raises Unreadable."""
    if not isinstance(kept, dict) or kept.get("version") != VERSION or not isinstance(kept.get("events"), list):
        raise Unreadable(f"it is not of version {VERSION}")
    if len(kept["events"]) > MOST:
        raise Unreadable(f"it has more than {MOST:,} events")
    found = []
    for at, entry in enumerate(kept["events"]):
        if not isinstance(entry, dict):
            raise Unreadable(f"event {at} is no object")
        plain = {name: value for name, value in entry.items() if name != "held"}
        pointers = entry.get("held", {})
        if not isinstance(pointers, dict):
            raise Unreadable(f"event {at} has no pointers where they should be")
        for path, pointer in pointers.items():
            value = resolve(document, str(pointer))
            room -= len(value) if isinstance(value, str) else 64
            if room < 0:
                raise Unreadable("its pointers bring more text than the file has")
            _put(plain, path.split("."), value)
        try:
            found.append(EVENTS.validate_python(plain))
        except (ValidationError, RecursionError) as error:
            said = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else "too deep"
            raise Unreadable(f"event {at}: {said}") from None
    found.sort(key=lambda event: event.step)
    return found


def resolve(document: Any, pointer: str) -> Any:
    """The value at a pointer. Raises Unreadable where there is none."""
    how, _, path = pointer.rpartition(":") if pointer.startswith(("dumps:", "loads:")) else ("", "", pointer)
    value = document
    try:
        for part in path.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
        if how == "dumps":
            return json.dumps(value)
        return json.loads(value) if how == "loads" else value
    except (LookupError, TypeError, ValueError, RecursionError):
        raise Unreadable(f"there is nothing at {pointer[:200]}") from None


def _packed(event: AnyEvent, held: Mapping[str, str], document: Any) -> dict[str, Any]:
    plain = {"type": event.type, **event.model_dump(mode="json", exclude_defaults=True)}
    pointers = {}
    for path, pointer in held.items():
        parts = path.split(".")
        if (own := _get(plain, parts)) is not None and _same(own, document, pointer):
            _remove(plain, parts)
            pointers[path] = pointer
    return {**plain, "held": pointers} if pointers else plain


def _same(value: Any, document: Any, pointer: str) -> bool:
    try:
        found = resolve(document, pointer)
    except Unreadable:
        return False
    return type(found) is type(value) and bool(found == value)


def _get(plain: Any, parts: list[str]) -> Any:
    for part in parts:
        try:
            plain = plain[int(part)] if isinstance(plain, list) else plain[part]
        except (LookupError, ValueError, TypeError):
            return None
    return plain


def _remove(plain: Any, parts: list[str]) -> None:
    holder = _get(plain, parts[:-1])
    if isinstance(holder, dict):
        del holder[parts[-1]]


def _put(plain: Any, parts: list[str], value: Any) -> None:
    """Raises Unreadable where the path leads nowhere."""
    try:
        for part in parts[:-1]:
            plain = plain[int(part)] if isinstance(plain, list) else plain.setdefault(part, {})
        plain[parts[-1]] = value
    except (LookupError, ValueError, TypeError, AttributeError):
        raise Unreadable(f"{'.'.join(parts)[:200]} leads nowhere") from None
