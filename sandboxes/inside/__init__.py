"""What runs inside a sandbox: the standard library alone, Python 3.8 or newer.

The modules are given to the sandbox's own Python as one text, so they import nothing but each other.
"""

from __future__ import annotations

from pathlib import Path

MODULES = ("watch", "commands", "serve")
"""From the ground up; the last one starts."""


def program() -> str:
    """The text of all modules, one after the other."""
    lines = ["from __future__ import annotations"]
    for name in MODULES:
        text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if not line.startswith(("from __future__", "from sandboxes."))]
    return "\n".join(lines)
