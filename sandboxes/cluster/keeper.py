"""What works on a node: it owns the node's engine, and makes, serves and removes sandboxes there."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import pickle
import queue
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sandboxes
from sandboxes.base import Sandbox, SandboxLimits
from sandboxes.client import Engine, connect, translated
from sandboxes.container import DockerSandbox
from sandboxes.errors import EngineUnavailable, SandboxDied, SandboxError
from sandboxes.reaper import reap, remove_own

REAP_SECONDS = 60.0
"""How often it looks for what dead processes left: a driver's node processes outlive it by a moment."""
CHUNKS = 4
"""Pieces of an image that wait for the engine."""
CHUNK_SECONDS = 120.0
"""How long it waits for the next piece, and an engine to take one."""
LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")


@dataclass(frozen=True)
class Answer:
    """What a call came to: a value, or the error that it raised there and is to be raised here."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class Hello:
    """What a node says of itself."""

    host: str
    engine: str
    """Its description."""
    cpus: int
    """That the engine has."""
    code: str
    """See `code`."""


@functools.cache
def code() -> str:
    """A digest of this package: nodes on which sandboxes are made in another way are of no use."""
    root = Path(sandboxes.__file__ or "").parent
    found = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        found.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes() + b"\0")
    return found.hexdigest()[:16]


class Keeper:
    """One for each node and driver. Everything is asked through `ask`, by any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._numbers = itertools.count()
        self._sandboxes: dict[int, Sandbox] = {}
        self._loads: dict[int, _Load] = {}
        threading.Thread(target=self._reap_again_and_again, name="reap", daemon=True).start()

    def ask(self, what: str, *arguments: Any) -> Answer:
        """Call a method below, or one of a sandbox. Errors are answers, without the traceback of another machine."""
        try:
            return Answer(getattr(self, what)(*arguments))
        except Exception as error:
            return Answer(error=_portable(error))

    # What can be asked

    def hello(self) -> Hello:
        engine = self._connected()
        return Hello(socket.gethostname(), engine.description, engine.cpus, code())

    def check(self) -> None:
        """Raises EngineUnavailable where the node's engine does not answer."""
        with translated():
            self._connected().api.ping()

    def reap(self) -> list[str]:
        return [each.name for each in reap(self._connected())]

    def remove(self, trial: str | None) -> None:
        remove_own(self._connected(), trial)

    def layers(self) -> list[list[str]]:
        """Of each image of taskfit's that the node has, the digests of its layers, the lowest first."""
        api = self._connected().api
        with translated():
            images = api.images(filters={"label": "taskfit.kind"})
            return [api.inspect_image(image["Id"])["RootFS"]["Layers"] for image in images]  # type: ignore[no-untyped-call]

    def has(self, image: str) -> bool:
        return self._local(image) is not None

    def open(self, image: str, limits: SandboxLimits, labels: dict[str, Any]) -> int:
        """A new sandbox's number. `image` is the id that the driver's engine gives it."""
        local = self._local(image)
        if local is None:
            raise SandboxDied(f"the node has lost image {image[:19]}")
        sandbox = DockerSandbox(self._connected(), local, limits, **labels)
        number = next(self._numbers)
        self._sandboxes[number] = sandbox
        return number

    def use(self, number: int, method: str, *arguments: Any) -> Any:
        """A method of a sandbox."""
        try:
            sandbox = self._sandboxes[number]
        except KeyError:
            raise SandboxDied("closed") from None
        return getattr(sandbox, method)(*arguments)

    def close(self, number: int) -> None:
        if (sandbox := self._sandboxes.pop(number, None)) is not None:
            sandbox.close()

    # An image arrives in pieces

    def begin(self, image: str) -> int:
        load = _Load(self._connected(), image)
        number = next(self._numbers)
        self._loads[number] = load
        return number

    def feed(self, number: int, piece: bytes) -> None:
        """Waits while the engine has enough pieces to go on with."""
        self._loads[number].feed(piece)

    def end(self, number: int) -> None:
        """The image is whole. Raises SandboxError where the engine does not take it."""
        self._loads.pop(number).end()

    def give_up(self, number: int) -> None:
        if (load := self._loads.pop(number, None)) is not None:
            load.give_up()

    def _local(self, image: str) -> str | None:
        """The image as this engine knows it."""
        engine = self._connected()
        return engine.image_id(image) or engine.image_id(_name(image))

    def _connected(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = connect()
            return self._engine

    def _reap_again_and_again(self) -> None:
        while True:
            with contextlib.suppress(SandboxError):
                self.reap()
            threading.Event().wait(REAP_SECONDS)


class _Load:
    """One image on its way into the engine."""

    def __init__(self, engine: Engine, image: str) -> None:
        self._engine, self._image = engine, image
        self._pieces: queue.Queue[bytes | None] = queue.Queue(CHUNKS)
        self._error: Exception | None = None
        self._given_up = False
        self._thread = threading.Thread(target=self._load, name="load", daemon=True)
        self._thread.start()

    def feed(self, piece: bytes | None) -> None:
        try:
            self._pieces.put(piece, timeout=CHUNK_SECONDS)
        except queue.Full:
            raise EngineUnavailable("the engine takes no more of an image") from None
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        self.feed(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        self._given_up = True
        with contextlib.suppress(queue.Full):
            self._pieces.put_nowait(None)

    def _load(self) -> None:
        try:
            with translated():
                told = "".join(
                    line.get("stream") or line.get("error") or ""
                    for line in self._engine.api.load_image(self._arriving())  # type: ignore[no-untyped-call]
                )
                if (found := LOADED.search(told)) is None:
                    raise SandboxDied(f"the engine does not take the image: {told.strip()[-300:]}")
                repository, tag = _name(self._image).split(":")
                self._engine.api.tag(found[1], repository, tag)
        except Exception as error:
            self._error = error
            with contextlib.suppress(queue.Empty):
                while True:
                    self._pieces.get_nowait()

    def _arriving(self) -> Iterator[bytes]:
        while True:
            try:
                piece = self._pieces.get(timeout=CHUNK_SECONDS)
            except queue.Empty:
                raise EngineUnavailable("the rest of an image did not come") from None
            if self._given_up:
                raise EngineUnavailable("the image's sender gave up")
            if piece is None:
                return
            yield piece


def _name(image: str) -> str:
    """The name of a copy: its content's, so that copies of two drivers are never taken for each other."""
    return f"taskfit/copy:{image.removeprefix('sha256:')[:32]}"


def _portable(error: Exception) -> Exception:
    """The error as it can travel; another one that says the same where it cannot."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
    try:
        back = pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error if str(back) == str(error) else RuntimeError(f"{type(error).__name__}: {error}")
