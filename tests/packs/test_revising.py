"""Instructions rewritten: proposed beside the old one, taken over only when somebody says so."""

from __future__ import annotations

import pytest

from runner.errors import FileProblem, UserError
from runner.models.scripted import Scripted
from runner.packs import revising
from runner.scenarios.catalog import ScenarioFolder, load_scenario

OLD = "double(3) gives 5, I expected 6."


def test_a_template_shows_the_old_text_and_no_test_unless_asked(scenario: ScenarioFolder) -> None:
    assert OLD in revising.propose(scenario, tests=False)
    assert "assert double(3) == 6" not in revising.propose(scenario, tests=False)
    assert "assert double(3) == 6" in revising.propose(scenario, tests=True)
    assert load_scenario(scenario.folder).instruction.strip() == OLD


def test_what_a_person_wrote_is_taken_over_without_its_comments(scenario: ScenarioFolder) -> None:
    before = (scenario.folder / "scenario.toml").read_text()
    (scenario.folder / "scenario.toml").write_text(f"# mine\n{before}")
    revising.propose(scenario, tests=True)
    file = scenario.folder / revising.PROPOSED
    file.write_text(file.read_text().replace("I expected 6", "six was to be expected"))
    score = revising.accept(scenario)
    now = load_scenario(scenario.folder)
    assert "six was to be expected" in now.instruction
    assert "<!--" not in now.instruction
    assert (now.scenario.provenance.instruction, now.scenario.provenance.leak) == ("written", score)
    assert (scenario.folder / "scenario.toml").read_text().startswith("# mine\n")
    assert not file.exists()


def test_a_model_proposes_and_somebody_accepts(scenario: ScenarioFolder) -> None:
    model = Scripted(["# Doubling three is wrong\n\nI got 5."], usd_per_turn=0.01)
    text, cost = revising.propose_with(scenario, model, most_usd=0.5)
    assert ("Doubling three" in text, cost) == (True, 0.01)
    told = "\n".join(message.text for message in model.seen[0])
    assert OLD in told
    assert "return x * 2" not in told
    assert "assert double" not in told
    assert load_scenario(scenario.folder).instruction.strip() == OLD
    revising.accept(scenario)
    now = load_scenario(scenario.folder)
    assert now.instruction == "# Doubling three is wrong\n\nI got 5.\n"
    assert now.scenario.provenance.instruction == "model"


def test_a_model_that_could_cost_too_much_is_not_asked(scenario: ScenarioFolder) -> None:
    model = Scripted(["text"], usd_per_turn=0.6)
    with pytest.raises(UserError, match=r"--usd 0\.60"):
        revising.propose_with(scenario, model, most_usd=0.5)
    assert model.seen == []


@pytest.mark.parametrize("text", [None, "", "<!-- only this -->\n"])
def test_nothing_to_accept_is_said(scenario: ScenarioFolder, text: str | None) -> None:
    if text is not None:
        (scenario.folder / revising.PROPOSED).write_text(text)
    with pytest.raises(FileProblem, match=r"is not there; first propose a text|no text but comments"):
        revising.accept(scenario)
    assert load_scenario(scenario.folder).instruction.strip() == OLD
