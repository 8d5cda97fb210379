"""What runs inside a sandbox: the standard library alone, Python 3.8 or newer, given to its Python as one text."""

from __future__ import annotations

from pathlib import Path


def program(*modules: str) -> str:
    """The text of modules of this folder, one after the other; the last one starts."""
    lines = ["from __future__ import annotations"]
    for name in modules:
        text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if not line.startswith(("from __future__", "from runner."))]
    return "\n".join(lines)
