"""The families of tests that taskfit runs, by the name that repo.toml gives them."""

from __future__ import annotations

from runner.frameworks.base import Framework
from runner.frameworks.cargo import Cargo
from runner.frameworks.go import Go
from runner.frameworks.jest import Jest
from runner.frameworks.node import Node
from runner.frameworks.pytest import Pytest
from runner.frameworks.unittest import Django, Unittest
from runner.frameworks.vitest import Vitest
from runner.scenarios.repo import FrameworkName

FRAMEWORKS: dict[FrameworkName, Framework] = {
    "pytest": Pytest(),
    "unittest": Unittest(),
    "django": Django(),
    "node": Node(),
    "jest": Jest(),
    "vitest": Vitest(),
    "go": Go(),
    "cargo": Cargo(),
}


def framework(name: FrameworkName) -> Framework:
    """The framework of this name."""
    return FRAMEWORKS[name]
