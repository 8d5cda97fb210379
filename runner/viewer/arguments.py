"""A call's arguments as fields of a form, and back: texts as they are, all else, and what would not show, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.errors import UserError
from runner.tools.base import AnyTool
from runner.viewer.forms import Form
from runner.visible import visible

MOST_ROWS = 24


@dataclass(frozen=True)
class Field:
    """One argument."""

    name: str
    """In the form: `text.NAME` or `json.NAME`."""
    label: str
    value: str
    is_json: bool
    needed: bool
    """Whether the call must have it; else its field may be left empty where it is JSON."""
    about: str
    """What the tool's schema says of it."""

    @property
    def rows(self) -> int:
        return min(MOST_ROWS, self.value.count("\n") + len(self.value) // 100 + 1)


def fields(tool: AnyTool, arguments: Mapping[str, Any]) -> list[Field]:
    """Every argument of the tool's, with the value that it has."""
    schema = tool.arguments.schema_for_models()
    needed = schema.get("required", [])
    return [
        _field(name, about, name in needed, arguments[name] if name in arguments else about.get("default"))
        for name, about in schema.get("properties", {}).items()
    ]


def filled(tool: AnyTool, form: Form) -> list[Field]:
    """The same as somebody has filled them in, whether that can be read or not."""
    schema = tool.arguments.schema_for_models()
    needed = schema.get("required", [])
    found = []
    for label, about in schema.get("properties", {}).items():
        is_json = f"json.{label}" in form
        name = f"{'json' if is_json else 'text'}.{label}"
        found.append(Field(name, label, _lines(form.get(name, "")), is_json, label in needed, _about(about)))
    return found


def read(given: list[Field]) -> dict[str, Any]:
    """The arguments. Raises UserError for a field that holds no JSON where it should."""
    arguments: dict[str, Any] = {}
    for field in given:
        if not field.is_json:
            arguments[field.label] = field.value
        elif field.value.strip():
            arguments[field.label] = parsed(field.value, field.label)
    return arguments


def plain(value: Any) -> str:
    """A value as JSON in which everything shows, so that a page can hold it and a form give it back as it was."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def parsed(text: str, name: str) -> Any:
    """JSON text. Raises UserError."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: is no valid JSON ({str(error)[:200]}); a text stands in double quotes") from None


def _field(name: str, about: Mapping[str, Any], needed: bool, value: Any) -> Field:
    is_text = about.get("type") == "string" and isinstance(value, str) and _shows_all(value)
    shown = value if is_text else "" if value is None and not needed else plain(value)
    return Field(f"{'text' if is_text else 'json'}.{name}", name, shown, not is_text, needed, _about(about))


def _about(about: Mapping[str, Any]) -> str:
    return str(about.get("description", ""))


def _shows_all(text: str) -> bool:
    """Whether a text is what it looks like, and comes back from a form as it went: line ends are browsers' own."""
    return "\r" not in text and visible(text, newlines=True) == text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
