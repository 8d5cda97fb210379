"""The engine's API as the rest of `sandboxes` uses it: found, connected, its errors translated."""

from __future__ import annotations

import contextlib
import functools
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from sandboxes.errors import EngineUnavailable, SandboxDied
from sandboxes.owner import KIND, LABEL, NAME, me

API_SECONDS = 120.0
"""An API call that takes longer means a wedged engine. Streams are bounded by their own deadlines."""


def endpoints() -> list[str]:
    """Where an engine may answer: `DOCKER_HOST` alone when it is set, else the usual sockets that exist."""
    if named := os.environ.get("DOCKER_HOST"):
        return [named]
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    sockets = [
        Path("/var/run/docker.sock"),
        Path(runtime, "docker.sock"),
        Path.home() / ".docker/run/docker.sock",
        Path("/run/podman/podman.sock"),
        Path(runtime, "podman/podman.sock"),
    ]
    return [f"unix://{path}" for path in sockets if path.is_socket()]


@dataclass(frozen=True)
class Engine:
    """A connected engine."""

    api: docker.APIClient
    endpoint: str

    @functools.cached_property
    def cpus(self) -> int:
        """How many the engine has."""
        with translated():
            return int(self.api.info().get("NCPU") or 1)

    @functools.cached_property
    def memory(self) -> int:
        """Bytes that the engine's machine has."""
        with translated():
            return int(self.api.info().get("MemTotal") or 8 << 30)

    @property
    def description(self) -> str:
        """Name, version, storage driver and runtimes, for people."""
        info = self.api.info()
        components = self.api.version().get("Components") or [{"Name": "engine"}]
        runtimes = ", ".join(sorted(info.get("Runtimes") or {})) or "unknown"
        return (
            f"{components[0]['Name']} {info.get('ServerVersion', '?')} at {self.endpoint}, "
            f"storage {info.get('Driver', '?')}, runtimes {runtimes}"
        )

    def image_id(self, reference: str) -> str | None:
        """The full id of an image, or None when the engine has none of that name."""
        with translated():
            try:
                return str(self.api.inspect_image(reference)["Id"])  # type: ignore[no-untyped-call]
            except NotFound:
                return None


def connect() -> Engine:
    """The first engine that answers. Raises EngineUnavailable with what each endpoint said."""
    tried = []
    for endpoint in endpoints():
        try:
            api = docker.APIClient(base_url=endpoint, version="auto", timeout=int(API_SECONDS), num_pools=64)
            api.ping()
        except (DockerException, requests.RequestException, OSError) as error:
            tried.append(f"{endpoint}: {_first_line(error)}")
        else:
            return Engine(api, endpoint)
    raise EngineUnavailable("; ".join(tried) or "no engine socket found")


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's errors into ours: the engine is gone, or the container is."""
    try:
        yield
    except NotFound as error:
        raise SandboxDied(_first_line(error)) from error
    except APIError as error:
        if error.status_code == 409 or "is not running" in str(error):
            raise SandboxDied(_first_line(error)) from error
        raise EngineUnavailable(f"the engine answered {_first_line(error)}") from error
    except (requests.RequestException, DockerException, ConnectionError, TimeoutError) as error:
        raise EngineUnavailable(f"the engine does not answer: {_first_line(error)}") from error


def marked(kind: str, **more: str) -> dict[str, Any]:
    """The name and labels by which a new container is known as this process's: arguments of `create_container`."""
    name = f"taskfit-{kind}-{uuid.uuid4().hex[:12]}"
    return {"name": name, "labels": {KIND: kind, LABEL: me(), NAME: name} | _more(more)}


def image_labels(kind: str, **more: str) -> dict[str, str]:
    """The labels of an image: nobody's, whatever container or image it is made from."""
    return {KIND: kind, LABEL: "", NAME: ""} | _more(more)


def _more(labels: dict[str, str]) -> dict[str, str]:
    return {f"taskfit.{name}": value for name, value in labels.items()}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
