"""A report without the fix in it: code of the fix, diffs, pointers, sentences that say what to change, people's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.leaks import added, is_telling_line, mentions, new_names, squeeze
from sandboxes.archive import Tree


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
    for info, block in _blocks(_without_hidden(text)):
        if info is None:
            parts.append(_prose(block, fix, describes_change))
        elif not _is_diff(info, block) and not fix.is_in(block):
            parts.append(f"```{info}\n{block.rstrip()}\n```")
    whole = _without_sections("\n\n".join(part.strip("\n") for part in parts if part.strip()))
    return re.sub(r"\n{3,}", "\n\n", whole).strip()


_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`]*)")
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])|<img\b[^>]*>|</?(?:details|summary|br|p|div|sub|sup)\b[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_TRAILER = re.compile(
    r"(?:[A-Z][\w]*(?:-[\w]+)*-(?:by|to|Id|id|RevId|From|from)|Refs?|Fixes|Closes|Resolves|Bug|Issue|Ticket|PR|Link|"
    r"See[- ]also|Cc|CC|Change-Id|BUG|Test(?:s|ed)?|Reviewers?|Differential Revision|git-svn-id|Release-Note[s]?)\s*:\s*"
    r"(?=\S).*|\(cherry picked from commit \w+\)|\s*[*-]\s*wip\b.*",
)
_PEOPLE = re.compile(
    r"\s*(?:(?:/?cc|thanks|thank you|thx|ping|kudos|credits?(?: to)?|h/t|hat tip)\b.*|@[\w-]+[ ,]*)$", re.I
)
_TICK = re.compile(r"\s*[-*]\s+\[[ xX]\]\s.*$")
_HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<name>.*?)\s*#*\s*$|\*\*(?P<bold>[^*]+?):?\*\*:?\s*$")
_UNWANTED = re.compile(
    r"(?:possible |proposed |suggested |potential |describe (?:the|your) |my |the )*(?:solutions?|fix(?:es)?|patch|"
    r"root cause|cause|analysis|diagnosis|implementation(?: details)?|changes?(?: made)?|what (?:was )?(?:changed|this pr "
    r"does).*|how (?:has|was|did) (?:this|you|it).*test.*|tests?(?:ing)?(?: plan| instructions)?|type of change.*|"
    r"check ?list.*|related (?:issues?|prs?).*|linked issues?|references?|screenshots?.*|pull request.*checklist|"
    r"reviewers?|(?:before|after) (?:submitting|merging).*|alternatives?.*|release notes?|changelog.*|breaking changes?.*|"
    r"todo|links?)\W*$",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"[\W_]*(?:no response|n/?a|none|nothing|tbd|todo|\.\.\.|…)?[\W_]*$", re.IGNORECASE)
_DIFF_START = re.compile(r"(?:diff --git |Index: |--- [ab/]|\+\+\+ [ab/]|@@ -\d)")
_DIFF_LINE = re.compile(
    r"(?:[-+ @\\]|diff |index |Index:|={5,}|new file|deleted file|old mode|new mode|similarity|rename )"
)

_SOLVES = re.compile(
    r"\b(?:(?:was|is|are|be|been|gets?|got) (?:now )?(?:fixed|solved|resolved|corrected) (?:by|with|in|through)\b|"
    r"(?:fix|fixes|fixed|solve|solves|solved|resolve[sd]?) (?:this|it|that|the (?:problem|issue|bug)) (?:by|with|through)\b|"
    r"\b(?:the|a|an|my|one|this|simple|easy|quick|possible|proposed|suggested|obvious|correct|right|proper|real) "
    r"(?:(?:simple|easy|quick|possible|proposed|suggested|obvious|correct|right|proper|real|one.line) )*"
    r"(?:fix|solution|patch|remedy)\b|"
    r"(?:we|you|it|one|this|i) (?:should|could|can|need to|needs to|must|might|have to|may) (?:just |simply |only |probably )?"
    r"(?:change|replace|use|add|remove|call|check|pass|move|rename|set|wrap|convert|switch|do|be (?:changed|replaced|moved))\b|"
    r"should (?:just |simply |probably )?be (?:changed|replaced|moved|renamed|wrapped|rewritten) (?:to|by|with|into|as|in)\b|"
    r"(?:i|we) (?:have |'ve )?(?:fixed|changed|replaced|patched|added|removed|switched|modified|moved)\b|"
    r"(?:this|the|my) (?:pr|commit|patch|mr|change|changeset|pull request|merge request|diff)\b|"
    r"(?:changing|replacing|adding|removing|moving|using|swapping|wrapping) .{0,80}\b(?:fixes|solves|resolves|helps|works)\b|"
    r"(?:see|in|as of|introduced (?:in|by)|since|regression (?:from|in)) (?:pr|pull request|merge request) )",
    re.IGNORECASE,
)
_DIAGNOSES = re.compile(
    r"\b(?:root cause|caused by|because|culprit|due to|the (?:problem|bug|issue|error|fault) (?:is|lies|was|seems|comes)|"
    r"looks like|it seems|introduced|offending|instead|line \d+|should (?:use|call|have|be))\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"\W*(?:now,? )?(?:uses?|using|replaces?d?|changes?d?|switch(?:e[sd])?|moves?d?|renames?d?|calls?|pass(?:es)?|swaps?|"
    r"initiali[sz]es?|wraps?|inlines?|extracts?|refactors?|imports?|overrides?|stores?|copy|copies|converts?|introduces?|"
    r"adds?|added|adding|removes?d?|drops?|makes?|checks?|compares?|sets?|skips?|returns?|updates?d?|simplif\w+|rewrites?|"
    r"deletes?|tests? for|tweaks?|also (?:add|fix|remove|test)\w*|instead,?)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"\[(?P<text>[^\]\n]*)\]\((?P<url>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
_TRACKER = re.compile(
    r"<?https?://[^\s<>()]*?(?:/(?:issues|pull|pulls|merge_requests|commits?|compare|blob|tree|browse|changeset|diff|raw|"
    r"discussions|pull-requests|rev)/|gist\.github|user-images|user-attachments|lore\.kernel|bugzilla|/show_bug)[^\s<>()]*>?",
    re.IGNORECASE,
)
_NUMBER = r"(?:[\w.-]+/[\w.-]+)?[#!]\d+\b|\bGH-\d+\b|\b[A-Z][A-Z0-9]{1,9}-\d+\b(?!\S*\.\d)"
_REFERENCE = re.compile(
    rf"[(\[]?\b(?:(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see(?: also)?|addresses|related to|part of|follow.?up (?:to|of)|"
    rf"duplicate of|issue|bug|pr|ticket)\b:?\s*)+(?:{_NUMBER})(?:\s*(?:,|and|&)\s*(?:{_NUMBER}))*[)\]]?"
    rf"|[(\[](?:{_NUMBER})(?:,\s*(?:{_NUMBER}))*[)\]]|(?<![\w&/])(?:[\w.-]+/[\w.-]+)?[#!]\d+\b|\bGH-\d+\b",
    re.IGNORECASE,
)
_COMMIT = re.compile(
    r"(?:\b(?:commit|changeset|revision|rev)\s+)?`?\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b`?"
)
_MENTION = re.compile(r"(?<![\w.`/@])@(?P<name>[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})\b(?![.(/])")
_POINTER = re.compile(r"`?(?P<path>[\w./-]+\.\w{1,5})(?::|#L|, line |\s+line\s+|\s+on line\s+)L?\d+(?:[-:]L?\d+)*`?")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?P<space>\s+)(?=[A-Z`\"'(\d*])")
_DECORATORS = frozenset(
    {"property", "staticmethod", "classmethod", "dataclass", "pytest", "cached_property", "override"}
)


def _without_hidden(text: str) -> str:
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _blocks(text: str) -> Iterator[tuple[str | None, str]]:
    """(language of a fenced block, or None for prose; its text); a fence that is never closed ends with the text."""
    lines: list[str] = []
    mark, info = "", ""
    for line in text.split("\n"):
        fence = _FENCE.match(line)
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
        or any(_DIFF_START.match(line) for line in lines)
        or (signed >= 2 and signed * 2 > len(lines) and {line[0] for line in lines} >= {"+", "-"})
    )


def _prose(text: str, fix: Fix, describes_change: bool) -> str:
    """Prose, piece by piece; a piece is a line of a list or of code, a heading, or a paragraph."""
    return "\n".join(
        kept for piece in _pieces(_without_diffs(text)) if (kept := _piece(piece, fix, describes_change)) is not None
    )


def _without_diffs(text: str) -> str:
    """Prose without diffs that nobody fenced."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        inside = bool(_DIFF_START.match(line)) or (inside and bool(_DIFF_LINE.match(line)))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _pieces(text: str) -> Iterator[str]:
    paragraph: list[str] = []
    for line in text.split("\n"):
        alone = (
            not line.strip() or re.match(r"\s*(?:[-*+]|\d+[.)])\s| {4,}|\t|#{1,6}\s|>|\|", line) or _TRAILER.match(line)
        )
        if alone:
            if paragraph:
                yield "\n".join(paragraph)
            paragraph = []
            yield line
        else:
            paragraph.append(line)
    if paragraph:
        yield "\n".join(paragraph)


