"""Compressed archives: nothing in them reaches outside, and a bomb is refused before it is unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pytest

from sandboxes.archive import Entry, write_tar
from sandboxes.errors import ArchiveRefused
from sandboxes.packed import read_packed, without_root

TREE = {"p-1/a.py": Entry(b"x = 1\n"), "p-1/run": Entry(b"#!", executable=True), "p-1/l": Entry(b"/etc", is_link=True)}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "p.tar.gz": gzip.compress,
    "p.tgz": gzip.compress,
    "p.tar.bz2": bz2.compress,
    "p.tar.xz": lzma.compress,
    "p.tar": bytes,
}


def zipped(files: dict[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(member, data)
    return buffer.getvalue()


@pytest.mark.parametrize("name", PACKERS)
def test_each_kind_of_tar_is_read(name: str) -> None:
    assert read_packed(name, PACKERS[name](write_tar(TREE, 0))) == TREE


def test_a_zip_is_read_with_programs_and_links_as_they_are() -> None:
    data = zipped({path: entry.data for path, entry in TREE.items()}, {"p-1/run": 0o100755, "p-1/l": 0o120777})
    assert read_packed("p.zip", data) == TREE


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "..", "/../evil"])
def test_paths_of_a_zip_that_lead_outside_are_left_out(path: str) -> None:
    assert read_packed("p.zip", zipped({path: b"x", "good": b"y"})) == {"good": Entry(b"y")}


def test_an_absolute_path_in_a_zip_becomes_relative() -> None:
    assert set(read_packed("p.zip", zipped({"/etc/passwd": b"x"}))) == {"etc/passwd"}


def test_devices_in_a_zip_are_no_entries() -> None:
    assert read_packed("p.zip", zipped({"pipe": b"", "dev": b""}, {"pipe": 0o010644, "dev": 0o020644})) == {}


@pytest.mark.parametrize("name", [*PACKERS, "p.zip"])
def test_a_bomb_is_refused(name: str) -> None:
    bomb = {"zeros": bytes(8 << 20)}
    entries = {path: Entry(data) for path, data in bomb.items()}
    data = zipped(bomb) if name.endswith("zip") else PACKERS[name](write_tar(entries, 0))
    with pytest.raises(ArchiveRefused, match="MiB"):
        read_packed(name, data, max_bytes=1 << 20)


def test_many_entries_are_refused() -> None:
    with pytest.raises(ArchiveRefused, match="entries"):
        read_packed("p.zip", zipped({str(number): b"" for number in range(20)}), max_entries=10)


@pytest.mark.parametrize("name", [*PACKERS, "p.zip", "p.rar", "p"])
@pytest.mark.parametrize("data", [b"", b"nothing of the kind" * 100])
def test_what_is_no_archive_is_refused_or_empty(name: str, data: bytes) -> None:
    try:
        assert read_packed(name, data) == {}
    except ArchiveRefused as error:
        assert str(error)


@pytest.mark.parametrize("name", [*PACKERS, "p.zip"])
def test_an_archive_that_breaks_off_is_refused(name: str) -> None:
    tree = {"a": Entry(bytes(range(256)) * 400)}
    whole = zipped({"a": tree["a"].data}) if name.endswith("zip") else PACKERS[name](write_tar(tree, 0))
    with pytest.raises(ArchiveRefused):
        read_packed(name, whole[: len(whole) // 2])


def test_only_a_folder_that_holds_everything_is_taken_off() -> None:
    assert set(without_root(dict(TREE))) == {"a.py", "run", "l"}
    several = {**TREE, "other": Entry(b"")}
    assert without_root(several) == several
