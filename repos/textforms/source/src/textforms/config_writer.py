"""Writing the config dialect."""

from __future__ import annotations

import re

from .document import Config, Value
from .errors import ConfigError
from .scalars import format_scalar

_NAME = re.compile(r"[\w.-]+")
_HEADING = re.compile(r"[^\[\]\s]+(?: +[^\[\]\s]+)*")


def write_config(config: Config) -> str:
    """The document as text, sections apart by an empty line."""
    blocks = []
    for section in config:
        if not _HEADING.fullmatch(section.name):
            raise ConfigError(f"{section.name!r} cannot be the name of a section")
        lines = [f"[{section.name}]"]
        for name, value in section:
            if not _NAME.fullmatch(name):
                raise ConfigError(f"{name!r} cannot be the name of a setting")
            lines.append(f"{name} = {format_value(value)}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def format_value(value: Value) -> str:
    """A setting's value as it stands to the right of the equals sign."""
    if isinstance(value, list):
        return f"[{', '.join(format_scalar(item) for item in value)}]"
    return format_scalar(value)
