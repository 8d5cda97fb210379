"""A classical program-repair baseline: spectrum-based localisation, mutations, and the tests as judge."""

from runner.models.repair.model import Repair

__all__ = ["Repair"]
