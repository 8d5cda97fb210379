"""A Ray cluster on this machine whose nodes have resources and engines of their own. Needs root and Ray."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.daemon import Daemon
from sandboxes.cluster.joining import QUIET

STORE_BYTES = 80 << 20
"""Of shared memory for each node: the least that Ray takes."""
HEALTH = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 60000,
    "health_check_failure_threshold": 5,
}
"""A lost node is noticed in seconds, where Ray's own defaults take a minute."""


class LocalCluster:
    """A head that takes no trials, and nodes that do."""

    def __init__(self, folder: Path) -> None:
        os.environ.update(QUIET)
        from ray.cluster_utils import Cluster

        self._folder = folder
        self._daemons: dict[str, Daemon] = {}
        self._nodes: dict[str, Any] = {}
        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
        self._cluster = Cluster(initialize_head=True, head_node_args={**head, "_system_config": HEALTH})

    @staticmethod
    def is_possible() -> bool:
        return Daemon.program() is not None and importlib.util.find_spec("ray") is not None

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    @property
    def daemons(self) -> list[Daemon]:
        return list(self._daemons.values())

    def add(self, name: str, resources: Mapping[str, float]) -> Daemon:
        """A node, with an engine that keeps its images over the node's deaths."""
        daemon = self._daemons.get(name) or Daemon(self._folder / name)
        daemon.folder.mkdir(exist_ok=True)
        daemon.start().close()
        self._daemons[name] = daemon
        self._add(name, resources, daemon.host)
        return daemon

    def add_without_engine(self, name: str, resources: Mapping[str, float]) -> None:
        self._add(name, resources, "unix:///nowhere/docker.sock")

    def _add(self, name: str, resources: Mapping[str, float], engine: str) -> None:
        self._nodes[name] = self._cluster.add_node(
            num_cpus=1,
            resources=dict(resources),
            object_store_memory=STORE_BYTES,
            env_vars={"DOCKER_HOST": engine},
        )

    def kill(self, name: str) -> None:
        """Node and engine at once, as a machine that loses its power."""
        self._cluster.remove_node(self._nodes.pop(name), allow_graceful=False)
        self._daemons[name].end(signal.SIGKILL)

    def close(self) -> None:
        for node in (*self._nodes.values(), self._cluster.head_node):
            self._cluster.remove_node(node, allow_graceful=False)
        for daemon in self.daemons:
            daemon.remove()
