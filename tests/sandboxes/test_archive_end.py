"""An export that breaks off is the sandbox's death, never a tree with fewer files."""

from __future__ import annotations

import io
import tarfile

import pytest

from sandboxes.archive import read_tar
from sandboxes.container import _whole
from sandboxes.errors import SandboxDied


def archive(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            member = tarfile.TarInfo(f"workspace/{name}")
            member.size = 700
            tar.addfile(member, io.BytesIO(b"x" * 700))
    return buffer.getvalue()


@pytest.mark.parametrize("length", [0, 100, 512, 700, 1536, 1537, 3072, 4608, 4609])
def test_an_archive_cut_anywhere_is_no_archive(length: int) -> None:
    whole = archive(["a", "b", "c"])
    chunks = [whole[start : min(start + 512, length)] for start in range(0, length, 512)]
    with pytest.raises(SandboxDied):
        read_tar(_whole(chunks))


def test_a_whole_archive_comes_as_it_was() -> None:
    whole = archive(["a", "b"])
    assert set(read_tar(_whole([whole[:999], whole[999:]]), strip="workspace")) == {"a", "b"}
