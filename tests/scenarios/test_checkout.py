"""Git on the host: patches applied, one commit of history, and differences that turn one tree into the other."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.scenarios.catalog import ScenarioFolder, load_scenario
from runner.scenarios.checkout import apply, base_tree, changes, difference, solved_tree, with_history
from runner.errors import ScenarioInvalid
from sandboxes.archive import Entry, Tree, read_folder

WriteScenario = Callable[..., Path]
BUG = """\
--- a/src/calc.py
+++ b/src/calc.py
@@ -4,3 +4,3 @@
 
 def triple(x):
-    return x * 3
+    return x * 4
"""
ENV = os.environ | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *words: str) -> str:
    """Git's answer; a failure is the test's failure."""
    done = subprocess.run(["git", *words], cwd=folder, env=ENV, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


def lay_out(tree: Tree, folder: Path) -> Path:
    """A tree as real files, written by other code than the code under test."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, entry in tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_link:
            target.symlink_to(os.fsdecode(entry.data))
        else:
            target.write_bytes(entry.data)
            target.chmod(0o755 if entry.executable else 0o644)
    return folder


# Patches


def test_the_base_is_the_source_with_the_bug_patch(write_scenario: WriteScenario) -> None:
    plain = base_tree(load_scenario(write_scenario()))
    buggy = base_tree(load_scenario(write_scenario(**{"bug.patch": BUG})))
    assert changes(plain, buggy) == {"src/calc.py": Entry(plain["src/calc.py"].data.replace(b"* 3", b"* 4"))}


def test_the_solved_tree_is_the_base_with_the_fix(scenario: ScenarioFolder) -> None:
    base = base_tree(scenario)
    solved = solved_tree(scenario, base)
    assert changes(base, solved) == {"src/calc.py": Entry(base["src/calc.py"].data.replace(b"x + 2", b"x * 2"))}


