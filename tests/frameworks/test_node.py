"""Node's test runner in a sandbox with Debian's Node: what is reported, and what product code cannot make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import TypeAdapter

from runner.frameworks.base import Canary
from runner.frameworks.javascript import exactly
from runner.frameworks.node import Node
from runner.grading.junit import TestOutcome, failures, outcomes
from runner.scenarios.repo import RepoTests
from runner.scenarios.scenario import NodeId
from sandboxes.archive import Entry
from sandboxes.base import Command, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.images import ImageStore
from sandboxes.recipe import Recipe

Run = Callable[..., dict[str, TestOutcome]]
MODULE = '{"type": "module"}'
HEAD = "import test, { describe, it, before, beforeEach } from 'node:test';\nimport assert from 'node:assert/strict';\n"
REPORT = "/home/agent/report/result.xml"
SECONDS = 3.0
SUITE = RepoTests(framework="node")
in_a_sandbox = pytest.mark.engine


@pytest.fixture(scope="session")
def node_image(engine: Engine) -> str:
    return ImageStore(engine, print).environment(Recipe(system=("nodejs",)))


@pytest.fixture
def sandbox(engine: Engine, node_image: str) -> Iterator[DockerSandbox]:
    with DockerSandbox(engine, node_image, SandboxLimits(cpus=2.0)) as started:
        yield started


@pytest.fixture
def run(sandbox: DockerSandbox) -> Run:
    """Runs the files as a suite, as grading does; a test's id without its file where there is one file of tests."""

    def play(*, suite: RepoTests = SUITE, **files: str) -> dict[str, TestOutcome]:
        tree = {"package.json": MODULE} | {name.replace("__", "/"): text for name, text in files.items()}
        return graded(sandbox, tree, suite)

    return play


def graded(sandbox: DockerSandbox, tree: dict[str, str], suite: RepoTests = SUITE) -> dict[str, TestOutcome]:
    sandbox.place({path: Entry(text.encode()) for path, text in tree.items()})
    argv = Node().graded(suite, [], REPORT, SECONDS)
    result = sandbox.exec(Command(argv, timeout=400))
    print(result.text)
    assert not result.timed_out
    report = sandbox.read(REPORT)
    print(failures(report))
    return outcomes(report)


def one(sandbox: DockerSandbox, test: str, product: str = "", name: str = "test/a.test.js") -> dict[str, TestOutcome]:
    """The outcomes of one file's tests, by name; beside it is a file whose only test passes, and must do so here."""
    neighbour = "import test from 'node:test';\ntest('neighbour', () => {});\n"
    tree = {"package.json": MODULE, name: test, "src/product.js": product, "test/z.test.js": neighbour}
    found = graded(sandbox, tree)
    assert found.pop("test/z.test.js::neighbour") == "passed"
    return {node.removeprefix(f"{name}::"): outcome for node, outcome in found.items()}


@in_a_sandbox
def test_groups_subtests_skipped_and_todo(sandbox: DockerSandbox) -> None:
    source = HEAD + (
        "test('top', () => {});\n"
        "describe('group', () => { it('in', () => {}); it('bad', () => assert.equal(1, 2));"
        " it.skip('later', () => {}); it.todo('planned'); describe('inner', () => { it('deep', () => {}); }); });\n"
        "test('outer', async (t) => { await t.test('sub', () => {}); });\n"
    )
    assert one(sandbox, source) == {
        "top": "passed",
        "group > in": "passed",
        "group > bad": "failed",
        "group > later": "skipped",
        "group > planned": "skipped",
        "group > inner > deep": "passed",
        "outer": "passed",
        "outer > sub": "passed",
    }


@in_a_sandbox
def test_a_name_used_twice_has_its_worst_outcome(sandbox: DockerSandbox) -> None:
    source = HEAD + "test('a', () => {});\ntest('a', () => assert.ok(false));\ntest('a', () => {});\n"
    assert one(sandbox, source) == {"a": "failed"}


@in_a_sandbox
def test_names_that_xml_cannot_hold(sandbox: DockerSandbox) -> None:
    source = (
        HEAD + r"""test('<&> "\x00\x1b[31m\ud800\uffff"', () => {}); test('é ☃ 𝄞', () => assert.equal('\x01', ''));"""
    )
    assert one(sandbox, source) == {'<&> "\\x00\\x1b[31m\\ud800\\uffff"': "passed", "é ☃ 𝄞": "failed"}


