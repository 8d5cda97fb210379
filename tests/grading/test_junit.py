"""Node ids and outcomes out of JUnit reports: of real pytest runs, and of reports that lie or are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.grading.junit import outcomes, slowest


def run(folder: Path, *words: str, **files: str) -> dict[str, str]:
    """The outcomes that a real pytest run over these files reports; `__` in a name is a `/`."""
    for name, text in files.items():
        file = folder / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "pytest.ini").touch()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_family=xunit1"]
    command += ["--junitxml=report.xml", "--continue-on-collection-errors", *words]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return dict(outcomes((folder / "report.xml").read_bytes()))


def collected(folder: Path, *words: str) -> list[str]:
    """The node ids as pytest itself prints them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "::" in line]


KINDS = """
import unittest
import pytest

def test_function(): pass

def test_fails(): assert False

def test_raises(): raise RuntimeError("x")

class TestClass:
    def test_method(self): pass
    class TestNested:
        def test_deep(self): assert False
        class TestDeeper:
            def test_deepest(self): pass

class Case(unittest.TestCase):
    def test_case(self): pass
    def test_sub(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)

@pytest.mark.skip
def test_skipped(): pass

@pytest.mark.xfail
def test_xfail(): assert False

@pytest.mark.xfail
def test_xpass(): pass

@pytest.mark.xfail(strict=True)
def test_xpass_strict(): pass

@pytest.fixture
def broken(): raise RuntimeError("setup")

@pytest.fixture
def breaks(): yield; raise RuntimeError("teardown")

def test_setup_error(broken): pass

def test_teardown_error(breaks): pass

def test_both(breaks): assert False
"""


def test_every_kind_of_test_has_its_node_id_and_outcome(tmp_path: Path) -> None:
    found = run(tmp_path, test_kinds=KINDS)
    found.pop("test_kinds.py::Case::test_sub")
    assert found == {
        "test_kinds.py::test_function": "passed",
        "test_kinds.py::test_fails": "failed",
        "test_kinds.py::test_raises": "failed",
        "test_kinds.py::TestClass::test_method": "passed",
        "test_kinds.py::TestClass::TestNested::test_deep": "failed",
        "test_kinds.py::TestClass::TestNested::TestDeeper::test_deepest": "passed",
        "test_kinds.py::Case::test_case": "passed",
        "test_kinds.py::test_skipped": "skipped",
        "test_kinds.py::test_xfail": "skipped",
        "test_kinds.py::test_xpass": "passed",
        "test_kinds.py::test_xpass_strict": "failed",
        "test_kinds.py::test_setup_error": "error",
        "test_kinds.py::test_teardown_error": "error",
        "test_kinds.py::test_both": "error",
    }


def test_a_failed_subtest_fails_its_test(tmp_path: Path) -> None:
    assert run(tmp_path, test_kinds=KINDS)["test_kinds.py::Case::test_sub"] == "failed"


PARAMETERS = """
import pytest
VALUES = ["a::b", "a[b]c", "]", "[", "a.b/c.py", "é日😀", "", " ", "a\\nb", "\\x00\\x1b[31m", "<&>\\"'", "a-b", ".",
          "\\u202e", "x" * 300, "\\ud800", b"\\xff::", 1.5, None, ("t",), "a\\tb", "  two  spaces  ", "]]>", "\\\\n"]

@pytest.mark.parametrize("value", VALUES)
def test_odd(value): assert value is not None

class TestIn:
    @pytest.mark.parametrize("b", ["::", "[x]"])
    @pytest.mark.parametrize("a", [1, 2])
    def test_two(self, a, b): pass

@pytest.mark.parametrize("value", [1, 2], ids=["my id: a::b [c].py", "ünï"])
def test_ids(value): pass
"""


def test_parametrised_ids_are_those_that_pytest_prints(tmp_path: Path) -> None:
    found = run(tmp_path, tests__test_odd=PARAMETERS)
    assert sorted(found) == sorted(collected(tmp_path))
    assert len(found) == 30
    assert [node for node, outcome in found.items() if outcome != "passed"] == ["tests/test_odd.py::test_odd[None]"]


