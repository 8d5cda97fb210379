"""A report without the fix in it: its code, pointers to it, sentences that say what to change, people's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.mining import phrases
from runner.scenarios.leaks import added, is_telling_line, mentions, new_names, squeeze
from sandboxes.archive import Tree

LONGEST = 40_000
"""Characters of a text that are read: more of it is a log."""
FEWEST_LEFT = 3
"""Words without which a sentence that lost a number or a name says nothing."""


@dataclass(frozen=True)
class Fix:
    """What must not be in a text."""

    lines: frozenset[str] = frozenset()
    """Telling lines that the fix adds, without white space."""
    names: tuple[str, ...] = ()
    """Names that only the fix has."""
    files: tuple[str, ...] = ()
    """Paths that it changes."""

    @classmethod
    def between(cls, base: Tree, solved: Tree) -> Fix:
        changed = {path: entry for path, entry in solved.items() if base.get(path) != entry}
        lines = (line for path, entry in changed.items() for line in added(base.get(path), entry))
        files = (*changed, *(path for path in base if path not in solved))
        telling = frozenset(squeeze(line) for line in lines if is_telling_line(line))
        return cls(telling, tuple(new_names(base, changed)), files)

    def is_in(self, text: str) -> bool:
        """Whether a text holds a line of the fix, however it is wrapped."""
        flat = squeeze(text)
        return any(line in flat for line in self.lines)

    def is_named_in(self, text: str) -> bool:
        """Whether a text names something that only the fix has, or a file that it changes."""
        names = (*self.names, *self.files, *(path.rsplit("/", 1)[-1] for path in self.files))
        return any(mentions(text, name) for name in names)


def cleaned(text: str, fix: Fix, describes_change: bool = False) -> str:
    """`text` without what gives the fix away, is meant for people of the project, or says nothing.

    `describes_change`: a commit's or a pull request's text, where an imperative ("Use …", "Replace …") is the fix.
    """
    parts: list[str] = []
    for info, block in _blocks(_without_hidden(text[:LONGEST])):
        if info is None:
            parts.append(_prose(block, fix, describes_change))
        elif not _is_diff(info, block) and not fix.is_in(block):
            parts.append(f"```{info}\n{block.rstrip()}\n```")
    whole = _without_sections("\n\n".join(part.strip("\n") for part in parts if part.strip()))
    return re.sub(r"\n{3,}", "\n\n", whole).strip()


def _without_hidden(text: str) -> str:
    return phrases.HIDDEN.sub("", phrases.COMMENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def _blocks(text: str) -> Iterator[tuple[str | None, str]]:
    """(language of a fenced block, or None for prose; its text); a fence that is never closed ends with the text."""
    lines: list[str] = []
    mark, info = "", ""
    for line in text.split("\n"):
        fence = phrases.FENCE.match(line)
        if not mark and fence:
            yield None, "\n".join(lines)
            mark, info, lines = fence["mark"], fence["info"].strip(), []
        elif mark and fence and fence["mark"].startswith(mark) and not fence["info"]:
            yield info, "\n".join(lines)
            mark, lines = "", []
        else:
            lines.append(line)
    yield (info if mark else None), "\n".join(lines)


def _is_diff(info: str, block: str) -> bool:
    lines = [line for line in block.split("\n") if line.strip()]
    signed = sum(line[0] in "+-" for line in lines)
    return (
        info.split(" ")[0].lower() in ("diff", "patch", "suggestion")
        or any(phrases.DIFF_START.match(line) for line in lines)
        or (signed >= 2 and signed * 2 > len(lines) and {line[0] for line in lines} >= {"+", "-"})
    )


def _prose(text: str, fix: Fix, describes_change: bool) -> str:
    """Prose, piece by piece; a piece is an item of a list, a line of code, a heading, or a paragraph."""
    return "\n".join(
        kept for piece in _pieces(_without_diffs(text)) if (kept := _piece(piece, fix, describes_change)) is not None
    )


def _without_diffs(text: str) -> str:
    """Prose without diffs that nobody fenced."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        inside = bool(phrases.DIFF_START.match(line)) or (inside and bool(phrases.DIFF_LINE.match(line)))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _pieces(text: str) -> Iterator[str]:
    paragraph: list[str] = []
    for line in text.split("\n"):
        item = _ITEM.match(line)
        inside = bool(paragraph and _ITEM.match(paragraph[0]) and line[:1].isspace() and line.strip() and not item)
        if item or (not inside and (not line.strip() or _ALONE.match(line) or phrases.TRAILER.match(line))):
            if paragraph:
                yield "\n".join(paragraph)
            paragraph = [line] if item else []
            if not item:
                yield line
        else:
            paragraph.append(line)
    if paragraph:
        yield "\n".join(paragraph)


