"""Trees of files as plain data, and tar archives read without trusting them."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandboxes.errors import ArchiveRefused

MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_STREAM = 2 * MAX_BYTES
"""Bytes of an archive that are read at all, what is skipped and what surrounds the files included."""
INSTALLED = ("node_modules",)
"""Folders of what a package manager installed: neither source nor anybody's change, and large."""
MAX_STEPS = 4096
"""Path components that are walked to see where a link leads."""


WRITTEN = 946_684_800
"""When everything was last changed, seconds since 1970: always the same, and late enough for ZIP files (1980)."""


@dataclass(frozen=True)
class Entry:
    """A regular file, or a symbolic link as text; nothing else exists here."""

    data: bytes
    executable: bool = False
    is_link: bool = False
    """`data` is then where the link points, UTF-8 with surrogate escapes."""


Tree = Mapping[str, Entry]
"""Path relative to the root, with `/`, without `.` or `..` → entry."""


def safe_path(name: str) -> str | None:
    """`name` relative to the root, or None when it leads outside or is the root itself."""
    path = posixpath.normpath(name)
    if path in ("", ".") or path.startswith(("/", "../")) or path == ".." or "\0" in path:
        return None
    return path


def misplaced(tree: Mapping[str, object]) -> str | None:
    """A path below another one, as a damaged or hostile tree has them; None where a disk could hold the tree.

    Written out, such a path would go through what is at the other one, which may be a link to anywhere.
    """
    return next((path for path in tree if any(folder in tree for folder in _folders([path]))), None)


def leads_inside(path: str, tree: Mapping[str, Entry | None]) -> bool:
    """Whether the link at `path` ends below the root, other links of the tree followed on its way.

    A loop leads nowhere, and so not outside.
    """
    todo, place = path.split("/")[::-1], list[str]()
    for _ in range(MAX_STEPS):
        if not todo:
            return True
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return False
            place.pop()
            continue
        entry = tree.get("/".join([*place, part]))
        if entry is None or not entry.is_link:
            place.append(part)
            continue
        target = entry.data.decode("utf-8", "surrogateescape")
        if target.startswith("/"):
            return False
        todo += target.split("/")[::-1]
    return True


def read_tar(
    chunks: Iterable[bytes],
    strip: str = "",
    max_bytes: int = MAX_BYTES,
    max_entries: int = MAX_ENTRIES,
    skip: Iterable[str] = (),
    without: Iterable[str] = (),
) -> dict[str, Entry]:
    """The regular files and links of a tar stream, as data.

    No link is followed, devices and pipes are left out, and so is whatever leads outside. `strip` is the first
    path component to take off; `skip` names folders at the root that are left out, `without` folders at any depth,
    which do not count as entries. Raises ArchiveRefused when the archive is broken or too large (a sparse file counts
    with its full size); `chunks` are closed then.
    """
    skipped, unread = set(skip), set(without)
    tree: dict[str, Entry] = {}
    total = entries = 0
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as tar:
            for member in tar:
                path = safe_path(member.name.removeprefix(strip).lstrip("/"))
                if path is not None and unread.intersection(path.split("/")[:-1]):
                    continue
                entries += 1
                if entries > max_entries:
                    raise ArchiveRefused(f"more than {max_entries} entries")
                if path is None or path.split("/", 1)[0] in skipped:
                    continue
                if member.issym():
                    tree[path] = Entry(member.linkname.encode("utf-8", "surrogateescape"), is_link=True)
                elif member.islnk():
                    original = safe_path(member.linkname.removeprefix(strip).lstrip("/"))
                    if original in tree:
                        total = _bounded(total + len(tree[original].data), max_bytes)
                        tree[path] = tree[original]
                elif member.isfile():
                    total = _bounded(total + member.size, max_bytes)
                    content = tar.extractfile(member)
                    assert content is not None
                    tree[path] = Entry(content.read(), executable=bool(member.mode & 0o100))
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise ArchiveRefused(f"no valid archive: {error}") from error
    return tree


def _bounded(total: int, max_bytes: int) -> int:
    if total > max_bytes:
        raise ArchiveRefused(f"more than {max_bytes >> 20} MiB of files")
    return total


def write_tar(tree: Tree, owner: int, prefix: str = "") -> bytes:
    """A tar archive of `tree`, with its folders, all owned by the numeric user and group `owner`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder in _folders(prefix + path for path in tree):
            tar.addfile(_member(folder, owner, 0o755, tarfile.DIRTYPE))
        for path, entry in sorted(tree.items()):
            if entry.is_link:
                member = _member(prefix + path, owner, 0o777, tarfile.SYMTYPE)
                member.linkname = entry.data.decode("utf-8", "surrogateescape")
                tar.addfile(member)
            else:
                member = _member(prefix + path, owner, 0o755 if entry.executable else 0o644, tarfile.REGTYPE)
                member.size = len(entry.data)
                tar.addfile(member, io.BytesIO(entry.data))
    return buffer.getvalue()


def read_folder(folder: Path, skip: Iterable[str] = ()) -> dict[str, Entry]:
    """The files and links below a folder of the host's; `skip` names entries to leave out, at any depth."""
    skipped = set(skip)
    return {
        path.relative_to(folder).as_posix(): _entry(path)
        for path in _walk(folder, skipped)
        if path.is_symlink() or path.is_file()
    }


def _walk(folder: Path, skipped: set[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in skipped:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, skipped)
        else:
            yield path


def _entry(path: Path) -> Entry:
    if path.is_symlink():
        return Entry(str(path.readlink()).encode("utf-8", "surrogateescape"), is_link=True)
    return Entry(path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))


def _folders(paths: Iterable[str]) -> list[str]:
    folders: set[str] = set()
    for path in paths:
        while (path := posixpath.dirname(path)) and path not in folders:
            folders.add(path)
    return sorted(folders)


def _member(name: str, owner: int, mode: int, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime = WRITTEN
    member.type, member.mode, member.uid, member.gid = kind, mode, owner, owner
    return member


class _Stream(io.RawIOBase):
    """Chunks as a file that `tarfile` can read forward."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self._total = 0

    def read(self, size: int = -1) -> bytes:
        parts = [self._rest]
        have = len(self._rest)
        while size < 0 or have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
            self._total += len(chunk)
            if self._total > MAX_STREAM:
                raise ArchiveRefused(f"more than {MAX_STREAM >> 20} MiB in all")
        data = b"".join(parts)
        if size < 0:
            self._rest = b""
            return data
        self._rest = data[size:]
        return data[:size]
