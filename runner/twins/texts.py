"""Names in what people read: the instruction, documents, comments and docstrings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

WORD = re.compile(r"[^\W\d]\w*")
"""What could be an identifier."""
_DOCUMENT = re.compile(r"\.(md|markdown|rst)$|(^|/)(readme|changelog|changes|history|news|contributing)(\.txt)?$", re.I)
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_SPAN = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)", re.DOTALL)
_KEPT = re.compile(r"[\w./-]+\.pyi?(::[\w:\[\].-]+)?")
"""A path, or a test id."""
_KEPT_IN_CODE = re.compile(rf"{_KEPT.pattern}|\"[^\"\n]*\"|'[^'\n]*'")
"""And what is quoted."""


def words_of(data: bytes) -> set[str]:
    """Every word that could be an identifier."""
    return set(WORD.findall(data.decode("utf-8", "replace")))


def is_document(path: str) -> bool:
    """Whether a file is written for people: names in it follow the code."""
    return _DOCUMENT.search(path) is not None


def is_telling(word: str) -> bool:
    """Whether a word is an identifier even in the midst of prose: `snake_case`, or capitals within."""
    plain = word.strip("_")
    return "_" in plain or re.search(r"[a-z][A-Z]", plain) is not None


def renamed_prose(text: str, names: Mapping[str, str]) -> str:
    """A text with its names replaced: any word in code (fences, indented blocks, spans), telling ones elsewhere."""
    return "".join(_renamed(part, names, None if code else is_telling) for part, code in parts(text))


def renamed_comment(text: str, names: Mapping[str, str]) -> str:
    """A comment or docstring with its names replaced: any word between backticks, telling ones elsewhere."""
    return "".join(_renamed(part, names, None if code else is_telling) for part, code in _spans(text))


def renamed_expression(expression: str, names: Mapping[str, str]) -> str:
    """A regular expression with the telling names in it replaced."""

    def replace(found: re.Match[str]) -> str:
        word = found.group()
        return names.get(word, word) if is_telling(word) else word

    return re.sub(r"\\.|[^\W\d]\w*", replace, expression)


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """(part, whether it is code) of a Markdown or reStructuredText text; joined they are the text."""
    prose: list[str] = []
    fence = ""
    blank = True
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        indented = line.startswith(("    ", "\t")) and (blank or fence == "indent")
        if fence not in ("", "indent"):
            yield line, True
            fence = "" if mark and mark[1] == fence else fence
        elif mark or indented:
            yield from _spans("".join(prose))
            prose = []
            yield line, True
            fence = mark[1] if mark else "indent"
        else:
            prose.append(line)
            fence = ""
        blank = not line.strip()
    yield from _spans("".join(prose))


def _spans(text: str) -> Iterator[tuple[str, bool]]:
    at = 0
    for span in _SPAN.finditer(text):
        yield text[at : span.start()], False
        yield span.group(), True
        at = span.end()
    yield text[at:], False


def _renamed(text: str, names: Mapping[str, str], where: Callable[[str], bool] | None) -> str:
    """Words replaced that `where` allows; what stands in paths, test ids and quotes of code stays."""

    def replace(found: re.Match[str]) -> str:
        word = found.group()
        return names.get(word, word) if where is None or where(word) else word

    at = 0
    pieces: list[str] = []
    for kept in (_KEPT_IN_CODE if where is None else _KEPT).finditer(text):
        pieces += [WORD.sub(replace, text[at : kept.start()]), kept.group()]
        at = kept.end()
    return "".join([*pieces, WORD.sub(replace, text[at:])])
