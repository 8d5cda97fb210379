"""Models that behave in one known way, so that it is known beforehand what each measure must say of them.

They know the reference fix, as `oracle` does: what they prove is the harness and its measures.
"""

from __future__ import annotations

from runner.models.personalities.model import Personality
from runner.models.personalities.traits import PERSONALITIES, Traits

__all__ = ["PERSONALITIES", "Personality", "Traits"]