@in_a_sandbox
def test_a_failing_hook_fails_its_tests_and_is_told_of(sandbox: DockerSandbox) -> None:
    source = HEAD + (
        "describe('all', () => { before(() => { throw new Error('no database'); }); it('a', () => {}); });\n"
        "describe('each', () => { beforeEach(() => { throw new Error('no row'); }); it('b', () => {}); });\n"
    )
    found = one(sandbox, source)
    assert found["all > a"] == found["all"] == found["each > b"] == "failed"


@in_a_sandbox
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("test/a.test.cjs", "const test = require('node:test'); require('node:assert').ok(true); test('x', () => {});"),
        ("test/a.test.mjs", "import test from 'node:test'; await test('x', () => {});"),
        ("test/deep/er/check.js", "import test from 'node:test'; await null; test('x', () => {});"),
        ("src/thing.test.js", "import { it } from 'node:test'; it('x', () => {});"),
        ("src/test-thing.js", "import { it } from 'node:test'; it('x', (t, done) => setTimeout(done, 10));"),
    ],
)
def test_a_file_is_found_whatever_its_kind_and_place(sandbox: DockerSandbox, name: str, source: str) -> None:
    assert one(sandbox, source, name=name) == {"x": "passed"}


@in_a_sandbox
def test_paths_choose_files_folders_and_globs(run: Run) -> None:
    suite = RepoTests(framework="node", paths=("checks", "spec/*.spec.js"))
    found = run(
        suite=suite,
        **{
            "checks__a.test.js": HEAD + "test('a', () => {});",
            "checks__helper.js": HEAD + "test('no', () => {});",
            "spec__b.spec.js": HEAD + "test('b', () => {});",
            "test__c.test.js": HEAD + "test('c', () => {});",
        },
    )
    assert found == {"checks/a.test.js::a": "passed", "spec/b.spec.js::b": "passed"}


@in_a_sandbox
@pytest.mark.parametrize(
    "source",
    [
        "import './nothing.js';",
        "this is no JavaScript",
        HEAD + "throw new Error('on load');",
        HEAD + "await new Promise(() => {});",
        "while (true);",
        "process.exit(0);",
        "process.kill(process.pid, 'SIGKILL');",
    ],
)
def test_a_file_that_cannot_be_loaded_is_an_error_of_its_own(sandbox: DockerSandbox, source: str) -> None:
    assert one(sandbox, source) == {"the whole file": "error"}


@in_a_sandbox
@pytest.mark.parametrize(
    "hang",
    [
        "while (true);",
        "await new Promise(() => setInterval(() => {}, 50));",
        "process.exit(0);",
        "process.abort();",
    ],
)
def test_tests_that_had_ended_survive_one_that_hangs_or_exits(sandbox: DockerSandbox, hang: str) -> None:
    source = HEAD + (
        "test('before', () => {});\n"
        f"describe('group', () => {{ it('in', () => {{}}); it('hangs', async () => {{ {hang} }}); }});\n"
        "test('after', () => {});\n"
    )
    found = one(sandbox, source)
    assert found.pop("before") == "passed"
    assert found["group"] == found["after"] == "error"
    assert "passed" not in found.values()


@in_a_sandbox
def test_a_promise_that_never_settles_fails_its_own_test_alone(sandbox: DockerSandbox) -> None:
    source = HEAD + "test('never', () => new Promise(() => {}));\ntest('fine', () => {});\n"
    assert one(sandbox, HEAD + "test('fine', () => {});\ntest('never', () => new Promise(() => {}));\n") == {
        "fine": "passed",
        "never": "failed",
    }
    assert one(sandbox, source)["never"] == "failed"


@in_a_sandbox
def test_many_slow_synchronous_tests_are_no_hang(sandbox: DockerSandbox) -> None:
    busy = "const end = Date.now() + 400; while (Date.now() < end);"
    source = HEAD + "".join(f"test('t{number}', () => {{ {busy} }});\n" for number in range(12))
    assert set(one(sandbox, source).values()) == {"passed"}