_ITEM = re.compile(r"\s{0,8}(?:[-*+]\s|-\w|\d{1,3}[.)]\s)")
_ALONE = re.compile(r" {4,}|\t|#{1,6}\s|>|\|")
"""A line that belongs to no paragraph: of code, of a table, a heading, a quotation."""


def _piece(piece: str, fix: Fix, describes_change: bool) -> str | None:
    """A piece without what gives the fix away; None where all of it does."""
    if not piece.strip() or phrases.HEADING.fullmatch(piece):
        return piece
    people = (phrases.TRAILER, phrases.PEOPLE, phrases.TICK)
    if any(pattern.fullmatch(piece) for pattern in people) or fix.is_in(piece):
        return None
    sentences, spaces = _sentences(piece)
    told = ("" if _gives_away(each, fix, describes_change) else _inline(each, fix) for each in sentences)
    kept = "".join(f"{each}{space}" for each, space in zip(told, spaces, strict=True) if each)
    return kept.rstrip() if kept.rstrip() == piece.rstrip() or re.search(r"\w", kept) else None


def _sentences(piece: str) -> tuple[list[str], list[str]]:
    """Sentences, and the white space after each."""
    parts = phrases.SENTENCE_END.split(piece)
    return parts[::2], [*parts[1::2], ""]


def _gives_away(sentence: str, fix: Fix, describes_change: bool) -> bool:
    if phrases.SOLVES.search(sentence) or (describes_change and phrases.IMPERATIVE.match(sentence)):
        return True
    return phrases.DIAGNOSES.search(sentence) is not None and fix.is_named_in(sentence)


def _inline(sentence: str, fix: Fix) -> str:
    """A sentence without links into trackers, numbers, hashes, people, pointers to the fix; empty if that was all."""

    def pointer(match: re.Match[str]) -> str:
        hit = any(path == match["path"] or path.endswith(f"/{match['path'].lstrip('./')}") for path in fix.files)
        return "the code" if hit and not sentence.lstrip().startswith("File ") else match[0]

    def mention(match: re.Match[str]) -> str:
        return match[0] if match["name"] in phrases.DECORATORS else "somebody"

    def link(match: re.Match[str]) -> str:
        if not phrases.TRACKER.match(match["url"]):
            return match[0]
        return "" if re.fullmatch(rf"{phrases.NUMBER}|https?://\S+|\s*", match["text"]) else match["text"]

    plain = phrases.CLAUSE.sub("", phrases.TRACKER.sub("", phrases.LINK.sub(link, sentence)))
    plain = phrases.POINTER.sub(pointer, phrases.COMMIT.sub("an earlier commit", plain))
    plain = "".join(
        part if at % 2 else phrases.MENTION.sub(mention, phrases.REFERENCE.sub("another report", part))
        for at, part in enumerate(phrases.CODE.split(plain))
    )
    if plain == sentence:
        return phrases.ROLE.sub(r"`\1`", sentence)
    left = re.sub(r"an earlier commit|another report|somebody", "", plain)
    if len(re.findall(r"[^\W\d_]{2,}", left)) < FEWEST_LEFT:
        return ""
    plain = phrases.ROLE.sub(r"`\1`", plain)
    plain = re.sub(r"\(\W*\)|\[\W*\]", "", re.sub(r"[ \t]*[,;:][ \t]*(?=[)\]])", "", plain))
    return re.sub(r"(?<=\S)[ \t]+(?=[.,;!?)\n]|:\s|$)", "", re.sub(r"(?<=\S)[ \t]{2,}", " ", plain))


def _without_sections(text: str) -> str:
    """Without sections that describe the fix or how it was made, and without headings over nothing."""
    kept: list[tuple[int, list[str]]] = [(0, [])]
    dropped = 0
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        heading = None if fenced else phrases.HEADING.fullmatch(line)
        if heading:
            level = len(heading["level"] or "") or 7
            if dropped and level > dropped:
                continue
            dropped = (
                level if phrases.UNWANTED.fullmatch((heading["name"] or heading["bold"] or "").strip(" #:*")) else 0
            )
            if not dropped:
                kept.append((level, [line]))
        elif not dropped:
            kept[-1][1].append(line)
    shown: list[str] = []
    for at, (level, lines) in enumerate(kept):
        below = kept[at + 1][0] if at + 1 < len(kept) else 0
        if level == 0 or below > level or not phrases.EMPTY.fullmatch("\n".join(lines[1:])):
            shown.append("\n".join(lines).rstrip())
    return "\n\n".join(filter(None, shown))
