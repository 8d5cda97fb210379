"""Names for URLs and files made out of any text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count

# Letters that no decomposition takes apart.
_SPELLED_OUT = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_GAP = re.compile(r"[^a-z0-9]+")
_UNICODE_GAP = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")


def slugify(text: str, *, separator: str = "-", limit: int | None = None, ascii_only: bool = True) -> str:
    """The text in lower case letters and digits, anything else folded into single separators.

    With `limit` the slug is cut at a separator where that is possible.
    """
    text = _APOSTROPHE.sub("", text).lower()
    if ascii_only:
        text = _strip_marks(text.translate(_SPELLED_OUT)).lower()
        slug = _GAP.sub(separator, text)
    else:
        slug = _UNICODE_GAP.sub(separator, unicodedata.normalize("NFC", text))
    slug = _trim(slug, separator)
    return slug if limit is None else _shorten(slug, separator, limit)


def unique_slug(text: str, taken: Container[str], *, limit: int | None = None) -> str:
    """A slug that is not among the taken ones, numbered from 2 where need be."""
    if limit is not None and limit < 8:
        raise ValueError("limit leaves no room for a number")
    base = slugify(text, limit=limit) or "untitled"
    if base not in taken:
        return base
    for number in count(2):
        suffix = f"-{number}"
        stem = base if limit is None else _trim(base[: limit - len(suffix)], "-")
        if stem + suffix not in taken:
            return stem + suffix
    raise AssertionError("unreachable")


def _strip_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _trim(slug: str, separator: str) -> str:
    if not separator:
        return slug
    while slug.startswith(separator):
        slug = slug.removeprefix(separator)
    while slug.endswith(separator):
        slug = slug.removesuffix(separator)
    return slug


def _shorten(slug: str, separator: str, limit: int) -> str:
    if limit < 1:
        raise ValueError("limit must be at least 1")
    if len(slug) <= limit:
        return slug
    head = slug[:limit]
    if separator and not slug[limit:].startswith(separator):
        head = head.rpartition(separator)[0] or head
    return _trim(head, separator)
