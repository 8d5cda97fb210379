"""What runs inside a sandbox: the standard library alone, Python 3.8 or newer, given to its Python as one text."""

from __future__ import annotations

import re
from pathlib import Path

IMPORTS = re.compile(r"^from (?:__future__|runner\.[\w.]+) import (?:\([^)]*\)|.*)$", re.MULTILINE)


def program(*modules: str) -> str:
    """The text of modules of this folder, one after the other; the last one starts."""
    texts = [Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8") for name in modules]
    return "\n".join(["from __future__ import annotations", *(IMPORTS.sub("", text) for text in texts)])
