"""The single values of the config dialect: how they are written and what they become."""

from __future__ import annotations

import re

from .errors import ConfigError

Scalar = bool | int | float | str

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?[0-9]+\.[0-9]+")
_BARE = re.compile(r'[^\s"\[\],#\\]+(?:[ ]+[^\s"\[\],#\\]+)*')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")

_WORDS = {"yes": True, "true": True, "no": False, "false": False}
_UNESCAPED = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = str.maketrans({value: "\\" + letter for letter, value in _UNESCAPED.items()})


def parse_bare(text: str) -> Scalar:
    """The value of an unquoted text."""
    word = _WORDS.get(text.lower())
    if word is not None:
        return word
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def match_bare(text: str, start: int = 0) -> re.Match[str] | None:
    """Match an unquoted value that begins at `start`."""
    return _BARE.match(text, start)


def match_quoted(text: str, start: int = 0) -> re.Match[str] | None:
    """Match a quoted string that begins at `start`."""
    return _QUOTED.match(text, start)


def unescape(body: str) -> str:
    """Resolve the escapes in the body of a quoted string; unknown ones raise KeyError."""
    return _ESCAPE.sub(lambda match: _UNESCAPED[match[1]], body)


def quote(text: str) -> str:
    """The text as a quoted string."""
    return f'"{text.translate(_ESCAPED)}"'


def format_scalar(value: Scalar) -> str:
    """The shortest spelling that reads back as `value`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _format_float(value)
    return value if _reads_as_itself(value) else quote(value)


def _format_float(value: float) -> str:
    text = repr(value)
    if _FLOAT.fullmatch(text):
        return text
    if "e" in text:
        text = f"{value:.20f}".rstrip("0")
        text += "0" if text.endswith(".") else ""
        if float(text) == value:
            return text
    raise ConfigError(f"{value!r} cannot be written in digits")


def _reads_as_itself(text: str) -> bool:
    return _BARE.fullmatch(text) is not None and isinstance(parse_bare(text), str)
