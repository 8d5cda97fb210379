"""Placeholders: `{{ user.name | title }}` filled from a mapping.

A placeholder is a dotted path and any number of filters. `default("text")` stands in for a missing or
empty value, `pad(20)` and `cut(20)` count terminal columns. `\\{{` is a literal `{{`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .errors import TemplateError
from .slugs import slugify
from .width import pad, truncate

_PLACEHOLDER = re.compile(r"\\(\{\{)|\{\{((?:[^{}\"]|\"[^\"]*\")*)\}\}")
_STEP = re.compile(r"\s*([a-z_]+)(?:\(\s*(?:\"([^\"]*)\"|([0-9]+))?\s*\))?\s*")
_PATH = re.compile(r"\s*([A-Za-z_]\w*(?:\.\w+)*)\s*")
_PIPE = re.compile(r"\|(?=(?:[^\"]|\"[^\"]*\")*$)")

_TEXT_FILTERS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "strip": str.strip,
    "slug": slugify,
}
_WIDTH_FILTERS: dict[str, Callable[[str, int], str]] = {"pad": pad, "cut": truncate}

_MISSING = object()


def render(template: str, values: Mapping[str, object]) -> str:
    """Fill the placeholders of the template; a missing value without default is an error."""

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        return _evaluate(match[2], values)

    return _PLACEHOLDER.sub(fill, template)


def names(template: str) -> list[str]:
    """The paths the template asks for, each once, in order of appearance."""
    found: dict[str, None] = {}
    for match in _PLACEHOLDER.finditer(template):
        if match[2] is not None:
            found[_parse_path(_PIPE.split(match[2])[0])] = None
    return list(found)


def _evaluate(expression: str, values: Mapping[str, object]) -> str:
    head, *steps = _PIPE.split(expression)
    path = _parse_path(head)
    value = _look_up(path, values)
    for step in steps:
        value = _apply(step, value, path)
    if value is _MISSING:
        raise TemplateError(f"there is no value for {path!r}")
    return "" if value is None else str(value)


def _parse_path(text: str) -> str:
    match = _PATH.fullmatch(text)
    if match is None:
        raise TemplateError(f"malformed placeholder {text.strip()!r}")
    return match[1]


def _look_up(path: str, values: Mapping[str, object]) -> object:
    value: object = values
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value


def _apply(step: str, value: object, path: str) -> object:
    match = _STEP.fullmatch(step)
    if match is None:
        raise TemplateError(f"malformed filter {step.strip()!r}")
    name, text, number = match.groups()
    if name == "default":
        return (text or number or "") if value is _MISSING or value in (None, "") else value
    if value is _MISSING:
        raise TemplateError(f"there is no value for {path!r}")
    plain = "" if value is None else str(value)
    if name in _TEXT_FILTERS:
        return _TEXT_FILTERS[name](plain)
    if name in _WIDTH_FILTERS:
        if number is None:
            raise TemplateError(f"filter {name!r} needs a number")
        return _WIDTH_FILTERS[name](plain, int(number))
    raise TemplateError(f"there is no filter {name!r}")