def test_subfolders_with_dots_and_like_names_keep_their_files_apart(tmp_path: Path) -> None:
    body = "class TestA:\n    def test_x(self): pass\ndef test_y(): pass\n"
    for name in ("tests/test_a.py", "tests/test_b/test_a.py", "v1.2/test_a.py", "a b/test_é.py", "test_a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body)
    found = run(tmp_path, "--import-mode=importlib")
    assert found == {
        f"{name}::{test}": "passed"
        for name in ("tests/test_a.py", "tests/test_b/test_a.py", "v1.2/test_a.py", "a b/test_é.py", "test_a.py")
        for test in ("TestA::test_x", "test_y")
    }


def test_a_test_that_was_defined_in_another_file_has_the_id_of_where_it_was_collected(tmp_path: Path) -> None:
    """The report's `file` is where a function's code is; the node id names where pytest found it."""
    found = run(
        tmp_path,
        shared="class Base:\n    def test_inherited(self): pass\n\ndef test_imported(): pass\n\n"
        "def unwrapped(function):\n    def wrapper(): function()\n    return wrapper\n",
        tests__test_use="import sys; sys.path.insert(0, '.')\nfrom shared import Base, test_imported, unwrapped\n"
        "class TestUse(Base):\n    def test_own(self): pass\n@unwrapped\ndef test_decorated(): pass\n",
    )
    assert sorted(found) == [
        "tests/test_use.py::TestUse::test_inherited",
        "tests/test_use.py::TestUse::test_own",
        "tests/test_use.py::test_decorated",
        "tests/test_use.py::test_imported",
    ]


def test_doctests_have_the_ids_that_pytest_prints(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "--doctest-modules",
        src__calc='def double(x):\n    """\n    >>> double(2)\n    5\n    """\n    return 2 * x\n',
    )
    assert list(found.values()) == ["failed"]
    assert list(found) == [node for node in collected(tmp_path, "--doctest-modules") if "double" in node]


def test_the_tests_of_a_file_that_cannot_be_collected_are_not_reported(tmp_path: Path) -> None:
    found = run(tmp_path, test_broken="import nowhere\ndef test_x(): pass\n", test_fine="def test_y(): pass\n")
    assert found.pop("test_fine.py::test_y") == "passed"
    assert "test_broken.py::test_x" not in found
    assert "passed" not in found.values()


def test_a_run_without_tests_reports_none(tmp_path: Path) -> None:
    assert run(tmp_path) == {}


def case(name: str = "test_x", inside: str = "", file: str = "t.py", classname: str = "t") -> str:
    return f'<testcase classname="{classname}" name="{name}" file="{file}">{inside}</testcase>'


def report(*cases: str) -> bytes:
    return f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>".encode()


WORSE = ["", "<skipped/>", "<failure/>", "<error/>"]
NAMES = ["passed", "skipped", "failed", "error"]


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("second", range(4))
def test_a_test_reported_twice_keeps_its_worse_outcome(first: int, second: int) -> None:
    twice = report(case(inside=WORSE[first]), case(inside=WORSE[second]))
    assert outcomes(twice) == {"t.py::test_x": NAMES[max(first, second)]}
    assert outcomes(report(case(inside=WORSE[first] + WORSE[second]))) == {"t.py::test_x": NAMES[max(first, second)]}


def test_a_forged_line_that_is_put_elsewhere_or_spelled_otherwise_is_still_the_same_test() -> None:
    honest = case(name="test_y", inside="<failure/>", classname="t.TestX")
    for forged in (
        case(name="test_y", classname="t.TestX"),
        case(name="TestX::test_y"),
        case(name="TestX::test_y", classname=""),
        f"<system-out>{case(name='test_y', classname='t.TestX')}</system-out>",
    ):
        assert outcomes(report(honest, forged)) == {"t.py::TestX::test_y": "failed"}
        assert outcomes(report(forged, honest)) == {"t.py::TestX::test_y": "failed"}


@pytest.mark.parametrize(
    ("classname", "files", "node"),
    [
        ("tests.test_use.TestUse.TestIn", [], "tests/test_use.py::TestUse::TestIn"),
        ("tests.test_a.test_use", [], "tests/test_a/test_use.py"),
        ("tests.use_test.Case", [], "tests/use_test.py::Case"),
        ("Tests.test_use.TestUse", [], "Tests/test_use.py::TestUse"),
        ("checks.use.CheckUse", [], "checks/use.py::CheckUse"),
        ("checks.use", [], "checks/use.py"),
        ("v1.2.test_use.TestUse", [], "v1/2/test_use.py::TestUse"),
        ("v1.2.test_use.TestUse", ["v1.2/test_use.py", "v1.py"], "v1.2/test_use.py::TestUse"),
        ("checks.use.lower", ["checks/use.py"], "checks/use.py::lower"),
        ("TestUse", [], "shared.py::TestUse"),
    ],
)
def test_where_the_file_is_elsewhere_the_class_name_tells_it(classname: str, files: list[str], node: str) -> None:
    found = outcomes(report(case(file="shared.py", classname=classname)), files)
    assert found == {f"{node}::test_x": "passed"}


def test_a_file_that_another_case_vouches_for_is_known() -> None:
    cases = case("test_own", file="v1.2/test_v.py", classname="v1.2.test_v"), case(file="s.py", classname="v1.2.test_v")
    assert set(outcomes(report(*cases))) == {"v1.2/test_v.py::test_own", "v1.2/test_v.py::test_x"}


def test_a_case_without_file_or_name_is_left_out() -> None:
    cases = ['<testcase name="x"/>', '<testcase file="t.py"/>', '<testcase file="" name=""/>', "<testcase/>", case()]
    assert outcomes(report(*cases)) == {"t.py::test_x": "passed"}


LAUGHS = b'<!DOCTYPE a [<!ENTITY a0 "ha">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b" ",
        b"garbage",
        b"\x00" * 1000,
        b"\xff\xfe\xfd",
        b"<",
        b"<a>",
        b"<a></b>",
        report(case())[:-1],
        report(case()) + b"<more/>",
        report(case("test_\x01")),
        report(case()).replace(b"test_x", b"test_\xff"),
        LAUGHS + b"]><a>&a11;</a>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>' + case("&x;").encode() + b"</a>",
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
        b"<a>" * 300_000,
        b"<a>" * 300_000 + b"</a>" * 300_000,
        b"<a " + b" ".join(b'x%d="y"' % n for n in range(100_000)) + b"/>",
    ],
    ids=range(18),
)
def test_what_is_no_report_holds_no_test(garbage: bytes) -> None:
    assert outcomes(garbage) == {}


@pytest.mark.parametrize("name", ["nonsense", "hex", "rot13", "zlib", "idna", "undefined", "utf-16", "utf-7", "cp037"])
def test_a_report_that_claims_an_odd_encoding_raises_nothing(name: str) -> None:
    said = f'<?xml version="1.0" encoding="{name}"?>'.encode() + report(case())
    assert set(outcomes(said)) <= {"t.py::test_x"}


def test_a_large_report_is_read() -> None:
    assert len(outcomes(report(*(case(f"test_{n}") for n in range(50_000))))) == 50_000


def test_the_slowest_test_is_told_and_nonsense_is_not() -> None:
    case = '<testcase file="t.py" classname="t" name="{}" time="{}"/>'
    times = ("0.5", "12.25", "nan", "inf", "1e9", "-3", "")
    report = "".join(case.format(f"test_{at}", time) for at, time in enumerate(times))
    assert slowest(f"<testsuite>{report}</testsuite>".encode()) == 12.25
    assert slowest(b"no report") == 0.0
    hung = '<testcase file="t.py" classname="t" name="h" time="90"><failure/></testcase>'
    assert slowest(f"<testsuite>{report}{hung}</testsuite>".encode()) == 12.25, (
        "a test that met its limit tells nothing"
    )
