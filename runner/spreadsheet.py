"""Text in a table that a spreadsheet may open."""

from __future__ import annotations

FORMULAS = (*"=+-@", *"\t\r\n", *"＝＋－＠﹢﹣﹦﹫")
"""What a spreadsheet would take for a formula at the start of a cell, also as some write it in wide or small signs
(OWASP, CSV Injection)."""


def inert(text: str) -> str:
    """With an apostrophe before what would be a formula.

    >>> inert("=1+1")
    "'=1+1"
    """
    return f"'{text}" if text.startswith(FORMULAS) else text
