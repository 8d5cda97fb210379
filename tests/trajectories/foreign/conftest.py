"""The environment of other harnesses, made by the first test that asks for it (a minute or two, once a version)."""

from __future__ import annotations

import pytest

from foreign_env.environment import Environment, environment


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the environment run in one process, for its programs take memory; their time begins once it is made."""
    for item in items:
        if "foreign" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("foreign"))
            item.add_marker(pytest.mark.timeout(900, func_only=True))


@pytest.fixture(scope="session")
def foreign() -> Environment:
    return environment()
