"""What package.json's scripts say of how tests are run."""

from __future__ import annotations

import pytest

from runner.environments.scripts import test_run as read


def told(test: str, **others: str) -> dict[str, object]:
    return {"scripts": {"test": test} | {name.replace("__", ":"): text for name, text in others.items()}}


@pytest.mark.parametrize(
    ("test", "framework", "args", "paths", "variables"),
    [
        ("jest", "jest", (), (), {}),
        ("jest --ci --coverage -i", "jest", (), (), {}),
        ("jest --env node --config jest.unit.js", "jest", ("--env=node", "--config=jest.unit.js"), (), {}),
        ("eslint . && npx jest -c=a.js src/a.test.js", "jest", ("-c=a.js",), ("src/a.test.js",), {}),
        ("CI=1 TZ=UTC jest", "jest", (), (), {"TZ": "UTC"}),
        ("cross-env TZ=UTC A=b vitest run --dir test", "vitest", ("--dir=test",), (), {"TZ": "UTC", "A": "b"}),
        (
            "node --experimental-vm-modules node_modules/jest/bin/jest.js",
            "jest",
            (),
            (),
            {"NODE_OPTIONS": "--experimental-vm-modules"},
        ),
        ("node --expose-gc ./node_modules/.bin/vitest", "vitest", (), (), {"NODE_OPTIONS": "--expose-gc"}),
        ("c8 --100 node --test", "node", (), (), {}),
        ("node --import tsx --test 'test/**/*.ts'", "node", ("--import=tsx",), ("test/**/*.ts",), {}),
        ("node -r tsx/cjs --test-reporter spec --test ./test/", "node", ("--require=tsx/cjs",), ("test",), {}),
        ("vitest run --coverage", "vitest", (), (), {}),
        ("node --test /etc ../other", "node", (), (), {}),
    ],
)  # fmt: skip
def test_a_runner_its_options_paths_and_variables(
    test: str, framework: str, args: tuple[str, ...], paths: tuple[str, ...], variables: dict[str, str]
) -> None:
    run = read(told(test))
    assert run is not None
    assert (run.framework, run.args, run.paths, run.variables, run.build) == (framework, args, paths, variables, "")


@pytest.mark.parametrize(
    "scripts",
    [
        told("npm run lint && npm run test:unit", test__unit="jest", lint="eslint ."),
        told("run-s lint test:*", test__unit="jest", lint="eslint ."),
        told("yarn unit", unit="jest"),
        told("pnpm run unit", unit="npm run unit2", unit2="jest"),
        told("echo start", posttest="jest"),
    ],
)
def test_scripts_that_call_others_are_followed(scripts: dict[str, object]) -> None:
    run = read(scripts)
    assert run is not None and run.framework == "jest"


@pytest.mark.parametrize(
    ("scripts", "build"),
    [
        (told("node --test", pretest="npm run build"), "npm run build"),
        (told("tsc -p . && node --test"), "tsc -p ."),
        (told("npm run make && node --test", make="rollup -c"), "rollup -c"),
        (told("tsc --noEmit && node --test"), ""),
        (told("node --test && npm run build"), ""),
    ],
)
def test_what_is_built_beforehand_is_named(scripts: dict[str, object], build: str) -> None:
    run = read(scripts)
    assert run is not None and run.build == build


@pytest.mark.parametrize(
    "scripts",
    [
        {},
        {"scripts": []},
        {"scripts": {"test": 3}},
        told("mocha"),
        told("node test.js"),
        told("npm test"),
        told("npm run a", a="npm run test"),
        told("jest '"),
        told("npm run a; npm run a; npm run a", a="npm run b; npm run b; npm run b", b="npm run a; npm run a"),
        told("&&;||&" * 5000),
    ],
)
def test_what_runs_no_known_runner_is_none(scripts: dict[str, object]) -> None:
    assert read(scripts) is None
