"""Histories of every shape, made with git: each commit is a lead or has its code."""

from __future__ import annotations

import hashlib
import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from bench.processor import spent
from histories import FIX, MESSAGE, START, Content, Mine, Repository
from runner.errors import Rejected, UserError
from runner.mining.history import LeftOut, Search, lead, leads
from runner.mining.issues import Issue, Issues
from runner.mining.source import opened
from runner.scenarios.objects import tree_at
from runner.scenarios.proposal import CODES, Lead, Proposal


def verdict(found: Lead | LeftOut) -> str:
    """`lead`, or the code with which a commit is left out, before or while it is read."""
    if isinstance(found, LeftOut):
        return found.why.code
    try:
        found.load()
    except Rejected as rejected:
        return rejected.code
    return "lead"


def verdicts(found: list[Lead | LeftOut]) -> list[str]:
    codes = [verdict(each) for each in found]
    assert {*codes} <= {*CODES, "lead"}
    return codes


def only(found: list[Lead | LeftOut]) -> Proposal:
    [proposal] = [each.load() for each in found if isinstance(each, Lead)]
    return proposal


def test_a_fix_with_a_test_becomes_a_proposal(repository: Repository, mine: Mine) -> None:
    sha = repository.commit(FIX | {"README.md": "# Cart\n\nFixed.\n", "pyproject.toml": "[project]\nname = 'x'\n"})
    found = mine(repository.folder)
    assert verdicts(found) == ["lead", "root-commit"]
    proposal = only(found)
    assert proposal.base == tree_at(repository.folder, f"{sha}^")
    assert {path for path in proposal.solved if proposal.solved[path] != proposal.base[path]} == {
        "src/cart.py",
        "pyproject.toml",
    }, "documents are left as they were"
    assert {path: entry.data.decode() for path, entry in proposal.hidden.items()} == {
        "tests/test_cart.py": FIX["tests/test_cart.py"]
    }
    assert proposal.locations == ("src/cart.py::Cart.total",)
    assert proposal.id == "shop-fix-total-that-leaves-out-the-first-item"
    assert proposal.title == "Fix total that leaves out the first item"
    assert proposal.instruction == (
        "# Total that leaves out the first item\n\nCart().total([1, 2]) is 2 where every caller expects 3.\n"
    )
    assert proposal.provenance.fix == sha
    assert (proposal.provenance.origin, proposal.provenance.instruction) == ("mined", "commit")
    assert proposal.provenance.leak == 0.0
    assert proposal.scope is not None
    assert proposal.scope.covers("tests/test_new.py") == "protected"
    assert proposal.scope.covers("pyproject.toml") == "writable", "the fix itself changes it"
    assert proposal.scope.covers("src/cart.py") == "writable"