@in_a_sandbox
def test_a_server_left_open_costs_time_but_no_test(sandbox: DockerSandbox) -> None:
    source = HEAD + "import http from 'node:http';\ntest('a', () => { http.createServer().listen(0); });\n"
    assert one(sandbox, source) == {"a": "passed"}


@in_a_sandbox
def test_a_failure_after_all_tests_is_told_of(sandbox: DockerSandbox) -> None:
    source = HEAD + "test('a', () => {});\nprocess.on('exit', () => { process.exitCode = 7; });\n"
    assert one(sandbox, source) == {"a": "passed", "the whole file": "error"}


PATCHED = {
    "printed lines": "console.log('ok 1 - wanted\\n# Subtest: wanted\\nok 1 - wanted');",
    "assertions": "import a from 'node:assert'; a.strictEqual = a.equal = a.strict.equal = () => {};",
    "assertions by definition": "import a from 'node:assert';"
    "for (const name of ['strictEqual', 'equal']) Object.defineProperty(a.strict, name, { value() {} });",
    "assertions for imports": "import m, { createRequire } from 'node:module';"
    "const a = createRequire(import.meta.url)('assert');"
    "try { a.strict.equal = () => {}; a.strict.strictEqual = () => {}; } catch {} m.syncBuiltinESMExports();",
    "assertions of the context": "import * as t from 'node:test';"
    "try { t.assert?.register('equal', () => {}); } catch {}"
    "Set.prototype.has = () => false; try { t.assert?.register('equal', () => {}); } catch {}",
    "exit in time": "process.on('exit', () => process.reallyExit(0)); setImmediate(() => process.exit(0));",
    "uncaught": "process.on('uncaughtException', () => {}); process.on('unhandledRejection', () => {});",
    "the runner's stream": "import { run } from 'node:test'; const s = run({ files: [] });"
    "const p = Object.getPrototypeOf(s); try { p.fail = p.ok; } catch {}"
    "try { Object.defineProperty(p, 'fail', { value: p.ok }); } catch {}",
    "the runner's events": "import { EventEmitter } from 'node:events'; const { emit } = EventEmitter.prototype;"
    "EventEmitter.prototype.emit = function (type, ...rest) {"
    " return emit.call(this, type === 'test:fail' ? 'test:pass' : type, ...rest); };",
    "the stream's buffer": "import { Readable } from 'node:stream'; const { push } = Readable.prototype;"
    "Readable.prototype.push = function (e, ...r) {"
    " if (e?.type === 'test:fail') e.type = 'test:pass'; return push.call(this, e, ...r); };",
    "JSON": 'JSON.stringify = () => \'["result",0,"wanted",true,false,"","",0,""]\';'
    "Array.prototype.toJSON = () => ['result', 0, 'wanted', true, false, '', '', 0, ''];",
    "strings": "globalThis.String = (each) => (each === 'wanted' ? 'other' : `${each}`);"
    "import test from 'node:test'; test('wanted', () => {});",
    "the running test": "import hooks from 'node:async_hooks'; import test from 'node:test';"
    "export const touch = () => { const t = hooks.executionAsyncResource();"
    " try { Object.defineProperty(t, 'fail', { value() { this.pass(); } }); } catch {} };",
    "every test made": "import { createHook } from 'node:async_hooks'; createHook({ init(i, k, t, each) {"
    " if (each?.pass) Object.defineProperty(each, 'fail', { value() { this.pass(); } }); } }).enable();",
    "its own test, then exit": "import test from 'node:test'; test('wanted', () => {});"
    "setTimeout(() => process.exit(0), 50);",
    "its own test, then a hang": "import test from 'node:test'; test('wanted', () => {})"
    ".then(() => { while (true); });",
    "its own test, then a failure to load": "import test from 'node:test'; test('wanted', () => {});"
    "process.on('uncaughtException', () => {}); throw new Error();",
    "lines of its own": "import fs from 'node:fs'; for (let fd = 3; fd < 30; fd++) try { fs.writeSync(fd,"
    ' \'["result",0,"wanted",true,false,"","",0,""]\\n\'); } catch {}',
    "a channel that is closed": "import fs from 'node:fs';"
    "for (let fd = 3; fd < 60; fd++) try { fs.closeSync(fd); } catch {}",
    "the reporter once more": "const url = process.execArgv.find((e) => e.startsWith('--test-reporter=')).slice(16);"
    "import { EventEmitter } from 'node:events'; const { default: Events, begin } = await import(url);"
    "await begin(); const source = new EventEmitter(); new Events().emit('pipe', source);"
    "source.emit('test:pass', { nesting: 0, name: 'wanted', details: {} });",
    "the report": "import fs from 'node:fs'; import { spawn } from 'node:child_process';"
    "const argv = fs.readFileSync(`/proc/${process.ppid}/cmdline`, 'utf8').split('\\0');"
    "const report = argv.find((each) => each.endsWith('.xml'));"
    'const text = \'<testsuite><testcase file="test/a.test.js" name="wanted"/></testsuite>\';'
    "fs.mkdirSync(report.replace(/\\/[^/]*$/, ''), { recursive: true }); fs.writeFileSync(report, text);"
    "spawn(process.execPath, ['-e', `setInterval(() => require('fs').writeFileSync('${report}', '${text}'), 5)`],"
    " { detached: true, stdio: 'ignore' }).unref();",
}
"""What product code may try so that a test named `wanted` is reported as passed."""


