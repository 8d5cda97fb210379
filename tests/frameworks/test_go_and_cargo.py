"""What the Go and Rust frameworks say beforehand: commands, names, control tests."""

from __future__ import annotations

import pytest

from runner.frameworks import framework
from runner.frameworks.base import Canary
from runner.frameworks.cargo import Cargo
from runner.frameworks.go import Go
from runner.grading.acceptance import acceptable
from runner.scenarios.repo import RepoTests
from runner.scenarios.scenario import Scope
from sandboxes.archive import Entry


def options(argv: list[str]) -> list[str]:
    """What follows the program's text: `python -c TEXT …`."""
    return argv[3:]


def test_both_are_known_by_their_names() -> None:
    assert isinstance(framework("go"), Go)
    assert isinstance(framework("cargo"), Cargo)


def test_go_runs_what_a_model_asks_for() -> None:
    go, suite = Go(), RepoTests(framework="go", args=("-short",))
    assert options(go.shown(suite, [])) == ["", "0", "1", "-short", "0"]
    one = options(go.shown(suite, ["money/a_test.go::TestHalf/by_2.5_(net)"]))
    assert one == ["", "0", "2", "-short", r"-run=^TestHalf$/^by_2\.5_\(net\)$", "1", "money/a_test.go"]
    two = options(go.shown(suite, ["money/a_test.go::TestA/x", "tax/b_test.go::TestB"]))
    assert two == ["", "0", "2", "-short", "-run=^(TestA|TestB)$", "2", "money/a_test.go", "tax/b_test.go"]
    assert options(go.shown(suite, ["money", "tax/b_test.go::TestB"]))[2:] == [
        "1",
        "-short",
        "2",
        "money",
        "tax/b_test.go",
    ]


def test_go_output_is_told_without_what_differs_from_run_to_run() -> None:
    said = (
        "--- FAIL: TestHalf (0.03s)\n    --- PASS: TestHalf/a (1.20s)\nok  \tx/money\t0.003s\nok  \tx/tax\t(cached)\n"
        "FAIL\tx/a\t12.345s\ngoroutine 18 [running]:\nmain.f(0xc00001a0f0, 0x2)\n\tx.go:3 +0x1d\n"
    )
    assert Go().steady(said) == (
        "--- FAIL: TestHalf (…)\n    --- PASS: TestHalf/a (…)\nok  \tx/money\t…\nok  \tx/tax\t…\n"
        "FAIL\tx/a\t…\ngoroutine … [running]:\nmain.f(0x…, 0x2)\n\tx.go:3 0x…\n".replace(" 0x…\n", " +0x…\n")
    )


@pytest.mark.parametrize("early", [True, False])
def test_a_go_file_beside_another_is_for_every_system(early: bool) -> None:
    path = Go().beside("money/round_test.go", ("half", "windows", "amd64"), early)
    assert path == ("money/half_test.go" if early else "money/round_half_test.go")
    assert Go().beside("round_test.go", ("linux", "arm"), early) in ("other_test.go", "round_other_test.go")


def test_go_canaries_take_the_package_of_their_neighbour() -> None:
    wanted = [Canary(("other", "half"), 3, 8, form, fails) for form in range(4) for fails in (False, True)]
    source, ids = Go().canaries("money/x_test.go", wanted[:1], '// Package\n\npackage money_test\n\nimport "testing"\n')
    assert ids == ["money/x_test.go::TestOtherHalf"]
    assert source.decode().startswith('package money_test\n\nimport "testing"\n\nfunc TestOtherHalf(t *testing.T) {\n')
    several, _ = Go().canaries("money/x_test.go", wanted[4:], "")
    assert several.startswith(b'package money\n\nimport (\n\t"strconv"\n\t"strings"\n\t"testing"\n)\n')


@pytest.mark.engine
def test_go_canaries_come_out_as_they_must(grade_go) -> None:  # type: ignore[no-untyped-def]
    wanted = [Canary((word, "x"), 3, 8, form, word[0] == "f") for form in range(4) for word in (f"f{form}", f"p{form}")]
    source, ids = Go().canaries("money/x_test.go", wanted, "package money\n")
    outcomes = grade_go({"money/x_test.go": source.decode()}).outcomes
    assert [outcomes[each] for each in ids] == ["failed", "passed"] * 4


@pytest.mark.engine
def test_cargo_canaries_come_out_as_they_must(grade_cargo) -> None:  # type: ignore[no-untyped-def]
    wanted = [Canary((word, "x"), 3, 8, form, word[0] == "f") for form in range(4) for word in (f"f{form}", f"p{form}")]
    file = Cargo().beside("src/round.rs", ("half",), False)
    source, ids = Cargo().canaries(file, wanted, "")
    outcomes = grade_cargo({file: source.decode()}).outcomes
    assert [outcomes[each] for each in ids] == ["failed", "passed"] * 4


def test_cargo_runs_what_a_model_asks_for() -> None:
    cargo, suite = Cargo(), RepoTests(framework="cargo")
    start = ["cargo", "test", "--offline", "--workspace", "--no-fail-fast"]
    assert cargo.shown(suite, []) == start
    ids = ["src/tax/rate.rs::tests::half", "src/lib.rs::root", "tests/more.rs::inner::deep", "src/tax/mod.rs::tests::x"]
    names = ["tax::rate::tests::half", "root", "inner::deep", "tax::tests::x"]
    assert cargo.shown(suite, ids) == [*start, "--", "--exact", *names]
    assert cargo.shown(suite, ["tests/more.rs"]) == [*start, "--test=more"]
    assert cargo.shown(suite, ["src"]) == start


def test_a_rust_file_beside_another_is_where_cargo_finds_it() -> None:
    assert Cargo().beside("tests/round.rs", ("half", "x"), False) == "tests/round_half_x.rs"
    assert Cargo().beside("money/src/tax/rate.rs", ("half",), True) == "money/tests/half.rs"


@pytest.mark.parametrize(
    "found, path",
    [
        (Go(), "money/a_test.go"),
        (Go(), "go.mod"),
        (Go(), "vendor/modules.txt"),
        (Cargo(), "build.rs"),
        (Cargo(), "Cargo.toml"),
    ],
)
def test_what_steers_a_run_stays_pristine(found: Go | Cargo, path: str) -> None:
    change = {path: Entry(b"x")}
    assert acceptable(change, Scope(), {}, {}, found.harness_files)[0] == {}


def test_tests_are_found_in_sources() -> None:
    go = b"func TestA(t *testing.T) {}\n\tfunc TestB() {}\nfunc ExampleC() {}\nfunc (s S) TestD() {}\n"
    assert Go().declares.findall(go) == [b"TestA", b"ExampleC"]
    rust = b'#[test]\nfn a() {}\n#[tokio::test(flavor = "x")]\n#[ignore]\npub async fn b() {}\nfn c() {}\n'
    assert Cargo().declares.findall(rust) == [b"a", b"b"]
