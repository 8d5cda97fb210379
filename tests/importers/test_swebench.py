"""Rows of the SWE-bench schema become proposals; a bad row names its field and stops nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from runner.errors import FileProblem, Rejected
from runner.importers import rows as rows_module
from runner.importers.base import Sources
from runner.importers.swebench import leads
from runner.scenarios.checkout import difference
from runner.scenarios.objects import store
from runner.scenarios.proposal import Lead, Proposal
from runner.scenarios.repo import RepoTests
from sandboxes.archive import Entry

Load = Callable[[Iterable[Lead]], dict[str, Proposal | Rejected]]
Import = Callable[..., dict[str, Proposal | Rejected]]


@pytest.fixture
def take(upstream: Any, tmp_path: Path, load: Load) -> Import:
    """Import rows, each with what is given instead of the good row's fields; None stands for a missing one."""

    def one(*changed: Mapping[str, Any], name: str = "rows.jsonl") -> dict[str, Proposal | Rejected]:
        file = tmp_path / name
        wanted = [{**upstream.row, **each} for each in changed]
        file.write_text("".join(json.dumps(row) + "\n" for row in wanted))
        return load(leads(file, upstream.sources(tmp_path / "cache")))

    return one


def only(found: Mapping[str, Proposal | Rejected]) -> Proposal | Rejected:
    (value,) = found.values()
    return value


def proposal(found: Mapping[str, Proposal | Rejected]) -> Proposal:
    value = only(found)
    assert isinstance(value, Proposal), value
    return value


def rejected(found: Mapping[str, Proposal | Rejected]) -> tuple[str, str]:
    value = only(found)
    assert isinstance(value, Rejected), value
    return value.code, value.sentence


def test_a_row_becomes_base_fix_and_hidden_tests(take: Import) -> None:
    found = proposal(take({}))
    assert (found.id, found.repo, found.title) == ("acme-calc-1", "acme-calc", "Doubling is off")
    assert found.base["src/calc.py"].data == b"def double(x):\n    return x + 2\n"
    assert found.solved["src/calc.py"].data == b"def double(x):\n    return x * 2\n"
    assert list(found.hidden) == ["tests/test_calc.py"]
    assert b"test_three" not in found.solved["tests/test_calc.py"].data
    assert found.fail_to_pass == ("tests/test_calc.py::test_three",)
    assert found.pass_to_pass is None
    assert found.provenance.instance == "acme__calc-1"
    assert found.provenance.public_since == date(2022, 3, 3)


def test_hints_are_nowhere_and_line_ends_are_ours(take: Import) -> None:
    found = proposal(take({}))
    assert "x * 2" not in found.instruction
    assert "\r" not in found.instruction


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.parquet"])
def test_three_kinds_of_file_hold_the_same_rows(upstream: Any, tmp_path: Path, load: Load, name: str) -> None:
    file = tmp_path / name
    row = {**upstream.row, "FAIL_TO_PASS": json.loads(upstream.row["FAIL_TO_PASS"])}
    if name.endswith("parquet"):
        parquet.write_table(pyarrow.Table.from_pylist([row]), file)
    else:
        file.write_text(json.dumps([row] if name == "rows.json" else row))
    assert proposal(load(leads(file, upstream.sources(tmp_path)))).fail_to_pass == ("tests/test_calc.py::test_three",)


def test_rows_as_viewers_write_them_and_by_id_are_read_too(upstream: Any, tmp_path: Path, load: Load) -> None:
    for number, whole in enumerate(({"rows": [{"row": dict(upstream.row)}]}, {"acme__calc-1": dict(upstream.row)})):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(whole))
        assert proposal(load(leads(file, upstream.sources(tmp_path)))).id == "acme-calc-1"


def test_a_source_is_cloned_where_there_is_no_local_one(upstream: Any, tmp_path: Path, load: Load) -> None:
    """From a real server of git's dumb protocol: the mirror as static files."""
    import functools
    import http.server
    import subprocess
    import threading

    subprocess.run(["git", "-C", upstream.repos / "acme__calc.git", "update-ref", "refs/heads/main", upstream.old])
    subprocess.run(["git", "-C", upstream.repos / "acme__calc.git", "update-server-info"], check=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(upstream.repos))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = tmp_path / "rows.jsonl"
        file.write_text(json.dumps(upstream.row))
        hub = f"http://127.0.0.1:{server.server_port}/acme__calc.git?{{}}".split("?")[0]
        found = load(leads(file, Sources(cache=tmp_path / "cache"), hub=hub))
        server.shutdown()
    assert proposal(found).base["src/calc.py"].data == b"def double(x):\n    return x + 2\n"
    assert proposal(load(leads(file, Sources(cache=tmp_path / "cache"), hub=hub)))  # from the cache, the server gone


