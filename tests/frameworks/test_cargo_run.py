"""`cargo test` in a sandbox: what is reported of honest crates, whole and broken, and of those that cheat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.engine
Grade = Callable[..., Any]

BASE = {"src/round.rs::tests::even": "passed", "tests/halves.rs::zero": "passed"}


def test_unit_integration_and_module_tests_have_their_files(grade_cargo: Grade) -> None:
    graded = grade_cargo(
        {
            "src/lib.rs": "pub mod round;\npub mod tax;\n\n#[test]\nfn at_the_root() {}\n",
            "src/tax/mod.rs": "mod rate;\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore]\n"
            "    fn later() {}\n}\n",
            "src/tax/rate.rs": "#[cfg(test)]\nmod tests {\n    #[test]\n    fn wrong() {\n"
            '        assert_eq!(1, 2, "so");\n'
            "    }\n\n    #[test]\n    #[should_panic]\n    fn panics() {\n        panic!();\n    }\n}\n",
            "tests/more.rs": "mod common;\n\nmod inner {\n    #[test]\n    fn deep() {}\n}\n",
            "tests/common/mod.rs": "#[test]\nfn shared() {}\n",
        }
    )
    assert graded.outcomes == BASE | {
        "src/lib.rs::at_the_root": "passed",
        "src/tax/mod.rs::tests::later": "skipped",
        "src/tax/rate.rs::tests::wrong": "failed",
        "src/tax/rate.rs::tests::panics": "passed",
        "tests/more.rs::inner::deep": "passed",
        "tests/common/mod.rs::shared": "passed",
    }
    assert "so" in graded.failures["src/tax/rate.rs::tests::wrong"]


def test_a_target_that_does_not_build_is_errors_and_takes_no_other_along(grade_cargo: Grade) -> None:
    graded = grade_cargo(
        {
            "tests/broken.rs": "mod inner {\n"
            '    // #[test] fn no() {}\n    const S: &str = "#[test] fn no() {";\n'
            '    #[test]\n    #[should_panic(expected = "]")]\n    fn first<\'a>() {\n'
            "        undefined();\n    }\n}\n\n"
            "#[test]\nfn second() {}\n"
        }
    )
    assert graded.outcomes == BASE | {
        "tests/broken.rs::inner::first": "error",
        "tests/broken.rs::second": "error",
    }
    assert "undefined" in graded.failures["tests/broken.rs::second"]


def test_a_library_that_does_not_build_makes_all_tests_errors(grade_cargo: Grade) -> None:
    graded = grade_cargo({"src/lib.rs": "pub mod round;\n\nfn broken() -> i64 {\n    nothing\n}\n"})
    assert graded.outcomes == dict.fromkeys(BASE, "error")


def test_an_exit_an_abort_or_a_hang_ends_one_test_alone(grade_cargo: Grade) -> None:
    graded = grade_cargo(
        {
            "tests/ends.rs": "#[test]\nfn aborts() {\n    std::process::abort();\n}\n\n#[test]\nfn exits() {\n"
            "    std::process::exit(3);\n}\n\n#[test]\nfn hangs() {\n    loop {}\n}\n\n#[test]\nfn fine() {}\n"
        },
        test_seconds=1.0,
    )
    assert graded.outcomes == BASE | {
        "tests/ends.rs::aborts": "error",
        "tests/ends.rs::exits": "error",
        "tests/ends.rs::hangs": "error",
        "tests/ends.rs::fine": "passed",
    }


def test_documented_examples_are_tests(grade_cargo: Grade) -> None:
    graded = grade_cargo(
        {
            "src/lib.rs": "//! ```\n//! assert!(true);\n//! ```\npub mod round;\n\n/// ```\n"
            "/// assert_eq!(money::one(), 1);\n"
            "/// ```\n///\n/// ```\n/// assert_eq!(money::one(), 2);\n/// ```\npub fn one() -> i64 {\n    1\n}\n"
        }
    )
    assert graded.outcomes == BASE | {
        "src/lib.rs::doc crate": "passed",
        "src/lib.rs::doc one": "passed",
        "src/lib.rs::doc one 2": "failed",
    }


LIES = (
    '{\\"type\\":\\"test\\",\\"event\\":\\"ok\\",\\"name\\":\\"zero\\"}',
    '{\\"type\\":\\"suite\\",\\"event\\":\\"ok\\"}',
)
SAY = (
    'let mut out = std::fs::OpenOptions::new().append(true).open("/proc/self/fd/1").unwrap(); '
    f'std::io::Write::write_all(&mut out, b"{LIES[0]}\\n{LIES[1]}\\n").unwrap();'
)
KILL = "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)"
ATTACKS = {
    "prints that it passed": f"{SAY} 1",
    "ends the process with success": "std::process::exit(0)",
    "kills the supervisor": f'{SAY} let _ = std::process::Command::new("sh").args(["-c", "{KILL}"]).status(); 1',
    "writes over its own test program": (
        "let me = std::env::current_exe().unwrap(); std::fs::remove_file(&me).unwrap(); "
        'std::fs::write(me, "#!/bin/sh\\nexit 0\\n").unwrap(); std::process::exit(3)'
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_failing_test_is_not_reported_as_passed(grade_cargo: Grade, name: str) -> None:
    graded = grade_cargo({"src/round.rs": f"pub fn half(_: i64) -> i64 {{\n    {ATTACKS[name]}\n}}\n"})
    assert graded.outcomes.get("tests/halves.rs::zero", "missing") in ("failed", "error", "missing"), graded.ran.text


def test_who_tells_every_result_of_a_program_and_ends_it_is_believed(grade_cargo: Grade) -> None:
    """An open hole: libtest's own end cannot be told from one that product code plays."""
    graded = grade_cargo({"src/round.rs": f"pub fn half(_: i64) -> i64 {{\n    {SAY} std::process::exit(0)\n}}\n"})
    assert graded.outcomes["tests/halves.rs::zero"] == "passed"
