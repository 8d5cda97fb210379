"""Where taskfit keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/taskfit`, else `~/.cache/taskfit`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "taskfit")
