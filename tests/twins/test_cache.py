"""Twins on disk: read again as they were meant, whatever the original's source, and no others left in their place."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import FileProblem
from runner.scenarios.catalog import HISTORY, ScenarioFolder, load_repo, load_scenario
from runner.scenarios.checkout import base_tree, solved_tree
from runner.scenarios.objects import store
from runner.scenarios.repo import Environment, Source
from runner.twins import cache
from runner.twins.base import Subject, TwinRefused
from runner.twins.impossible import bring_repo
from sandboxes.archive import Entry


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def subject(found: ScenarioFolder) -> Subject:
    base = base_tree(found)
    texts = {"messy": "It is broken!\n"}
    return Subject(found.scenario, base, solved_tree(found, base), found.hidden, found.instruction, texts)


def test_a_scenario_of_a_git_repository_becomes_one_with_a_folder(shop: ScenarioFolder, tmp_path: Path) -> None:
    base = base_tree(shop)
    commit = store(base, shop.repo.folder / HISTORY)
    own = Environment(packages=("attrs==24.2.0",))
    source = Source(git=HISTORY, commit=commit)
    repo = replace(shop.repo, repo=shop.repo.repo.model_copy(update={"source": source, "environment": own}))
    scenario = shop.scenario.model_copy(update={"commit": commit, "environment": own})
    written = cache.write(
        subject(replace(shop, repo=repo, scenario=scenario)), replace(shop, repo=repo), tmp_path / "w"
    )
    assert base_tree(written) == base and written.scenario.commit is None
    assert written.repo.repo.environment == own and written.framings["messy"] == "It is broken!\n"
    assert solved_tree(written, base) == solved_tree(shop, base)


def test_what_stands_beside_a_dockerfile_comes_along(shop: ScenarioFolder, tmp_path: Path) -> None:
    (shop.repo.folder / "Dockerfile").write_text("FROM taskfit/base\nCOPY more.txt /\n")
    (shop.repo.folder / "more.txt").write_text("more")
    environment = Environment(dockerfile="Dockerfile")
    repo = replace(shop.repo, repo=shop.repo.repo.model_copy(update={"environment": environment}))
    written = cache.write(subject(shop), replace(shop, repo=repo), tmp_path / "w")
    assert {path.name for path in written.repo.folder.iterdir()} == {"Dockerfile", "more.txt", "repo.toml", "source"}


def test_links_programs_and_line_ends_stay_and_a_link_leads_no_write_out(shop: ScenarioFolder, tmp_path: Path) -> None:
    found = subject(shop)
    more = {"run.sh": Entry(b"#!/bin/sh\r\n", executable=True), "out": Entry(str(tmp_path).encode(), is_link=True)}
    base = {**found.base, **more}
    written = cache.write(replace(found, base=base, solved={**found.solved, **more}), shop, tmp_path / "w")
    assert base_tree(written) == base


def test_a_fix_that_no_patch_can_hold_as_text_is_refused(shop: ScenarioFolder, tmp_path: Path) -> None:
    found = subject(shop)
    with pytest.raises(TwinRefused, match="no-utf-8"):
        cache.write(replace(found, solved={**found.solved, "l.py": Entry(b"# caf\xe9\n")}), shop, tmp_path / "w")


def test_the_key_hangs_on_all_that_makes_a_twin(shop: ScenarioFolder, tmp_path: Path) -> None:
    keys = [cache.key_of(shop, ["rename"], 3), cache.key_of(shop, ["rename"], 4), cache.key_of(shop, ["reword"], 3)]
    keys.append(cache.key_of(shop, ["rename", "reword"], 3))
    keys.append(cache.key_of(shop, ["reword", "rename"], 3))
    (shop.folder / "instruction.md").write_text("Another issue.\n")
    keys.append(cache.key_of(load_scenario(shop.folder), ["rename"], 3))
    assert len(set(keys)) == 6


def test_what_a_process_that_died_left_goes_after_a_day() -> None:
    left = cache.partial_folder("a" * 32).rename(cache.folder_of(f"{'a' * 32}.1.1"))
    cache.partial_folder("b" * 32)
    assert left.exists()
    os.utime(left, (time.time() - 2 * cache.LEFT_SECONDS,) * 2)
    cache.partial_folder("b" * 32)
    assert not left.exists()


def kept_twin(shop: ScenarioFolder) -> tuple[str, cache.Twin]:
    key = cache.key_of(shop, ["rename"], 3)
    partial = cache.partial_folder(key)
    cache.write(subject(shop), shop, partial)
    cache.keep(partial, key, cache.About(scenario=shop.id, original=shop.digest, kinds=("rename",), seed=3))
    twin = cache.kept(key)
    assert twin is not None
    return key, twin


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        ("twin.json", "{torn"),
        ("twin.json", "\0\0\0"),
        ("scenarios/discount/scenario.toml", ""),
        ("scenarios/discount/instruction.md", "Another issue.\n"),
        ("repos/shop/source/src/shop/till.py", "def _reduced(price, discount_percent):\n    return price\n"),
        ("repos/shop/source/tests/test_till.py", None),
    ],
)
def test_a_twin_that_was_damaged_or_changed_is_none_and_is_made_again(
    shop: ScenarioFolder, damaged: str, text: str | None
) -> None:
    key, twin = kept_twin(shop)
    file = cache.folder_of(key) / damaged
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert cache.kept(key) is None
    assert kept_twin(shop)[1].found.digest == twin.found.digest


def test_the_second_of_two_processes_keeps_what_the_first_made(shop: ScenarioFolder) -> None:
    key, _ = kept_twin(shop)
    first = cache.folder_of(key).stat().st_ino
    kept_twin(shop)
    assert cache.folder_of(key).stat().st_ino == first
    assert [each.name for each in cache.folder_of(key).parent.iterdir()] == [key]


def test_a_repo_is_brought_whole_and_never_taken_for_another_one(shop: ScenarioFolder, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    bring_repo(shop, pack)
    assert load_repo(pack / "repos" / "shop").files() == shop.repo.files()
    bring_repo(shop, pack)
    assert [each.name for each in (pack / "repos").iterdir()] == ["shop"]
    (shop.repo.folder / "source" / "more.py").write_text("more = 1\n")
    with pytest.raises(FileProblem, match="is another repo of this name than that of discount"):
        bring_repo(shop, pack)
