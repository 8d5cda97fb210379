"""Copies and foils of Go tests, by their sources alone; the pack's own scenarios prove them on a real compiler."""

from __future__ import annotations

from runner.frameworks.go import Go
from runner.grading.controls import draw, function_of
from runner.grading.copies import Copy
from runner.grading.go_copies import count_foils, with_copies
from sandboxes.archive import Entry

SOURCE = """\
//go:build !slow

// Package money counts.
package money

import (
	"fmt"
	"strings"
	"testing"

	other "example.org/odd-name"
)

type pair struct{ got, want string }

func helper(t *testing.T) { t.Fatal(fmt.Sprint(other.One)) }

func TestWanted(t *testing.T) {
	for _, each := range []pair{{"a", "a"}, {"if x {\\n", `}
func TestQuoted(t *testing.T) {
}
`}} {
		if got := strings.ToUpper(each.got); got != each.want && got != "" {
			t.Errorf("got %s", got) // if never {
		}
	}
	if !strings.Contains("ab", "a") {
		if true {
			t.Fatal("not there")
		}
	} else if ok := true; ok {
		return
	}
}

func TestUnwanted(t *testing.T) {
	helper(t)
}
"""


def test_each_check_can_be_turned_round_the_last_ones_first() -> None:
    assert count_foils(SOURCE, ["TestWanted"]) == {"TestWanted": 3}
    made = [with_copies(SOURCE, {"TestWanted": [Copy("TestOther", number)]}) for number in range(3)]
    assert "if !(true) {" in made[0]
    assert 'if !(!strings.Contains("ab", "a")) {' in made[1]
    assert 'if got := strings.ToUpper(each.got); !(got != each.want && got != "") {' in made[2]


def test_copies_come_without_what_the_original_declares_and_with_the_imports_that_they_use() -> None:
    code = with_copies(SOURCE, {"TestWanted": [Copy("TestA"), Copy("TestB", 0)]})
    assert code.startswith('//go:build !slow\n\npackage money\n\nimport (\n\t"strings"\n\t"testing"\n)\n\nfunc TestA(')
    assert "func TestB(t *testing.T) {" in code
    assert not any(absent in code for absent in ("helper", "pair struct", "func TestWanted", "func TestUnwanted"))


def test_a_file_whose_imports_have_other_names_than_their_paths_gets_no_copies() -> None:
    assert count_foils(SOURCE.replace("other ", "").replace("other.One", "odd.One"), ["TestWanted"]) == {}
    assert count_foils(SOURCE.replace("other ", ". ").replace("other.One", "One"), ["TestWanted"]) == {}


def test_controls_of_a_go_test_and_its_subtest_are_named_like_go_tests() -> None:
    file = "money/a_test.go"
    wanted = [f"{file}::TestWanted", f"{file}::TestWanted/two[1]"]
    controls = draw({file: Entry(SOURCE.encode())}, wanted, {function_of(wanted[0]): [0, 2]}, Go())
    for copy in controls.copies[wanted[1]]:
        path, _, name = copy.node.partition("::")
        assert path.startswith("money/a_") and path.endswith("_test.go")
        assert name.startswith("Test") and name.endswith("/two[1]")
    assert len(controls.copies[wanted[0]]) == 3
    for path, entry in controls.files.items():
        assert path.startswith("money/") and b"package money\n" in entry.data