def test_caches_and_a_git_folder_in_the_source_stay_out(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario()
    source = tmp_path / "repos" / "calc" / "source"
    for name in (".git/HEAD", "src/__pycache__/calc.pyc", ".pytest_cache/x", ".ruff_cache/x", ".mypy_cache/x"):
        (source / name).parent.mkdir(parents=True)
        (source / name).write_text("x")
    assert sorted(base_tree(load_scenario(folder))) == ["pyproject.toml", "src/calc.py", "tests/test_calc.py"]


@pytest.mark.parametrize(
    "patch",
    [
        "garbage\n",
        "--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1,1 +1,1 @@\n-no such line\n+x\n",
        "--- a/src/nowhere.py\n+++ b/src/nowhere.py\n@@ -1,1 +1,1 @@\n-x\n+y\n",
        "--- a/src/calc.py\n+++ b/src/calc.py\n@@ -1,5 +1,5 @@\n def",
        "--- /dev/null\n+++ b/../../outside.py\n@@ -0,0 +1 @@\n+x\n",
        "diff --git a/.git/config b/.git/config\nnew file mode 100644\n--- /dev/null\n+++ b/.git/config\n"
        "@@ -0,0 +1 @@\n+x\n",
    ],
    ids=["garbage", "context", "file", "cut", "outside", "git"],
)
def test_a_patch_that_does_not_apply_makes_the_scenario_invalid(write_scenario: WriteScenario, patch: str) -> None:
    bad_bug = load_scenario(write_scenario("bug", **{"bug.patch": patch}))
    with pytest.raises(ScenarioInvalid) as caught:
        base_tree(bad_bug)
    assert (caught.value.scenario, caught.value.code) == ("bug", "bug-does-not-apply")
    assert "bug.patch: " in caught.value.problem
    bad_fix = load_scenario(write_scenario("fix", **{"solution/solution.patch": patch}))
    with pytest.raises(ScenarioInvalid) as caught:
        solved_tree(bad_fix, base_tree(bad_fix))
    assert (caught.value.scenario, caught.value.code) == ("fix", "reference-does-not-apply")


def test_a_patch_is_applied_wholly_or_not_at_all(scenario: ScenarioFolder) -> None:
    base = base_tree(scenario)
    second = "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1 +1 @@\n-no such line\n+x\n"
    with pytest.raises(ScenarioInvalid):
        apply(scenario, "solution.patch", base, scenario.solution_patch + second)


def test_a_patch_cannot_write_through_a_link(scenario: ScenarioFolder, tmp_path: Path) -> None:
    patch = "--- /dev/null\n+++ b/door/evil.py\n@@ -0,0 +1 @@\n+x\n"
    tree = {"door": Entry(str(tmp_path).encode(), is_link=True)}
    with pytest.raises(ScenarioInvalid):
        apply(scenario, "bug.patch", tree, patch)
    assert not (tmp_path / "evil.py").exists()


def test_a_fix_that_changes_nothing_makes_the_scenario_invalid(write_scenario: WriteScenario) -> None:
    patch = "diff --git a/src/calc.py b/src/calc.py\nold mode 100644\nnew mode 100644\n"
    found = load_scenario(write_scenario(**{"solution/solution.patch": patch}))
    with pytest.raises(ScenarioInvalid) as caught:
        solved_tree(found, base_tree(found))
    assert caught.value.code in ("reference-empty", "reference-does-not-apply")


def test_a_fix_for_a_file_with_crlf_applies(write_scenario: WriteScenario, tmp_path: Path) -> None:
    folder = write_scenario()
    (tmp_path / "repos" / "calc" / "source" / "src" / "dos.py").write_bytes(b"x = 1\r\ny = 2\r\n")
    patch = b"--- a/src/dos.py\n+++ b/src/dos.py\n@@ -1,2 +1,2 @@\n-x = 1\r\n+x = 3\r\n y = 2\r\n"
    (folder / "solution" / "solution.patch").write_bytes(patch)
    found = load_scenario(folder)
    assert solved_tree(found, base_tree(found))["src/dos.py"].data == b"x = 3\r\ny = 2\r\n"


@pytest.mark.parametrize("header", ["", "diff --git a/src/calc.py b/src/calc.py\n"])
def test_patches_apply_where_the_temporary_folder_is_inside_a_repository(
    write_scenario: WriteScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    """`git apply` below a repository's root silently skips what it takes for files outside of its folder."""
    folder = write_scenario(**{"bug.patch": header + BUG})
    (tmp_path / "tmp").mkdir()
    git(tmp_path, "init", "-q")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    assert b"x * 4" in base_tree(load_scenario(folder))["src/calc.py"].data


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_gits_variables_of_a_surrounding_hook_are_ignored(
    scenario: ScenarioFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A hook sets them; taskfit must neither write there nor be led astray."""
    mine = tmp_path / "mine"
    mine.mkdir()
    git(mine, "init", "-q")
    (mine / "a").write_text("x")
    git(mine, "add", "a")
    before = read_folder(mine)
    where = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_WORK_TREE": "."}[variable]
    monkeypatch.setenv(variable, str(mine / where))
    base = base_tree(scenario)
    packed = with_history(base)
    shown = difference(base, solved_tree(scenario, base))
    monkeypatch.delenv(variable)
    assert read_folder(mine) == before
    assert "+    return x * 2" in shown
    assert git(lay_out(packed, tmp_path / "out"), "status", "--porcelain") == ""


# A git source and its history


@pytest.fixture
def pinned(write_scenario: WriteScenario, tmp_path: Path) -> ScenarioFolder:
    """A scenario whose source is a commit in the middle of a repository's history."""
    folder = write_scenario()
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    (origin / "calc.py").write_text("first secret\n")
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "first")
    (origin / "calc.py").write_text("x = 1\n")
    (origin / "run.sh").write_text("#!/bin/sh\n")
    (origin / "run.sh").chmod(0o755)
    (origin / "link").symlink_to("calc.py")
    (origin / ".gitignore").write_text("*.log\n")
    (origin / "kept.log").write_text("tracked though ignored\n")
    git(origin, "add", "-A", "-f")
    git(origin, "commit", "-q", "-m", "second")
    commit = git(origin, "rev-parse", "HEAD").strip()
    (origin / "calc.py").write_text("the fix, a secret\n")
    git(origin, "commit", "-q", "-am", "the fix")
    git(origin, "tag", "v2")
    git(origin, "branch", "later")
    git(origin, "notes", "add", "-m", "a note")
    repo = tmp_path / "repos" / "calc" / "repo.toml"
    repo.write_text(f'schema = 1\ntitle = "Calc"\n[source]\ngit = "../../origin"\ncommit = "{commit}"\n')
    return load_scenario(folder)


def test_a_git_source_is_the_tree_of_its_commit(pinned: ScenarioFolder) -> None:
    assert base_tree(pinned) == {
        ".gitignore": Entry(b"*.log\n"),
        "calc.py": Entry(b"x = 1\n"),
        "kept.log": Entry(b"tracked though ignored\n"),
        "link": Entry(b"calc.py", is_link=True),
        "run.sh": Entry(b"#!/bin/sh\n", executable=True),
    }


def test_only_one_commit_is_in_the_history_that_a_model_sees(pinned: ScenarioFolder, tmp_path: Path) -> None:
    tree = base_tree(pinned)
    packed = with_history(tree)
    work = lay_out(packed, tmp_path / "work")
    assert len(git(work, "log", "--all", "--format=%H").split()) == 1
    assert git(work, "reflog", "--all") == ""
    assert git(work, "remote") == ""
    assert git(work, "tag") == ""
    assert git(work, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]
    assert git(work, "stash", "list") == ""
    assert git(work, "fsck", "--unreachable", "--no-reflogs", "--full") == ""
    listed = git(work, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    kinds = sorted(line.split()[1] for line in listed)
    assert kinds == ["blob"] * 5 + ["commit", "tree"]
    reachable = {line.split()[0] for line in git(work, "rev-list", "--objects", "HEAD").splitlines()}
    assert {line.split()[0] for line in listed} == reachable
    assert git(work, "status", "--porcelain") == ""
    every = b"".join(entry.data for entry in packed.values())
    assert str(tmp_path).encode() not in every
    assert pinned.repo.repo.source.commit is not None
    assert pinned.repo.repo.source.commit.encode() not in every
    git_files = {path for path in packed if path.startswith(".git/")}
    assert not [path for path in git_files if "hooks" in path or "logs" in path or "alternates" in path]
    assert ".git/packed-refs" not in git_files and ".git/FETCH_HEAD" not in git_files
    assert {path: entry for path, entry in packed.items() if path not in git_files} == tree


def test_history_names_nobody_and_is_the_same_every_time(pinned: ScenarioFolder, tmp_path: Path) -> None:
    tree = base_tree(pinned)
    first, second = (lay_out(with_history(tree), tmp_path / name) for name in ("one", "two"))
    assert git(first, "rev-parse", "HEAD") == git(second, "rev-parse", "HEAD")
    assert git(first, "log", "--format=%an %ae %cn").split() == ["taskfit", "taskfit@localhost", "taskfit"]


def test_a_folder_of_the_projects_that_is_called_hooks_or_logs_is_committed(tmp_path: Path) -> None:
    tree = {"hooks/pre.py": Entry(b"x\n"), "logs/a.log": Entry(b"y\n"), "COMMIT_EDITMSG": Entry(b"z\n")}
    work = lay_out(with_history(tree), tmp_path / "work")
    assert git(work, "status", "--porcelain") == ""
    assert sorted(git(work, "ls-files").split()) == sorted(tree)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('git = "../../origin"\ncommit = "' + "0" * 40 + '"', "0" * 40),
        ('git = "../../no-such-repository"\ncommit = "' + "0" * 40 + '"', "no-such-repository"),
        ('git = "--upload-pack=touch${IFS}evil"\ncommit = "' + "0" * 40 + '"', "upload-pack"),
        ('git = "ext::sh -c touch% evil"\ncommit = "' + "0" * 40 + '"', "ext::"),
    ],
)
def test_a_source_that_cannot_be_had_makes_the_scenario_invalid(
    pinned: ScenarioFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (pinned.repo.folder / "repo.toml").write_text(f'schema = 1\ntitle = "Calc"\n[source]\n{line}\n')
    with pytest.raises(ScenarioInvalid) as caught:
        base_tree(load_scenario(pinned.folder))
    assert caught.value.code == "source-unavailable"
    assert said in caught.value.problem
    assert not list(tmp_path.rglob("evil"))


def test_the_users_own_git_configuration_has_no_part(
    scenario: ScenarioFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\tautocrlf = true\n\thooksPath = {tmp_path}\n[commit]\n\tgpgsign = true\n[diff]\n\tnoprefix = true\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    base = base_tree(scenario)
    assert "--- a/src/calc.py" in difference(base, solved_tree(scenario, base))
    assert with_history({"a": Entry(b"x\r\n")})["a"].data == b"x\r\n"


# Differences

TEXT = Entry(b"one\ntwo\nthree\n")
PAIRS: dict[str, tuple[Tree, Tree]] = {
    "text": ({"a": TEXT}, {"a": Entry(b"one\n2\nthree\n")}),
    "new": ({}, {"deep/er/a": TEXT}),
    "empty new": ({"b": TEXT}, {"b": TEXT, "a": Entry(b"")}),
    "emptied": ({"a": TEXT}, {"a": Entry(b"")}),
    "deleted": ({"a": TEXT, "b": TEXT}, {"b": TEXT}),
    "all deleted": ({"x/a": TEXT}, {}),
    "binary": ({"a": Entry(bytes(range(256)))}, {"a": Entry(bytes(range(255, -1, -1)) * 9)}),
    "binary new": ({}, {"a.png": Entry(b"\x89PNG\r\n\x1a\n\0\0\0")}),
    "binary deleted": ({"a": Entry(b"\0\1\2")}, {}),
    "latin-1": ({"a": Entry(b"caf\xe9\n")}, {"a": Entry(b"th\xe9\n")}),
    "made executable": ({"a": TEXT}, {"a": Entry(TEXT.data, executable=True)}),
    "executable new": ({}, {"a": Entry(b"#!/bin/sh\n", executable=True)}),
    "executable no more": ({"a": Entry(b"x\n", executable=True)}, {"a": Entry(b"y\n")}),
    "no newline at the end": ({"a": Entry(b"x\ny")}, {"a": Entry(b"x\nz")}),
    "newline at the end lost": ({"a": Entry(b"x\n")}, {"a": Entry(b"x")}),
    "crlf": ({"a": Entry(b"x\r\ny\r\n")}, {"a": Entry(b"x\r\nz\r\n")}),
    "crlf to lf": ({"a": Entry(b"x\r\n")}, {"a": Entry(b"x\n")}),
    "cr alone": ({"a": Entry(b"x\ry\r")}, {"a": Entry(b"x\rz\r")}),
    "odd white space": ({"a": Entry(b"x \t\n")}, {"a": Entry(b"x\t \n\n\n")}),
    "separators": ({"a": Entry("x\u2028y\x0c\x85\n".encode())}, {"a": Entry("x\u2028z\x0c\x85\n".encode())}),
    "like a patch": ({"a": Entry(b"--- a/x\n+++ b/x\n")}, {"a": Entry(b"--- a/x\n@@ -1 +1 @@\ndiff --git a/b b/b\n")}),
    "link": ({"l": Entry(b"a", is_link=True)}, {"l": Entry(b"../b", is_link=True)}),
    "link new": ({}, {"l": Entry(b"/etc/passwd", is_link=True)}),
    "file to link": ({"a": TEXT}, {"a": Entry(b"b", is_link=True)}),
    "link to file": ({"a": Entry(b"b", is_link=True)}, {"a": TEXT}),
    "file to folder": ({"a": TEXT}, {"a/b": TEXT}),
    "folder to file": ({"a/b": TEXT}, {"a": TEXT}),
    "folder to link": ({"a/b": TEXT, "c": TEXT}, {"a": Entry(b"c", is_link=True), "c": TEXT}),
    "spaces": ({" a  b ": TEXT}, {" a  b ": Entry(b"x\n")}),
    "quotes": ({'it\'s "so"': TEXT}, {'it\'s "so"': Entry(b"x\n")}),
    "control characters": ({"a\n\t\x1b[31mb": TEXT}, {"a\n\t\x1b[31mb": Entry(b"x\n")}),
    "unicode": ({"naïve/日本.py": TEXT}, {"naïve/日本.py": Entry(b"x\n")}),
    "decomposed": ({"e\u0301": TEXT}, {"e\u0301": Entry(b"x\n"), "\u00e9": TEXT}),
    "no utf-8": ({"caf\udce9": TEXT}, {"caf\udce9": Entry(b"x\n")}),
    "like an option": ({"--help": TEXT, "-rf": TEXT}, {"--help": Entry(b"x\n")}),
    "glob and pathspec": ({":(top)a": TEXT, "*": TEXT, "[x]": TEXT}, {":(top)a": Entry(b""), "*": Entry(b"x\n")}),
    "backslash": ({"a\\b": TEXT}, {"a\\b": Entry(b"x\n")}),
    "ignored": ({".gitignore": Entry(b"*\n")}, {".gitignore": Entry(b"*\n"), "a": TEXT}),
    "attributes that convert": (
        {"a.txt": Entry(b"x\r\n")},
        {"a.txt": Entry(b"y\r\n"), ".gitattributes": Entry(b"* text eol=crlf\n")},
    ),
    "attributes with a coding": (
        {"a.txt": Entry(b"x\n")},
        {"a.txt": Entry(b"yy\n"), ".gitattributes": Entry(b"* working-tree-encoding=UTF-16\n")},
    ),
    "attributes with ident": (
        {"a": Entry(b"x\n")},
        {"a": Entry(b"$Id: 1234 $\n"), ".gitattributes": Entry(b"* ident\n")},
    ),
    "a repository within": (
        {"x": TEXT},
        {
            "x": TEXT,
            "sub/.git/HEAD": Entry(b"ref: refs/heads/main\n"),
            "sub/.git/objects/pack/x": Entry(b""),
            "sub/.git/refs/heads/x": Entry(b""),
            "sub/a.py": TEXT,
        },
    ),
    "a name that git refuses": ({}, {"git~1": TEXT, "a": TEXT}),
    "a link that git refuses": ({}, {".gitmodules": Entry(b"a", is_link=True), "a": TEXT}),
    "a case of .git": ({}, {".GIT/config": TEXT, "a": TEXT}),
    "rename": ({"old.py": Entry(b"x\n" * 50)}, {"new.py": Entry(b"x\n" * 50)}),
    "large": ({"a": Entry(b"line\n" * 200_000)}, {"a": Entry(b"line\n" * 100_000 + b"new\n" + b"line\n" * 99_999)}),
    "one long line": ({"a": Entry(b"x" * 1_000_000)}, {"a": Entry(b"x" * 999_999 + b"y")}),
}
"""Before, after."""
SHOWN_ONLY = {"a repository within", "a name that git refuses", "a link that git refuses", "a case of .git"}
"""`git apply` itself refuses these names; the rest of the difference must be shown nevertheless."""


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in SHOWN_ONLY])
def test_a_difference_turns_the_one_tree_into_the_other(name: str, tmp_path: Path) -> None:
    before, after = PAIRS[name]
    folder = lay_out(before, tmp_path / "tree")
    patch = tmp_path / "patch.diff"
    patch.write_text(difference(before, after), encoding="utf-8", errors="surrogateescape", newline="")
    git(folder, "apply", "--whitespace=nowarn", str(patch))
    assert read_folder(folder) == dict(after)


@pytest.mark.parametrize("name", sorted(SHOWN_ONLY))
def test_a_models_odd_files_never_break_the_difference(name: str) -> None:
    """A model may leave any file behind; a difference that fails would make its trial an `infra_error`."""
    before, after = PAIRS[name]
    assert "+two" in difference(before, after)


@pytest.mark.parametrize("depth", [200, 1000, 20_000])
def test_a_path_of_any_depth_is_shown_or_named(depth: int) -> None:
    shown = difference({}, {"d/" * depth + "deep": Entry(b"far\n"), "a": TEXT})
    assert "+two" in shown
    assert ("+far" in shown) != shown.startswith("left out, too deep to be shown: 'd/d/")


def test_a_difference_is_empty_where_nothing_changed() -> None:
    assert difference({"a": TEXT, "l": Entry(b"a", is_link=True)}, {"a": TEXT, "l": Entry(b"a", is_link=True)}) == ""
    assert difference({}, {}) == ""


def test_a_difference_does_not_run_what_a_tree_asks_for(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    tree = {
        ".gitattributes": Entry(b"* filter=evil diff=evil\n"),
        ".git-config": Entry(f'[filter "evil"]\n\tclean = touch {marker}\n'.encode()),
        ".gitconfig": Entry(f'[diff "evil"]\n\ttextconv = touch {marker}\n'.encode()),
        "a": TEXT,
    }
    assert "+two" in difference({}, tree)
    assert not marker.exists()


def test_a_write_never_goes_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    before = {"a": Entry(str(outside).encode(), is_link=True)}
    difference(before, {"a": Entry(b"evil\n")})
    assert outside.read_text() == "untouched"


def test_changes_are_what_differs_in_content_mode_kind_or_presence() -> None:
    before = {"same": TEXT, "text": TEXT, "mode": TEXT, "kind": Entry(b"x"), "gone": TEXT}
    after = {
        "same": Entry(bytes(TEXT.data)),
        "text": Entry(b"x"),
        "mode": replace(TEXT, executable=True),
        "kind": Entry(b"x", is_link=True),
        "new": Entry(b""),
    }
    found = changes(before, after)
    assert found == {
        "text": after["text"],
        "mode": after["mode"],
        "kind": after["kind"],
        "new": Entry(b""),
        "gone": None,
    }
    assert changes(after, after) == {}
