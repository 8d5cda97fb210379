"""Why an image does not build."""

from __future__ import annotations

from runner.repo import Environment
from sandboxes.errors import ImageBuildFailed


def explain(error: ImageBuildFailed, environment: Environment) -> str:
    """The last lines."""
    return str(error)