def _piece(piece: str, fix: Fix, describes_change: bool) -> str | None:
    """A piece without what gives the fix away; None where all of it does."""
    if not piece.strip() or _HEADING.fullmatch(piece):
        return piece
    if any(pattern.fullmatch(piece) for pattern in (_TRAILER, _PEOPLE, _TICK)) or fix.is_in(piece):
        return None
    words = _SENTENCE_END.split(piece)
    kept = "".join(
        sentence if at % 2 else ("" if _gives_away(sentence, fix, describes_change) else _inline(sentence, fix))
        for at, sentence in enumerate(words)
    )
    return kept.rstrip() if re.search(r"\w", kept) else None


def _gives_away(sentence: str, fix: Fix, describes_change: bool) -> bool:
    if _SOLVES.search(sentence) or (describes_change and _IMPERATIVE.match(sentence)):
        return True
    return _DIAGNOSES.search(sentence) is not None and fix.is_named_in(sentence)


def _inline(sentence: str, fix: Fix) -> str:
    """A sentence without links into trackers, numbers, hashes, people, and pointers to the fix."""

    def pointer(match: re.Match[str]) -> str:
        hit = any(path == match["path"] or path.endswith(f"/{match['path'].lstrip('./')}") for path in fix.files)
        return "the code" if hit and not sentence.lstrip().startswith("File ") else match[0]

    def mention(match: re.Match[str]) -> str:
        return match[0] if match["name"] in _DECORATORS else "somebody"

    def link(match: re.Match[str]) -> str:
        text = match["text"]
        is_number = re.fullmatch(rf"{_NUMBER}|https?://\S+|\s*", text) is not None
        return "" if _TRACKER.match(match["url"]) and is_number else text if _TRACKER.match(match["url"]) else match[0]

    plain = _TRACKER.sub("", _LINK.sub(link, sentence))
    plain = _COMMIT.sub("an earlier commit", _REFERENCE.sub("", plain))
    plain = _POINTER.sub(pointer, _MENTION.sub(mention, plain))
    if plain == sentence:
        return sentence
    plain = re.sub(r"\(\s*\)|\[\s*\]", "", plain)
    return re.sub(r"(?<=\S)[ \t]+(?=[.,;:!?)\n]|$)", "", re.sub(r"(?<=\S)[ \t]{2,}", " ", plain))


def _without_sections(text: str) -> str:
    """Without sections that describe the fix or how it was made, and without headings over nothing."""
    kept: list[tuple[int, list[str]]] = [(0, [])]
    dropped = 0
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading:
            level = len(heading["level"] or "") or 7
            if dropped and level > dropped:
                continue
            dropped = level if _UNWANTED.fullmatch((heading["name"] or heading["bold"]).strip()) else 0
            if not dropped:
                kept.append((level, [line]))
        elif not dropped:
            kept[-1][1].append(line)
    shown: list[str] = []
    for at, (level, lines) in enumerate(kept):
        below = kept[at + 1][0] if at + 1 < len(kept) else 0
        if level == 0 or below > level or not _EMPTY.fullmatch("\n".join(lines[1:])):
            shown.append("\n".join(lines).rstrip())
    return "\n\n".join(filter(None, shown))
