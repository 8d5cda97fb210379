"""Twins made and proved on a real engine: kept, refused, tried again without what a proof points at, and run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.program import taskfit
from runner.approvers.policy import load_policy
from runner.arms import TwinKind
from runner.errors import UserError
from runner.replay.origin import Recorded
from runner.results import TrialKey
from runner.runs.folder import RunFolder
from runner.runs.reopening import reopened
from runner.runs.run import Run
from runner.scenarios.catalog import ScenarioFolder, load_scenario, scenario_folders
from runner.scenarios.checkout import base_tree
from runner.studies.fairness import Side, between
from runner.studies.study import Study
from runner.twins.back import original_names
from runner.twins.base import TwinRefused
from runner.twins.cache import Twin, kept
from runner.twins.making import Maker
from runner.twins.outside import names_in
from sandboxes.client import Engine
from sandboxes.images import ImageStore
from tests.runs.test_run import Silent

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("twins")]
KINDS: tuple[TwinKind, ...] = ("rename", "move", "reorder", "reword", "constants", "layout")
WriteShop = Callable[..., Path]


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that only these tests use; what the engine has stays where it is."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache", numbered=True)
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def own_cache(caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))


@pytest.fixture(scope="session")
def maker(engine: Engine, base_image: str, caches: Path) -> Maker:
    return Maker(ImageStore(engine, print), print)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, shop_writer: WriteShop) -> ScenarioFolder:
    return load_scenario(shop_writer(tmp_path_factory.mktemp("shop", numbered=True)))


@pytest.fixture(scope="session")
def made(maker: Maker, shop: ScenarioFolder) -> Twin:
    return maker.twin(shop, KINDS, 3)


def test_a_twin_has_other_names_and_the_same_tests(made: Twin, shop: ScenarioFolder) -> None:
    old, new = base_tree(shop), base_tree(made.found)
    back = {old: new for new, old in made.about.names.items()}
    till = new[back["src/shop/till.py"]].data.decode()
    assert {back.get(path, path) for path in old} <= new.keys() and "src/shop/till.py" not in new
    assert made.found.id == shop.id and made.found.digest != shop.digest
    assert made.found.scenario.tests == shop.scenario.tests
    assert {"Basket", "Till", "add_goods", "_reduced", "discount_percent"} <= set(made.about.names.values())
    assert "add_goods" not in till and "# each of the pieces" not in till
    assert 0.5 < made.about.uses <= 1


def test_what_is_told_and_what_the_graders_know_have_the_new_names(made: Twin, shop: ScenarioFolder) -> None:
    back = {old: new for new, old in made.about.names.items()}
    assert back["settle_basket"] in made.found.instruction and "settle_basket" not in made.found.instruction
    assert "tests/test_till.py::test_sum" in made.found.instruction
    assert back["settle_basket"] in made.found.scenario.title
    assert made.found.scenario.truth.locations == (f"{back['src/shop/till.py']}::{back['_reduced']}",)
    assert back["add_goods"].encode() in made.found.hidden["tests/test_discount.py"].data
    assert back["_reduced"] in made.found.solution_patch
    readme = base_tree(made.found)["README.md"].data.decode()
    assert f"{back['Basket']}.{back['add_goods']}" in readme and back["src/shop/till.py"] in readme
    assert "shop.till" not in readme


def test_a_twin_is_made_once(made: Twin, shop: ScenarioFolder, maker: Maker) -> None:
    again = Maker(maker.images).twin(shop, KINDS, 3)
    assert again.found == made.found and again.about == made.about


def test_a_name_that_is_put_together_while_the_program_runs_is_found_by_the_proof(made: Twin) -> None:
    assert made.about.kept == ("on_open_door",)
    assert {"play", "Act", "step_name"} <= set(made.about.names.values())


COUNTED = """\
import pytest
from shop.act import checked

STATE = []


def test_first():
    STATE.append(1)


def test_counted():
    with pytest.raises(ValueError) as caught:
        checked(0)
    assert len(str(caught.value).split()[1]) == 4


def test_last():
    assert STATE == [1]
"""
CHECKED = """

def checked(pieces):
    if pieces < 1:
        raise ValueError("pieces must be at least 1")
