"""Joining an existing Ray cluster from one of its machines, quietly: nothing is reported to anybody."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sandboxes.client import Engine
from sandboxes.cluster.fleet import Fleet
from sandboxes.cluster.remote import said_of
from sandboxes.errors import ClusterUnusable, EngineUnavailable

CONNECT_SECONDS = 5.0
START = (
    "start one with: RAY_USAGE_STATS_ENABLED=0 RAY_USAGE_STATS_REPORT_URL=http://127.0.0.1:9 "
    "ray start --head --include-dashboard=false"
)
"""Ray reports to its makers that reports are switched off, unless it is told another address."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9"}
"""Set before Ray is imported; what the user has set stays."""


def join(engine: Engine, address: str, resource: str) -> Fleet:
    """The cluster's nodes that have the resource, as a site. `address`: `auto`, or HOST:PORT.

    Raises ClusterUnusable where Ray is not installed or no cluster can be joined, EngineUnavailable where none of its
    nodes can be used.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterUnusable('[engine] kind = "ray" needs Ray: pip install "taskfit[ray]", here and on each node')
    _answers(address)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray

    try:
        with _signals_kept():
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, namespace="taskfit")
    except Exception as error:
        raise ClusterUnusable(
            f"cannot join the Ray cluster at {address!r} ({said_of(error)}). taskfit runs on one of the cluster's "
            f"machines, with the Ray and the Python that the cluster has; where there is none, {START}"
        ) from error
    fleet = Fleet(engine, resource)
    try:
        fleet.start()
    except EngineUnavailable:
        ray.shutdown()
        raise
    return fleet


def _answers(address: str) -> None:
    """Ray itself would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ClusterUnusable(f"no Ray cluster answers at {address!r} ({error}); {START}") from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not the main thread, where Ray takes none either
            signal.signal(signal.SIGTERM, before)
