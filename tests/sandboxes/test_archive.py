"""Archives are data: nothing in them reaches outside the tree, and size is bounded before memory is spent."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sandboxes.archive import Entry, leads_inside, read_folder, read_tar, safe_path, write_tar
from sandboxes.errors import ArchiveRefused


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> list[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member, data in members:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data))
    return [buffer.getvalue()]


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def test_a_tree_survives_the_round_trip_in_chunks_of_any_size() -> None:
    tree = {
        "a.txt": Entry(b"x" * 5000),
        "bin/run": Entry(b"#!", executable=True),
        "link": Entry(b"a.txt", is_link=True),
        "näme\n.txt": Entry(b""),
    }
    data = write_tar(tree, owner=1000)
    for size in (1, 7, 512, 1 << 20):
        assert read_tar(data[i : i + size] for i in range(0, len(data), size)) == tree


@pytest.mark.parametrize("name", ["../evil", "/../evil", "a/../../evil", "..", "/", "."])
def test_paths_that_lead_outside_are_left_out(name: str) -> None:
    assert read_tar(tar((member(name), b"x"))) == {}


def test_an_absolute_path_becomes_relative_to_the_root() -> None:
    assert set(read_tar(tar((member("/etc/passwd"), b"x")))) == {"etc/passwd"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_devices_pipes_and_folders_are_no_entries(kind: bytes) -> None:
    assert read_tar(tar((member("thing", kind), b""))) == {}


def test_what_is_installed_is_left_out_at_any_depth_and_a_link_to_it_stays() -> None:
    packed = tar(
        (member("a/node_modules/b/c.js"), b"x"),
        (member("node_modules/b.js"), b"x"),
        (member("a/node_modules_not/c.js"), b"x"),
        (member("b/node_modules", tarfile.SYMTYPE, "/elsewhere"), b""),
    )
    assert set(read_tar(packed, max_entries=2, without=["node_modules"])) == {
        "a/node_modules_not/c.js",
        "b/node_modules",
    }


def test_links_stay_text_and_are_never_followed() -> None:
    tree = read_tar(tar((member("link", tarfile.SYMTYPE, "/etc/passwd"), b"")))
    assert tree == {"link": Entry(b"/etc/passwd", is_link=True)}


def test_a_hard_link_copies_what_the_archive_holds_and_nothing_else() -> None:
    tree = read_tar(
        tar(
            (member("w/a"), b"data"),
            (member("w/b", tarfile.LNKTYPE, "w/a"), b""),
            (member("w/c", tarfile.LNKTYPE, "/etc/passwd"), b""),
        )
    )
    assert tree == {"w/a": Entry(b"data"), "w/b": Entry(b"data")}


def test_set_uid_is_not_kept() -> None:
    assert read_tar(tar((member("su", mode=0o4755), b"x"))) == {"su": Entry(b"x", executable=True)}


def test_size_and_count_are_bounded() -> None:
    with pytest.raises(ArchiveRefused, match="MiB"):
        read_tar(tar((member("big"), b"x" * 100)), max_bytes=99)
    with pytest.raises(ArchiveRefused, match="entries"):
        read_tar(tar((member("a"), b""), (member("b"), b"")), max_entries=1)


@pytest.mark.parametrize("data", [b"no archive at all" * 100, write_tar({"a": Entry(b"x" * 9000)}, 0)[:5000]])
def test_what_is_no_whole_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="no valid archive"):
        read_tar([data])


def test_skip_and_strip() -> None:
    archive = tar((member("workspace/.git/config"), b"x"), (member("workspace/a"), b"y"))
    assert read_tar(archive, strip="workspace", skip=[".git"]) == {"a": Entry(b"y")}


def test_folders_of_the_host_are_read_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a").write_text("1")
    (tmp_path / "loop").symlink_to("..")
    assert read_folder(tmp_path) == {"sub/a": Entry(b"1"), "loop": Entry(b"..", is_link=True)}


@pytest.mark.parametrize(
    ("links", "inside"),
    [
        ({"a": "b"}, True),
        ({"a/b": "../c"}, True),
        ({"a": "../c"}, False),
        ({"a": "/etc"}, False),
        ({"a/b": ".."}, True),
        ({"a": "sub/t/../../c", "sub/t": "../../c"}, False),
        ({"a": "sub/t/../../c", "sub/t": "deep/er"}, True),
        ({"a": "b", "b": "a"}, True),
        ({"a": "b/" * 5000}, True),
    ],
)
def test_where_links_lead_when_others_are_followed(links: dict[str, str], inside: bool) -> None:
    tree = {path: Entry(target.encode(), is_link=True) for path, target in links.items()}
    assert leads_inside(min(links), tree) is inside


def test_safe_path_normalises() -> None:
    assert safe_path("./a//b/../c") == "a/c"
