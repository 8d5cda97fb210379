"""What a project's changelog says of the releases between two versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from sandboxes.archive import Entry

NAMES = re.compile(r"(.*/)?(changes|changelog|history|news|release[-_ ]?notes|whatsnew|releases)[^/]*", re.I)
_HEADING = re.compile(
    r"(?P<mark>#+\s*)?[\s*=]*(?:version|release)?\s*\[?v?(?P<version>\d+(?:\.\d+)+[\w.]*)\b(?P<rest>.*)", re.I
)
_LINE = re.compile(r"([=\-~^\"'`#*+_])\1{2,}\s*")
_ENTRY = re.compile(r" {0,3}[-*+•] +\S")


@dataclass(frozen=True)
class Said:
    """The sections of some releases."""

    text: str
    entries: int
    """How many points it makes; 0 where it is prose."""

    @property
    def first(self) -> str:
        """The first point, or the first line of prose."""
        lines = self.text.splitlines()
        line = next((line for line in lines if _ENTRY.match(line)), lines[0])
        return re.sub(r"^\s*[-*+•]\s+", "", line)


def said_between(tree: Mapping[str, Entry], old: Version, new: Version) -> Said | None:
    """What the project at `new` says of the versions after `old`; None where it says nothing."""
    texts = [
        (path.count("/"), path, entry.data.decode("utf-8", "replace"))
        for path, entry in tree.items()
        if NAMES.fullmatch(path) and not entry.is_link and path.count("/") <= 2
    ]
    if "PKG-INFO" in tree:
        texts.append((9, "PKG-INFO", tree["PKG-INFO"].data.decode("utf-8", "replace")))
    for _, _, text in sorted(texts):
        lines = sections(text, old, new)
        if any(re.search(r"\w", line) for line in lines):
            return Said("\n".join(lines).strip() + "\n", sum(bool(_ENTRY.match(line)) for line in lines))
    return None


def sections(text: str, old: Version, new: Version) -> list[str]:
    """The lines of the sections of the versions in (old, new], without their headings."""
    lines = text.splitlines()
    kept: list[str] = []
    inside = False
    for place, line in enumerate(lines):
        following = lines[place + 1] if place + 1 < len(lines) else ""
        version = _version(line, following)
        if version is not None:
            inside = old < version <= new
        elif inside and not (_LINE.fullmatch(line) and (not kept or not kept[-1].strip())):
            kept.append(line)
    return kept


def _version(line: str, following: str) -> Version | None:
    """The version that a line is the heading of."""
    found = _HEADING.fullmatch(line) if len(line) <= 100 else None
    if found is None or (line[:1] in "-* " and not _LINE.fullmatch(following)):
        return None
    short = re.fullmatch(r"[\]\s:.,(\[\-–—/]*(\(?\w*\s?[\w.,\-/: ]{0,30}\)?)?[\s*=:]*", found["rest"])
    if not (found["mark"] or _LINE.fullmatch(following) or short):
        return None
    try:
        return Version(found["version"].rstrip("."))
    except InvalidVersion:
        return None
