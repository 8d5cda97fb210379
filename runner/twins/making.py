"""Twins made: transformed, written, proved, and tried again without what a proof points at."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from runner.arms import Kind, TwinKind
from runner.errors import FileProblem, ScenarioInvalid, UserError, is_full
from runner.grading import baseline
from runner.scenarios.catalog import RAW, ScenarioFolder
from runner.scenarios.checkout import base_tree, solved_tree
from runner.scenarios.scenario import ImpossibleKind
from runner.scenarios.workspace import Workspace, prepare
from runner.twins import cache
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.cache import About, Twin
from runner.twins.impossible import first_that_holds
from runner.twins.kinds import KINDS, transformed
from runner.twins.outside import outside_names
from runner.twins.proving import Unlike, prove
from sandboxes.images import ImageStore

TRIES = 5
"""Proofs of one twin; each is without the names that the one before pointed at."""


@dataclass
class Maker:
    """Makes twins; threads may share it. `say` hears what takes long."""

    images: ImageStore
    say: Callable[[str], None] = lambda text: None
    _outside: dict[tuple[str, frozenset[str]], frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def twin(self, original: ScenarioFolder, kinds: Sequence[Kind], seed: int) -> Twin:
        """From the cache, or made and proved. Raises TwinRefused, EngineUnavailable and the sandbox's errors."""
        key = cache.key_of(original, kinds, seed)
        if (known := cache.kept(key)) is not None:
            return known
        if original.framework.language != "Python":
            language = original.framework.language
            raise TwinRefused("not-python", f"its tests are {language}'s, and only Python is transformed")
        self.say(f"{original.id}: a twin by {'+'.join(kinds)} is made and proved")
        if (impossible := next((kind for kind in get_args(ImpossibleKind) if kind in kinds), None)) is not None:
            return self._impossible(original, impossible, seed, key)
        return self._made(original, [form for kind in kinds for form in KINDS if form == kind], seed, key)

    def _impossible(self, original: ScenarioFolder, kind: ImpossibleKind, seed: int, key: str) -> Twin:
        began = time.monotonic()
        if original.scenario.impossible is not None:
            raise TwinRefused("original-invalid", "it is impossible already")
        with _partial(key) as partial:
            try:
                made = first_that_holds(original, kind, original.id, partial, self.images, 1, self.say)
            except UserError as error:
                raise TwinRefused("nothing-to-change", str(error)) from error
            except ScenarioInvalid as error:
                raise TwinRefused("unlike", f"{error.code}: {error.problem[:500]}") from error
            except FileProblem as error:
                raise TwinRefused("unlike", f"as a scenario it cannot be read again: {error}") from error
            baseline.keep(*made)
            about = About(
                scenario=original.id, original=original.digest, kinds=(kind,), seed=seed, changed=1, candidates=1,
            )  # fmt: skip
            return self._kept(partial, key, about, began)

    def _made(self, original: ScenarioFolder, kinds: Sequence[TwinKind], seed: int, key: str) -> Twin:
        began = time.monotonic()
        try:
            workspace = prepare(original, self.images)
            known = baseline.baseline(self.images.engine, workspace)
            base = base_tree(original)
            solved = solved_tree(original, base)
        except ScenarioInvalid as error:
            raise TwinRefused("original-invalid", f"{error.code}: {error.problem[:500]}") from error
        texts = {name: text for name, text in original.framings.items() if name != RAW}
        subject = Subject(original.scenario, base, solved, original.hidden, original.instruction, texts)
        without: frozenset[str] = frozenset()
        for tried in range(1, TRIES + 1):
            terms = Terms(seed, lambda modules: self._names(workspace, modules), without)
            made = transformed(subject, kinds, terms)
            about = About(
                scenario=original.id, original=original.digest, kinds=tuple(kinds), seed=seed, names=dict(made.names),
                words=tuple(sorted(made.words)),
                changed=made.changed, candidates=made.candidates, uses=round(made.uses, 4), kept=tuple(sorted(without)),
            )  # fmt: skip
            try:
                return self._proved(made.subject, original, known, key, about, began)
            except Unlike as error:
                more = error.pointed_at(made.names, made.touched) - without
                if not more or tried == TRIES:
                    raise
                self.say(f"{original.id}: {error.sentence[:200]}; once more without {', '.join(sorted(more)[:8])}")
                without |= more
        raise AssertionError("the last try returns or raises")

    def _proved(
        self, subject: Subject, original: ScenarioFolder, known: baseline.Baseline, key: str, about: About, began: float
    ) -> Twin:
        with _partial(key) as partial:
            found = cache.write(subject, original, partial)
            workspace = self._prepared(found)
            try:
                result = prove(self.images.engine, workspace, original, known)
            except BaseException:
                with suppress(Exception):
                    self.images.give_back(workspace.image)
                raise
            baseline.keep(workspace, result)
            return self._kept(partial, key, about, began)

    def _kept(self, partial: Path, key: str, about: About, began: float) -> Twin:
        cache.keep(partial, key, about.model_copy(update={"seconds": round(time.monotonic() - began, 1)}))
        if (twin := cache.kept(key)) is None:
            raise OSError(f"the twin in {cache.folder_of(key)} was removed while it was made")
        return twin

    def _prepared(self, found: ScenarioFolder) -> Workspace:
        try:
            return prepare(found, self.images)
        except ScenarioInvalid as error:
            raise Unlike(f"{error.code}: {error.problem[:500]}", [error.problem]) from error

    def _names(self, workspace: Workspace, modules: Collection[str]) -> frozenset[str]:
        """What outside modules define, asked once for each image."""
        key = workspace.image, frozenset(modules)
        with self._lock:
            known = self._outside.get(key)
        if known is None:
            known = outside_names(self.images.engine, workspace.image, modules)
            with self._lock:
                self._outside[key] = known
        return known


@contextmanager
def _partial(key: str) -> Iterator[Path]:
    """A folder to write a twin into; it is gone in the end. Raises FileProblem where there can be none."""
    try:
        folder = cache.partial_folder(key)
    except OSError as error:
        if is_full(error):
            raise
        problem = f"can hold no twin: {error.strerror or error}; XDG_CACHE_HOME names another folder"
        raise FileProblem(cache.folder_of(key).parent, problem) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