@in_a_sandbox
@pytest.mark.parametrize("attack", PATCHED.values(), ids=PATCHED.keys())
def test_product_code_does_not_make_a_wrong_result_pass(sandbox: DockerSandbox, attack: str) -> None:
    product = (
        attack + "\nexport const half = () => 3;\n" + ("" if "touch" in attack else "export const touch = () => {};")
    )
    source = "import { half, touch } from '../src/product.js';\n" + HEAD
    source += "test('wanted', () => { touch(); assert.equal(half(4), 2); });\n"
    assert one(sandbox, source, product).get("wanted", "missing") != "passed"


REPLACED = {
    "require": "const M = require('module'); const { require: r } = M.prototype;"
    "M.prototype.require = function (id) { return /assert/.test(id) ? { equal() {} } : r.call(this, id); };",
    "load": "const M = require('module'); const { _load } = M;"
    "M._load = function (id, ...r) { return /assert/.test(id) ? { equal() {} } : _load.call(this, id, ...r); };",
    "exports": "const a = require('assert'); try { a.strict.equal = a.equal = () => {}; } catch {}"
    "require('module').syncBuiltinESMExports();",
}


@in_a_sandbox
@pytest.mark.parametrize("attack", REPLACED.values(), ids=REPLACED.keys())
def test_common_js_gets_node_s_own_assertions_or_nothing_passes(sandbox: DockerSandbox, attack: str) -> None:
    tree = {
        "package.json": "{}",
        "src/product.js": attack + "exports.half = () => 3;",
        "test/a.test.js": "const { half } = require('../src/product');\nconst test = require('node:test');\n"
        "const assert = require('node:assert');\ntest('wanted', () => { assert.equal(half(4), 2); });\n",
    }
    assert graded(sandbox, tree).get("test/a.test.js::wanted") != "passed"


@in_a_sandbox
def test_what_tests_leave_running_ends_with_them(sandbox: DockerSandbox) -> None:
    source = HEAD + (
        "import { spawn } from 'node:child_process';\n"
        "test('a', () => { spawn('setsid', ['sh', '-c', 'sleep 877 & sleep 878'], { detached: true }).unref(); });\n"
    )
    assert one(sandbox, source) == {"a": "passed"}
    left = sandbox.exec(
        Command(["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep 87[78]$'"])
    )
    assert left.text.strip() == "0"


@in_a_sandbox
def test_a_test_that_forks_a_process_with_its_own_options(sandbox: DockerSandbox) -> None:
    source = HEAD + (
        "import { fork } from 'node:child_process'; import { once } from 'node:events';\n"
        "test('a', async () => { const child = fork(new URL('../src/product.js', import.meta.url));\n"
        "  assert.deepEqual(await once(child, 'message'), ['hello', undefined]); });\n"
    )
    assert one(sandbox, source, "process.send('hello'); process.disconnect();") == {"a": "passed"}


