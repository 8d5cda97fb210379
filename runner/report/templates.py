"""Templates of pages that hold untrusted text: whatever they show is made visible and escaped, whoever wrote it."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from runner.visible import visible


def environment(*folders: Path) -> Environment:
    """Templates from these folders, the first that has one, and the colours that all pages share."""
    made = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["lines"] = lines
    made.filters["breakable"] = breakable
    made.filters["digest"] = digest
    return made


def _shown(value: Any) -> Any:
    """What an expression of a template comes to, before it is escaped."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def lines(text: str) -> Markup:
    """Text of several lines."""
    return escape(visible(text, newlines=True))


def breakable(name: str) -> Markup:
    """A long name that may break after its own punctuation."""
    return Markup("<wbr>").join(re.findall(r"[^_:/.+-]*[_:/.+-]+|[^_:/.+-]+", visible(name)))


def digest(text: str) -> str:
    """An inline style's or script's hash, as a content security policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"
