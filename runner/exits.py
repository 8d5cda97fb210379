"""What the commands' exit codes mean."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
"""Done, but some trials ended in infra_error, a provider served none, or the run stopped before its end."""
REFUSED: Final = 2
"""The user's input is wrong, or what was held constant has changed; nothing was done."""
UNFAIR: Final = 3
"""A comparison was refused by the fairness gate."""
CAPPED: Final = 4
"""Nothing failed, and a cap or the time keeps trials planned: `resume` with more goes on."""
INTERRUPTED: Final = 130
"""Stopped from outside; `resume` goes on."""
