"""Which Node a project is tested on: what it says itself, else the one that was maintained for long at that time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from runner.environments.files import Files, table
from runner.errors import Rejected

NEWEST = {18: (18, 20, 99), 20: (20, 18, 99), 22: (22, 20, 99), 24: (24, 19, 99)}
"""Major version → the newest release of it that an image can have (`sandboxes.nodes`)."""
MAINTAINED = ((date(2025, 10, 28), 24), (date(2024, 10, 29), 22), (date.min, 20))
"""Since when, and which: https://github.com/nodejs/release#release-schedule. 18 only where it is asked for."""
MAX_ALTERNATIVES = 100
"""Parts of one range that are read."""
_VERSION = re.compile(r"v?(\d{1,4}|[xX*])(?:\.(\d{1,4}|[xX*]))?(?:\.(\d{1,4}|[xX*]))?(?:-[\w.-]+)?(?:\+[\w.-]+)?")
_PART = re.compile(rf"(>=|<=|>|<|=|\^|~>?|)\s*({_VERSION.pattern})")

Version = tuple[int, int, int]


def choose_node(files: Files, told: Mapping[str, Any], on: date | None) -> str:
    """A major version. Raises Rejected where a project needs one that no image can have."""
    wish, source = _wish(files, told)
    engines = str(table(told, "engines").get("node") or "")
    usual = next(major for since, major in MAINTAINED if (on or date.today()) >= since)
    order = [usual, *sorted(major for major in NEWEST if major > usual), *sorted(NEWEST, reverse=True)]
    allowed = [major for major in dict.fromkeys(order) if allows(engines, NEWEST[major])]
    if wish is not None and wish in NEWEST:
        files.note(f"Node {wish}: {source}")
        return str(wish)
    if not allowed:
        return _nearest(files, engines)
    needs = list(_locked(files))
    best = min(allowed, key=lambda major: sum(not allows(each, NEWEST[major]) for each in needs))
    if best != usual:
        why = "engines in package.json" if usual not in allowed else "engines of what its lock file has"
        files.note(f"Node {best}: {why}")
    else:
        files.note(f"Node {best}: {'as of ' + str(on) if on else 'the usual one'}")
    return str(best)


def _nearest(files: Files, engines: str) -> str:
    """For a range that no image can meet to the letter: a major version that it names, or the oldest for an older one.

    Raises Rejected for a newer one.
    """
    named = [int(match[3]) for match in _PART.finditer(engines) if match[3] not in (None, "x", "X", "*")]
    known = [major for major in named if major in NEWEST]
    if not known and named and min(named) > max(NEWEST):
        problem = (
            f"engines in package.json asks for Node {engines!r:.60}, and taskfit has {', '.join(map(str, NEWEST))}"
        )
        raise Rejected("unsupported", f"{problem}; make the environment with a dockerfile that has that Node")
    nearest = max(known, default=min(NEWEST))
    files.note(f"Node {nearest}: engines in package.json asks for {engines!r:.60}, and this is nearest")
    return str(nearest)


def _wish(files: Files, told: Mapping[str, Any]) -> tuple[int | None, str]:
    """The one version that a project's developers use."""
    for source in (".nvmrc", ".node-version"):
        if match := re.match(r"v?(\d{1,3})\b", (files.text(source) or "").strip()):
            return int(match[1]), source
    if match := re.match(r"v?(\d{1,3})\b", str(table(told, "volta").get("node") or "")):
        return int(match[1]), "volta in package.json"
    return None, ""


def _locked(files: Files) -> Iterator[str]:
    """`engines.node` of each package that a lock file has and that is not optional."""
    try:
        locked = json.loads(files.text("package-lock.json") or "{}")
    except (ValueError, RecursionError):
        return
    for each in table(locked, "packages").values():
        engines = table(each).get("engines")
        if isinstance(engines, dict) and engines.get("node") and not each.get("optional"):
            yield str(engines["node"])


def allows(text: str, version: Version) -> bool:
    """Whether a range of npm's allows a version (https://docs.npmjs.com/cli/configuring-npm/package-json#engines).

    What cannot be read allows everything.
    """
    alternatives = [each.strip() for each in text.split("||")][:MAX_ALTERNATIVES]
    return not text.strip() or any(_meets(each, version) for each in alternatives)


def _meets(text: str, version: Version) -> bool:
    if between := re.fullmatch(rf"({_VERSION.pattern})\s+-\s+({_VERSION.pattern})", text):
        text = f">={between[1]} <={between[5]}"
    rest = _PART.sub("", text).strip(" ,")
    if rest:
        return True
    return all(_holds(match[1], match[3], match[4], match[5], version) for match in _PART.finditer(text))


def _holds(operator: str, *found: Any) -> bool:
    """One comparison; a part that is left out, or is `x`, stands for any."""
    *parts, version = found
    numbers: list[int] = []
    for part in parts:
        if part is None or part in "xX*":
            break
        numbers.append(int(part))
    if not numbers:
        return True
    low = (*numbers, 0, 0)[:3]
    size = min(len(numbers), {"^": 1, "~": 2, "~>": 2}.get(operator, 3))
    same = tuple(version[:size]) == tuple(numbers[:size])
    if operator in ("^", "~", "~>"):
        return same and version >= low
    below = tuple(version[: len(numbers)]) < tuple(numbers)
    above = tuple(version[: len(numbers)]) > tuple(numbers)
    return {">=": not below, "<": below, ">": above, "<=": not above}.get(operator, not below and not above)
