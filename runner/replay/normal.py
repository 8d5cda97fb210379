"""A call's answer without what differs between any two runs: times, durations, process ids, addresses, drawn names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MOST = 1 << 20
"""Characters of a text that are normalised; what is behind them is compared as it is."""
NEAR = timedelta(hours=36)
"""A date this near to when the call was made is the clock's; any other is the program's own, and compared."""
CLOCK_NEAR = 10
"""Minutes around the call's own within which a time of day is the clock's."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = r"\b(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
_TIME = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_ZONE = r"(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"


@dataclass(frozen=True)
class Rule:
    """What is taken as the same, whatever it says."""

    name: str
    pattern: re.Pattern[str]
    instead: str


STAMPS = (
    re.compile(rf"{_DAY}(?:[T ]{_TIME}{_ZONE})?"),
    re.compile(rf"\b{_WEEKDAY}(?P<n>{'|'.join(MONTHS)}) +(?P<d>\d\d?),? {_TIME}(?: [A-Z]{{3,4}})?(?: (?P<y>\d{{4}}))?"),
    re.compile(r"\b(?P<epoch>1[5-9]\d{8}|2\d{9})(?:\.\d+)?\b"),
)
"""Moments as programs write them."""
CLOCK = re.compile(r"(?<![\d:.-])(?P<h>\d\d):(?P<min>\d\d):\d\d(?:[.,]\d+)?(?![\d:])")
"""A time of day alone."""
DURATION = "<duration>"
RULES = (
    Rule("durations", re.compile(r"\b\d+m\d+\.\d+s\b"), DURATION),
    Rule("durations", re.compile(r"\b\d+\.\d+ ?(?:s|ms|us|µs|μs|ns|sec|secs|seconds?)\b"), DURATION),
    Rule("durations", re.compile(r"\b\d+ ?(?:ms|us|µs|μs|ns)\b|(?<=\bin )\d+ ?s(?:ec(?:onds?)?)?\b"), DURATION),
    Rule("durations", re.compile(r"(?<=<duration>) \(\d+:\d\d:\d\d\)"), ""),
    Rule("addresses", re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    Rule("temporary names", re.compile(r"/tmp/tmp[a-z0-9_]{8}\b|\btmp\.[A-Za-z0-9]{10}\b"), "<temporary>"),
    Rule("temporary names", re.compile(r"\bpytest-of-\w+/pytest-\d+"), "<temporary>"),
    Rule("process ids", re.compile(r"\b(pid|PID|process)([ =:]+|\()\d+"), r"\1\2<pid>"),
    Rule("process ids", re.compile(r"(?m)^(\[\d+\]) \d+$"), r"\1 <pid>"),
    Rule("seeds", re.compile(r"(?i)\b((?:random|randomly|hash|shuffle|order)[-_ ]seed[ =:]+)\d+"), r"\1<seed>"),
    Rule("commits", re.compile(r"(?m)^(commit )[0-9a-f]{40}\b"), r"\1<commit>"),
    Rule("commits", re.compile(r"(?m)^(\[[\w./-]+(?: \(root-commit\))? )[0-9a-f]{7,40}(?=\])"), r"\1<commit>"),
)


def normalised(text: str, at: str) -> tuple[str, set[str]]:
    """A text without what must differ between two runs, and the names of the rules that changed it."""
    head, rest = text[:MOST], text[MOST:]
    used: set[str] = set()
    moment = _moment(at)
    if moment is not None:
        for pattern in STAMPS:
            head = _replaced(pattern, head, lambda match: _is_near(match, moment), "<time>", "times", used)
        head = _replaced(CLOCK, head, lambda match: _is_now(match, moment), "<time>", "times", used)
    for rule in RULES:
        head, count = rule.pattern.subn(rule.instead, head)
        if count:
            used.add(rule.name)
    return _unpadded(head) + rest, used


def _replaced(
    pattern: re.Pattern[str], text: str, holds: Callable[[re.Match[str]], bool], instead: str, name: str, used: set[str]
) -> str:
    def one(match: re.Match[str]) -> str:
        if not holds(match):
            return match[0]
        used.add(name)
        return instead

    return pattern.sub(one, text)


def _is_near(match: re.Match[str], moment: datetime) -> bool:
    """Whether a date is the day of the call, in any time zone."""
    found = match.groupdict()
    try:
        if found.get("epoch"):
            return abs(datetime.fromtimestamp(int(found["epoch"]), UTC) - moment) < NEAR
        month = MONTHS.index(found["n"]) + 1 if found.get("n") else int(found["m"])
        day = datetime(int(found["y"] or moment.year), month, int(found["d"]), 12, tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return abs(day - moment) < NEAR


def _is_now(match: re.Match[str], moment: datetime) -> bool:
    """Whether a time of day is that of the call, in UTC, which is a sandbox's."""
    minutes = int(match["h"]) * 60 + int(match["min"])
    apart = abs(minutes - moment.hour * 60 - moment.minute)
    return min(apart, 24 * 60 - apart) <= CLOCK_NEAR


def _moment(at: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _unpadded(text: str) -> str:
    """Without the rules of `=` and `-` round a line with a duration, which fill it up to a width."""
    lines = text.split("\n")
    return "\n".join(line.strip("=- ") if DURATION in line and line[:1] in "=-" else line for line in lines)
