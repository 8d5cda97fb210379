"""A twin's names in a text, each with the one that it has in the original."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from runner.events import AnyEvent
from runner.events.conversation import Challenged, Replied, Told
from runner.events.endings import Submitted
from runner.twins.texts import is_telling, parts

_WORD = re.compile(r"\w+")
_SAID = re.compile(
    r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|“[^”\n]*”'
    r"|\b\w*(?:Error|Exception|Warning): [^\n]*"
)
"""What code says: its strings, quotes of them, and errors as they are printed."""
JOINTS = frozenset("./-")
"""What stands between the parts of a path, and of a dotted name."""


class Originals:
    """Finds whole names alone, the longest that there is in a place: `a.b.c` and `a/b.py` before `a`."""

    def __init__(self, names: Mapping[str, str] | None = None, words: Collection[str] = ()) -> None:
        """`names`: new → old. Of these the `words` are no names of code: they have another form only in what it says,
        in strings, quotes and printed errors, and anywhere else are just themselves."""
        self._names = names or {}
        self._words = frozenset(words).intersection(self._names)
        self._forms = _forms(self._names)
        self._longest: defaultdict[str, int] = defaultdict(int)
        """First word of a form → words of the longest that begins so."""
        for form in self._forms:
            first, *rest = _WORD.findall(form)
            self._longest[first] = max(self._longest[first], 1 + len(rest))

    def __len__(self) -> int:
        return len(self._names)

    def pieces(self, text: str, prose: bool = False) -> Iterator[tuple[str, str]]:
        """The text in pieces, each with its original's name; that is empty for what has none.

        In `prose` a plain word is a name in code alone (fences, indented blocks, spans), for it may be just a word; one
        with a capital also within a sentence.
        """
        if not self._forms:
            yield text, ""
            return
        for part, is_code in parts(text) if prose else ((text, True),):
            at = 0
            for start, end, old in self._found(part, is_code):
                if start > at:
                    yield part[at:start], ""
                yield part[start:end], old
                at = end
            if at < len(part):
                yield part[at:], ""

    def beside(self, text: str, prose: bool = False) -> str:
        """The text with each original name behind the twin's.

        >>> Originals({"river": "lake"}).beside("river = rivers[river]")
        'river‹lake› = rivers[river‹lake›]'
        """
        return "".join(f"{piece}‹{old}›" if old else piece for piece, old in self.pieces(text, prose))

    def _found(self, text: str, is_code: bool) -> Iterator[tuple[int, int, str]]:
        words = [word.span() for word in _WORD.finditer(text)]
        said = [each.span() for each in _SAID.finditer(text)] if self._words else []
        at = 0
        while at < len(words):
            start, end = words[at]
            most = self._longest.get(text[start:end], 0)
            last = at
            while last + 1 < len(words) and last + 1 - at < most and _are_joined(text, words[last], words[last + 1]):
                last += 1
            for upto in range(last, at - 1, -1) if most else ():
                form = text[start : words[upto][1]]
                if form in self._words:
                    is_meant = _is_within(start, said)
                else:
                    is_meant = is_code or upto > at or is_telling(form) or _is_called(text, start)
                if is_meant and form in self._forms:
                    yield start, words[upto][1], self._forms[form]
                    at = upto
                    break
            at += 1


PROSE = (Told, Replied, Challenged, Submitted)
PROSE_TYPES = frozenset(kind.model_fields["type"].default for kind in PROSE)


def is_prose(event: AnyEvent) -> bool:
    """Whether the text of a step is written for people."""
    return isinstance(event, PROSE)


def _is_called(text: str, at: int) -> bool:
    """Whether a capital stands within a sentence, as in `the Store`."""
    return text[at].isupper() and at > 1 and text[at - 1] == " " and (text[at - 2].isalnum() or text[at - 2] in ",;)")


def _is_within(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a place lies in one of these, which are in order."""
    behind = bisect_right(spans, (at, at))
    return behind > 0 and at < spans[behind - 1][1]


def _are_joined(text: str, left: tuple[int, int], right: tuple[int, int]) -> bool:
    return right[0] - left[1] == 1 and text[left[1]] in JOINTS


def _forms(names: Mapping[str, str]) -> dict[str, str]:
    """Every way in which a text may name what has another name; what could mean two is left out.

    A moved module goes by its path, from any folder above it that did not move, dotted, and by its file's name alone.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for new, old in names.items():
        found[new].add(old)
        if new.endswith(".py") and old.endswith(".py"):
            for ours, theirs in _within(new, old):
                found[ours].add(theirs)
                found[_dotted(ours)].add(_dotted(theirs))
    return {form: each.pop() for form, each in found.items() if len(each) == 1 and form not in each}


def _within(new: str, old: str) -> Iterator[tuple[str, str]]:
    """Both paths, then without the folders that both are in, one after the other, at last without any."""
    yield new, old
    while "/" in new and new.partition("/")[0] == old.partition("/")[0]:
        new, old = new.partition("/")[2], old.partition("/")[2]
        yield new, old
    yield posixpath.basename(new), posixpath.basename(old)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
