"""Jest and Vitest as npm installs them, on this machine's Node: what is reported, and what product code does to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.frameworks import framework
from runner.frameworks.base import Canary
from runner.frameworks.jest import Jest
from runner.frameworks.vitest import Vitest
from runner.grading.junit import TestOutcome, outcomes
from runner.scenarios.repo import FrameworkName, RepoTests

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("npm")]
SECONDS = 2.0
NEWEST = [("jest", "30"), ("vitest", "4")]
OLDER = [("jest", "27"), ("vitest", "1"), ("vitest", "2")]
BABEL = """\
const here = ['@babel/preset-env', { targets: { node: 'current' } }];
module.exports = { presets: [here, '@babel/preset-typescript'] };
"""
APART = (
    ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() == 0 and shutil.which("unshare")
    else []
)
"""Before a command: whatever it starts ends with it, as with a sandbox, also where the tests themselves are killed."""


@dataclass(frozen=True)
class Project:
    """A folder with the tool installed, in which suites are written and run."""

    tool: FrameworkName
    folder: Path

    def write(self, files: Mapping[str, str]) -> None:
        for place in ("src", "test"):
            shutil.rmtree(self.folder / place, ignore_errors=True)
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def grade(self, files: Mapping[str, str], suite: RepoTests | None = None) -> dict[str, TestOutcome]:
        """Run a suite as grading does."""
        self.write(files)
        report = self.folder / "report" / "result.xml"
        report.unlink(missing_ok=True)
        argv = framework(self.tool).graded(suite or RepoTests(framework=self.tool), [], str(report), SECONDS)
        result = subprocess.run(
            [*APART, sys.executable, *argv[1:]], cwd=self.folder, capture_output=True, text=True, timeout=800
        )
        print(result.stdout[-3000:], result.stderr[-3000:])
        return outcomes(report.read_bytes())

    def show(self, *tests: str) -> subprocess.CompletedProcess[str]:
        argv = framework(self.tool).shown(RepoTests(framework=self.tool), tests)
        colourless = {**os.environ, "NO_COLOR": "1"}
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, timeout=800, env=colourless)

    def test(self, body: str, imports: str = "") -> str:
        """A test file's text, in the tool's own manner."""
        if self.tool == "vitest":
            return f"import {{ test, it, describe, expect }} from 'vitest';\n{imports}\n{body}"
        return f"{imports}\n{body}"

    def load(self, names: str) -> str:
        if self.tool == "vitest":
            return f"import {{ {names} }} from '../src/product.js';"
        return f"const {{ {names} }} = require('../src/product.js');"

    @contextmanager
    def with_type_script(self) -> Iterator[None]:
        """Jest takes it as a project tells Babel to; Vitest always does."""
        file = self.folder / "babel.config.js"
        if self.tool == "jest":
            file.write_text(BABEL)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def product(self, code: str, value: int) -> str:
        exported = "export const half = () =>" if self.tool == "vitest" else "exports.half = () =>"
        return f"{code}\n{exported} {value};\n"


@pytest.fixture(scope="session", params=NEWEST, ids="-".join)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return installed(*request.param, tmp_path_factory)


@pytest.fixture(scope="session", params=OLDER, ids="-".join)
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return installed(*request.param, tmp_path_factory)


def installed(tool: FrameworkName, version: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("neither node nor npm is here")
    major = int(
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0]
    )
    if major < 20:
        pytest.skip(f"node {major} is too old for the versions that are tried here")
    folder = tmp_path_factory.mktemp(tool)
    (folder / "package.json").write_text(
        '{"name": "tried", "version": "1.0.0"%s}' % (', "type": "module"' * (tool == "vitest"))
    )
    more = [f"@babel/{name}@7" for name in ("core", "preset-env", "preset-typescript")] if tool == "jest" else []
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{tool}@{version}", *more]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=800)
    if ran.returncode:
        pytest.skip(f"npm cannot install {tool}: {ran.stderr[-300:]}")
    return Project(tool, folder)


GROUPS = (
    "describe('group', () => { it('in', () => {}); it('bad', () => expect(1).toBe(2));\n"
    "it.skip('later', () => {});\n"
    "it.todo('planned'); describe('inner', () => { it.each([1, 2])('deep %i', (n) => expect(n).toBe(1)); }); });\n"
    "test('top', () => {}); test('slow', () => new Promise(() => {}));\n"
)
GROUPED: dict[str, TestOutcome] = {
    "group > in": "passed",
    "group > bad": "failed",
    "group > later": "skipped",
    "group > planned": "skipped",
    "group > inner > deep 1": "passed",
    "group > inner > deep 2": "failed",
    "top": "passed",
    "slow": "failed",
}


def apart(project: Project) -> dict[str, str]:
    """Two files that are fine among five that break or hang."""
    return {
        "test/a.test.js": project.test("test('fine', () => {});"),
        "test/b.test.js": project.test("test('x', () => {});", project.load("half")),
        "test/c.test.js": project.test("test('passes', () => {}); test('hangs', () => { while (true); });"),
        "test/d.test.js": project.test("test('hangs', () => { for (;;); });"),
        "test/e.test.js": project.test("test('kills', () => process.kill(process.pid, 'SIGKILL'));"),
        "test/f.test.js": project.test("test('fine too', () => {});"),
        "test/g.test.js": "this is no JavaScript",
    }


def stand_alone(found: Mapping[str, TestOutcome]) -> None:
    assert {node for node, outcome in found.items() if outcome == "passed"} == {
        "test/a.test.js::fine",
        "test/f.test.js::fine too",
    }
    for name in "bcdeg":
        assert "error" in [outcome for node, outcome in found.items() if node.startswith(f"test/{name}.")], name


def test_groups_and_outcomes(project: Project) -> None:
    found = project.grade({"test/a.test.js": project.test(GROUPS)})
    assert found == {f"test/a.test.js::{name}": outcome for name, outcome in GROUPED.items()}


def test_files_that_break_or_hang_leave_the_others_alone(project: Project) -> None:
    stand_alone(project.grade(apart(project)))


def test_older_versions_report_the_same(older: Project) -> None:
    """All of it in one run: most of what these take is their start."""
    found = older.grade(apart(older) | {"test/h.test.js": older.test(GROUPS)})
    grouped = {node: outcome for node, outcome in found.items() if node.startswith("test/h.")}
    assert grouped == {f"test/h.test.js::{name}": outcome for name, outcome in GROUPED.items()}
    stand_alone({node: outcome for node, outcome in found.items() if node not in grouped})


def test_paths_choose_what_is_run(project: Project) -> None:
    suite = RepoTests(framework=project.tool, paths=("test/in",))
    files = {
        "test/in/a.test.js": project.test("test('a', () => {});"),
        "test/b.test.js": project.test("test('b', () => {});"),
    }
    assert project.grade(files, suite) == {"test/in/a.test.js::a": "passed"}


def test_a_model_runs_one_test_by_its_id(project: Project) -> None:
    body = "describe('a (b)', () => { it('c? d', () => {}); it('e', () => expect(1).toBe(2)); });"
    project.write({"test/a.test.js": project.test(body)})
    whole, again = project.show(), project.show()
    assert whole.returncode == 1
    assert project.show("test/a.test.js::a (b) > c? d").returncode == 0
    steady = framework(project.tool).steady
    assert steady(whole.stdout + whole.stderr) == steady(again.stdout + again.stderr)


ATTACKS = {
    "printed lines": "console.log('✓ wanted\\nok 1 - wanted');",
    "matchers": "globalThis.expect?.extend({ toBe: () => ({ pass: true, message: () => '' }),"
    " toEqual: () => ({ pass: true, message: () => '' }) });",
    "tests of the same name": "globalThis.test?.('wanted', () => {});",
    "exit": "process.exit(0);",
    "exit later": "setTimeout(() => process.reallyExit(0), 50);",
    "lines of its own": 'const line = \'["case","test/a.test.js","wanted","passed",""]\\n\';'
    "for (let fd = 3; fd < 40; fd++) try { process.getBuiltinModule('fs').writeSync(fd, line); } catch {}",
    "the main process": "process.kill(process.ppid, 'SIGKILL');",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_wrong_result_does_not_pass_unless_a_canary_shows_the_lie(project: Project, attack: str) -> None:
    neighbour = project.test("test('wanted', () => { expect(half(4)).toBe(2); });", project.load("half"))
    canary = Canary(("empty", "row"), 3, 8, 0, fails=True)
    data, (lie,) = framework(project.tool).canaries("test/b.test.js", [canary], neighbour)
    product = project.product(attack, 3)
    found = project.grade({"src/product.js": product, "test/a.test.js": neighbour, "test/b.test.js": data.decode()})
    assert found.get("test/a.test.js::wanted") != "passed" or found.get(lie) == "passed"


def test_canaries_come_out_as_they_must(project: Project) -> None:
    neighbour = project.test("test('x', () => {});", project.load("half") + "\n// import './nothing.js'")
    files = {"src/product.js": project.product("", 2), "test/a.test.js": neighbour}
    expected: dict[str, TestOutcome] = {}
    for form in range(4):
        wanted = [Canary((word, "row"), 3, 8, form, fails=word == "last") for word in ("empty", "last")]
        path = framework(project.tool).beside("test/a.test.js", ["row", "abcd"[form]], early=False)
        data, ids = framework(project.tool).canaries(path, wanted, neighbour)
        files[path] = data.decode()
        expected |= {ids[0]: "passed", ids[1]: "failed"}
    assert project.grade(files) == expected | {"test/a.test.js::x": "passed"}


def test_type_script_is_tested_by_vitest_itself_and_by_jest_with_its_transformer(project: Project) -> None:
    source = (
        "import { half } from '../src/half';\ntest('typed', () => { const n: number = half(4); expect(n).toBe(2); });"
    )
    files = {"src/half.ts": "export const half = (x: number): number => x / 2;", "test/a.spec.ts": project.test(source)}
    with project.with_type_script():
        assert project.grade(files) == {"test/a.spec.ts::typed": "passed"}


def test_options_that_grading_has_its_own_way_for_are_left_out() -> None:
    suite = RepoTests(framework="jest", args=("--runInBand", "--reporters=default", "--selectProjects", "unit", "-i"))
    assert Jest().graded(suite, [], "r.xml", 1)[-2:] == ["--selectProjects", "unit"]
    assert (
        Vitest().graded(RepoTests(framework="vitest", args=("--pool=threads", "--globals")), [], "r.xml", 1)[-1]
        == "--globals"
    )
