"""The kind `rename`: identifiers in other words, everywhere alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from runner.arms import TwinKind
from runner.scenarios.scenario import ApprovalRule, Scenario
from runner.twins.base import Subject, Terms, Transformed, TwinRefused
from runner.twins.file_names import PYTHON
from runner.twins.names import survey
from runner.twins.rewriting import renamed_module
from runner.twins.texts import is_document, renamed_comment, renamed_expression, renamed_prose
from runner.twins.words import Namer
from sandboxes.archive import Entry, Tree


class Rename:
    """Consistent renaming of what the repository itself names (`runner.twins.names` says what stays)."""

    kind: TwinKind = "rename"

    def apply(self, subject: Subject, terms: Terms) -> Transformed:
        """Raises TwinRefused."""
        found = survey(subject, terms.outside)
        free = [name for name in found.free if name not in terms.without]
        if not free:
            raise TwinRefused("nothing-to-change", "every name that it defines is one that something else relies on")
        namer = Namer(f"rename {terms.seed}", {*found.words, *found.fixed})
        names = {name: namer.other(name) for name in free}
        uses = sum(found.uses[name] for name in found.defined)
        changed = sum(found.uses[name] for name in names)
        return Transformed(
            subject=with_names(subject, names, found.told),
            names={new: old for old, new in names.items()},
            changed=len(names),
            candidates=len(found.defined),
            uses=changed / uses if uses else 0.0,
        )


def with_names(subject: Subject, names: Mapping[str, str], told: Collection[str] = ()) -> Subject:
    """A subject with every name (old → new) replaced in code, documents, instruction and what the graders know.

    Names among `told` are replaced in code alone: a text may mean somebody's data, or a message, by them.
    """
    in_texts = {old: new for old, new in names.items() if old not in told}
    known: dict[tuple[str, Entry], Entry] = {}

    def one(path: str, entry: Entry) -> Entry:
        if (path, entry) not in known:  # the trees share most of their files
            known[path, entry] = _file(path, entry, names, in_texts)
        return known[path, entry]

    def tree(files: Tree) -> dict[str, Entry]:
        return {path: one(path, entry) for path, entry in files.items()}

    return replace(
        subject,
        scenario=_scenario(subject.scenario, names, in_texts),
        base=tree(subject.base),
        solved=tree(subject.solved),
        hidden=tree(subject.hidden),
        instruction=renamed_prose(subject.instruction, in_texts),
        framings={name: renamed_prose(text, in_texts) for name, text in subject.framings.items()},
    )


def _file(path: str, entry: Entry, names: Mapping[str, str], in_texts: Mapping[str, str]) -> Entry:
    if entry.is_link:
        return entry
    if path.endswith(PYTHON):
        try:
            return replace(entry, data=renamed_module(entry.data, names))
        except RecursionError:
            raise TwinRefused("too-large", f"{path} has an expression of too many parts to be changed") from None
    if is_document(path):
        text = entry.data.decode("utf-8", "surrogateescape")
        return replace(entry, data=renamed_prose(text, in_texts).encode("utf-8", "surrogateescape"))
    return entry


def _scenario(scenario: Scenario, names: Mapping[str, str], in_texts: Mapping[str, str]) -> Scenario:
    def place(location: str) -> str:
        file, separator, symbol = location.partition("::")
        return file + separator + ".".join(names.get(part, part) for part in symbol.split("."))

    def rule(each: ApprovalRule) -> ApprovalRule:
        return each.model_copy(update={"reason": renamed_comment(each.reason, in_texts)})

    def expressions(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(renamed_expression(text, in_texts) for text in texts)

    return scenario.model_copy(
        update={
            "title": renamed_comment(scenario.title, in_texts),
            "truth": scenario.truth.model_copy(update={"locations": tuple(map(place, scenario.truth.locations))}),
            "approval": tuple(map(rule, scenario.approval)),
            "framing": scenario.framing.model_copy(update={"facts": expressions(scenario.framing.facts)}),
            "checks": scenario.checks.model_copy(update={"mentions": expressions(scenario.checks.mentions)}),
        }
    )
