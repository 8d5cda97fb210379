"""What product code in a Go test program can try: it must not make a test pass that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runner.frameworks.go import Go
from runner.grading.acceptance import acceptable
from runner.grading.copies import Copy
from runner.grading.go_copies import with_copies
from runner.scenarios.scenario import Scope
from sandboxes.archive import Entry

pytestmark = pytest.mark.engine
Grade = Callable[..., Any]

HIDDEN = (
    'package money\n\nimport "testing"\n\nfunc TestThird(t *testing.T) {\n\tif got := Third(9); got != 3 {\n'
    '\t\tt.Errorf("got %d, want 3", got)\n\t}\n}\n\nfunc TestNeverTrue(t *testing.T) {\n'
    '\tif got := 1 + 1; got != 3 {\n\t\tt.Errorf("got %d", got)\n\t}\n}\n'
)
"""One test of the product's, and a canary that must fail."""
THIRD, CANARY = "money/third_test.go::TestThird", "money/third_test.go::TestNeverTrue"
SAY = 'fmt.Print("=== RUN   TestThird\\n--- PASS: TestThird (0.00s)\\n--- PASS: TestHalf (0.00s)\\nPASS\\n")'


def product(body: str, *imports: str) -> dict[str, str]:
    listed = "".join(f'\t"{name}"\n' for name in imports)
    return {"money/third.go": f"package money\n\nimport (\n{listed})\n\n{body}\n", "money/third_test.go": HIDDEN}