def test_leads_are_known_by_hash_and_named_apart(repository: Repository, mine: Mine) -> None:
    first = repository.commit(FIX)
    repository.commit(START, "Rename things again")
    second = repository.commit(FIX)
    found = [each for each in mine(repository.folder) if isinstance(each, Lead)]
    assert [each.key for each in found] == [second, first]
    assert found[0].label == f"{second[:10]} Fix total that leaves out the first item"
    assert len({each.id for each in found}) == 2
    assert found[1].id.endswith(first[:7])


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"src/cart.py": FIX["src/cart.py"]}, "no-tests"),
        ({"tests/test_cart.py": FIX["tests/test_cart.py"]}, "tests-only"),
        ({"tests/test_cart.py": None, "src/cart.py": FIX["src/cart.py"]}, "no-tests"),
        ({"tests/test_cart.py": FIX["tests/test_cart.py"], "README.md": "# Cart, fixed\n"}, "no-code"),
        ({"tests/test_cart.py": FIX["tests/test_cart.py"], "tox.ini": "[tox]\n", "VERSION": "2"}, "no-code"),
        ({**FIX, "src/cart.py": START["src/cart.py"].replace("\n\n", "\n\n\n")}, "no-code"),
        ({**FIX, "src/cart.py": "# A note.\n" + START["src/cart.py"]}, "no-code"),
        ({**FIX, "src/cart.py": '"""Carts."""\n' + START["src/cart.py"]}, "no-code"),
        ({**FIX, "src/cart.py": START["src/cart.py"].replace("\n", "\r\n")}, "no-code"),
        ({**FIX, "src/cart.py": FIX["src/cart.py"].replace("\n", "\r\n")}, "lead"),
        ({**FIX, "src/cart.js": "let a\n"}, "lead"),
        ({**FIX, "src/logo.png": b"\x89PNG\0\0"}, "binary-change"),
        ({**FIX, "tests/data/logo.png": b"\x89PNG\0\0"}, "lead"),
        ({**FIX, "src/words.txt": "café\n".encode("latin-1")}, "not-utf-8"),
        ({**FIX, "tests/words.txt": "café\n".encode("latin-1")}, "lead"),
        ({**FIX, os.fsdecode(b"src/caf\xe9.py"): "A = 1\n"}, "not-utf-8"),
        ({**FIX, os.fsdecode(b"tests/caf\xe9.txt"): "A = 1\n"}, "lead"),
        ({**FIX, "src/größe.py": "A = 1\n"}, "lead"),
        ({**FIX, "src/with space\tand\nline.py": "A = 1\n"}, "lead"),
        ({**FIX, "src/big.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"}, "lfs-pointer"),
        ({**FIX, "tests/big.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"}, "lfs-pointer"),
        ({**FIX, **{f"src/m{number}.py": "A = 1\n" for number in range(20)}}, "too-large"),
        ({**FIX, "src/long.py": "A = 1\n" * 500}, "too-large"),
        ({**FIX, "poetry.lock": "a = 1\n" * 5000}, "lead"),
        ({**FIX, "tests/test_many.py": "A = 1\n" * 5000}, "lead"),
        ({}, "no-tests"),
    ],
)
def test_what_a_commit_changes_decides(
    repository: Repository, mine: Mine, files: dict[str, Content], code: str
) -> None:
    repository.commit(files)
    assert verdicts(mine(repository.folder)) == [code, "root-commit"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Rename the total of a cart and its many callers everywhere", "not-a-fix"),
        ("Fix it", "instruction-thin"),
        (
            "Fix total\n\nThis commit replaces items[1:] by items in the sum, which is what all of the callers want.",
            "instruction-leaks",
        ),
        ("Release 1.2.3 with many fixes for carts and their totals", "not-a-fix"),
        ('Revert "Fix total that leaves out the first item of the list"', "not-a-fix"),
        ("", "instruction-thin"),
        ("The total of a cart counts each of its items, the first one included", "lead"),
    ],
)
def test_what_a_message_says_decides(repository: Repository, mine: Mine, message: str, code: str) -> None:
    repository.commit(FIX, message or "\n", "-c", "core.commentChar=;") if message else repository.commit(FIX, " ")
    assert verdicts(mine(repository.folder))[0] == code


def test_a_linked_issue_tells_the_fault_and_its_label_decides(repository: Repository, mine: Mine) -> None:
    repository.commit(FIX, "Sum all items (#7)")
    told = "Carts with two items show the price of the second one only, since last week."
    reported = Issue("7", "First item is free", told, ("bug",))
    found = mine(repository.folder, Issues([reported]))
    assert verdicts(found) == ["lead", "root-commit"]
    proposal = only(found)
    assert proposal.instruction == f"# First item is free\n\n{told}\n"
    assert proposal.provenance.instruction == "issue"
    assert (proposal.id, proposal.title) == ("shop-first-item-is-free", "First item is free")
    assert verdicts(mine(repository.folder)) == ["instruction-thin", "root-commit"], "nobody knows"


def test_a_message_that_speaks_of_no_fault_is_a_feature_where_tests_need_new_names(
    repository: Repository, mine: Mine
) -> None:
    feature = {
        "src/cart.py": START["src/cart.py"] + "\n\ndef cheapest_of(items):\n    return min(items)\n",
        "tests/test_cart.py": "from cart import cheapest_of\n\n\ndef test_a():\n    assert cheapest_of([2, 1]) == 1\n",
    }
    repository.commit(feature, "Carts know the cheapest of all of the items that are in them")
    found = mine(repository.folder)
    assert verdicts(found)[0] == "not-a-fix"


def test_any_message_counts_where_it_is_asked_for(repository: Repository, mine: Mine) -> None:
    repository.commit(FIX, "Rename the total of a cart and its many callers everywhere, and more")
    assert verdicts(mine(repository.folder, any_message=True)) == ["lead", "root-commit"]


