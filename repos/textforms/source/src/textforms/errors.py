"""Everything textforms raises on bad input."""

from __future__ import annotations


class TextFormsError(ValueError):
    """Base class of all errors of this package."""


class ConfigError(TextFormsError):
    """A setting is missing, doubled or of the wrong type."""


class ConfigSyntaxError(ConfigError):
    """A config text that does not follow the dialect."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


class DsvError(TextFormsError):
    """A delimited table that cannot be read or written."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


class TemplateError(TextFormsError):
    """A template with an unknown name or filter, or a malformed placeholder."""
