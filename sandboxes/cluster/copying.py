"""An image on its way from the driver's engine to a node's: in pieces, without the layers that are there already."""

from __future__ import annotations

import contextlib
import json
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from sandboxes.client import Engine, translated
from sandboxes.cluster.remote import Node
from sandboxes.errors import SandboxDied
from sandboxes.scratch import scratch

PIECE = 8 << 20
"""Bytes; two of them are in memory at a time, here and there."""


def copy(engine: Engine, image: str, node: Node) -> None:
    """Have a node hold the image of that id. Raises SandboxDied, EngineUnavailable, OSError of a full disk.

    The engine's archive waits in a folder of this machine's, since it tells its layers only at the end. Engines whose
    store keeps images in another way do not take archives without some layers: they get all of them.
    """
    with scratch() as folder:
        archive = folder / "image.tar"
        with translated():
            layers = engine.api.inspect_image(image)["RootFS"]["Layers"]  # type: ignore[no-untyped-call]
            with archive.open("wb") as file:
                for chunk in engine.api.get_image(image):
                    file.write(chunk)
        known = shared(layers, node.ask("layers"))
        try:
            _send(archive, known, image, node)
        except SandboxDied:
            if not known:
                raise
            _send(archive, 0, image, node)


def shared(layers: Sequence[str], others: Iterable[Sequence[str]]) -> int:
    """How many of the lowest layers some other image has, in the same order: only then is a layer the same one."""
    return max((_common(layers, other) for other in others), default=0)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    while count < min(len(first), len(second)) and first[count] == second[count]:
        count += 1
    return count


def _send(archive: Path, known: int, image: str, node: Node) -> None:
    number = node.ask("begin", image)
    try:
        sender = _Sender(node, number)
        with tarfile.open(archive) as tar:
            write_without(tar, known, sender)
        sender.finish()
        node.ask("end", number)
    except BaseException:
        with contextlib.suppress(Exception):
            node.later("give_up", number)
        raise


def write_without(tar: tarfile.TarFile, known: int, to: IO[bytes] | Any) -> None:
    """An engine's archive of one image, without the files of its `known` lowest layers, in blocks of `PIECE`."""
    manifest = tar.extractfile("manifest.json")
    assert manifest is not None
    left_out = set(json.load(manifest)[0]["Layers"][:known])
    members = tar.getmembers()
    kept = [member for member in members if member.name not in left_out]
    needed = {_target(member) for member in kept if member.issym() or member.islnk()}
    with tarfile.open(fileobj=to, mode="w|", bufsize=PIECE) as out:
        for member in members:
            if member.name not in left_out or member.name in needed:
                out.addfile(member, tar.extractfile(member) if member.isfile() else None)


def _target(link: tarfile.TarInfo) -> str:
    """The member that a link of an archive leads to: a layer that occurs twice is kept once."""
    if link.islnk():
        return link.linkname
    parts: list[str] = []
    for part in [*link.name.split("/")[:-1], *link.linkname.split("/")]:
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class _Sender:
    """A file that sends what is written to a node, one piece ahead of the node's answer."""

    def __init__(self, node: Node, number: int) -> None:
        self._node, self._number = node, number
        self._asked: Any = None

    def write(self, data: bytes) -> int:
        self.finish()
        self._asked = self._node.later("feed", self._number, bytes(data))
        return len(data)

    def finish(self) -> None:
        """Wait for the last piece to be taken."""
        if self._asked is not None:
            self._node.answer(self._asked)
            self._asked = None