def test_a_fix_that_was_taken_back_is_none_and_one_that_was_brought_back_is(repository: Repository, mine: Mine) -> None:
    fix = repository.commit(FIX)
    revert = repository.commit(START, f'Revert "Fix"\n\nThis reverts commit {fix}.\n')
    [_, fixed, _] = mine(repository.folder)
    assert isinstance(fixed, LeftOut)
    assert "a later commit takes it back" in fixed.why.sentence
    repository.commit(FIX, f'Reapply "Fix"\n\nThis reverts commit {revert}.\n')
    assert verdicts(mine(repository.folder)) == ["not-a-fix", "not-a-fix", "lead", "root-commit"]


def branch(repository: Repository, name: str, *steps: tuple[dict[str, Content], str]) -> None:
    repository.git("checkout", "-q", "-b", name, "main")
    for files, message in steps:
        repository.commit(files, message)
    repository.git("checkout", "-q", "main")


def test_a_merged_branch_of_one_commit_is_told_in_that_commits_words(repository: Repository, mine: Mine) -> None:
    branch(repository, "fix", (dict(FIX), MESSAGE))
    repository.git("merge", "-q", "--no-ff", "-m", "Merge branch 'fix'", "fix")
    found = mine(repository.folder)
    assert verdicts(found) == ["lead", "root-commit"]
    assert only(found).title == "Fix total that leaves out the first item"


def test_a_pull_request_is_one_change_with_its_own_words(repository: Repository, mine: Mine) -> None:
    branch(
        repository,
        "fix",
        ({"src/cart.py": FIX["src/cart.py"]}, "wip"),
        ({"tests/test_cart.py": FIX["tests/test_cart.py"]}, "test"),
    )
    message = f"Merge pull request #12 from somebody/fix\n\n{MESSAGE}"
    repository.git("merge", "-q", "--no-ff", "-m", message, "fix")
    found = mine(repository.folder)
    assert verdicts(found) == ["lead", "root-commit"]
    assert only(found).title == "Fix total that leaves out the first item"


def test_a_merge_of_several_commits_without_words_is_looked_at_commit_by_commit(
    repository: Repository, mine: Mine
) -> None:
    branch(repository, "dev", (dict(FIX), MESSAGE), ({"src/more.py": "A = 1\n"}, "Add more"))
    repository.git("merge", "-q", "--no-ff", "-m", "Merge branch 'dev'", "dev")
    found = mine(repository.folder)
    assert verdicts(found) == ["too-large", "no-tests", "lead", "root-commit"]


def test_a_pull_request_that_is_too_large_is_looked_at_commit_by_commit(repository: Repository, mine: Mine) -> None:
    branch(repository, "dev", (dict(FIX), MESSAGE), ({"src/more.py": "A = 1\n" * 900}, "Add more"))
    repository.git("merge", "-q", "--no-ff", "-m", "Merge pull request #1 from a/dev\n\nFix totals", "dev")
    assert verdicts(mine(repository.folder)) == ["too-large", "no-tests", "lead", "root-commit"]


def test_an_octopus_merge_is_compared_with_its_first_parent(repository: Repository, mine: Mine) -> None:
    branch(repository, "one", ({"src/cart.py": FIX["src/cart.py"]}, "one"))
    branch(repository, "two", ({"tests/test_cart.py": FIX["tests/test_cart.py"]}, "two"))
    branch(repository, "three", ({"src/three.py": "A = 3\n"}, "three"))
    repository.commit({"src/main.py": "A = 0\n"}, "Go on")
    repository.git("merge", "-q", "-m", f"Merge pull requests #1, #2\n\n{MESSAGE}", "one", "two", "three")
    assert len(repository.git("rev-list", "--parents", "-1", "HEAD").split()) > 3
    found = mine(repository.folder)
    assert verdicts(found) == ["lead", "no-tests", "root-commit"]
    assert "src/three.py" in only(found).solved


def test_a_renamed_file_is_a_change_of_both_names(repository: Repository, mine: Mine) -> None:
    repository.git("mv", "src/cart.py", "src/basket.py")
    repository.git("mv", "tests/test_cart.py", "tests/test_basket.py")
    repository.commit({"src/basket.py": FIX["src/cart.py"], "tests/test_basket.py": FIX["tests/test_cart.py"]})
    proposal = only(mine(repository.folder))
    assert "src/cart.py" not in proposal.solved
    assert {*proposal.hidden} == {"tests/test_basket.py"}
    assert "tests/test_cart.py" in proposal.base
    assert any("renames tests" in note for note in proposal.notes)
    assert proposal.locations == ("src/cart.py",)


