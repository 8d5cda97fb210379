"""How much of a fix a text gives away: names and lines that only the fix has, and the files that it changes."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandboxes.archive import Entry, Tree

FEWEST_TOKENS = 4
"""Of a line that counts as quoted: `return x` may stand anywhere."""
FILE_WEIGHT = 0.25
"""What naming a changed file gives away, where naming all of the fix is 1."""
MAX_BYTES = 1_000_000
"""Larger files of the fix are data, and not read."""
_OTHER_KEYWORDS = """
function const export default extends throw throws catch typeof undefined null interface struct func package impl match
trait switch case static void public private protected final implements super self this
"""
KEYWORDS = frozenset([*keyword.kwlist, *_OTHER_KEYWORDS.split()])
"""Of Python, JavaScript, Go, Rust and the like: no names."""

_NAME = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`((?:[^`\\\n]|\\.)*)`')
_COMMENT = re.compile(r"(?:^\s*(?:#|//|\*|/\*|--\s).*$)|(?:\s(?:#|//)\s.*$)")


@dataclass(frozen=True)
class Leak:
    """What a text gives away of a fix."""

    score: float
    """0, nothing, to 1, everything."""
    shared: tuple[str, ...] = ()
    """Identifiers and string constants that the fix adds and the text mentions."""
    lines: tuple[str, ...] = ()
    """Lines of the fix that the text quotes."""
    files: tuple[str, ...] = ()
    """Changed files that the text names."""


def leak(text: str, base: Tree, solved: Tree) -> Leak:
    """What `text` gives away of the change from `base` to `solved`.

    With N the names that the fix adds and no file of the base has, S those of them that the text mentions, A the added
    lines of four tokens or more, Q those that the text quotes (white space aside), and f = 1 where a changed file is
    named by its path or name:

        score = 1 − (1 − |S| / (|N| + 1)) · (1 − |Q| / |A|) · (1 − f / 4)

    a noisy or of three independent gifts. One is added to |N| so that the only new name, which is often the interface
    that an issue must name, is half of the fix and not all of it. A part without N or A counts as 0.
    """
    changed = {path: entry for path, entry in solved.items() if base.get(path) != entry and _is_read(entry)}
    touched = {*changed, *(path for path in base if path not in solved)}
    names = new_names(base, changed)
    lines = [line for path, entry in changed.items() for line in added(base.get(path), entry) if is_telling_line(line)]
    squeezed = squeeze(text)
    shared = [name for name in names if mentions(text, name)]
    quoted = [line.strip() for line in dict.fromkeys(lines) if squeeze(line) in squeezed]
    files = sorted(path for path in touched if mentions(text, path) or mentions(text, path.rsplit("/", 1)[-1]))
    kept = 1 - len(shared) / (len(names) + 1)
    kept *= 1 - len(quoted) / len(set(lines)) if lines else 1
    kept *= 1 - FILE_WEIGHT if files else 1
    return Leak(round(1 - kept, 4), tuple(shared), tuple(quoted), tuple(files))


def new_names(base: Tree, changed: Tree) -> list[str]:
    """Telling identifiers and string constants on the added lines of `changed` that no file of the base has, sorted."""
    found = {name for path, entry in changed.items() for name in _names(path, base.get(path), entry)}
    whole = [entry.data for entry in base.values() if _is_read(entry)]
    for data in whole:
        found = {name for name in found if name.encode("utf-8", "surrogateescape") not in data}
    return sorted(found)


def added(before: Entry | None, after: Entry) -> list[str]:
    """The lines that a file has more often than before; none of a link or of what is no text."""
    old = Counter(_text(before).splitlines()) if before is not None else Counter[str]()
    new: list[str] = []
    for line in _text(after).splitlines():
        if old[line]:
            old[line] -= 1
        else:
            new.append(line)
    return new


def squeeze(text: str) -> str:
    """Text without white space, to find a line however it was wrapped or indented."""
    return "".join(text.split())


def is_telling_line(line: str) -> bool:
    """Whether a line is code that would be recognised: four tokens or more, a word among them, and no comment."""
    code = _COMMENT.sub("", line)
    return len(_TOKEN.findall(code)) >= FEWEST_TOKENS and _NAME.search(code) is not None


def words(text: str) -> set[str]:
    """What could be an identifier, in lower case and without underscores around it."""
    return {word.strip("_").casefold() for word in _NAME.findall(text)}


def mentions(text: str, name: str) -> bool:
    """Whether a name, path or message stands in a text, not as a part of a longer one; case does not matter."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def is_telling(word: str) -> bool:
    """Whether a word is rather an identifier: four letters or more, and no common English word."""
    return sum(map(str.isalpha, word)) >= 4 and not _is_common(word.strip("_").casefold())


def _names(path: str, before: Entry | None, after: Entry) -> Iterator[str]:
    """The telling identifiers and string constants on a file's added lines; comments and docstrings have none."""
    new = set(added(before, after))
    text = _text(after)
    tokens = _python(text) if path.endswith((".py", ".pyi")) else None
    for line, name in tokens if tokens is not None else _any_language(text):
        message = " " in name and len(_TOKEN.findall(name)) >= FEWEST_TOKENS
        if line in new and name not in KEYWORDS and (message or is_telling(name)):
            yield name


def _python(text: str) -> list[tuple[str, str]] | None:
    """(line, identifier or one-line string constant) of a Python file; None where it is none."""
    lines = text.splitlines()
    found: list[tuple[str, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            at = token.start[0] - 1
            if token.type == tokenize.NAME:
                found.append((lines[at], token.string))
            elif token.type == tokenize.STRING and not token.string.endswith(('"""', "'''")):
                found += [(lines[at], literal[1] or literal[2] or "") for literal in _LITERAL.finditer(token.string)]
    except (tokenize.TokenError, SyntaxError, IndexError):
        return None
    return found


def _any_language(text: str) -> list[tuple[str, str]]:
    """Likewise of a file in any language, by the look of it."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        code = _COMMENT.sub("", line)
        found += [(line, literal[1] or literal[2] or literal[3] or "") for literal in _LITERAL.finditer(code)]
        found += [(line, name) for name in _NAME.findall(_LITERAL.sub('""', code))]
    return found


def _is_read(entry: Entry) -> bool:
    return not entry.is_link and len(entry.data) <= MAX_BYTES and b"\0" not in entry.data


def _text(entry: Entry) -> str:
    return entry.data.decode("utf-8", "surrogateescape") if _is_read(entry) else ""


def _is_common(word: str) -> bool:
    """Whether an English word is a common one, as it stands or without an ending."""
    known = _common_words()
    if word in known or (word.endswith("ies") and word[:-3] + "y" in known):
        return True
    stems = {word.removesuffix(ending) for ending in ("s", "es", "ed", "ing", "er", "ly") if word.endswith(ending)}
    undoubled = {stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]}
    return not known.isdisjoint(stems | {stem + "e" for stem in stems} | undoubled)


@cache
def _common_words() -> frozenset[str]:
    file = Path(__file__).with_name("common_words.txt")
    return frozenset(file.read_text(encoding="utf-8").split())
