"""The nodes of a cluster as one site: which are there, which takes the next trial, and which went away."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandboxes.client import Engine
from sandboxes.cluster.copying import copy
from sandboxes.cluster.keeper import Hello, Keeper, code
from sandboxes.cluster.remote import Node, NodePlace, said_of
from sandboxes.errors import EngineUnavailable, SandboxDied, SandboxError
from sandboxes.reaper import reap, remove_own
from sandboxes.site import Change, Place, gradings

LOOK_SECONDS = 1.0
"""How often the cluster is asked which nodes it has, and each node whether its engine answers."""
CHECK_SECONDS = 20.0
"""How long a node may take to say that its engine answers, before it is used no more for now."""
JOIN_SECONDS = 90.0
"""How long a process may take to start on a node."""
AGAIN_SECONDS = 30.0
"""After how long a node that could not be used is tried once more."""
COPIES = 2
"""Images that are copied to nodes at a time."""


@dataclass
class Fleet:
    """See `sandboxes.site.Site`. Made by `sandboxes.cluster.joining.join`; `start` before it is used."""

    engine: Engine
    """The driver's own: images are built on it, scenarios proved, and copied from it to the nodes."""
    resource: str
    """The resource of a node that says how many trials it takes at a time."""
    _nodes: dict[str, Node] = field(default_factory=dict)
    _joining: set[str] = field(default_factory=set)
    _refused: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Node → why it could not be used, and when that was found."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _copies: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(COPIES))
    _hear: Callable[[Change], None] = lambda change: None

    def start(self) -> None:
        """Find the nodes, and go on looking. Raises EngineUnavailable with each one's reason where none can be used."""
        for thread in self._look():
            thread.join(JOIN_SECONDS)
        if not self._nodes:
            why = "; ".join(f"{node[:6]}: {reason}" for node, (reason, _) in self._refused.items())
            raise EngineUnavailable(
                f"no node of the Ray cluster can be used ({why or f'none has the resource {self.resource!r}'}); a node "
                "needs an engine and this taskfit, and says how many trials it takes: "
                f"ray start --address=HEAD:6379 --resources='{{\"{self.resource}\": 8}}'"
            )
        self._watch = threading.Thread(target=self._look_again_and_again, name="nodes", daemon=True)
        self._watch.start()

    @property
    def description(self) -> str:
        import ray

        nodes = self._here()
        each = ", ".join(f"{node.name} with {node.places} places: {node.engine}" for node in nodes)
        return f"Ray {ray.__version__}, {len(nodes)} nodes ({each}); images built by {self.engine.description}"

    @property
    def places(self) -> int:
        return sum(node.places for node in self._here())

    def check(self) -> None:
        try:
            self.engine.api.ping()
        except Exception as error:
            raise EngineUnavailable(f"the engine of this machine, which images are copied from: {error}") from error
        if not self._here():
            raise EngineUnavailable("no node of the cluster is left")

    @contextmanager
    def place(self, image: str) -> Iterator[Place]:
        wanted = self.engine.image_id(image)
        if wanted is None:
            raise SandboxDied(f"there is no image {image} to copy to a node")
        node = self._node_with(wanted)
        try:
            yield NodePlace(node, wanted)
        finally:
            self._leave(node)

    def reap(self) -> list[str]:
        names = [each.name for each in reap(self.engine)]
        for node in self._here():
            with contextlib.suppress(SandboxError):
                names += node.ask("reap")
        return names

    def remove(self, trial: str | None = None) -> None:
        remove_own(self.engine, trial)
        nodes = self._here()
        for node, asked in [(node, node.later("remove", trial)) for node in nodes]:
            with contextlib.suppress(SandboxError):
                node.answer(asked)

    def listen(self, hear: Callable[[Change], None]) -> None:
        self._hear = hear

    def close(self) -> None:
        import ray

        if self._over.is_set():
            return
        self._over.set()
        self._watch.join(CHECK_SECONDS)
        with contextlib.suppress(SandboxError):
            self.remove()
        for node in self._nodes.values():
            ray.kill(node.keeper)
        self._nodes.clear()
        ray.shutdown()

    # Which node takes a trial

    def _here(self) -> list[Node]:
        with self._lock:
            return [node for node in self._nodes.values() if not node.away and not node.lost]

    def _node_with(self, image: str) -> Node:
        """The node with most free places, held, once it has the image; another one where an engine does not answer."""
        tried: set[str] = set()
        while True:
            node = self._take(image, tried)
            try:
                self._provide(image, node)
            except EngineUnavailable as error:
                self._leave(node)
                self._note(node, said_of(error))
                tried.add(node.id)
            except BaseException:
                self._leave(node)
                raise
            else:
                return node

    def _take(self, image: str, tried: Container[str]) -> Node:
        here = [node for node in self._here() if node.id not in tried]
        if not here:
            raise EngineUnavailable("no node of the cluster is left")
        with self._lock:
            node = max(here, key=lambda node: (node.places - node.held, image in node.images))
            node.held += 1
            return node

    def _leave(self, node: Node) -> None:
        with self._lock:
            node.held -= 1

    def _provide(self, image: str, node: Node) -> None:
        """Copy the image there, unless the node has it still. Others who want the same wait.

        Raises EngineUnavailable where the node's engine does not answer just now: nothing is lost yet.
        """
        with node.arriving[image]:
            if not node.ask("has", image, seconds=CHECK_SECONDS):
                with self._copies:
                    copy(self.engine, image, node)
            node.images.add(image)

    # Which nodes there are

    def _look_again_and_again(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with contextlib.suppress(Exception):  # Ray's own connection is gone for a moment, or for good
                self._look()

    def _look(self) -> list[threading.Thread]:
        """Compare with what the cluster says; returns the threads in which nodes join."""
        import ray

        found = {node["NodeID"]: node for node in ray.nodes() if node["Alive"] and self._places(node) > 0}
        self._check_all(found)
        with self._lock:
            known = {*self._nodes, *self._joining}
        now = time.monotonic()
        threads = []
        for name, node in found.items():
            if name not in known and now - self._refused.get(name, ("", float("-inf")))[1] >= AGAIN_SECONDS:
                self._joining.add(name)
                threads.append(threading.Thread(target=self._join, args=(node,), name="join", daemon=True))
                threads[-1].start()
        return threads

    def _places(self, node: Mapping[str, Any]) -> int:
        return int(node["Resources"].get(self.resource, 0))

    def _join(self, found: Mapping[str, Any]) -> None:
        """Have a keeper work on a node, if it is one that may be used."""
        name, node = found["NodeID"], self._hired(found)
        try:
            hello: Hello = node.ask("hello", seconds=JOIN_SECONDS)
            if hello.code != code():
                raise EngineUnavailable("another version of taskfit is installed there; install the same everywhere")
        except Exception as error:
            self._refuse(name, node, node.lost or said_of(error))
            return
        node.host, node.engine = hello.host, hello.engine
        node.grading = threading.Semaphore(gradings(hello.cpus))
        with self._lock:
            self._joining.discard(name)
            self._refused.pop(name, None)
            self._nodes[name] = node
        self._tell("node_joined", f"node {node.name} takes {node.places} trials at a time")

    def _hired(self, found: Mapping[str, Any]) -> Node:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there, places = NodeAffinitySchedulingStrategy(found["NodeID"], soft=False), self._places(found)
        options = {"num_cpus": 0, "max_restarts": 0, "max_concurrency": 2 * places + 16, "scheduling_strategy": there}
        keeper = ray.remote(Keeper).options(**options).remote()
        return Node(found["NodeID"], found["NodeManagerHostname"], places, keeper)

    def _refuse(self, name: str, node: Node, why: str) -> None:
        import ray

        ray.kill(node.keeper)
        said_before = self._refused.get(name, ("", 0.0))[0]
        with self._lock:
            self._refused[name] = (why, time.monotonic())
            self._joining.discard(name)
        if why != said_before:
            self._tell("node_lost", f"node {node.name} cannot be used: {why}")

    def _check_all(self, found: Container[str]) -> None:
        """Let go of the nodes that are gone; note which engines do not answer."""
        import ray

        with self._lock:
            nodes = list(self._nodes.values())
        asked = {node.later("check"): node for node in nodes if node.id in found and not node.lost}
        ready, _ = ray.wait(list(asked), num_returns=len(asked), timeout=CHECK_SECONDS) if asked else ([], [])
        for reference, node in asked.items():
            why = f"no answer for {CHECK_SECONDS:.0f} s"
            if reference in ready:
                why = ""
                try:
                    node.answer(reference)
                except Exception as error:
                    why = said_of(error)
            self._note(node, why)
        for node in nodes:
            if node.id not in found or node.lost:
                self._lose(node)

    def _note(self, node: Node, why: str) -> None:
        before, node.away = node.away, why
        if why and not before and not node.lost:
            self._tell("node_lost", f"node {node.name} is not used for now: {why}")
        if before and not why:
            self._tell("node_joined", f"node {node.name} is used again")

    def _lose(self, node: Node) -> None:
        """For good: should it come back, another keeper works there, and removes what is left of this one's."""
        import ray

        with self._lock:
            if self._nodes.pop(node.id, None) is None:
                return
        node.lost = node.lost or "it left the cluster"
        with contextlib.suppress(Exception):
            ray.kill(node.keeper)
        self._tell("node_lost", f"node {node.name} was lost, and its {node.held} trials with it: {node.lost}")

    def _tell(self, kind: str, text: str) -> None:
        self._hear(Change("node_joined" if kind == "node_joined" else "node_lost", text))
