"""A pack on disk: whole or not at all, readable again, and nobody's files replaced; no engine is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import Rejected, UserError
from runner.packs.journal import Journal, Outcome
from runner.packs.pack import Pack
from runner.packs.proving import prove
from runner.scenarios.catalog import ScenarioFolder
from runner.scenarios.proposal import Proposal
from runner.scenarios.repo import Environment, RepoTests
from runner.scenarios.scenario import Limits, Provenance, TestSpec
from runner.scenarios.workspace import recipe
from sandboxes.archive import Entry
from sandboxes.dockerfiles import context

BASE = {"calc.py": Entry(b"def double(x):\n    return x + 2\n")}
GOOD = Proposal(
    id="calc-doubling",
    title="Doubling is off",
    instruction="double(3) gives 5; six was expected.",
    repo="calc",
    base=BASE,
    solved={"calc.py": Entry(b"def double(x):\n    return x * 2\n")},
    hidden={
        "tests/test_calc.py": Entry(b"def test_three():\n    pass\n"),
        "tests/link": Entry(b"/etc/passwd", False, True),
    },
    provenance=Provenance(origin="patch"),
)
NODE = "tests/test_calc.py::test_three"


def drafted(
    pack: Pack, proposal: Proposal = GOOD, node: str = NODE, environment: Environment | None = None
) -> ScenarioFolder:
    tests = TestSpec(fail_to_pass=(NODE,)).model_copy(update={"fail_to_pass": (node,)})
    return pack.drafted(proposal, environment or Environment(), RepoTests(), tests, Limits())


def test_what_is_kept_is_what_is_read_again_with_links_as_text(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    found = pack.keep(drafted(pack))
    assert found.hidden == GOOD.hidden
    assert found.folder == tmp_path / "scenarios" / GOOD.id
    assert (found.folder / "tests" / "tests" / "link").is_symlink()


@pytest.mark.parametrize("node", ["tests/test_calc.py::", "../test_x.py::test_a", 'tests/test_calc.py::a\ud800"'])
def test_a_scenario_that_could_not_be_read_again_is_refused_and_leaves_nothing(node: str, tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    with pytest.raises(Rejected) as caught:
        pack.keep(drafted(pack, node=node))
    assert caught.value.code == "malformed"
    assert not list(tmp_path.glob("scenarios/*")) + list(tmp_path.glob(".partial/*"))


@pytest.mark.parametrize(
    "node", ["tests/t.py::a[\"\\n'''#]", "tests/t.js::half a cent > 1\x7f\t=", "tests/t.py::t[é\u202e]"]
)
def test_ids_of_any_characters_come_back_as_they_were(node: str, tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    assert pack.keep(drafted(pack, node=node)).scenario.tests.fail_to_pass == (node,)


def test_a_repo_that_could_not_be_read_again_spoils_no_other_scenario(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    with pytest.raises(Rejected):
        pack.keep(drafted(pack, environment=Environment.model_construct(variables={"A": "\ud800"})))
    assert pack.keep(drafted(pack)).id == GOOD.id


def test_the_same_fix_is_kept_once_even_when_two_are_proved_at_once(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    one, two = drafted(pack), drafted(pack, replace(GOOD, id="calc-copy"))
    pack.keep(one)
    with pytest.raises(Rejected, match="calc-doubling has the same fix"):
        pack.keep(two)


def test_a_pack_can_be_held_again_and_sheds_what_a_dead_process_left(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    (tmp_path / ".partial" / "half").mkdir(parents=True)
    with pack.held():
        assert not (tmp_path / ".partial").exists()
    with pack.held():
        pass


@pytest.mark.parametrize("which", ["base", "solved", "hidden"])
def test_a_tree_with_something_below_a_link_is_malformed_before_anything_is_written(which: str, tmp_path: Path) -> None:
    trees: dict[str, dict[str, Entry]] = {
        "base": dict(GOOD.base),
        "solved": dict(GOOD.solved),
        "hidden": dict(GOOD.hidden),
    }
    trees[which] |= {"out": Entry(bytes(tmp_path / "away"), is_link=True), "out/evil": Entry(b"/", is_link=True)}
    hostile = replace(GOOD, base=trees["base"], solved=trees["solved"], hidden=trees["hidden"])
    with pytest.raises(Rejected, match="below a file or a link"):
        prove(hostile, Pack.at(tmp_path / "pack"), None, None)  # type: ignore[arg-type]


def test_a_dockerfile_sees_neither_bases_nor_what_changes_with_each_scenario(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    pack.lay_beside("calc", "Dockerfile", b"FROM taskfit/base\nCOPY . /tmp/all\n")
    environment = Environment(dockerfile="Dockerfile")
    written = recipe(environment, pack.repo_folder("calc")).dockerfile
    assert written is not None
    before = context(written, "taskfit/base:x")
    pack.keep(drafted(pack, environment=environment))
    assert context(written, "taskfit/base:x") == before


def test_a_dockerfile_on_which_scenarios_stand_is_not_replaced(tmp_path: Path) -> None:
    pack = Pack.at(tmp_path)
    for _ in range(2):
        pack.lay_beside("calc", "docker/Dockerfile", b"FROM taskfit/base\n")
    with pytest.raises(UserError, match="says something else"):
        pack.lay_beside("calc", "docker/Dockerfile", b"FROM debian\n")


def test_the_journal_holds_whatever_a_commit_or_a_test_says(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.note(Outcome(key="k", terms="t", id="i", label="\x1b[2J\ud800", code="flaky", sentence="a\nb\x07\udc80"))
    (known,) = journal.known("t").values()
    assert (known.label, known.sentence) == (r"\x1b[2J\ud800", "a\nb\\x07\\udc80")


def test_a_journal_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be written to"):
        Journal(tmp_path / "journal.jsonl").note(Outcome(key="k", terms="t", id="i", label="", code="ok"))