def test_code_that_becomes_a_test_is_gone_and_a_test_that_becomes_code_stays(
    repository: Repository, mine: Mine
) -> None:
    helper, other = "".join(f"A{n} = {n}\n" for n in range(20)), "".join(f"b{n}()\n" for n in range(20))
    repository.commit({"src/helper.py": helper, "tests/other.py": other}, "Add helpers")
    repository.git("mv", "src/helper.py", "tests/helper.py")
    repository.git("mv", "tests/other.py", "src/other.py")
    repository.commit(FIX)
    proposal = only(mine(repository.folder))
    assert {"src/helper.py", "tests/other.py"} <= {*proposal.base}
    assert "src/helper.py" not in proposal.solved
    assert {"src/other.py", "tests/other.py"} <= {*proposal.solved}
    assert {*proposal.hidden} == {"tests/helper.py", "tests/test_cart.py"}


def test_modes_and_links_are_changes_of_their_own(repository: Repository, mine: Mine) -> None:
    repository.commit({"src/run.sh": "echo\n"}, "Add a script")
    (repository.folder / "src" / "run.sh").chmod(0o755)
    (repository.folder / "src" / "link").symlink_to("cart.py")
    repository.commit({"tests/test_cart.py": FIX["tests/test_cart.py"]})
    proposal = only(mine(repository.folder))
    assert proposal.solved["src/run.sh"].executable
    assert not proposal.base["src/run.sh"].executable
    assert proposal.solved["src/link"].is_link


def test_a_file_that_attributes_call_binary_is_judged_by_its_content(repository: Repository, mine: Mine) -> None:
    repository.commit({".gitattributes": "*.py -diff\n"}, "Hide differences")
    repository.commit(FIX)
    assert verdicts(mine(repository.folder))[0] == "lead"


def test_a_submodule_is_named(repository: Repository, mine: Mine, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    sha = other.commit({"a": "a"})
    repository.write(FIX)
    repository.git("add", "-A")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},src/other")
    repository.git("commit", "-q", "-m", MESSAGE)
    [found, _] = mine(repository.folder)
    assert verdict(found) == "submodule-change"
    assert isinstance(found, LeftOut)
    assert "'src/other'" in found.why.sentence


def test_messages_are_read_in_their_own_encoding(repository: Repository, mine: Mine) -> None:
    text = "Fix für die Größe: total leaves out the first item\n\nCart().total([1, 2]) is 2, expected 3\n"
    repository.commit(FIX, text.encode("latin-1"), "-c", "i18n.commitEncoding=latin1")
    repository.commit(START, "Rename things again")
    repository.commit(FIX, text.encode("latin-1"), "-c", "i18n.commitEncoding=no-such-encoding")
    assert [each.label[11:] for each in mine(repository.folder)[::2]] == [text.partition("\n")[0]] * 2


def test_a_shallow_clone_says_how_to_get_the_rest(repository: Repository, mine: Mine, tmp_path: Path) -> None:
    repository.commit(FIX)
    repository.commit(START, "Rename things again")
    subprocess.run(["git", "clone", "-q", "--depth", "2", repository.folder.as_uri(), tmp_path / "shallow"], check=True)
    found = mine(tmp_path / "shallow")
    assert verdicts(found) == ["not-a-fix", "shallow"]
    assert isinstance(found[1], LeftOut)
    assert "git fetch --unshallow" in found[1].why.sentence


def test_a_clone_without_its_files_fetches_none(repository: Repository, mine: Mine, tmp_path: Path) -> None:
    repository.commit({"src/other.py": "A = 1\n"}, "More")
    repository.commit(FIX)
    repository.commit(START, "Rename things again")
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "-q", "--bare", "--filter=blob:none", repository.folder.as_uri(), partial], check=True
    )
    before = fingerprint(partial)
    assert set(verdicts(mine(partial))) == {"source-unavailable", "root-commit"}
    assert fingerprint(partial) == before


