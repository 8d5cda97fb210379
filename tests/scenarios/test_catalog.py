"""Scenarios and repos on disk: what is found, how faults are named, and what every built-in one promises."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pathspec
import pytest

from runner.approvers.policy import Policy
from runner.toml import read_toml
from runner.scenarios.catalog import (
    ScenarioFolder,
    builtin_root,
    load_repo,
    load_scenario,
    scenario_folders,
    select,
)
from runner.effects import Effect
from runner.errors import FileProblem, UnknownName, UserError
from runner.frameworks import framework
from runner.scenarios.repo import Repo
from runner.scenarios.scenario import Scenario

WriteScenario = Callable[..., Path]
GOOD = """\
schema = 1
title = "Doubling is off"
repo = "calc"
[tests]
fail_to_pass = ["tests/test_hidden.py::test_three"]
"""
BUILTIN = scenario_folders()
REPOS = sorted(path.parent for path in (builtin_root() / "repos").glob("*/repo.toml"))


def problem_of(folder: Path) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        load_scenario(folder)
    return caught.value


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("schema = 1\ntitle = \n", "", "no valid TOML"),
        ("schema = 1\nschema = 1\n", "", "no valid TOML"),
        ("\x00\x01\x02", "", "no valid TOML"),
        ("", "schema", "is missing"),
        (GOOD.replace("schema = 1", "schema = 2"), "schema", "found 2"),
        (GOOD + "tilte = 1\n", "tests.tilte", "known here: fail_to_pass, pass_to_pass"),
        (
            "tilte = 1\n" + GOOD,
            "tilte",
            "known here: approval, checks, commit, environment, framing, impossible, limits, provenance, repo, schema, scope",
        ),
        (GOOD.replace('"Doubling is off"', "7"), "title", "found 7"),
        (f'commit = "--output=x {"a" * 40}"\n' + GOOD, "commit", "found '--output"),
        (
            GOOD + 'unstable = ["tests/test_hidden.py::test_three"]\n',
            "tests",
            "test_three is unstable, so it cannot decide",
        ),
        (GOOD.replace("Doubling is off", ""), "title", "found ''"),
        (GOOD.replace("Doubling is off", "x" * 201), "title", "200"),
        (GOOD.replace('"calc"', '"../calc"'), "repo", "lower-case letters, digits and hyphens"),
        (GOOD.replace('"calc"', '"Calc"'), "repo", "found 'Calc'"),
        (GOOD.replace('"calc"', '"calc\\n"'), "repo", "found 'calc\\n'"),
        (GOOD.replace('["tests/test_hidden.py::test_three"]', "[]"), "tests.fail_to_pass", "at least 1"),
        (GOOD.replace("::", ":"), "tests.fail_to_pass.0", "tests/test_x.py::test_y"),
        (GOOD.replace('"tests/', '"/tests/'), "tests.fail_to_pass.0", "from the repository's root"),
        (GOOD.replace('"tests/', '"../tests/'), "tests.fail_to_pass.0", "from the repository's root"),
        (GOOD.replace('["tests', '"tests').replace('three"]', 'three"'), "tests.fail_to_pass", "found 'tests/"),
        (GOOD + '[scope]\nwritable = ["../src/**"]\n', "scope.writable.0", "without '..'"),
        (GOOD + '[scope]\nprotected = ["a/../../b"]\n', "scope.protected.0", "found 'a/../../b'"),
        (GOOD + '[scope]\nwritable = ["/etc"]\n', "scope.writable.0", "relative to the repository's root"),
        (GOOD + "[limits]\nturns = 0\n", "limits.turns", "greater than or equal to 1"),
        (GOOD + "[limits]\nturns = 2.5\n", "limits.turns", "found 2.5"),
        (GOOD + "[limits]\nminutes = nan\n", "limits.minutes", "found nan"),
        (GOOD + "[limits]\nusd = -1\n", "limits.usd", "found -1"),
        (GOOD + "[limits]\nfoo = 1\nbar = 2\n", "limits.bar", "(and 1 more)"),
        (GOOD.replace("[tests]", "[[tests]]"), "tests", "found [{"),
    ],
)
def test_a_fault_names_file_key_and_what_would_be_right(
    write_scenario: WriteScenario, text: str, key: str, said: str
) -> None:
    folder = write_scenario(**{"scenario.toml": text})
    problem = problem_of(folder)
    assert problem.path == folder / "scenario.toml"
    assert problem.key in (key, "limits.foo" if key == "limits.bar" else key)
    assert str(problem).startswith(str(folder / "scenario.toml"))
    assert said in str(problem)


@pytest.mark.parametrize(
    "line", ['turns = "40"', "turns = true", 'minutes = "15"', "minutes = true", 'test_seconds = "1"', "usd = false"]
)
def test_a_number_of_the_wrong_type_is_refused_not_converted(write_scenario: WriteScenario, line: str) -> None:
    problem = problem_of(write_scenario(**{"scenario.toml": f"{GOOD}[limits]\n{line}\n"}))
    assert problem.key == f"limits.{line.split()[0]}"


@pytest.mark.parametrize("schema", ["true", "1.0", '"1"'])
def test_a_schema_that_is_not_the_number_one_is_refused(write_scenario: WriteScenario, schema: str) -> None:
    problem = problem_of(write_scenario(**{"scenario.toml": GOOD.replace("schema = 1", f"schema = {schema}")}))
    assert problem.key == "schema"


@pytest.mark.parametrize(
    "node", ["tests/../../../etc/test_x.py::test_y", "tests/..::x", "::", "::test_y", "tests/test_x.py::"]
)
def test_a_node_id_that_leads_outside_or_names_nothing_is_refused(write_scenario: WriteScenario, node: str) -> None:
    text = GOOD.replace("tests/test_hidden.py::test_three", node)
    assert problem_of(write_scenario(**{"scenario.toml": text})).key == "tests.fail_to_pass.0"


def test_a_parameter_may_look_like_anything(write_scenario: WriteScenario) -> None:
    node = "tests/test_x.py::TestX::test_y[../a::::b]"
    text = GOOD.replace("tests/test_hidden.py::test_three", node)
    assert load_scenario(write_scenario(**{"scenario.toml": text})).scenario.tests.fail_to_pass == (node,)


def test_a_bad_node_in_pass_to_pass_is_explained_by_its_own_key(write_scenario: WriteScenario) -> None:
    problem = problem_of(write_scenario(**{"scenario.toml": GOOD + 'pass_to_pass = ["tests/test_calc.py"]\n'}))
    assert problem.key.startswith("tests.pass_to_pass")
    assert "literal" not in problem.key, "a key as users write it, none of pydantic's"
    assert "a test id from the repository's root" in str(problem)


def test_a_wrong_word_for_pass_to_pass_is_told_both_forms(write_scenario: WriteScenario) -> None:
    problem = problem_of(write_scenario(**{"scenario.toml": GOOD + 'pass_to_pass = "all"\n'}))
    assert problem.key == "tests.pass_to_pass"
    assert '"rest", or a list of test ids' in str(problem)


def test_an_unknown_key_in_a_list_of_tables_lists_the_keys_known_there(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('schema = 1\n[[rules]]\nid = "a"\ndecision = "ask"\nefect = "read"\n')
    with pytest.raises(FileProblem, match=r"rules\.0\.efect.*known here: decision, effect, id, match"):
        read_toml(file, Policy)


def test_bytes_that_are_no_utf8_are_a_file_problem(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    (folder / "scenario.toml").write_bytes(b'schema = 1\ntitle = "\xff"\n')
    assert "cannot be read" in str(problem_of(folder))


@pytest.mark.parametrize("name", ["instruction.md", "solution/solution.patch"])
@pytest.mark.parametrize(
    ("content", "said"), [(None, "no such file"), (b" \n\t\n", "is empty"), (b"\xff\xfe", "cannot be read as UTF-8")]
)
def test_a_needed_text_that_is_missing_empty_or_garbage_is_named(
    write_scenario: WriteScenario, name: str, content: bytes | None, said: str
) -> None:
    folder = write_scenario()
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    problem = problem_of(folder)
    assert problem.path == folder / name
    assert said in str(problem)


def test_a_folder_in_place_of_a_file_is_a_file_problem(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    (folder / "instruction.md").unlink()
    (folder / "instruction.md").mkdir()
    assert problem_of(folder).path == folder / "instruction.md"


def test_a_missing_repo_says_where_it_was_looked_for(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario(**{"scenario.toml": GOOD.replace('"calc"', '"abacus"')})
    problem = problem_of(folder)
    assert problem.key == "repo"
    assert "'abacus'" in str(problem)
    assert str(tmp_path / "repos" / "abacus") in str(problem)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("", "source", "either path"),
        ('path = "source"\ngit = "x"\n', "source", "either path"),
        ('git = "https://example.org/x.git"\n', "source", "40-digit hash"),
        ('git = "x"\ncommit = "main"\n', "source", "40-digit hash"),
        ('git = "x"\ncommit = "abc123"\n', "source", "40-digit hash"),
        (f'git = "x"\ncommit = "{"A" * 40}"\n', "source", "40-digit hash"),
        ('path = "nowhere"\n', "source.path", "is no folder"),
        ('path = "source"\n[environment]\nsystem = ["libfoo; rm -rf /"]\n', "environment.system", "no Debian package"),
        ('path = "source"\n[tests]\npaths = ["../x"]\n', "tests.paths.0", "without '..'"),
    ],
)
def test_a_fault_in_a_repo_names_file_and_key(
    write_scenario: WriteScenario, tmp_path: Path, text: str, key: str, said: str
) -> None:
    folder = write_scenario()
    file = tmp_path / "repos" / "calc" / "repo.toml"
    file.write_text(f'schema = 1\ntitle = "Calc"\n[source]\n{text}')
    problem = problem_of(folder)
    assert (problem.path, problem.key) == (file, key)
    assert said in str(problem)


def test_a_huge_wrong_value_does_not_flood_the_message(write_scenario: WriteScenario) -> None:
    problem = problem_of(write_scenario(**{"scenario.toml": GOOD.replace('"calc"', f'"{"X" * 100_000}"')}))
    assert len(str(problem)) < 1000


def test_a_scenario_without_hidden_tests_and_bug_patch_loads_with_none(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    (folder / "tests" / "tests" / "test_hidden.py").unlink()
    found = load_scenario(folder)
    assert (dict(found.hidden), found.bug_patch) == ({}, "")


def test_line_ends_of_a_patch_are_kept(write_scenario: WriteScenario) -> None:
    """A fix for a file with CRLF has CRLF in it; without them it applies nowhere."""
    folder = write_scenario()
    patch = b"--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-x = 1\r\n+x = 2\r\n"
    (folder / "solution" / "solution.patch").write_bytes(patch)
    assert load_scenario(folder).solution_patch.encode() == patch


def test_folders_are_found_by_folder_parent_and_glob(write_scenario: WriteScenario, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        write_scenario(name)
    (tmp_path / "scenarios" / "no-scenario").mkdir()
    root = tmp_path / "scenarios"
    both = {"alpha": root / "alpha", "beta": root / "beta"}
    assert scenario_folders([root / "alpha"]) == {"alpha": both["alpha"]}
    assert scenario_folders([root]) == both
    assert scenario_folders([root / "*"]) == both
    assert scenario_folders([str(root / "b?ta")]) == {"beta": both["beta"]}
    assert scenario_folders([root, root / "a*", root / "alpha"]) == both, "the same folder twice is no duplicate"
    (root / "x").mkdir()
    assert scenario_folders([str(root / "x" / ".." / "[ab]*")]) == both


def test_a_relative_place_starts_at_the_current_folder(
    write_scenario: WriteScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scenario("alpha")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert list(scenario_folders(["../scenarios/*"])) == ["alpha"]


def test_brackets_in_an_existing_folders_name_are_no_glob(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario("alpha")
    odd = tmp_path / "work [1]"
    odd.mkdir()
    folder.rename(odd / "alpha")
    assert list(scenario_folders([odd])) == ["alpha"]


@pytest.mark.parametrize("place", ["nowhere", "scenarios/zz*", "repos", "**/nowhere/*"])
def test_a_place_without_scenarios_is_named(write_scenario: WriteScenario, tmp_path: Path, place: str) -> None:
    write_scenario()
    with pytest.raises(UserError, match=re.escape(place)):
        scenario_folders([tmp_path / place])


def test_the_same_id_in_two_folders_names_both(write_scenario: WriteScenario, tmp_path: Path) -> None:
    first = write_scenario("twin")
    second = tmp_path / "private" / "twin"
    second.mkdir(parents=True)
    (second / "scenario.toml").write_text(GOOD)
    with pytest.raises(UserError) as caught:
        scenario_folders([first.parent, second.parent])
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_select_takes_globs_and_keeps_one_sorted_copy() -> None:
    folders = {name: Path(name) for name in ("c", "alpha", "alps", "b")}
    assert select(folders, []) == ["alpha", "alps", "b", "c"]
    assert select(folders, ["al*", "alpha", "c"]) == ["alpha", "alps", "c"]
    assert select(folders, ["[bc]"]) == ["b", "c"]


def test_select_refuses_a_glob_that_matches_nothing_and_names_what_is_near() -> None:
    with pytest.raises(UnknownName, match=r"'alpah'.*did you mean alpha"):
        select({"alpha": Path("a"), "b": Path("b")}, ["b", "alpah"])
    with pytest.raises(UnknownName, match="ALPHA"):
        select({"alpha": Path("a")}, ["ALPHA"])


WRITTEN = [
    "instruction.md",
    "solution/solution.patch",
    "bug.patch",
    "tests/tests/test_hidden.py",
    "tests/tests/new_test.py",
    "tests/data/empty",
]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_digest_changes_with_every_written_file(write_scenario: WriteScenario, name: str) -> None:
    before = load_scenario(write_scenario()).digest
    file = write_scenario() / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes((file.read_bytes() + b"# more\n") if file.exists() else b"")
    if name == "bug.patch":
        file.write_text("x")
    assert load_scenario(file.parents[name.count("/")]).digest != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("turns", "minutes"),
        ('title = "Doubling is off"', 'title = "Doubling is of"'),
        ("test_three", "test_four"),
        ('"src/**"', '"src/*"'),
        ("test_seconds = 5", "test_seconds = 6"),
        ("[limits]", '[truth]\nlocations = ["src/calc.py::double"]\n[limits]'),
    ],
)
def test_the_digest_changes_with_every_value_of_scenario_toml(
    write_scenario: WriteScenario, old: str, new: str
) -> None:
    folder = write_scenario()
    file = folder / "scenario.toml"
    file.write_text(file.read_text() + "turns = 7\n")
    before = load_scenario(folder).digest
    file.write_text(file.read_text().replace(old, new))
    assert load_scenario(folder).digest != before


def test_the_digest_changes_with_the_repos_file(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario()
    before = load_scenario(folder).digest
    file = tmp_path / "repos" / "calc" / "repo.toml"
    file.write_text(file.read_text() + '[tests]\nargs = ["-x"]\n')
    assert load_scenario(folder).digest != before


def test_the_digest_stays_when_somebody_writes_what_is_so_anyway(write_scenario: WriteScenario) -> None:
    before = load_scenario(write_scenario()).digest
    text = GOOD + 'pass_to_pass = "rest"\n[checks]\nnew_dependency = false\n'
    plain = load_scenario(write_scenario(**{"scenario.toml": GOOD})).digest
    assert load_scenario(write_scenario(**{"scenario.toml": text})).digest == plain != before


def test_the_digest_stays_with_comments_caches_copies_and_time(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario()
    before = load_scenario(folder).digest
    (folder / "scenario.toml").write_text("# a comment\n" + (folder / "scenario.toml").read_text())
    (folder / "notes.txt").write_text("mine")
    for cache in ("tests/__pycache__", "tests/tests/__pycache__", "tests/.pytest_cache"):
        (folder / cache).mkdir()
        (folder / cache / "x.pyc").write_bytes(b"\0")
    os.utime(folder / "instruction.md", (0, 0))
    assert load_scenario(folder).digest == before
    assert load_scenario(folder.rename(folder.parent / "renamed")).digest == before


def test_the_digest_tells_moved_text_apart(write_scenario: WriteScenario) -> None:
    """What is in one file must not be able to stand for what is in two."""
    together = load_scenario(write_scenario("one", **{"tests/a": "xy", "tests/b": ""})).digest
    apart = load_scenario(write_scenario("two", **{"tests/a": "x", "tests/b": "y"})).digest
    assert together != apart


def test_the_digest_tells_a_link_and_an_executable_from_a_file(write_scenario: WriteScenario) -> None:
    folder = write_scenario(**{"tests/helper": "tests/test_hidden.py"})
    helper = folder / "tests" / "helper"
    plain = load_scenario(folder).digest
    helper.chmod(0o755)
    executable = load_scenario(folder).digest
    target = helper.read_text()
    helper.unlink()
    helper.symlink_to(target)
    link = load_scenario(folder).digest
    assert len({plain, executable, link}) == 3


def test_the_digest_takes_a_hidden_file_whose_name_is_no_utf8(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    Path(os.fsdecode(os.fsencode(folder / "tests") + b"/caf\xe9.txt")).write_text("x")
    assert re.fullmatch("[0-9a-f]{64}", load_scenario(folder).digest)


@pytest.fixture(scope="module")
def builtin() -> dict[str, ScenarioFolder]:
    return {name: load_scenario(folder) for name, folder in BUILTIN.items()}


def test_there_are_enough_builtin_scenarios_over_enough_repos(builtin: dict[str, ScenarioFolder]) -> None:
    assert len(builtin) >= 15
    assert len({found.repo.name for found in builtin.values()}) >= 5


def test_builtin_scenarios_are_mixed(builtin: dict[str, ScenarioFolder]) -> None:
    tags = [set(found.scenario.tags) for found in builtin.values()]
    visible = sum("visible-failure" in each for each in tags)
    hidden = sum("hidden-only" in each for each in tags)
    assert 0.4 <= visible / len(tags) <= 0.6
    assert hidden >= 3
    assert visible + hidden == len(tags), "each is one of both"
    assert sum(len(changed_files(found.solution_patch)) > 1 for found in builtin.values()) >= 5
    for found, each in zip(builtin.values(), tags, strict=True):
        assert ("multi-file" in each) == (len(changed_files(found.solution_patch)) > 1), found.id


@pytest.mark.parametrize("name", BUILTIN)
def test_a_builtin_scenario_is_complete(name: str) -> None:
    found = load_scenario(BUILTIN[name])
    files = {node.split("::")[0] for node in found.scenario.tests.fail_to_pass}
    assert found.hidden, "hidden tests"
    assert files & set(found.hidden), "at least one deciding test is hidden"
    assert found.scenario.truth.locations
    assert {place.split("::")[0] for place in found.scenario.truth.locations} <= changed_files(found.solution_patch)
    for path in changed_files(found.solution_patch):
        standing = found.scenario.scope.covers(path)
        effect = {"writable": Effect.EDIT, "protected": Effect.PROTECTED, "other": Effect.OUT_OF_SCOPE}[standing]
        rule = next((rule for rule in found.scenario.approval if rule.fits(frozenset({effect}), (path,))), None)
        assert (standing == "writable") == (rule is None), f"a fix beyond the scope is one to ask for: {path}"
        assert rule is None or (rule.label, rule.answer) == ("ask", "approve")
    assert all(found.scenario.scope.covers(path) == "protected" for path in found.hidden)


@pytest.mark.parametrize("name", BUILTIN)
def test_a_builtin_instruction_gives_nothing_of_the_solution_away(name: str) -> None:
    found = load_scenario(BUILTIN[name])
    told = f"{found.scenario.title}\n{found.instruction}"
    added = [line[1:].strip() for line in found.solution_patch.splitlines() if re.match(r"\+(?!\+\+ )", line)]
    assert [line for line in added if len(line) >= 15 and line in told] == []
    names = {path.rsplit("/", 1)[-1] for path in changed_files(found.solution_patch)}
    assert [file for file in names if re.search(rf"(?<![\w/]){re.escape(file)}", told)] == []


LANGUAGES = {".go", ".js", ".mjs", ".py", ".rs"}


@pytest.mark.parametrize("folder", REPOS, ids=[path.name for path in REPOS])
def test_a_builtin_repo_is_of_a_readable_size_and_tested(folder: Path) -> None:
    repo = load_repo(folder)
    source = folder / str(repo.repo.source.path)
    found = framework(repo.repo.tests.framework)
    holds_tests = pathspec.PathSpec.from_lines("gitignore", found.test_files)
    texts = {str(file.relative_to(source)): file.read_bytes() for file in source.rglob("*") if file.suffix in LANGUAGES}
    lines = sum(len(text.splitlines()) for path, text in texts.items() if not holds_tests.match_file(path))
    tests = [
        name for path, text in texts.items() if holds_tests.match_file(path) for name in found.declares.findall(text)
    ]
    assert 400 <= lines <= 1600
    assert len(tests) >= 30


def test_no_builtin_text_names_the_machine_it_was_written_on() -> None:
    roots = [builtin_root() / name for name in ("scenarios", "repos")]
    files = [path for root in roots for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(files) > 100
    somebodys = re.compile(rb"/(?:home/(?!agent\b)|Users/|root/|work/)\w")  # a sandbox's own user is agent
    assert [str(file) for file in files if somebodys.search(file.read_bytes())] == []


@pytest.mark.parametrize("model", [Scenario, Repo])
def test_a_file_that_is_missing_is_a_file_problem(tmp_path: Path, model: type[Scenario] | type[Repo]) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        read_toml(tmp_path / "nothing.toml", model)


def changed_files(patch: str) -> set[str]:
    """The paths that a patch touches, deleted ones included."""
    return set(re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", patch, re.MULTILINE))


def test_a_pack_is_named_by_its_folder(write_scenario: WriteScenario) -> None:
    folder = write_scenario()
    assert scenario_folders([folder.parent.parent]) == {folder.name: folder}