@in_a_sandbox
@pytest.mark.parametrize(("kind", "file"), [("ES", "test/a.test.js"), ("CommonJS", "test/a.test.cjs")])
def test_canaries_come_out_as_they_must_beside_their_neighbour(sandbox: DockerSandbox, kind: str, file: str) -> None:
    node = Node()
    if kind == "ES":
        neighbour = "import { half } from '../src/product.js';\nimport test from 'node:test';\ntest('x', () => {});\n"
    else:
        neighbour = "require('../src/missing'); const test = require('node:test');\n"
    tree = {"package.json": MODULE, "src/product.js": "export const half = 1;\n", file: neighbour}
    expected: dict[str, TestOutcome] = {}
    for form in range(4):
        wanted = [
            Canary(("empty", f"row{form}"), 3, 8, form, fails=False),
            Canary(("last", "x"), 3, 8, form, fails=True),
        ]
        path = node.beside(file, ["plain", f"row{form}"], early=form % 2 == 0)
        data, ids = node.canaries(path, wanted, neighbour)
        tree[path] = data.decode()
        expected |= {ids[0]: "passed", ids[1]: "failed"}
    found = graded(sandbox, tree)
    assert {node_id: found.get(node_id) for node_id in expected} == expected


@in_a_sandbox
def test_a_model_runs_one_test_by_its_id(sandbox: DockerSandbox) -> None:
    node = Node()
    source = HEAD + "describe('a (b)', () => { it('c? d', () => {}); it('e', () => {}); });"
    source += "test('f', () => assert.ok(0));"
    sandbox.place({"package.json": Entry(MODULE.encode()), "test/a.test.js": Entry(source.encode())})
    suite = RepoTests(framework="node")
    whole = sandbox.exec(Command(node.shown(suite, [])))
    assert whole.exit_code == 1
    chosen = sandbox.exec(Command(node.shown(suite, ["test/a.test.js::a (b) > c? d"])))
    assert chosen.exit_code == 0
    again = sandbox.exec(Command(node.shown(suite, [])))
    assert node.steady(whole.text) == node.steady(again.text)


@pytest.mark.parametrize(
    ("file", "late", "early"),
    [
        ("test/money.test.js", "test/money-new-row.test.js", "test/new-row.test.js"),
        ("src/a.b.spec.ts", "src/a.b-new-row.spec.ts", "src/new-row.spec.ts"),
        ("test/money.js", "test/money-new-row.js", "test/new-row.js"),
        ("lib/test-money.cjs", "lib/test-money-new-row.cjs", "lib/test-new-row.cjs"),
        ("lib/money_test.mjs", "lib/money-new-row_test.mjs", "lib/new-row_test.mjs"),
        ("test.js", "test-new-row.js", "test-new-row.js"),
        ("__tests__/x.jsx", "__tests__/x-new-row.jsx", "__tests__/new-row.jsx"),
    ],
)
def test_a_file_beside_a_test_is_called_as_the_test_is(file: str, late: str, early: str) -> None:
    assert Node().beside(file, ["new", "row"], early=False) == late
    assert Node().beside(file, ["new", "row"], early=True) == early


@pytest.mark.parametrize("node", ["test/a.test.js::[1, 2] > is [x]", "test/a.test.js::a::b", "src/[id].test.ts::x"])
def test_names_with_brackets_are_ids_of_scenarios(node: str) -> None:
    assert TypeAdapter(NodeId).validate_python(node) == node


def test_a_name_as_a_pattern_holds_nothing_special() -> None:
    assert exactly("a.b (c) [d] $1") == r"^a\.b \(c\) \[d\] \$1$"


def test_options_that_grading_has_its_own_way_for_are_left_out() -> None:
    suite = RepoTests(framework="node", args=("--test", "--import=tsx", "--test-reporter=dot"))
    assert Node().graded(suite, [], "r.xml", 1)[-2:] == ['["."]', "--import=tsx"]


@in_a_sandbox
def test_a_file_that_is_named_and_found_runs_once(sandbox: DockerSandbox) -> None:
    source = HEAD + "import fs from 'node:fs';\ntest('a', () => fs.appendFileSync('/tmp/ran', 'x'));\n"
    sandbox.place({"package.json": Entry(MODULE.encode()), "test/a.test.js": Entry(source.encode())})
    sandbox.exec(Command(Node().graded(SUITE, ["test/a.test.js"], REPORT, SECONDS), timeout=400))
    assert sandbox.read("/tmp/ran") == b"x"