def test_a_repository_of_the_newer_hash_is_read_too(mine: Mine, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shop", "--object-format=sha256")
    repository.commit(START, "Begin")
    repository.commit(FIX)
    assert verdicts(mine(repository.folder)) == ["lead", "root-commit"]


def test_only_commits_since_a_day_are_looked_at(repository: Repository, mine: Mine) -> None:
    repository.commit(FIX)
    assert mine(repository.folder, since=date(2020, 1, 2)) == []
    assert len(mine(repository.folder, since=date(2020, 1, 1))) == 2


def test_a_walk_begins_where_it_is_told(repository: Repository, mine: Mine) -> None:
    repository.commit(FIX)
    repository.commit(START, "Rename things again")
    assert verdicts(mine(repository.folder, revision="HEAD~1")) == ["lead", "root-commit"]
    for name in ("no-such", "--all", "", "HEAD:src", "-n1"):
        with pytest.raises(UserError, match="name a branch, tag or hash"):
            mine(repository.folder, revision=name or " ")


def test_one_commit_is_proposed_whatever_its_message_and_size(repository: Repository, tmp_path: Path) -> None:
    sha = repository.commit({**FIX, "src/long.py": "A = 1\n" * 500}, "x")
    history = opened(repository.folder, tmp_path)
    proposal = lead(history, sha[:8], text="# The first item is missing\n").load()
    assert proposal.instruction == "# The first item is missing\n"
    assert proposal.provenance.instruction == "written"
    with pytest.raises(Rejected, match="root-commit"):
        lead(history, "HEAD~1")


def fingerprint(folder: Path) -> str:
    """Every file's name, content and time of change."""
    parts = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        parts.update(
            f"{path} {about.st_mtime_ns if path.is_file() else ''} {about.st_mode}".encode("utf-8", "surrogateescape")
        )
        parts.update(content)
    return parts.hexdigest()


def test_nothing_of_the_repository_runs_and_nothing_in_it_changes(
    repository: Repository, mine: Mine, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    repository.commit({".gitattributes": "* diff=trap filter=trap merge=trap\n"}, "Attributes")
    repository.commit(FIX)
    for key in (
        *("diff.external", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean", "filter.trap.smudge"),
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "alias.rev-list", "alias.cat-file"),
        *("core.alternateRefsCommand", "uploadpack.packObjectsHook", "credential.helper", "gpg.program"),
    ):
        repository.git("config", key, f"!{trap}" if key.startswith("alias") else str(trap))
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (repository.folder / ".git" / "hooks").mkdir(exist_ok=True)
        (repository.folder / ".git" / "hooks" / hook).symlink_to(trap)
    (repository.folder / ".git" / "info").mkdir(exist_ok=True)
    (repository.folder / ".git" / "info" / "attributes").write_text("* diff=trap filter=trap\n")
    before = fingerprint(repository.folder)
    assert "lead" in verdicts(mine(repository.folder))
    assert not (tmp_path / "sprung").exists()
    assert fingerprint(repository.folder) == before


def test_replaced_commits_are_read_as_they_were(repository: Repository, mine: Mine) -> None:
    sha = repository.commit(FIX)
    other = repository.commit({"src/other.py": "A = 1\n"}, "Add another")
    repository.git("replace", sha, other)
    assert verdicts(mine(repository.folder, revision=sha)) == ["lead", "root-commit"]


def test_long_and_strange_messages_cost_little(repository: Repository, mine: Mine) -> None:
    for text in (
        "a" * 300_000,
        "a-" * 100_000,
        "#1 " * 60_000,
        "`" * 100_000,
        "[" * 100_000,
        "http://" * 30_000,
        "a.b/" * 50_000,
    ):
        repository.commit(FIX, f"Fix {text}\n\n{text}\n\n{text} {text}")
        repository.commit(START, "Rename things again")
    started = spent()
    verdicts(mine(repository.folder))
    assert spent() - started < 30


@pytest.mark.slow
def test_ten_thousand_commits_are_told_apart_in_less_than_twenty_seconds(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "long")
    stream = bytearray()
    for number in range(10_000):
        message = ("Fix", "Add", "Rename")[number % 3] + f" number {number}\n\nf({number}) was wrong\n"
        stream += f"commit refs/heads/main\ncommitter x <x@y> {1_500_000_000 + number} +0000\n".encode()
        stream += f"data {len(message)}\n{message}\n".encode()
        for path in (f"src/m{number % 50}.py", f"tests/test_m{number % 40}.py")[: 1 + number % 2]:
            text = f"def f(x):\n    return x + {number}\n" * 20
            stream += f"M 100644 inline {path}\ndata {len(text)}\n{text}\n".encode()
    subprocess.run(["git", "fast-import", "--quiet"], input=bytes(stream), cwd=repository.folder, check=True)
    started = spent()
    found = list(leads(opened(repository.folder, tmp_path), Search()))
    assert len(found) == 10_000
    assert spent() - started < 20