@pytest.mark.parametrize(
    "claimed",
    [
        ["tests/test_calc.py::test_three", "tests/test_calc.py::test_four[a"],
        ["tests/test_calc.py::test_absent"],
        ["/home/somebody/calc/tests/test_calc.py::test_three"],
        ["A docstring where a name should be"],
        ["test_three (tests.test_calc.TestAbsent)"],
    ],
)
def test_ids_that_name_no_test_are_left_to_running_and_noted(take: Import, claimed: list[str]) -> None:
    found = proposal(take({"FAIL_TO_PASS": claimed}))
    assert found.fail_to_pass == ()
    assert any("name no test" in note for note in found.notes)


def test_ids_of_djangos_runner_become_file_class_and_test(upstream: Any, tmp_path: Path, load: Load) -> None:
    old = {"app.py": Entry(b"x = 1\n"), "tests/shop/tests.py": Entry(b"class Cart:\n    pass\n")}
    tested = {**old, "tests/shop/tests.py": Entry(b"class CartTests:\n    def test_sum(self):\n        pass\n")}
    commit = store(old, tmp_path / "mirrors" / "web__shop")
    row = upstream.row | {
        "repo": "web/shop",
        "base_commit": commit,
        "patch": difference(old, {**old, "app.py": Entry(b"x = 2\n")}),
        "test_patch": difference(old, tested),
        "FAIL_TO_PASS": ["test_sum (shop.tests.CartTests)", "test_sum (shop.tests.CartTests.test_sum)"],
    }
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row))
    assert proposal(load(leads(file, upstream.sources(tmp_path)))).fail_to_pass == (
        "tests/shop/tests.py::CartTests::test_sum",
    )


def test_rebench_tells_the_environment(take: Import) -> None:
    config = {
        "python": "3.9",
        "pre_install": ["apt-get update && apt-get install -y gcc libxml2-dev"],
        "pip_packages": ["attrs==21.4.0", "-e .", "numpy\nsix==1.16.0"],
        "reqs_path": ["requirements/base.txt"],
        "install": "pip install -e .[dev]",
        "env_vars": {"TZ": "UTC"},
        "test_cmd": "pytest --no-header -rA --tb=line -p no:cacheprovider -W ignore::DeprecationWarning",
        "env_yml_path": ["environment.yml"],
    }
    found = proposal(take({"install_config": config}))
    assert found.environment is not None
    assert found.environment.python == "3.9"
    assert found.environment.system == ("gcc", "libxml2-dev")
    assert found.environment.packages == ("attrs==21.4.0", "numpy", "six==1.16.0")
    assert found.environment.install == (
        "python -m pip install -r requirements/base.txt",
        "pip install -e '.[dev]'",
    )
    assert found.environment.variables == {"TZ": "UTC"}
    assert found.suite == RepoTests(args=("-W", "ignore::DeprecationWarning"))
    assert any("conda" in note for note in found.notes)


def test_fields_of_other_harnesses_are_named_in_notes(take: Import) -> None:
    notes = proposal(take({"image": "x:latest", "eval_script": "#!/bin/bash", "log_parser": "pytest"})).notes
    for field in ("image", "eval_script", "log_parser", "environment_setup_commit"):
        assert f"{field} of the row is not used" in notes


def test_in_smith_the_patch_makes_the_bug(upstream: Any, tmp_path: Path, load: Load) -> None:
    healthy = {**FIXED_TREE, "tests/test_calc.py": TESTS}
    commit = store(healthy, tmp_path / "mirrors" / "acme__calc")
    broken = {**healthy, "src/calc.py": Entry(b"def double(x):\n    return x + 2\n")}
    row = {
        "instance_id": "acme__calc.abcdef12.func_pm__1",
        "repo": f"swesmith/acme__calc.{commit[:8]}",
        "patch": difference(healthy, broken),
        "FAIL_TO_PASS": ["tests/test_calc.py::test_three"],
        "problem_statement": "double is off",
        "image_name": "swesmith.x86_64.acme",
    }
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row))
    found = proposal(load(leads(file, Sources(tmp_path / "cache", tmp_path / "mirrors"))))
    assert found.base == {"src/calc.py": broken["src/calc.py"]}
    assert found.solved == {"src/calc.py": healthy["src/calc.py"]}
    assert found.hidden == {"tests/test_calc.py": TESTS}