"""


def test_what_only_running_shows_stays_and_the_rest_is_made_again(
    tmp_path: Path, shop_writer: WriteShop, maker: Maker
) -> None:
    folder = shop_writer(tmp_path)
    source = tmp_path / "repos" / "shop" / "source"
    (source / "tests" / "test_counted.py").write_text(COUNTED)
    act = source / "src" / "shop" / "act.py"
    act.write_text(act.read_text() + CHECKED)
    original = load_scenario(folder)
    twin = maker.twin(original, ["constants", "layout"], 2)
    tree = base_tree(twin.found)
    assert twin.about.kept == ("must", "tests/test_counted.py")
    assert tree["tests/test_counted.py"].data.decode() == COUNTED
    assert b"pieces must be no less than 1" in tree["src/shop/act.py"].data
    assert tree["tests/test_till.py"] != base_tree(original)["tests/test_till.py"]


def test_a_scenario_that_does_not_hold_has_no_twin(tmp_path: Path, shop_writer: WriteShop, maker: Maker) -> None:
    hidden = {"tests/tests/test_discount.py": "def test_a_tenth_off():\n    assert False\n"}
    broken = load_scenario(shop_writer(tmp_path, **hidden))
    with pytest.raises(TwinRefused, match="original-invalid: reference-fails"):
        maker.twin(broken, ["rename"], 3)


def test_a_damaged_twin_is_none(made: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made.found.folder.parent.parent
    copy = tmp_path / "taskfit" / "twins" / root.name
    shutil.copytree(root, copy)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept(root.name) is not None
    (copy / "repos" / "shop" / "repo.toml").write_text("schema = 2")
    assert kept(root.name) is None
    (copy / "twin.json").write_text('{"names": ')
    assert kept(root.name) is None


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ('hello\n["a", "b"]\n', {"a", "b"}),
        ('["a", 3, {}, null]', {"a"}),
        ("Traceback: no_such", {"Traceback", "no_such"}),
        ('{"a": 1}', {"a"}),
        ("[" * 100_000, set()),
        ("", set()),
    ],
)
def test_whatever_a_package_prints_while_its_names_are_asked_for_is_read(output: str, names: set[str]) -> None:
    assert names_in(output) == names


def command(cwd: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = taskfit("scenarios", "twin", *words, cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_command_shows_a_twin_beside_its_original(made: Twin, shop: ScenarioFolder) -> None:
    place = ["--scenarios", str(shop.folder.parent), "--kind", "+".join(KINDS), "--seed", "3"]
    shown = command(shop.folder, "disc*", *place, "--show").stdout
    assert "deleted file mode 100644" in shown or (
        "rename from src/shop/till.py" in shown
        and str(made.found.folder) in shown
        and "(hidden)/tests/test_discount.py" in shown
    )
    (row,) = json.loads(command(shop.folder, "discount", *place, "--json").stdout)
    assert row["ok"] and row["names"] == made.about.names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["memo-load-time", "--kind", "remane"], "--kind: 'remane' is none of original, rename"),
        (["memo-load-time", "--kind", "rename+rename"], "names a kind twice"),
        (["memo-load-time", "--kind", "original"], "name a kind, as in --kind rename"),
        (["memo-lode-time"], "did you mean memo-load-time"),
    ],
)
def test_a_users_mistake_says_what_would_be_right(tmp_path: Path, words: list[str], said: str) -> None:
    assert said in " ".join(command(tmp_path, *words, code=2).stderr.split())


def test_scenarios_of_other_languages_are_refused(tmp_path: Path) -> None:
    assert "only Python is transformed" in command(tmp_path, "tables-full-join", code=1).stdout


# In a study

TABLES = scenario_folders()["tables-full-join"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, engine: Engine, made: Twin, shop: ScenarioFolder) -> Run:
    study = Study(models=("oracle", "noop"), perturbation=("+".join(KINDS),), seed=3)
    path = tmp_path_factory.mktemp("runs", numbered=True) / "twins"
    run = Run(study, RunFolder(path), {shop.id: shop}, load_policy(), None, engine, Silent())
    path.mkdir()
    run.plan()
    run.work()
    return run


ARM = f"perturbation_{'-'.join(KINDS)}"


def test_trials_of_the_arm_run_on_the_twin(run: Run, made: Twin) -> None:
    results = {(each.key.model, each.key.arm): each for each in run.folder.results()}
    assert {key: each.verdict for key, each in results.items()} == {
        ("oracle", "control"): "resolved",
        ("oracle", ARM): "resolved",
        ("noop", "control"): "unresolved",
        ("noop", ARM): "unresolved",
    }
    patch = run.folder.trial(results["oracle", ARM].key) / "patch.diff"
    back = {old: new for new, old in made.about.names.items()}
    assert back["_reduced"] in patch.read_text()


def test_the_lock_holds_the_twins_and_what_is_told_of_them(run: Run, made: Twin) -> None:
    lock = run.folder.lock()
    assert lock["hashes"]["twins"] == {"+".join(KINDS): {"discount": made.found.digest}}
    assert len(set(lock["hashes"]["told"]["discount"].values())) == 2
    assert between(Side.of(run.folder), Side.of(run.folder)).verdict == "comparable"


def test_a_run_keeps_what_its_twins_names_were(run: Run, made: Twin) -> None:
    assert (run.folder.path / "twins" / f"discount~{'+'.join(KINDS)}.json").is_file()
    key = TrialKey(scenario="discount", model="oracle", arm=ARM, repeat=1)
    assert original_names(run.folder, key) == made.about.names != {}


def test_a_recorded_trial_of_a_twin_knows_the_twin(run: Run, made: Twin) -> None:
    for arm, folder in (("control", run.scenarios["discount"].folder), (ARM, made.found.folder)):
        key = TrialKey(scenario="discount", model="oracle", arm=arm, repeat=1)
        assert Recorded.of(run.folder.trial(key)).scenario().folder == folder


def test_a_run_goes_on_though_the_cache_has_lost_its_twins(run: Run, made: Twin, engine: Engine) -> None:
    shutil.rmtree(made.found.folder.parent.parent)
    shutil.rmtree(run.folder.path / "twins")  # as a run from before there was such a folder
    again = reopened(run.folder, engine, Silent(), None)
    key = TrialKey(scenario="discount", model="oracle", arm=ARM, repeat=1)
    assert original_names(run.folder, key) == made.about.names
    assert again.twins.digests == run.twins.digests
    again.work()
    assert len(again.folder.results()) == 4


def test_a_run_whose_twin_was_changed_gets_it_made_again(run: Run, made: Twin, engine: Engine) -> None:
    file = made.found.folder / "instruction.md"
    text = file.read_text()
    file.write_text(text + "The answer is 42.\n")
    assert reopened(run.folder, engine, Silent(), None).twins.digests == run.twins.digests
    assert file.read_text() == text


def test_an_arm_has_no_trial_of_a_scenario_without_such_a_twin(
    engine: Engine, tmp_path: Path, made: Twin, shop: ScenarioFolder
) -> None:
    study = Study(models=("noop",), perturbation=("original", "+".join(KINDS)), seed=3)
    tables = load_scenario(TABLES)
    observer = Silent()

    def planned(name: str, *scenarios: ScenarioFolder) -> list[TrialKey]:
        (tmp_path / name).mkdir()
        found = {each.id: each for each in scenarios}
        run = Run(study, RunFolder(tmp_path / name), found, load_policy(), None, engine, observer)
        run.plan()
        return run.folder.keys()

    wanted = [("discount", "control"), ("discount", ARM), ("tables-full-join", "control")]
    assert [(key.scenario, key.arm) for key in planned("both", shop, tables)] == wanted
    assert any("tables-full-join has no twin" in said for said in observer.said)
    with pytest.raises(UserError, match="no scenario has such a twin; tables-full-join: not-python"):
        planned("alone", tables)


def test_a_cache_that_can_hold_nothing_is_the_users_mistake(
    engine: Engine, shop: ScenarioFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="can hold no twin: Not a directory; XDG_CACHE_HOME names another folder"):
        Maker(ImageStore(engine, print)).twin(shop, ["contradiction"], 3)
