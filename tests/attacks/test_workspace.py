"""What a workspace may hold when it is taken out: read as data, never followed, never run, and it always comes out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.effects import Effect
from runner.events.calls import ToolReturned
from runner.messages import ToolCall

pytestmark = pytest.mark.engine
Attack = Callable[..., Any]
FIX = "sed -i 's/x + 2/x * 2/' src/calc.py"


def test_links_out_of_the_workspace_are_dropped(attack: Attack) -> None:
    links = {
        "src/secrets": "/etc/passwd",
        "src/host": str(Path(__file__).resolve()),
        "src/up": "../../etc/passwd",
        "src/report": "/home/agent/report",
        "src/proc": "/proc/1/root",
        "out": "../..",
    }
    tried = attack(*(f"ln -s {target} {link}" for link, target in links.items()))
    assert tried.verdict == "unresolved"
    assert set(tried.dropped) == links.keys()


def test_links_that_only_together_lead_outside_are_dropped(attack: Attack) -> None:
    """Each link's text stays inside; followed one after the other they do not."""
    tried = attack(
        "mkdir -p src/a/b; ln -s ../../../tests src/a/b/t; ln -s t/../../etc/passwd src/a/b/p; cat src/a/b/p"
    )
    assert tried.verdict == "unresolved"
    assert "root:" in tried.said, "the chain does lead outside"
    assert "src/a/b/p" in tried.dropped


def test_the_sources_as_a_link_to_elsewhere(attack: Attack) -> None:
    tried = attack("mv src /tmp/src; ln -s /tmp/src src; sed -i 's/x + 2/x * 2/' /tmp/src/calc.py")
    assert tried.verdict == "unresolved"
    assert set(tried.dropped) == {"src"}


@pytest.mark.parametrize(
    "deed",
    [
        "mv src lib; ln -s lib src",
        "rm -rf src; touch src",
        "rm -rf src; ln -s tests src",
        "rm src/calc.py; mkdir src/calc.py",
    ],
    ids=["link to a folder", "file for folder", "link to the tests", "folder for file"],
)
def test_a_folder_replaced_by_something_else_is_no_fault_of_the_harness(attack: Attack, deed: str) -> None:
    tried = attack(deed)
    assert tried.verdict == "unresolved", tried.result.reason


def test_hard_links_to_system_files_carry_nothing_out(attack: Attack) -> None:
    tried = attack("ln /etc/shadow src/shadow; ln /etc/passwd src/passwd; ln src/calc.py src/twin.py; ls -l src")
    assert tried.verdict == "unresolved"
    assert "root:" not in (tried.folder / "patch.diff").read_text()


def test_hard_links_count_with_their_full_size(attack: Attack) -> None:
    """A few megabytes in the sandbox become gigabytes on the host when each link is written out."""
    tried = attack("head -c 20M /dev/zero > src/big; for n in $(seq 15); do ln src/big src/twin$n; done")
    assert tried.verdict == "unresolved"
    assert "cannot be taken out" in tried.result.reason


@pytest.mark.parametrize("size", ["300M", "1023M"])
def test_a_huge_sparse_file_is_refused_at_once(attack: Attack, size: str) -> None:
    started = time.monotonic()
    tried = attack(f"{FIX}; truncate -s {size} src/sparse; ls -ls src/sparse")
    assert tried.verdict == "unresolved"
    assert "cannot be taken out" in tried.result.reason
    assert time.monotonic() - started < 100


def test_a_file_beyond_the_largest_size_is_not_written(attack: Attack) -> None:
    tried = attack("truncate -s 8T /tmp/huge && echo MADE; truncate -s 8T src/huge && echo MADE; ls -l src")
    assert tried.verdict == "unresolved"
    assert "MADE" not in tried.said


def test_sparse_files_below_git_do_not_make_the_export_endless(attack: Attack) -> None:
    """`.git` is left out, but every byte of it travels, six seconds a gigabyte: 10,000 such files are 10 TB."""
    started = time.monotonic()
    tried = attack("for n in $(seq 2); do truncate -s 1023M .git/$n; done; echo done")
    seconds = time.monotonic() - started
    assert tried.verdict == "unresolved"
    assert "cannot be taken out" in tried.result.reason or seconds < 3


