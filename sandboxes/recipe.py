"""What an environment's image is made from, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

BUILD_SECONDS = 3600.0
"""What making one image may take where nobody says more or less."""


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile and the folder that it may copy from."""

    folder: Path
    name: str
    """Relative to the folder."""
    left_out: tuple[str, ...] = ()
    """Names of files and folders that it may not copy, at any depth."""


@dataclass(frozen=True)
class Recipe:
    """See the fields of the same names in a repo.toml's `[environment]`."""

    system: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    python: str | None = None
    node: str | None = None
    as_of: date | None = None
    dockerfile: Dockerfile | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether the base image is all that it needs."""
        return not (self.system or self.packages or self.python or self.node or self.dockerfile)


def digest(*parts: object) -> str:
    """A short key for content."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
