"""`go test` in a sandbox: what is reported of honest repositories, whole and broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner.scenarios.repo import RepoTests

pytestmark = pytest.mark.engine
Grade = Callable[..., Any]

HEAD = 'package money\n\nimport "testing"\n\n'
PASSES = "func Test{0}(t *testing.T) {{}}\n"


def test_subtests_skips_and_failures_are_told_apart(grade_go: Grade) -> None:
    graded = grade_go(
        {
            "money/kinds_test.go": HEAD + "func TestTable(t *testing.T) {\n"
            '\tt.Run("even", func(t *testing.T) {})\n'
            '\tt.Run("two words", func(t *testing.T) { t.Error("not so") })\n'
            '\tt.Run("deep", func(t *testing.T) { t.Run("er", func(t *testing.T) { t.Skip("not here") }) })\n}\n'
            'func TestSkipped(t *testing.T) { t.Skip("no") }\n'
            'func TestParallel(t *testing.T) { t.Parallel(); t.Run("in", func(t *testing.T) { t.Parallel() }) }\n'
        }
    )
    assert graded.outcomes == {
        "money/round_test.go::TestHalf": "passed",
        "money/kinds_test.go::TestTable": "failed",
        "money/kinds_test.go::TestTable/even": "passed",
        "money/kinds_test.go::TestTable/two_words": "failed",
        "money/kinds_test.go::TestTable/deep": "passed",
        "money/kinds_test.go::TestTable/deep/er": "skipped",
        "money/kinds_test.go::TestSkipped": "skipped",
        "money/kinds_test.go::TestParallel": "passed",
        "money/kinds_test.go::TestParallel/in": "passed",
    }
    assert "kinds_test.go:7: not so" in graded.failures["money/kinds_test.go::TestTable/two_words"]


def test_examples_fuzz_seeds_and_external_packages_are_tests_too(grade_go: Grade) -> None:
    graded = grade_go(
        {
            "money/outside_test.go": 'package money_test\n\nimport (\n\t"fmt"\n\t"testing"\n\n'
            '\t"example.org/money/money"\n)\n\nfunc ExampleHalf() {\n\tfmt.Println(money.Half(4))\n\t// Output: 2\n}\n'
            "func ExampleHalf_wrong() {\n\tfmt.Println(money.Half(4))\n\t// Output: 3\n}\n"
            "func ExampleHalf_silent() { panic(1) }\n"
            "func FuzzHalf(f *testing.F) {\n\tf.Add(3)\n\tf.Fuzz(func(t *testing.T, n int) { t.Fail() })\n}\n"
            "func BenchmarkHalf(b *testing.B) { panic(1) }\n"
            "func helper() string { return `\nfunc TestQuoted(t *testing.T) {}\n` }\n/*\nfunc TestComment() {}\n*/\n",
        }
    )
    assert graded.outcomes == {
        "money/round_test.go::TestHalf": "passed",
        "money/outside_test.go::ExampleHalf": "passed",
        "money/outside_test.go::ExampleHalf_wrong": "failed",
        "money/outside_test.go::FuzzHalf": "failed",
        "money/outside_test.go::FuzzHalf/seed#0": "failed",
    }


def test_a_package_that_does_not_build_is_errors_and_takes_no_other_along(grade_go: Grade) -> None:
    graded = grade_go(
        {
            "tax/tax.go": "package tax\n\nfunc Rate() int { return undefined }\n",
            "tax/tax_test.go": HEAD.replace("money", "tax") + PASSES.format("Rate") + PASSES.format("Other"),
            "syntax/a_test.go": HEAD.replace("money", "syntax") + PASSES.format("Open") + "func {\n",
            "clash/a_test.go": HEAD.replace("money", "clash") + PASSES.format("Twice"),
            "clash/b_test.go": HEAD.replace("money", "clash") + PASSES.format("Twice"),
            "missing/a_test.go": 'package missing\n\nimport (\n\t"testing"\n\t_ "example.org/nowhere"\n)\n'
            + PASSES.format("Import"),
        }
    )
    assert graded.outcomes == {
        "money/round_test.go::TestHalf": "passed",
        "tax/tax_test.go::TestRate": "error",
        "tax/tax_test.go::TestOther": "error",
        "syntax/a_test.go::TestOpen": "error",
        "clash/b_test.go::TestTwice": "error",
        "missing/a_test.go::TestImport": "error",
    }
    assert "undefined: undefined" in graded.failures["tax/tax_test.go::TestRate"]


def test_a_panic_an_exit_or_a_hang_ends_one_test_alone(grade_go: Grade) -> None:
    graded = grade_go(
        {
            "money/b_test.go": HEAD.replace(
                'import "testing"',
                'import (\n\t"fmt"\n\t"os"\n\t"syscall"\n\t"testing"\n\t"time"\n)',
            )
            + PASSES.format("First")
            + "func TestPanics(t *testing.T) { panic(1) }\n"
            'func TestSubPanics(t *testing.T) { t.Run("sub", func(t *testing.T) { panic(2) }) }\n'
            "func TestExits(t *testing.T) { os.Exit(0) }\nfunc TestExitsBelow(t *testing.T) { syscall.Exit(3) }\n"
            "func TestHangs(t *testing.T) { time.Sleep(time.Hour) }\n"
            'func TestTalksOn(t *testing.T) { for { fmt.Println("x"); time.Sleep(time.Millisecond) } }\n'
            "func TestGoroutine(t *testing.T) { go panic(3); time.Sleep(time.Second) }\n" + PASSES.format("Last")
        },
        test_seconds=1.0,
    )
    found = {node.split("::")[1]: outcome for node, outcome in graded.outcomes.items()}
    assert found == {
        "TestHalf": "passed",
        "TestFirst": "passed",
        "TestPanics": "failed",
        "TestSubPanics": "failed",
        "TestSubPanics/sub": "failed",
        "TestExits": "failed",
        "TestExitsBelow": "error",
        "TestHangs": "error",
        "TestTalksOn": "error",
        "TestGoroutine": "error",
        "TestLast": "passed",
    }
    assert "test timed out" in graded.failures["money/b_test.go::TestHangs"]


def test_a_test_main_may_set_up_and_say_what_it_likes(grade_go: Grade) -> None:
    main = (
        'package money\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n)\n\nvar ready bool\n\n'
        'func TestMain(m *testing.M) {\n\tready = true\n\tcode := m.Run()\n\tfmt.Println("torn down")\n\t'
        "os.Exit(code)\n}\n\n"
        'func TestReady(t *testing.T) {\n\tfmt.Print("no line end")\n\tif !ready {\n\t\tt.Fatal()\n\t}\n}\n'
    )
    graded = grade_go({"money/main_test.go": main})
    assert graded.outcomes["money/main_test.go::TestReady"] == "passed"
    assert graded.outcomes["money/round_test.go::TestHalf"] == "passed"


def test_build_tags_modules_below_and_vendored_packages(grade_go: Grade) -> None:
    files = {
        "money/slow_test.go": f"//go:build slow\n\n{HEAD}{PASSES.format('Slow')}",
        "money/x_windows_test.go": HEAD + PASSES.format("Windows"),
        "tools/go.mod": "module example.org/tools\n\ngo 1.19\n",
        "tools/t_test.go": HEAD.replace("money", "tools") + PASSES.format("Tool"),
        "go.mod": "module example.org/money\n\ngo 1.19\n\nrequire example.org/dep v1.0.0\n",
        "vendor/modules.txt": "# example.org/dep v1.0.0\n## explicit\nexample.org/dep\n",
        "vendor/example.org/dep/dep.go": "package dep\n\nconst One = 1\n",
        "vendor/example.org/dep/dep_test.go": HEAD.replace("money", "dep") + PASSES.format("Vendored"),
        "money/dep_test.go": 'package money\n\nimport (\n\t"testing"\n\n\t"example.org/dep"\n)\n\n'
        "func TestDep(t *testing.T) {\n\tif dep.One != 1 {\n\t\tt.Fatal()\n\t}\n}\n",
    }
    assert set(grade_go(files).outcomes.items()) == {
        ("money/round_test.go::TestHalf", "passed"),
        ("money/dep_test.go::TestDep", "passed"),
        ("tools/t_test.go::TestTool", "passed"),
    }
    tagged = grade_go(files, RepoTests(framework="go", args=("-tags", "slow"), paths=("tools",)), ["money/dep_test.go"])
    assert sorted(tagged.outcomes) == [
        "money/dep_test.go::TestDep",
        "money/round_test.go::TestHalf",
        "money/slow_test.go::TestSlow",
        "tools/t_test.go::TestTool",
    ]


def test_a_module_that_cannot_be_read_reports_nothing_and_says_why(grade_go: Grade) -> None:
    for content, said in (("nonsense\n", "unknown directive"), (None, "no go.mod")):
        graded = grade_go({"go.mod": content})
        assert graded.outcomes == {}
        assert graded.ran.exit_code != 0
        assert said in graded.ran.text
