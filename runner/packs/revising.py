"""An instruction rewritten: proposed by a person or a model beside the old one, taken over when somebody accepts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import tomlkit

from runner.errors import FileProblem, UserError
from runner.messages import Message
from runner.mining.rewriting import prompt_for_rewriting, template, written
from runner.models.base import Model
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.checkout import base_tree, solved_tree
from runner.scenarios.leaks import leak
from runner.scenarios.proposal import Proposal

PROPOSED = "instruction.proposed.md"
BY_MODEL = "<!-- proposed by a model -->"
"""First line of what a model proposed, until somebody takes it off."""


def proposal_of(found: ScenarioFolder) -> Proposal:
    """A scenario as what it was before it was proved. Raises ScenarioInvalid."""
    base = base_tree(found)
    tests = found.scenario.tests
    return Proposal(
        id=found.id,
        title=found.scenario.title,
        instruction=found.instruction,
        repo=found.repo.name,
        base=base,
        solved=solved_tree(found, base),
        hidden=found.hidden,
        provenance=found.scenario.provenance,
        fail_to_pass=tests.fail_to_pass,
        locations=found.scenario.truth.locations,
    )


def propose(found: ScenarioFolder, tests: bool) -> str:
    """A template to rewrite by hand, written beside the instruction."""
    text = template(proposal_of(found), tests)
    (found.folder / PROPOSED).write_text(text, encoding="utf-8")
    return text


def propose_with(found: ScenarioFolder, model: Model, most_usd: float) -> tuple[str, float]:
    """What a model makes of the instruction, written beside it, and what that cost. Raises ModelFault, UserError."""
    said: Sequence[Message] = prompt_for_rewriting(proposal_of(found))
    worst = model.worst_case_usd(said, [])
    if worst > most_usd:
        raise UserError(f"this could cost {worst:.2f} US dollars; allow it with --usd {worst:.2f}")
    reply = model.reply(said, [])
    text = reply.message.text.strip()
    if not text:
        raise UserError("the model answered without a text; nothing is proposed")
    (found.folder / PROPOSED).write_text(f"{BY_MODEL}\n{text}\n", encoding="utf-8")
    return text, reply.cost_usd


def accept(found: ScenarioFolder) -> float:
    """Make the proposed text the instruction, and say so in the provenance; returns its leak score.

    Raises FileProblem where nothing is proposed, or only comments are.
    """
    file = found.folder / PROPOSED
    try:
        proposed = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileProblem(file, f"is not there; first propose a text: taskfit scenarios rewrite {found.id}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    text = written(proposed)
    if not text.strip():
        raise FileProblem(file, "holds no text but comments; write the issue below them")
    base = base_tree(found)
    score = leak(text, base, solved_tree(found, base)).score
    by: Literal["model", "written"] = "model" if proposed.startswith(BY_MODEL) else "written"
    settings = found.folder / "scenario.toml"
    document = tomlkit.parse(settings.read_text(encoding="utf-8"))
    provenance = document.setdefault("provenance", tomlkit.table())
    provenance["instruction"] = by
    provenance["leak"] = score
    (found.folder / "instruction.md").write_text(text, encoding="utf-8")
    settings.write_text(tomlkit.dumps(document), encoding="utf-8")
    file.unlink()
    return score