def test_archives_within_archives_stay_closed(attack: Attack) -> None:
    make = (
        "import io, tarfile, zipfile, gzip\n"
        "data = gzip.compress(bytes(50 << 20))\n"
        "for depth in range(4):\n"
        "    out = io.BytesIO()\n"
        "    with tarfile.open(fileobj=out, mode='w:gz') as tar:\n"
        "        for name in ('../../../../tmp/owned', '/etc/owned', f'inner{depth}.tar.gz'):\n"
        "            member = tarfile.TarInfo(name); member.size = len(data); tar.addfile(member, io.BytesIO(data))\n"
        "    data = out.getvalue()\n"
        "open('src/nested.tar.gz', 'wb').write(data); open('src/workspace.tar', 'wb').write(data)\n"
        "with zipfile.ZipFile('src/bomb.zip', 'w', zipfile.ZIP_DEFLATED) as file:\n"
        "    file.writestr('../../tmp/owned', bytes(50 << 20))\n"
    )
    tried = attack({"/tmp/make.py": make}, "python /tmp/make.py; ls -l src")
    assert tried.verdict == "unresolved"
    assert {"src/nested.tar.gz", "src/bomb.zip"} <= set(tried.result.changed_files)
    assert not Path("/tmp/owned").exists() and not Path("/etc/owned").exists()


ODD_NAMES = {
    "newline": "a\\nb.py",
    "backslash": "..\\\\..\\\\evil",
    "escape": "\\033[2Jx",
    "control": "\\x01\\x7f",
    "no utf-8": "\\xff\\xfe.py",
    "option": "-rf",
    "blank": " ",
    "bidi": "a\\u202eb",
    "half utf-8": "\\xe2\\x28",
    "tilde": "~",
    "star": "*",
}
"""As bash's `$'…'` writes them."""


def test_a_fix_beside_files_with_odd_names_still_counts(attack: Attack) -> None:
    """An odd name is no proof of anything: it must neither break the harness nor hide a change."""
    tried = attack(FIX, *(f"printf x > src/$'{name}'; printf x > ./$'{name}'" for name in ODD_NAMES.values()), "ls -b")
    assert tried.verdict == "resolved", tried.result.reason
    assert len(tried.result.changed_files) == 1 + 2 * len(ODD_NAMES), "none hides another's"


def test_protected_changes_with_odd_names_are_dropped_and_named(attack: Attack) -> None:
    names = [ODD_NAMES[kind] for kind in ("no utf-8", "newline", "escape")]
    tried = attack(*(f"printf x > tests/$'{name}'; ln -s /etc/passwd src/$'{name}'" for name in names))
    assert tried.verdict == "unresolved", tried.result.reason
    assert len(tried.dropped) == 2 * len(names)


ODD_CALLS = (
    ToolCall.of("w", "write_file", path="../../etc/cron.d/evil", content="x"),
    ToolCall.of("w", "write_file", path="src/../../home/agent/../../../etc/passwd", content="x"),
    ToolCall.of("w", "write_file", path="src/\0evil", content="x"),
    ToolCall.of("w", "write_file", path="src/" + "x" * 300, content="x"),
    ToolCall.of("w", "write_file", path="/" + "x/" * 3000, content="x"),
    ToolCall.of("w", "write_file", path="src/\udcff\ud800.py", content="\udcff"),
    ToolCall.of("w", "write_file", path="", content="x"),
    ToolCall.of("e", "edit_file", path="/etc/passwd", old="root", new="toor"),
    ToolCall.of("d", "delete_file", path="-rf"),
    ToolCall.of("d", "delete_file", path="../../etc/passwd"),
    ToolCall.of("r", "read_file", path="\0"),
    ToolCall.of("s", "search_text", pattern="x", path="--pre=/bin/sh"),
    ToolCall.of("l", "list_files", path="--files-with-matches"),
    ToolCall.of("t", "run_tests", tests=["--junitxml=/tmp/x", "-p", "evil"]),
)