def test_multi_swe_says_the_same_in_other_fields(upstream: Any, tmp_path: Path, load: Load) -> None:
    row = {
        "org": "acme",
        "repo": "calc",
        "number": 7,
        "base": {"label": "acme:main", "ref": "main", "sha": upstream.old},
        "resolved_issues": [{"number": 3, "title": "Doubling is off", "body": "double(3) gives 5"}],
        "fix_patch": upstream.row["patch"],
        "test_patch": upstream.row["test_patch"],
    }
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row))
    found = proposal(load(leads(file, upstream.sources(tmp_path))))
    assert found.provenance.instance == "acme__calc-7"
    assert found.instruction == "Doubling is off\n\ndouble(3) gives 5\n"
    assert found.solved["src/calc.py"].data == b"def double(x):\n    return x * 2\n"


# Bad rows


def reaching(path: str) -> str:
    return f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"


def linked() -> str:
    return (
        "diff --git a/src/out b/src/out\nnew file mode 120000\n--- /dev/null\n+++ b/src/out\n@@ -0,0 +1 @@\n+/tmp\n"
        "\\ No newline at end of file\n"
        "diff --git a/src/out/evil b/src/out/evil\nnew file mode 100644\n--- /dev/null\n+++ b/src/out/evil\n"
        "@@ -0,0 +1 @@\n+x\n"
    )


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"patch": None}, "malformed", "patch"),
        ({"patch": 3}, "malformed", "patch"),
        ({"patch": ""}, "malformed", "patch"),
        ({"patch": "no patch at all"}, "malformed", "patch"),
        ({"patch": "half a character \ud800"}, "malformed", "patch"),
        ({"patch": reaching("../../etc/passwd")}, "malformed", "patch"),
        ({"patch": reaching(".git/config")}, "malformed", "patch"),
        ({"patch": reaching("sub/.GIT/hooks/pre-commit")}, "malformed", "patch"),
        ({"patch": reaching("/etc/passwd")}, "malformed", "patch"),
        ({"test_patch": reaching("a/../../../x")}, "malformed", "test_patch"),
        ({"patch": linked()}, "patch-does-not-apply", "patch"),
        (
            {"patch": "--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1 +1 @@\n-nothing\n+x\n"},
            "patch-does-not-apply",
            "patch",
        ),
        ({"test_patch": ""}, "no-tests", "test_patch"),
        ({"problem_statement": None}, "malformed", "problem_statement"),
        ({"repo": "../../etc"}, "malformed", "repo"),
        ({"repo": "acme/../calc"}, "malformed", "repo"),
        ({"repo": ["acme/calc"]}, "malformed", "repo"),
        ({"base_commit": "--upload-pack=touch /tmp/x"}, "malformed", "base_commit"),
        ({"base_commit": "HEAD"}, "malformed", "base_commit"),
        ({"base_commit": "0" * 40}, "source-unavailable", "0" * 40),
        ({"FAIL_TO_PASS": "[1, 2]"}, "malformed", "FAIL_TO_PASS"),
        ({"FAIL_TO_PASS": "not JSON"}, "malformed", "FAIL_TO_PASS"),
        ({"FAIL_TO_PASS": {"a": 1}}, "malformed", "FAIL_TO_PASS"),
        ({"install_config": "pip install"}, "malformed", "install_config"),
        ({"install_config": {"install": 3}}, "malformed", "install_config.install"),
        ({"install_config": {"pre_install": ["apt-get install 'Bad Name'"]}}, "malformed", "install_config"),
    ],
)
def test_a_bad_field_is_named(take: Import, changed: dict[str, Any], code: str, field: str) -> None:
    found_code, sentence = rejected(take(changed))
    assert found_code == code
    assert field in sentence


def test_a_missing_field_is_named(upstream: Any, tmp_path: Path, load: Load) -> None:
    for field in ("repo", "base_commit", "patch", "problem_statement"):
        file = tmp_path / "rows.jsonl"
        file.write_text(json.dumps({name: value for name, value in upstream.row.items() if name != field}))
        assert rejected(load(leads(file, upstream.sources(tmp_path))))[1].endswith(f"{field}: is missing")