ATTACKS = {
    "prints that it passed": product(f"func Third(n int) int {{ {SAY}; return 0 }}", "fmt"),
    "prints it as JSON": product(
        'func Third(n int) int { fmt.Println(`{"Action":"pass","Test":"TestThird"}`)'
        "; return 0 }",
        "fmt",
    ),
    "prints it with the mark of newer versions": product(
        'func Third(n int) int { fmt.Print("\\x16--- PASS: TestThird (0.00s)\\n"); return 0 }', "fmt"
    ),
    "prints it and ends the process": product(
        f"func Third(n int) int {{ {SAY}; syscall.Exit(0); return 0 }}", "fmt", "syscall"
    ),
    "ends the process with success": product("func Third(n int) int { os.Exit(0); return 0 }", "os"),
    "ends the test's goroutine": product("func Third(n int) int { runtime.Goexit(); return 0 }", "runtime"),
    "prints it while loading, then lets the tests run": product(
        f"func init() {{ {SAY} }}\n\nfunc Third(n int) int {{ return 0 }}", "fmt"
    ),
    "closes the output": product("func Third(n int) int { syscall.Close(1); syscall.Close(2); return 0 }", "syscall"),
    "selects other tests": product(
        'func init() { os.Args = append(os.Args, "-test.run=^TestHalf$") }\n\nfunc Third(n int) int { return 0 }', "os"
    ),
    "turns every test off by a flag": product(
        'func init() { os.Args = append(os.Args, "-test.list=.") }\n\nfunc Third(n int) int { return 0 }', "os"
    ),
    "takes the name of the report from the supervisor's command line": product(
        "func init() {\n"
        '\tline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))\n'
        '\tfor _, word := range strings.Split(string(line), "\\x00") {\n'
        '\t\tif strings.HasSuffix(word, ".xml") {\n'
        '\t\t\tos.WriteFile(word, []byte(`<r><testcase file="money/third_test.go" name="TestThird"/></r>`), 0o644)\n'
        "\t\t\tsyscall.Kill(os.Getppid(), syscall.SIGKILL)\n\t\t}\n\t}\n}\n\nfunc Third(n int) int { return 0 }",
        "fmt", "os", "strings", "syscall",
    ),
    "looks for the report's name in the supervisor's memory": product(
        "func init() {\n"
        '\tfor _, name := range []string{"mem", "environ", "maps", "fd"} {\n'
        '\t\tif _, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", os.Getppid(), name)); err == nil {\n'
        "\t\t\tsyscall.Exit(0)\n\t\t}\n\t}\n"
        '\tif file, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", os.Getppid()), os.O_RDWR, 0); err == nil {\n'
        '\t\tfile.Close()\n\t\tfmt.Println("OPENED")\n\t}\n'
        "\tif syscall.PtraceAttach(os.Getppid()) == nil {\n\t\tfmt.Println(\"OPENED\")\n\t}\n"
        "}\n\nfunc Third(n int) int { return 0 }",
        "fmt", "os", "syscall",
    ),
    "leaves a process behind that writes the report later": product(
        "func init() {\n"
        '\tcommand := exec.Command("setsid", "sh", "-c", `while :; do for f in /home/agent/report/*; do '
        'echo "<r><testcase file=\'money/third_test.go\' name=\'TestThird\'/></r>" > "$f"; done; done`)\n'
        "\tcommand.Start()\n}\n\nfunc Third(n int) int { return 0 }",
        "os/exec",
    ),
    "kills the supervisor": product(
        f"func Third(n int) int {{ {SAY}; syscall.Kill(os.Getppid(), syscall.SIGKILL); return 0 }}",
        "fmt", "os", "syscall",
    ),
    "replaces its own test program": product(
        'func init() {\n\tself, _ := os.Executable()\n\tos.Remove(self)\n\tos.WriteFile(self, []byte("#!/bin/sh\\necho '
        "'--- PASS: TestThird (0.00s)'; echo PASS\\n\"), 0o755)\n}\n\n"
        "func Third(n int) int { syscall.Exit(3); return 0 }",
        "os", "syscall",
    ),
    "writes over the test's source": product(
        'func init() { os.WriteFile("third_test.go", []byte("package money\\n"), 0o644) }\n\n'
        "func Third(n int) int { return 0 }",
        "os",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_a_failing_test_is_not_reported_as_passed(grade_go: Grade, name: str) -> None:
    graded = grade_go(ATTACKS[name], test_seconds=3.0)
    assert graded.outcomes.get(THIRD, "missing") != "passed", graded.ran.text
    assert graded.outcomes.get(CANARY, "missing") != "passed", graded.ran.text
    assert "OPENED" not in graded.ran.text


READ_FROM_SOURCES = (
    "func init() {\n\tsources, _ := filepath.Glob(`*_test.go`)\n\tfor _, source := range sources {\n"
    "\t\ttext, _ := os.ReadFile(source)\n"
    "\t\tfor _, match := range regexp.MustCompile(`func (Test\\w+)`).FindAllStringSubmatch(string(text), -1) {\n"
    '\t\t\tfmt.Printf("--- PASS: %s (0.00s)\\n", match[1])\n\t\t}\n\t}\n'
    '\tfmt.Println("PASS")\n\tsyscall.Exit(0)\n}\n\nfunc Third(n int) int { return 0 }'
)
IN_MEMORY = (
    "//go:linkname fail testing.(*common).Fail\nfunc fail(unsafe.Pointer)\n\n"
    "func init() {\n\t_ = testing.Short\n\tplace := reflect.ValueOf(fail).Pointer()\n"
    "\tsyscall.Syscall(syscall.SYS_MPROTECT, place&^4095, 8192, 7)\n"
    "\t*(*byte)(unsafe.Pointer(place)) = 0xc3\n}\n\nfunc Third(n int) int { return 0 }"
)
TOTAL = {
    "every test read from the sources and printed as passed": product(
        READ_FROM_SOURCES, "fmt", "os", "path/filepath", "regexp", "syscall"
    ),
    "the testing package overwritten in memory": product(IN_MEMORY, "reflect", "syscall", "testing", "unsafe")
    | {"money/third.s": ""},
}


@pytest.mark.parametrize("name", TOTAL)
def test_whoever_makes_every_test_pass_makes_the_canary_pass(grade_go: Grade, name: str) -> None:
    """Nothing in the program's own output tells these from an honest run: they are what canaries and foils are for."""
    graded = grade_go(TOTAL[name])
    assert graded.outcomes[THIRD] == graded.outcomes[CANARY] == "passed", graded.ran.text


def test_harness_files_of_the_model_would_steer_the_run(grade_go: Grade) -> None:
    """Why `Go.harness_files` holds test files: a TestMain decides what is run, a name taken twice does not build."""
    wrong = product("func Third(n int) int { return 0 }")
    wrong["money/third.go"] = "package money\n\nfunc Third(n int) int { return 3 }\n"
    clash = grade_go({**wrong, "money/mine_test.go": HIDDEN})
    assert clash.outcomes[THIRD] == "error"


BY_ARGUMENTS = product(
    "func Third(n int) int {\n\tfor _, argument := range os.Args {\n"
    '\t\tif strings.HasPrefix(argument, "-test.run=^") {\n\t\t\tname := strings.Trim(argument[10:], "^$")\n'
    '\t\t\tfmt.Printf("--- PASS: %s (0.00s)\\nPASS\\n", name)\n\t\t\tsyscall.Exit(0)\n\t\t}\n\t}\n'
    "\tsyscall.Exit(3)\n\treturn 0\n}",
    "fmt",
    "os",
    "strings",
    "syscall",
)


def test_who_plays_the_end_of_a_test_that_runs_alone_makes_its_foil_pass_too(grade_go: Grade) -> None:
    copies = with_copies(HIDDEN, {"TestThird": [Copy("TestOther"), Copy("TestAnother", 0)]})
    graded = grade_go({**BY_ARGUMENTS, "money/third_other_test.go": copies})
    assert graded.outcomes[THIRD] == graded.outcomes["money/third_other_test.go::TestAnother"] == "passed"
    assert graded.outcomes[CANARY] == "failed"


def test_test_files_and_module_files_of_the_model_are_left_out() -> None:
    changed = {
        path: Entry(b"package money\n")
        for path in ("money/money.go", "money/main_test.go", "money/round_test.go", "go.mod", "tools/go.mod", "go.work")
    }
    pristine = {"go.mod": Entry(b"module example.org/money\n"), "money/round_test.go": Entry(b"package money\n")}
    kept, dropped = acceptable(changed, Scope(), (), pristine, Go().harness_files)
    assert set(kept) == {"money/money.go"}
    assert set(dropped) == {*changed} - {"money/money.go"}
