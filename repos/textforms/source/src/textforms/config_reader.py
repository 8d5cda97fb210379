"""Reading the config dialect."""

from __future__ import annotations

import re

from .document import Config, Section, Value
from .errors import ConfigError, ConfigSyntaxError
from .scalars import Scalar, match_bare, match_quoted, parse_bare, unescape

_HEADING = re.compile(r"\[\s*([^\[\]]+?)\s*\]")
_SETTING = re.compile(r"([\w.-]+)\s*=\s*")
_BLANK = re.compile(r"\s*(?:#.*)?")


def read_config(text: str) -> Config:
    """Read a whole config text."""
    config = Config()
    section: Section | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if _BLANK.fullmatch(line):
            continue
        try:
            if line.startswith("["):
                section = config.add(_read_heading(line, number))
            elif section is None:
                raise ConfigSyntaxError("setting before the first section", number)
            else:
                _read_setting(section, line, number)
        except ConfigSyntaxError:
            raise
        except ConfigError as error:
            raise ConfigSyntaxError(str(error), number) from error
    return config


def _read_heading(line: str, number: int) -> str:
    match = _HEADING.match(line)
    if match is None:
        raise ConfigSyntaxError("malformed section heading", number)
    _expect_end(line, match.end(), number)
    return match[1]


def _read_setting(section: Section, line: str, number: int) -> None:
    match = _SETTING.match(line)
    if match is None:
        raise ConfigSyntaxError("expected 'name = value'", number)
    name = match[1]
    if name in section:
        raise ConfigSyntaxError(f"setting {name!r} occurs twice", number)
    value: Value
    if line.startswith("[", match.end()):
        value, end = _read_list(line, match.end() + 1, number)
    else:
        value, end = _read_scalar(line, match.end(), number)
    _expect_end(line, end, number)
    section[name] = value


def _read_list(line: str, start: int, number: int) -> tuple[list[Scalar], int]:
    items: list[Scalar] = []
    position = _skip_space(line, start)
    while not line.startswith("]", position):
        item, position = _read_scalar(line, position, number)
        items.append(item)
        position = _skip_space(line, position)
        if line.startswith(",", position):
            position = _skip_space(line, position + 1)
        elif not line.startswith("]", position):
            raise ConfigSyntaxError("list is not closed", number)
    return items, position + 1


def _read_scalar(line: str, start: int, number: int) -> tuple[Scalar, int]:
    if line.startswith('"', start):
        match = match_quoted(line, start)
        if match is None:
            raise ConfigSyntaxError("string is not closed", number)
        try:
            return unescape(match[1]), match.end()
        except KeyError as error:
            raise ConfigSyntaxError(f"unknown escape \\{error.args[0]}", number) from error
    match = match_bare(line, start)
    if match is None:
        raise ConfigSyntaxError("value is missing", number)
    return parse_bare(match[0]), match.end()


def _skip_space(line: str, position: int) -> int:
    while line.startswith((" ", "\t"), position):
        position += 1
    return position


def _expect_end(line: str, position: int, number: int) -> None:
    if not _BLANK.fullmatch(line, position):
        raise ConfigSyntaxError(f"unexpected text {line[position:].strip()!r}", number)
