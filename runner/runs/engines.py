"""`[engine]` of a study: the engine of this machine, or those of a Ray cluster's nodes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from runner.errors import UserError
from runner.messages import Frozen
from sandboxes.client import Engine
from sandboxes.single import SingleEngine
from sandboxes.site import Site

ADDRESS, RESOURCE = "auto", "taskfit"


class EngineSettings(Frozen):
    """Where sandboxes live."""

    kind: Literal["docker", "ray"] = "docker"
    """The engine that answers on this machine; or an existing Ray cluster, of which this machine is part, whose nodes
    have an engine each."""
    address: str = ADDRESS
    """Of a cluster: `auto`, the one that this machine is part of, or HOST:PORT of its head."""
    resource: str = Field(default=RESOURCE, min_length=1)
    """Of a cluster: the resource of a node that says how many trials it takes at a time; one of your own, or CPU."""

    @field_validator("address")
    @classmethod
    def _address(cls, given: str) -> str:
        host, _, port = given.rpartition(":")
        if given != ADDRESS and not (host and port.isascii() and port.isdecimal() and "/" not in host):
            raise ValueError('"auto", or HOST:PORT of the cluster\'s head, as in "10.0.0.5:6379"')
        return given

    @model_validator(mode="after")
    def _of_a_cluster(self) -> EngineSettings:
        if self.kind == "docker" and (self.address, self.resource) != (ADDRESS, RESOURCE):
            raise ValueError('address and resource are a cluster\'s: say kind = "ray" beside them')
        return self


def named(name: str, before: EngineSettings | None = None) -> EngineSettings:
    """`docker`, `ray` or HOST:PORT, with the resource that a study named before. Raises UserError."""
    if name == "docker":
        return EngineSettings()
    address, resource = ADDRESS if name == "ray" else name, before.resource if before is not None else RESOURCE
    try:
        return EngineSettings(kind="ray", address=address, resource=resource)
    except ValidationError:
        raise UserError(
            f"--engine: docker (this machine's), ray (the cluster that this machine is part of) or HOST:PORT of a Ray "
            f"cluster's head; found {name!r}"
        ) from None


def site_of(settings: EngineSettings, engine: Engine) -> Site:
    """Where a run's sandboxes live. Raises ClusterUnusable, EngineUnavailable."""
    if settings.kind == "docker":
        return SingleEngine(engine)
    from sandboxes.cluster.joining import join

    return join(engine, settings.address, settings.resource)
