"""`[engine]` of a study: the engine of this machine, or those of a Ray cluster's nodes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from runner.messages import Frozen
from sandboxes.client import Engine
from sandboxes.single import SingleEngine
from sandboxes.site import Site


class ThisMachine(Frozen):
    """The engine that answers here."""

    kind: Literal["docker"] = "docker"


class RayCluster(Frozen):
    """An existing Ray cluster, one of whose machines this is; each node that is to take trials has an engine."""

    kind: Literal["ray"]
    address: str = "auto"
    """`auto`, the cluster that this machine is part of, or HOST:PORT of its head."""
    resource: str = Field(default="taskfit", min_length=1)
    """The resource of a node that says how many trials it takes at a time: one of your own, or CPU."""

    @field_validator("address")
    @classmethod
    def _address(cls, given: str) -> str:
        host, _, port = given.rpartition(":")
        if given != "auto" and not (host and port.isascii() and port.isdecimal() and "/" not in host):
            raise ValueError('"auto", or HOST:PORT of the cluster\'s head, as in "10.0.0.5:6379"')
        return given


EngineSettings = Annotated[ThisMachine | RayCluster, Field(discriminator="kind")]


def site_of(settings: EngineSettings, engine: Engine) -> Site:
    """Where a run's sandboxes live. Raises ClusterUnusable, EngineUnavailable."""
    if isinstance(settings, ThisMachine):
        return SingleEngine(engine)
    from sandboxes.cluster.joining import join

    return join(engine, settings.address, settings.resource)
