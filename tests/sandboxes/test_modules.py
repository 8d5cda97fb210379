"""What npm is asked for, and what decides that two sources share what it installed."""

from __future__ import annotations

import json

import pytest

from sandboxes.archive import Entry
from sandboxes.base import Command
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore
from sandboxes.inventory import remove_image
from sandboxes.modules import NPM, REBUILD, Modules, fetching, modules
from sandboxes.recipe import Recipe

CI, INSTALL, UNLOCKED = NPM


def tree(told: object, **more: str) -> dict[str, Entry]:
    found = {"package.json": Entry(json.dumps(told).encode())}
    return found | {path.replace("__", "."): Entry(text.encode()) for path, text in more.items()}


def asked(told: object, *install: str, **more: str) -> Modules | None:
    return modules(tree(told, **more), install or (INSTALL, REBUILD))


def lock(version: str, **packages: dict[str, object]) -> str:
    return json.dumps(
        {"name": "x", "version": version, "packages": {"": {"version": version, "devDependencies": {}}, **packages}}
    )


def test_versions_scripts_and_sources_ask_for_nothing_else() -> None:
    one = asked({"version": "1.0.0", "scripts": {"test": "x"}, "devDependencies": {"jest": "^29"}}, src="one")
    other = asked({"version": "1.0.1", "devDependencies": {"jest": "^29"}}, src="other")
    assert one == other is not None
    assert asked({"devDependencies": {"jest": "^30"}}) != one


def test_a_release_alone_changes_no_lock_file() -> None:
    one, other = (asked({}, CI, **{"package-lock__json": lock(version)}) for version in ("1.0.0", "1.0.1"))
    assert one == other is not None and not one.moves


def test_the_lock_file_may_be_left_out() -> None:
    found = asked({}, UNLOCKED, **{"package-lock__json": lock("1")})
    assert found is not None and set(found.files) == {"package.json"} and found.moves


def test_only_what_follows_is_run_in_the_workspace() -> None:
    found = asked({}, INSTALL, REBUILD, "npm run build")
    assert found is not None and found.commands == (INSTALL, REBUILD) and found.rest == ("npm run build",)


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ({"workspaces": ["packages/*"]}, {}),
        ({"dependencies": {"a": "file:./a"}}, {}),
        ({"devDependencies": {"a": "../a"}}, {}),
        ({"overrides": {}, "optionalDependencies": {"a": "link:a"}}, {}),
        ({}, {"package-lock__json": lock("1", a={"link": True})}),
        ({}, {"package-lock__json": lock("1", a={"resolved": "file:a"})}),
        ({}, {"package-lock__json": "{"}),
        ({}, {"node_modules/a/index__js": ""}),
        ([], {}),
        ("[" * 10, {}),
    ],
)
def test_what_needs_more_of_the_source_is_installed_in_it(told: object, more: dict[str, str]) -> None:
    assert asked(told, CI, **more) is None


def test_other_commands_fetch_nothing_beforehand() -> None:
    assert asked({}, "npm ci") is None
    assert asked({}, "true", INSTALL) is None


def test_a_day_is_npms_only_where_it_chooses() -> None:
    from datetime import date

    day = date(2024, 5, 31)
    assert "--before=2024-05-31" in fetching(INSTALL, day) and "--before=2024-05-31" in fetching(UNLOCKED, day)
    assert "--before" not in fetching(CI, day) and "--before" not in fetching(INSTALL, None)
    assert fetching("npm run build", day) == "npm run build"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("workspaces", [False, True])
def test_what_npm_installs_is_found_by_node_and_is_no_part_of_the_workspace(engine: Engine, workspaces: bool) -> None:
    store = ImageStore(engine, print)
    told: dict[str, object] = {"dependencies": {"ms": "2.1.3"}}
    source = tree(told | {"workspaces": ["packages/*"]} if workspaces else told)
    source |= {
        "packages/a/package.json": Entry(b'{"name": "a", "version": "1.0.0"}'),
        "packages/a/index.js": Entry(b""),
    }
    image = store.workspace(store.environment(Recipe(node="22")), source, (INSTALL, REBUILD), lambda tree: tree, "m")
    try:
        names = ["ms", "a"] if workspaces else ["ms"]
        with DockerSandbox(engine, image) as sandbox:
            for name in names:
                ran = sandbox.exec(Command(["node", "-e", f"require('{name}')"]))
                assert ran.exit_code == 0, ran.text
            listed = sandbox.exec(Command(["ls", "-ld", "node_modules", "/opt/modules/node_modules"])).text
            assert "-> /opt/modules/node_modules" in listed and listed.count("agent agent") == 2
            exported = sandbox.export()
        assert exported == store.snapshot(image)
        assert exported["node_modules"].is_link
        assert {path.split("/")[0] for path in exported} <= {
            *("package.json", "package-lock.json", "packages", "node_modules", ".gitignore"),
        }
    finally:
        remove_image(engine, image)
