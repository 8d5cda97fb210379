"""Compressed archives as people publish them, read without trusting them: tar with gzip, bzip2 or xz, and zip."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import Literal

from sandboxes.archive import MAX_BYTES, MAX_ENTRIES, Entry, read_tar, safe_path
from sandboxes.errors import ArchiveRefused

CHUNK = 1 << 20
MODES: dict[str, Literal["gz", "bz2", "xz", "tar"]] = {
    ".tar.gz": "gz",
    ".tgz": "gz",
    ".tar.bz2": "bz2",
    ".tar.xz": "xz",
    ".tar": "tar",
}
"""How a name ends → how its tar is compressed."""


def read_packed(name: str, data: bytes, max_bytes: int = MAX_BYTES, max_entries: int = MAX_ENTRIES) -> dict[str, Entry]:
    """The regular files and links of an archive, as data; its name's end tells what it is.

    No link is followed; what leads outside is left out. Raises ArchiveRefused when it is broken, encrypted, too large
    once unpacked, or of another kind.
    """
    if name.endswith(".zip"):
        return _read_zip(data, max_bytes, max_entries)
    for ending, mode in MODES.items():
        if name.endswith(ending):
            return read_tar(_chunks(mode, data), max_bytes=max_bytes, max_entries=max_entries)
    raise ArchiveRefused(f"{name!r:.200} is of no known kind: {', '.join(MODES)} or .zip is needed")


def without_root(tree: dict[str, Entry]) -> dict[str, Entry]:
    """A tree without the one folder that holds everything in it, where there is such a folder."""
    roots = {path.partition("/")[0] for path in tree}
    if len(roots) != 1 or roots & tree.keys():
        return tree
    return {path.partition("/")[2]: entry for path, entry in tree.items()}


def _chunks(mode: str, data: bytes) -> Iterator[bytes]:
    packed = io.BytesIO(data)
    try:
        with _opened(mode, packed) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except (OSError, EOFError, zlib.error, lzma.LZMAError, MemoryError) as error:
        raise ArchiveRefused(f"no valid archive: {error}") from error


def _opened(mode: str, packed: io.BytesIO) -> io.BufferedIOBase:
    if mode == "gz":
        return gzip.GzipFile(fileobj=packed)
    if mode == "bz2":
        return bz2.BZ2File(packed)
    return lzma.LZMAFile(packed) if mode == "xz" else packed


def _read_zip(data: bytes, max_bytes: int, max_entries: int) -> dict[str, Entry]:
    tree: dict[str, Entry] = {}
    left = max_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > max_entries:
                raise ArchiveRefused(f"more than {max_entries} entries")
            for member in members:
                path, mode = safe_path(member.filename.lstrip("/")), member.external_attr >> 16
                kind = stat.S_IFMT(mode)
                if path is None or member.is_dir() or kind not in (0, stat.S_IFREG, stat.S_IFLNK):
                    continue
                with archive.open(member) as stream:
                    content = stream.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ArchiveRefused(f"more than {max_bytes >> 20} MiB of files")
                tree[path] = Entry(content, bool(mode & 0o100) and kind != stat.S_IFLNK, kind == stat.S_IFLNK)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, lzma.LZMAError) as error:
        raise ArchiveRefused(f"no valid archive: {error}") from error
    return tree
