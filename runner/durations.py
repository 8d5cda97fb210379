"""Lengths of time as people read them at a glance."""

from __future__ import annotations


def brief(seconds: float) -> str:
    """Two units at most, rounded down.

    >>> brief(59), brief(61), brief(3_700), brief(200_000)
    ('59 s', '1 min 1 s', '1 h 1 min', '2 d 7 h')
    """
    whole = int(seconds)
    for size, name, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
