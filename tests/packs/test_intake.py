"""Proposals on a real engine: proved and kept, or a reason; nothing tried twice, nothing of anybody's overwritten."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psutil import process_iter

from runner.errors import Rejected, UserError
from runner.grading.baseline import baseline
from runner.packs.intake import Intake, Watch, tally
from runner.packs.journal import Outcome
from runner.packs.pack import Pack
from runner.packs.proving import Terms
from runner.scenarios.catalog import load_scenario
from runner.scenarios.checkout import base_tree
from runner.scenarios.proposal import CODES, Lead, Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Provenance
from runner.scenarios.workspace import prepare
from sandboxes.archive import Entry, Tree
from sandboxes.client import Engine
from sandboxes.images import ImageStore

BASE: Tree = {
    "calc.py": Entry(b"def double(x):\n    return x + 2\n"),
    "tests/test_calc.py": Entry(b"from calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n"),
}
SOLVED = {**BASE, "calc.py": Entry(b"def double(x):\n    return x * 2\n")}
HIDDEN: Tree = {
    "tests/test_calc.py": Entry(
        b"from calc import double\n\n\ndef test_two():\n    assert double(2) == 4\n\n\n"
        b"def test_three():\n    assert double(3) == 6\n"
    )
}
GOOD = Proposal(
    id="calc-doubling",
    title="Doubling is off",
    instruction="double(3) gives 5; six was expected.",
    repo="calc",
    base=BASE,
    solved=SOLVED,
    hidden=HIDDEN,
    provenance=Provenance(origin="patch", fixed_on=date(2024, 5, 2), canary="taskfit-canary-x"),
    environment=Environment(),
    suite=RepoTests(args=("-p", "no:randomly")),
)


def files_of(text: str) -> Tree:
    return {"tests/test_new.py": Entry(text.encode())}


BAD: dict[str, Proposal] = {
    "base-passes": replace(GOOD, hidden=files_of("def test_true():\n    assert True\n")),
    "reference-fails": replace(
        GOOD, hidden=files_of("from calc import double\ndef test_a():\n    assert double(3) == 7\n")
    ),
    "tests-do-not-run": replace(GOOD, hidden={"tests/data.txt": Entry(b"no test")}),
    "needs-network": replace(
        GOOD,
        hidden=files_of("import urllib.request as u\ndef test_a():\n    u.urlopen('http://example.org', timeout=3)\n"),
    ),
    "flaky": replace(
        GOOD,
        hidden=files_of(
            "import pytest, secrets\nfrom calc import double\n@pytest.mark.parametrize('n', range(30))\n"
            "def test_a(n):\n    assert double(3) == 6 and secrets.randbelow(8) == 0\n"
        ),
    ),
    "no-tests": replace(GOOD, hidden={}),
    "no-code": replace(GOOD, solved=BASE),
    "malformed": replace(GOOD, hidden={"../outside.py": Entry(b"")}),
    "not-utf-8": replace(GOOD, solved={**SOLVED, "words.txt": Entry(b"caf\xe9\n")}),
    "image-does-not-build": replace(GOOD, environment=Environment(install=("echo the header is missing; exit 3",))),
    "tests-hang": replace(
        GOOD,
        base={**BASE, "conftest.py": Entry(b"import time\ntime.sleep(600)\n")},
        solved={**SOLVED, "conftest.py": Entry(b"import time\ntime.sleep(600)\n")},
    ),
}


class Door:
    """An intake into a folder, with what it told."""

    def __init__(self, engine: Engine, root: Path, terms: Terms) -> None:
        self.pack = Pack.at(root)
        self.begun: list[str] = []
        self.intake = Intake(self.pack, ImageStore(engine, print), terms)

    def take(self, *leads: Lead, again: bool = False) -> Sequence[Outcome]:
        watch = Watch(begun=lambda lead: self.begun.append(lead.key), ended=lambda outcome: None)
        return self.intake.take(leads, watch, again=again, stop=threading.Event())


@pytest.fixture
def door(engine: Engine, tmp_path: Path) -> Door:
    return Door(engine, tmp_path / "pack", Terms(repeats=2, seconds=60))


def lead(proposal: Proposal, key: str = "") -> Lead:
    return Lead(proposal.id, proposal.title, key or proposal.id, lambda: proposal)


def failing(error: Exception) -> Callable[[], Proposal]:
    def load() -> Proposal:
        raise error

    return load


@pytest.mark.engine
def test_a_good_proposal_becomes_a_scenario_that_holds_on_its_own(door: Door) -> None:
    (outcome,) = door.take(lead(GOOD))
    assert (outcome.code, outcome.fail_to_pass, outcome.pass_to_pass) == ("ok", 1, 1)
    found = load_scenario(door.pack.root / "scenarios" / "calc-doubling")
    assert base_tree(found) == BASE
    assert found.scenario.tests.fail_to_pass == ("tests/test_calc.py::test_three",)
    assert found.scenario.provenance == GOOD.provenance
    assert found.repo.repo.tests == GOOD.suite
    assert "[environment]" not in (found.folder / "scenario.toml").read_text()
    assert found.scenario.scope.covers("tests/test_calc.py") == "protected"
    assert found.scenario.scope.covers("calc.py") == "writable"


@pytest.mark.engine
@pytest.mark.parametrize("code", sorted(BAD))
def test_a_bad_proposal_ends_with_its_code_and_leaves_nothing(door: Door, code: str) -> None:
    terms = Terms(repeats=5 if code == "flaky" else 2, seconds=8 if code == "tests-hang" else 60)
    (outcome,) = replace(door.intake, terms=terms).take(
        [lead(BAD[code])], Watch(lambda lead: None, lambda outcome: None), again=False, stop=threading.Event()
    )
    assert (outcome.code, bool(outcome.sentence)) == (code, True), outcome
    assert code in CODES
    assert list((door.pack.root / "scenarios").iterdir()) == []
    assert not list(door.pack.root.glob(".calc*"))


@pytest.mark.engine
def test_a_second_run_does_only_what_is_new(door: Door, engine: Engine) -> None:
    other = replace(GOOD, id="calc-other", hidden={})
    first = door.take(lead(GOOD), lead(other))
    door.begun.clear()
    third = replace(GOOD, id="calc-third", solved=BASE)
    again = Door(engine, door.pack.root, door.intake.terms)
    assert again.take(lead(GOOD), lead(other), lead(third))[:2] == first
    assert again.begun == ["calc-third"]


@pytest.mark.engine
def test_what_somebody_edited_is_not_replaced_and_the_same_fix_is_kept_once(door: Door) -> None:
    door.take(lead(GOOD))
    instruction = door.pack.scenario_folder(GOOD.id) / "instruction.md"
    instruction.write_text("Mine.\n")
    twice, copied = door.take(lead(GOOD, "k2"), lead(replace(GOOD, id="calc-copy")), again=True)
    assert (twice.code, copied.code) == ("duplicate", "duplicate")
    assert "calc-doubling has the same fix" in copied.sentence
    assert instruction.read_text() == "Mine.\n"


@pytest.mark.engine
def test_what_is_kept_stays_known_until_somebody_removes_it(door: Door) -> None:
    kept = door.take(lead(GOOD))
    assert door.take(lead(GOOD), again=True) == kept
    assert len(door.begun) == 1
    shutil.rmtree(door.pack.scenario_folder(GOOD.id))
    (outcome,) = door.take(lead(GOOD))
    assert (outcome.ok, len(door.begun)) == (True, 2)
    assert door.pack.has(GOOD.id)


@pytest.mark.engine
def test_what_was_proved_is_known_to_every_run(
    door: Door, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    door.take(
        lead(replace(GOOD, title="  Doubling \n is off ", instruction="\ndouble(3) gives 5; six was expected.  "))
    )
    workspace = prepare(load_scenario(door.pack.scenario_folder(GOOD.id)), ImageStore(engine, print))
    nobody: Any = None
    assert baseline(nobody, workspace).pass_to_pass == {"tests/test_calc.py::test_two"}


@pytest.mark.engine
def test_a_lead_that_fails_takes_no_image_from_those_on_the_same_base(door: Door) -> None:
    hang = files_of(
        "import time\nfrom calc import double\n\n\ndef test_a():\n    time.sleep(3)\n    assert double(3) == 6\n"
    )
    base = {**BASE, "words.txt": Entry(b"a base of this test's own\n")}
    solved = {**SOLVED, "words.txt": base["words.txt"]}
    slow = replace(GOOD, id="calc-slow", base=base, solved=solved, hidden=hang)
    passing = replace(BAD["base-passes"], id="calc-passes", base=base, solved=solved)
    assert [each.code for each in door.take(lead(slow), lead(passing))] == ["ok", "base-passes"]
    image = prepare(load_scenario(door.pack.scenario_folder("calc-slow")), door.intake.images).image
    assert door.intake.images.engine.image_id(image) is not None


@pytest.mark.engine
def test_what_an_interruption_makes_of_a_lead_is_not_noted(door: Door) -> None:
    stop = threading.Event()

    def load() -> Proposal:
        stop.set()
        raise Rejected("image-does-not-build", "its container was taken away")

    watch = Watch(lambda lead: None, lambda outcome: None)
    assert door.intake.take([Lead("a", "a", "a", load)], watch, again=False, stop=stop) == []
    assert not (door.pack.root / "journal.jsonl").exists()


@pytest.mark.engine
def test_an_end_from_outside_takes_the_containers_of_all_leads_and_waits_for_no_image(door: Door) -> None:
    slow = replace(GOOD, environment=Environment(install=("sleep 600.125",)))
    started = time.monotonic()

    def load() -> Proposal:
        while not any("sleep 600.125" in " ".join(each.info["cmdline"] or ()) for each in process_iter(["cmdline"])):
            time.sleep(0.1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        door.take(lead(slow), Lead("b", "b", "b", load), lead(GOOD, "never begun"))
    assert time.monotonic() - started < 300
    assert sorted(door.begun) == ["b", "calc-doubling"]
    assert not (door.pack.root / "journal.jsonl").exists()


@pytest.mark.engine
def test_a_slow_test_has_room_on_a_slower_day(door: Door) -> None:
    slow = files_of(
        "import time\nfrom calc import double\n\n\ndef test_a():\n    time.sleep(9)\n    assert double(3) == 6\n"
    )
    door.intake = replace(door.intake, terms=Terms(repeats=2, seconds=60))
    assert door.take(lead(replace(GOOD, hidden=slow)))[0].ok
    limits = load_scenario(door.pack.scenario_folder(GOOD.id)).scenario.limits
    assert limits.test_seconds >= 36
    assert limits.command_seconds >= 120


@pytest.mark.engine
def test_tests_that_waver_count_neither_way(door: Door) -> None:
    wavering = b"\n\ndef test_dice():\n    import time\n    assert time.time_ns() // 1000 % 2\n"
    wavering = b"".join(wavering.replace(b"dice", b"dice_%d" % n) for n in range(12))
    base = {**BASE, "tests/test_dice.py": Entry(wavering)}
    proposal = replace(GOOD, base=base, solved={**SOLVED, "tests/test_dice.py": Entry(wavering)})
    door.intake = replace(door.intake, terms=Terms(repeats=6, seconds=60))
    (outcome,) = door.take(lead(proposal))
    found = load_scenario(door.pack.scenario_folder(GOOD.id)).scenario.tests
    assert outcome.ok
    assert len(found.unstable) >= 6
    assert all(node.startswith("tests/test_dice.py::") for node in found.unstable)


@pytest.mark.engine
def test_ids_that_a_source_claims_are_checked(door: Door) -> None:
    claimed = ("tests/test_calc.py::test_three", "tests/test_calc.py::test_two", "tests/test_gone.py::test_x")
    (outcome,) = door.take(lead(replace(GOOD, fail_to_pass=claimed)))
    assert outcome.fail_to_pass == 1
    assert any("2 of 3 ids of its source do not go from fail to pass" in note for note in outcome.notes)


@pytest.mark.engine
def test_whatever_a_lead_raises_is_its_own_outcome_and_the_others_go_on(door: Door) -> None:
    broken = [
        Lead("a", "a", "a", failing(Rejected("too-large", "900 lines"))),
        Lead("b", "b", "b", failing(ZeroDivisionError("one too few"))),
        Lead("c", "c", "c", failing(UserError("no such file"))),
    ]
    outcomes = door.take(*broken, lead(GOOD))
    assert [each.code for each in outcomes] == ["too-large", "harness-failed", "source-unavailable", "ok"]
    assert "ZeroDivisionError: one too few" in outcomes[1].sentence
    assert tally(outcomes)[0] == ("ok", 1)
    door.begun.clear()
    door.take(*broken)
    assert sorted(door.begun) == ["b", "c"], "what may be otherwise next time is tried again"


def test_a_torn_line_of_the_journal_costs_one_line(tmp_path: Path) -> None:
    from runner.packs.journal import Journal

    journal = Journal(tmp_path / "journal.jsonl")
    one, two = (Outcome(key=key, terms="t", id=key, label=key, code="ok") for key in "ab")
    journal.note(one)
    with journal.file.open("ab") as handle:
        handle.write(b'{"key": "torn')
    journal.note(two)
    assert journal.known("t") == {"a": one, "b": two}
    failed = Outcome(key="c", terms="t", id="c", label="c", code="flaky")
    journal.note(failed)
    assert journal.known("t")["c"] == failed
    assert journal.known("other") == {"a": one, "b": two}, "what is kept is kept, whatever is asked now"


def test_a_pack_is_filled_by_one_at_a_time_and_needs_a_place(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path / "pack")
    with pack.held(), pytest.raises(UserError, match="somebody else"), Pack.at(tmp_path / "pack").held():
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--to"):
        Pack.at(tmp_path / "file")


@pytest.mark.engine
def test_a_foil_that_takes_the_whole_run_along_is_done_without(door: Door) -> None:
    hidden = files_of(
        "import pytest\nfrom calc import double\n\n\ndef test_interrupted():\n    assert double(3) == 6\n"
        "    with pytest.raises(KeyboardInterrupt):\n        raise KeyboardInterrupt\n"
    )
    (outcome,) = door.take(lead(replace(GOOD, hidden=hidden)))
    assert outcome.ok, outcome


@pytest.mark.engine
def test_tests_in_files_that_the_fix_changes_decide_nothing(door: Door) -> None:
    inline = b"def double(x):\n    return x * 2\n\n\ndef test_inline():\n    assert double(3) == 6\n"
    proposal = replace(
        GOOD,
        base={**BASE, "test_inline.py": BASE["calc.py"]},
        solved={**SOLVED, "test_inline.py": Entry(inline)},
    )
    (outcome,) = door.take(lead(proposal))
    found = load_scenario(door.pack.scenario_folder(GOOD.id)).scenario.tests
    assert (outcome.ok, found.fail_to_pass) == (True, ("tests/test_calc.py::test_three",))