def test_one_bad_line_never_stops_the_others(upstream: Any, tmp_path: Path, load: Load) -> None:
    good = json.dumps(upstream.row).encode()
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    nested = b'{"instance_id": "nested", "a":' + b"[" * 900 + b"]" * 900 + b"}"
    lines = [b"{torn", b"[1]", b"caf\xe9", deep, nested, b"", b"null", b'{"instance_id": null}', good]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(lines))
    found = load(leads(tmp_path / "rows.jsonl", upstream.sources(tmp_path)))
    assert [isinstance(each, Proposal) for each in found.values()] == [False] * 7 + [True]
    assert {each.code for each in found.values() if isinstance(each, Rejected)} == {"malformed"}
    assert "line 3 is not UTF-8" in str(found["row-3"])


def test_a_byte_order_mark_is_no_fault(upstream: Any, tmp_path: Path, load: Load) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(upstream.row).encode())
    assert proposal(load(leads(tmp_path / "rows.jsonl", upstream.sources(tmp_path))))


def test_an_id_that_occurs_twice_is_a_duplicate_and_the_first_stays(take: Import) -> None:
    first, second = take({}, {"problem_statement": "other"}).values()
    assert isinstance(first, Proposal)
    assert isinstance(second, Rejected)
    assert second.code == "duplicate"
    assert "line 1" in second.sentence


@pytest.mark.parametrize("name", ["../../../etc/passwd", "a/b", "A/B", "..", "/", "\x1b[31mred", "é", "x" * 299, "-rf"])
def test_any_id_becomes_a_name_that_is_no_path(take: Import, name: str) -> None:
    found = proposal(take({"instance_id": name}))
    assert set(found.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(found.id) <= 60
    assert not found.id.startswith("-")
    assert "\x1b" not in found.provenance.instance


def test_ids_that_differ_only_in_what_names_cannot_hold_stay_apart(take: Import) -> None:
    found = take({"instance_id": "a/b"}, {"instance_id": "a_b"}, {"instance_id": "a-b"})
    assert len(found) == 3
    assert all(isinstance(each, Proposal) for each in found.values())


def test_terminal_sequences_in_texts_are_shown_not_acted_on(take: Import) -> None:
    found = proposal(take({"problem_statement": "\x1b]0;owned\x07Doubling\u202e\n\nsee \x1b[2J"}))
    assert not set("\x1b\x07\u202e") & set(found.title + found.instruction)


def test_a_patch_of_sixty_megabytes_is_refused_at_once(take: Import) -> None:
    code, sentence = rejected(take({"patch": reaching("big") + "+x" * (30 << 20)}))
    assert code == "malformed"
    assert "no more than 16 are read" in sentence


def test_a_line_beyond_measure_is_skipped(upstream: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f'{{"a": "{"x" * 50_000}"}}\n{json.dumps(upstream.row)}\n')
    first, second = rows_module.rows(file, max_line=10_000)
    assert (first.data, first.problem) == (None, "is longer than 10,000 bytes")
    assert second.data == upstream.row


def test_a_json_file_that_would_be_read_at_once_is_refused_by_size(tmp_path: Path, upstream: Any) -> None:
    file = tmp_path / "rows.json"
    with file.open("wb") as stream:
        stream.truncate(rows_module.MAX_JSON + 1)
    with pytest.raises(FileProblem, match="one row a line"):
        list(leads(file, upstream.sources(tmp_path)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.json", b"{"),
        ("rows.json", b"[" * 100_000),
        ("rows.json", b"\xff\xfe[\x00]\x00"),
        ("rows.json", b"3"),
        ("rows.parquet", b"PAR1 but not really PAR1"),
        ("rows.parquet", b""),
        ("rows.csv", b"a,b"),
        ("absent.jsonl", None),
    ],
)
def test_a_file_that_is_none_of_these_says_so(tmp_path: Path, upstream: Any, name: str, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(FileProblem, match=name):
        list(leads(tmp_path / name, upstream.sources(tmp_path)))


FIXED_TREE = {"src/calc.py": Entry(b"def double(x):\n    return x * 2\n")}
TESTS = Entry(b"from calc import double\n\n\ndef test_three():\n    assert double(3) == 6\n")
