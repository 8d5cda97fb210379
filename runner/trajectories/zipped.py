"""Members of a foreign zip archive, read within bounds: stored, deflated, or compressed with Zstandard (method 93).

A member's true size is what comes out of it, whatever the archive says; nothing is ever written to disk under a name
out of an archive.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from runner.errors import FileProblem, UserError
from runner.visible import visible

ZSTANDARD = 93
LARGEST_MEMBER = 256 << 20
"""Bytes of a member, unpacked."""
LARGEST_WHOLE = 2 << 30
"""Bytes of all members that are read, unpacked."""
MOST_MEMBERS = 100_000
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


class Archive:
    """An archive that is open for reading. Raises FileProblem for whatever is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = LARGEST_WHOLE
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise FileProblem(path, f"is no zip archive that can be read: {visible(str(error))}") from None
        if len(self._zip.filelist) > MOST_MEMBERS:
            self._zip.close()
            raise FileProblem(path, f"has {len(self._zip.filelist):,} members; at most {MOST_MEMBERS:,} are read")

    def names(self) -> list[str]:
        """In the archive's order, each once."""
        return list(dict.fromkeys(self._zip.namelist()))

    def read(self, name: str) -> bytes:
        """A member, unpacked. Raises FileProblem where it is missing, damaged, encrypted or too large."""
        most = min(LARGEST_MEMBER, self._left)
        try:
            info = self._zip.getinfo(name)
            with self._opened(info) as stream:
                data = stream.read(most + 1)
        except KeyError:
            raise FileProblem(self._path, "is not in the archive", name) from None
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise FileProblem(self._path, f"cannot be unpacked: {visible(str(error))}", visible(name)) from None
        if len(data) > most:
            raise FileProblem(self._path, f"unpacks to more than {most >> 20:,} MiB", visible(name))
        self._left -= len(data)
        return data

    def _opened(self, info: zipfile.ZipInfo) -> IO[bytes] | _Told:
        if info.compress_type != ZSTANDARD:
            return self._zip.open(info)
        try:
            import zstandard
        except ImportError:
            raise UserError("this log is compressed with Zstandard: pip install 'taskfit[inspect]'") from None
        raw = self._zip.fp
        assert raw is not None
        raw.seek(info.header_offset)
        header = _LOCAL_HEADER.unpack(_exactly(raw, _LOCAL_HEADER.size))
        if header[0] != b"PK\x03\x04":
            raise zipfile.BadZipFile("its local header is damaged")
        raw.seek(info.header_offset + _LOCAL_HEADER.size + header[9] + header[10])
        packed = io.BytesIO(raw.read(min(info.compress_size, LARGEST_MEMBER)))
        unpacked = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed, read_across_frames=True)
        return _Told(unpacked, zstandard.ZstdError)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


class _Told(io.RawIOBase):
    """A stream whose own kind of error is one of a damaged archive."""

    def __init__(self, stream: IO[bytes], failure: type[Exception]) -> None:
        self._stream = stream
        self._failure = failure

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        blocks = []
        try:
            while size and (block := self._stream.read(min(size, 1 << 20))):
                blocks.append(block)
                size -= len(block)
        except self._failure as error:
            raise zipfile.BadZipFile(str(error)) from None
        return b"".join(blocks)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("it ends too early")
    return data
