"""Skill or memory: scripted records of models that remember and of models that reason, and where their numbers lead."""

from __future__ import annotations

from datetime import date

import pytest

from runner.events.grading import Overlap, PatchTaken
from runner.events.origins import Background
from runner.measures.compute import Finding, findings
from runner.measures.memory import age_of
from runner.measures.record import Record
from runner.results import TrialKey
from runner.scenarios.scenario import Provenance
from runner.statistics.memory import NONE_SEEN, NONE_UNSEEN

PUBLIC = date(2024, 5, 1)


def trial(
    scenario: str, arm: str, repeat: int, resolved: bool, public: date | None = None, cut_off: date | None = None
) -> Record:
    return Record(
        TrialKey(scenario=scenario, model="m", arm=arm, repeat=repeat),
        verdict="resolved" if resolved else "unresolved",
        background=Background(public_since=public, cut_off=cut_off),
        finished_step=9,
        patch=PatchTaken(step=7, lines={"a": 1}, reference={"a": 1}, overlap=Overlap(verbatim=0.5, tokens=0.75)),
    )


def study(remembers: bool, public: int = 10, private: int = 10, cut_off: date | None = None) -> list[Record]:
    """Three repeats; one that remembers solves what is public as it stands, one that reasons solves all."""
    found = []
    for number in range(public + private):
        since = PUBLIC if number < public else None
        for arm in ("control", "perturbation_rename"):
            known = since is not None and arm == "control"
            found += [
                trial(f"s{number}", arm, repeat, known if remembers else True, since, cut_off) for repeat in (1, 2, 3)
            ]
    return found


def found(trials: list[Record]) -> dict[str, Finding]:
    return findings(trials)["m"]


def test_twenty_scenarios_and_three_repeats_tell_memory_from_skill() -> None:
    remembers, reasons = found(study(remembers=True)), found(study(remembers=False))
    assert remembers["memory"].value == 1.0
    assert remembers["memory"].low is not None and remembers["memory"].low > 0
    assert reasons["memory"].value == 0.0
    assert reasons["memory"].low is not None and reasons["memory"].low < 0
    assert remembers["twin_gap_seen"].value == 1.0
    assert remembers["twin_gap_unseen"].value == 0.0


def test_each_number_leads_to_the_trials_of_the_twins() -> None:
    links = found(study(remembers=True))["memory"].evidence
    assert len(links) == 60
    assert all(link.split(".")[2] == "perturbation_rename" and link.endswith("#9") for link in links)


def test_without_private_scenarios_a_drop_is_told_and_not_called_memory() -> None:
    numbers = found(study(remembers=True, private=0))
    assert numbers["memory"].value is None
    assert numbers["memory"].reason == NONE_UNSEEN
    assert numbers["twin_gap_seen"].value == 1.0


def test_a_fix_that_became_public_after_the_cut_off_counts_as_unseen() -> None:
    numbers = found(study(remembers=True, private=0, cut_off=date(2024, 1, 1)))
    assert numbers["twin_gap_seen"].value is None
    assert numbers["twin_gap_unseen"].value == 1.0
    assert numbers["resolved_after"].value == 1.0


@pytest.mark.parametrize(
    ("public", "cut_off", "expected"),
    [
        (None, None, "private"),
        (None, PUBLIC, "private"),
        (PUBLIC, None, "unknown"),
        (PUBLIC, PUBLIC, "before"),
        (PUBLIC, date(2024, 4, 30), "after"),
    ],
)
def test_ages_of_scenarios(public: date | None, cut_off: date | None, expected: str) -> None:
    assert age_of(public, cut_off) == expected


def test_transcripts_that_do_not_say_when_count_neither_way() -> None:
    old = study(remembers=True)
    for each in old:
        each.background = None
    numbers = found(old)
    assert numbers["memory"].value is None
    assert numbers["resolved"].value == 0.5


def test_what_was_imported_without_a_date_counts_neither_as_seen_nor_as_unseen() -> None:
    assert Provenance(origin="imported").undated
    assert not Provenance(origin="imported", public_since=PUBLIC).undated
    assert not Provenance(origin="mined").undated
    trials = study(remembers=True)
    for each in trials:
        if each.background is not None and each.background.public_since is None:
            each.background = Background(undated=True)
    numbers = found(trials)
    assert numbers["memory"].reason == NONE_UNSEEN
    assert numbers["resolved_private"].value is None
    assert numbers["twin_gap"].n == 20


def test_a_kind_that_is_harder_and_made_of_private_scenarios_alone_hides_no_memory_and_makes_none_up() -> None:
    """Of what is private every second twin is of a kind that nobody solves; of what is public none is."""
    for remembers in (True, False):
        trials = study(remembers)
        for each in [*trials]:
            if each.key.arm != "control" and int(each.key.scenario[1:]) in range(10, 20, 2):
                trials.remove(each)
                trials.append(trial(each.key.scenario, "perturbation_layout", each.key.repeat, False))
        numbers = found(trials)
        assert numbers["memory"].value == float(remembers)
        assert numbers["memory"].n == 15
        assert numbers["memory_rename"].value == float(remembers)
        assert (numbers["memory_layout"].value, numbers["memory_layout"].reason) == (None, NONE_SEEN)
        assert numbers["memory_move"].trials == 0


def test_a_twin_of_several_kinds_is_a_kind_of_its_own() -> None:
    trials = study(remembers=True)
    for each in [*trials]:
        if each.key.arm != "control":
            public = each.background is not None and each.background.public_since is not None
            joined = trial(each.key.scenario, "perturbation_rename-move", each.key.repeat, public)
            joined.background = each.background
            trials.append(joined)
    numbers = found(trials)
    assert numbers["memory_rename"].value == 1.0
    assert numbers["memory_joined"].value == 0.0
    assert numbers["memory"].value == pytest.approx(0.5)
    assert all(".perturbation_rename-move." in link for link in numbers["memory_joined"].evidence)


def test_arms_that_differ_in_more_than_the_form_are_left_out() -> None:
    mixed = [
        trial(each.key.scenario, f"framing_messy+{each.key.arm}", each.key.repeat, False, PUBLIC)
        for each in study(remembers=True)
        if each.key.arm != "control"
    ]
    assert found([*study(remembers=False), *mixed])["memory"].value == 0.0


def test_repeating_the_reference_is_told_apart_from_short_fixes_by_unseen_scenarios() -> None:
    trials = study(remembers=False)
    for each in trials:
        if each.background is not None and each.background.public_since is not None and each.patch is not None:
            each.patch = each.patch.model_copy(update={"overlap": Overlap(verbatim=1.0, tokens=1.0)})
    numbers = found(trials)
    assert (numbers["verbatim_gap"].value, numbers["near_verbatim_gap"].value) == (0.5, 0.25)
    assert numbers["verbatim_gap"].n == 20
    assert numbers["verbatim_gap"].low is not None and numbers["verbatim_gap"].low > 0
    alike = found(study(remembers=False))["verbatim_gap"]
    assert alike.value == 0.0 and alike.low is not None and alike.low < 0


def test_overlap_is_of_resolving_patches_alone() -> None:
    numbers = found(study(remembers=True))
    assert numbers["verbatim_seen"].value == 0.5
    assert numbers["near_verbatim_seen"].value == 0.75
    assert numbers["verbatim_unseen"].value is None
    assert numbers["verbatim_seen"].evidence[0].endswith("#7")
