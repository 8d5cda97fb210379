"""Which names a repository's own Python defines, and which of them stay, and why.

Renaming goes by name: an identifier is renamed wherever it stands or nowhere, so that no type needs to be known. What
that asks for is that a name belong to the repository alone. A name stays when anything else may rely on its spelling:
the language, the standard library and installed packages, pytest, test ids, strings and data files. Strings and
attributes of outside things do not matter to names that only variables within functions have (`FileNames.local`).
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from runner.python import concrete, parsed
from runner.twins.base import Subject, TwinRefused
from runner.twins.file_names import PYTHON, FileNames, own_roots
from runner.twins.texts import WORD, is_document, is_telling, words_of

MOST_BYTES = 8 << 20
"""Of Python in all."""
DATA_BYTES = 4 << 20
"""Of each other file, beyond which it is not read."""

_SHORTEST = 3
_LANGUAGE = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "cls", "mcs"})


@dataclass
class Survey:
    """What was found in all of a scenario's files."""

    defined: frozenset[str] = frozenset()
    """Names that the repository defines."""
    fixed: dict[str, str] = field(default_factory=dict)
    """Name → why it stays, the first reason."""
    uses: Counter[str] = field(default_factory=Counter)
    """How often each identifier stands in the base's Python."""
    words: set[str] = field(default_factory=set)
    """Every word of every text: no new name may be one."""
    told: set[str] = field(default_factory=set)
    """Words that may be somebody's data where people read them: no text is rewritten for them."""

    @property
    def free(self) -> list[str]:
        """The names that may be renamed, in order."""
        return sorted(name for name in self.defined if name not in self.fixed)

    def fix(self, names: Iterable[str], why: str) -> None:
        for name in names:
            self.fixed.setdefault(name, why)


def survey(subject: Subject, outside: Callable[[Collection[str]], frozenset[str]]) -> Survey:
    """Look at every file and text of a scenario; `outside` tells the names of modules (`Terms.outside`).

    Raises TwinRefused where that is more than is transformed."""
    found = Survey()
    files = {(path, each.data) for tree in subject.trees for path, each in tree.items() if not each.is_link}
    python = [(path, data) for path, data in sorted(files) if path.endswith(PYTHON)]
    if sum(len(data) for _, data in python) > MOST_BYTES:
        raise TwinRefused("too-large", f"it has more than {MOST_BYTES >> 20} MiB of Python, which is not transformed")
    own = own_roots(path for path, _ in files)
    seen = FileNames(own)
    found.fix(sorted(_LANGUAGE), "is part of the language")
    for path, data in python:
        words = words_of(data)
        found.words |= words
        tree = parsed(data)
        if tree is None or concrete(data) is None:
            found.fix(sorted(words), f"stands in {path}, which cannot be changed")
        else:
            seen.read(tree, counts=path in subject.base and subject.base[path].data == data)
    for name, why in (seen.fixed | seen.exposed.called).items():
        found.fixed.setdefault(name, why)
    found.fix(sorted(seen.exposed.listed), "may be part of a test's id")
    _outside(found, seen, outside(seen.modules))
    local = seen.local
    found.fix(sorted(seen.strings - local), "stands in a string")
    found.fix(sorted(_put_together(seen) - local), "may be put together of strings")
    for path, data in sorted(files):
        if not path.endswith(PYTHON):
            words = words_of(data[:DATA_BYTES])
            found.words |= words
            if not is_document(path):
                found.fix(sorted(words - local), f"stands in {path}")
    found.defined = frozenset(name for name in seen.defined if _may_change(name))
    found.uses, found.told = seen.uses, seen.strings
    _texts(found, subject, local)
    return found


def _put_together(seen: FileNames) -> set[str]:
    """Names that begin or end as a string does that stops at an underscore: `getattr(self, "visit_" + kind)`."""
    heads = tuple(word for word in seen.strings if word.endswith("_") and word.strip("_"))
    tails = tuple(
        word for word in seen.strings if word.startswith("_") and not word.startswith("__") and word.strip("_")
    )
    return {name for name in seen.defined if name.startswith(heads) or name.endswith(tails)}


def _outside(found: Survey, seen: FileNames, outside: frozenset[str]) -> None:
    """What outside things, and modules, have for names behind a dot, or as keywords."""
    found.words |= outside
    found.fix(sorted(seen.attributes & outside), "is a name of the standard library or of an installed package")
    found.fix(sorted(seen.attributes & seen.own), "is a module or a folder")
    for callee, words in seen.keywords.items():
        if callee not in seen.defined or callee in outside:
            found.fix(sorted(words), f"is a keyword of {callee or 'an unknown call'}")


def _texts(found: Survey, subject: Subject, local: frozenset[str]) -> None:
    for text in subject.texts:
        found.words |= words_of(text.encode("utf-8", "replace"))
    for expression in (*subject.scenario.framing.facts, *subject.scenario.checks.mentions):
        words = WORD.findall(re.sub(r"\\.", " ", expression))
        plain = {word for word in words if not is_telling(word)}
        found.words |= set(words)
        found.told |= plain
        found.fix(sorted(plain - local), "is a plain word of a fact")


def _may_change(name: str) -> bool:
    plain = name.strip("_")
    return len(plain) >= _SHORTEST and not name.startswith("__") and not plain.lower().startswith(("test", "pytest_"))
