"""Numbers of things as people write them."""

from __future__ import annotations


def number_of(number: int, thing: str) -> str:
    """A number and what is counted, whose plural takes an s.

    >>> number_of(1, "trial"), number_of(12_000, "trial")
    ('1 trial', '12,000 trials')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