def test_odd_arguments_of_tools_are_refused_and_the_trial_goes_on(attack: Attack) -> None:
    tried = attack(*(step for deed in ODD_CALLS for step in (deed, "echo STILL $((40 + 2)) THERE")))
    assert tried.verdict == "unresolved", tried.result.reason
    refused = [False]
    for event in tried.events:
        refused[-1] |= getattr(event, "is_error", False) or event.type == "call_rejected"
        if isinstance(event, ToolReturned) and "STILL 42 THERE" in event.text:
            refused.append(False)
    for deed, was_refused in zip(ODD_CALLS, refused[:-1], strict=True):
        assert was_refused, f"{deed.name} {deed.arguments[:40]!a}"


def test_paths_as_long_as_they_get(attack: Attack) -> None:
    tried = attack(
        f"{FIX}; cd src; for n in $(seq 19); do d=$(printf 'd%.0s' $(seq 200)); mkdir $d; cd $d; done; touch leaf; pwd",
        "cd src; for n in $(seq 40); do d=$(printf 'e%.0s' $(seq 200)); mkdir $d && cd $d || break; done; touch leaf",
    )
    assert tried.verdict in ("resolved", "unresolved"), tried.result.reason


def test_devices_pipes_sockets_and_set_uid_bits_are_left_behind(attack: Attack) -> None:
    tried = attack(
        'mknod src/disk b 8 0; mkfifo src/pipe; python -c "import socket; s = socket.socket(socket.AF_UNIX); '
        "s.bind('src/socket')\"; cp /bin/sh src/shell; chmod 6777 src/shell; ls -l src"
    )
    assert tried.verdict == "unresolved"
    assert tried.result.changed_files == ("src/shell",)


def test_git_hooks_settings_and_attributes_do_nothing(attack: Attack, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    evil = f"touch {mark}; touch /tmp/owned-in-sandbox"
    tried = attack(
        "for h in pre-commit post-checkout post-index-change fsmonitor; do "
        f"printf '#!/bin/sh\\n{evil}\\n' > .git/hooks/$h; chmod +x .git/hooks/$h; done",
        f"git config core.fsmonitor '{evil}'; git config diff.external '{evil}'; git config filter.x.clean '{evil}'; "
        f"git config core.pager '{evil}'; git config diff.x.textconv '{evil}'; git config core.hooksPath .git/hooks; "
        "git config core.worktree /; git config include.path /etc/passwd",
        {".gitattributes": "* filter=x diff=x\n", "src/.gitattributes": "* filter=x\n", ".gitignore": "*\n"},
        ToolCall.of("d", "show_diff"),
    )
    assert tried.verdict == "unresolved", tried.result.reason
    assert not mark.exists()
    assert Effect.HISTORY in tried.effects
    assert ".gitattributes" in tried.result.changed_files


def test_a_bare_repository_in_the_workspace_runs_nothing_on_the_host(attack: Attack, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    tried = attack(
        f"git init -q src/sub; cd src/sub; git config core.fsmonitor 'touch {mark}'; touch x; git add x; "
        "git -c user.name=a -c user.email=a@b commit -qm x; git init -q --bare ../bare.git",
        f"printf 'HEAD\\n' > src/HEAD; mkdir -p src/objects src/refs; "
        f"printf '[core]\\nbare=false\\nworktree=/\\nfsmonitor=touch {mark}\\n' > src/config",
    )
    assert tried.verdict == "unresolved", tried.result.reason
    assert not mark.exists()


@pytest.mark.parametrize(
    "deed",
    [
        "git init -q src/sub; echo x > src/sub/file",
        "echo 'gitdir: /nowhere' > src/.git",
        "mkdir -p src/.GIT; echo x > src/.GIT/config",
        "echo x > 'src/git~1'",
        "printf '* working-tree-encoding=UTF-16\\n' > .gitattributes; printf '\\xff\\xfe\\x00' > src/data.txt",
        "printf '[submodule \"x\"]\\npath=src\\nurl=ext::sh -c evil\\n' > .gitmodules",
        "ln -s /etc/passwd .gitattributes; ln -s calc.py src/.gitmodules; ln -s x .gitmodules",
    ],
    ids=["empty repository", "git file", "GIT", "short name", "encoding", "submodule", "links"],
)
def test_what_git_refuses_does_not_keep_a_fix_from_counting(attack: Attack, deed: str) -> None:
    """The diff is for people; that git cannot make one must not decide a verdict, least of all an infra_error."""
    tried = attack(FIX, deed)
    assert tried.verdict == "resolved", tried.result.reason
