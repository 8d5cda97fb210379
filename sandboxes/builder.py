"""One image step: a container with the host's package settings lent to it, committed without them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from docker.types import LogConfig, Mount

from sandboxes.client import Engine, labels, translated
from sandboxes.errors import ImageBuildFailed, SandboxError
from sandboxes.hands import ENVIRONMENT, WORKSPACE

LENT = "/run/taskfit"
"""A tmpfs; what is mounted below it never reaches the image."""
CERTIFICATES = f"{LENT}/ca.pem"
BUNDLE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PASSED_ON = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "PIP_DEFAULT_TIMEOUT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


class Builder:
    """A container in which one image is made. Commands run as root, with the engine's default rights.

    With `network`, the host's network, pip settings, proxies and certificate bundle are lent to the commands
    through their environment and a read-only mount, and are in no layer of the result.
    """

    def __init__(self, engine: Engine, image: str, *, network: bool) -> None:
        self._api = engine.api
        self._network = network
        self._started = False
        bundle = _certificate_bundle() if network else None
        mounts = [Mount(CERTIFICATES, str(bundle), type="bind", read_only=True)] if bundle else []
        self._lent = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)} if network else {}
        if bundle:
            self._lent |= dict.fromkeys(BUNDLE_VARIABLES, CERTIFICATES)
        with translated():
            self._id: str = self._api.create_container(
                image,
                command=["sleep", "infinity"],
                user="0:0",
                labels=labels("build"),
                host_config=self._api.create_host_config(
                    init=True,
                    network_mode="host" if network else "none",
                    tmpfs={LENT: "mode=755"} if network else None,
                    mounts=mounts,
                    log_config=LogConfig(type="none"),
                ),
            )["Id"]

    def put(self, folder: str, archive: bytes) -> None:
        """Unpack a tar archive into a folder of the image."""
        with translated():
            self._api.put_archive(self._id, folder, archive)

    def run(self, command: str, cwd: str = "/") -> None:
        """Run a shell command; raises ImageBuildFailed with its last lines."""
        with translated():
            if not self._started:
                self._api.start(self._id)
                self._started = True
            exec_id = self._api.exec_create(
                self._id,
                ["sh", "-ec", command],
                user="0:0",
                workdir=cwd,
                environment={
                    **ENVIRONMENT,
                    "HOME": "/root",
                    "DEBIAN_FRONTEND": "noninteractive",
                    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                    "PIP_ROOT_USER_ACTION": "ignore",
                    **self._lent,
                },
            )["Id"]
            output = self._api.exec_start(exec_id)
            code = self._api.exec_inspect(exec_id)["ExitCode"]
        if code:
            raise ImageBuildFailed(command, output.decode("utf-8", "replace"))

    def commit(self, reference: str, kind: str, **more: str) -> None:
        """Make the image. What was lent is left behind with the container."""
        repository, tag = reference.rsplit(":", 1)
        marks = labels(kind, **more)
        marks.pop("taskfit.owner")
        with translated():
            self._api.commit(
                self._id,
                repository,
                tag,
                conf={"Cmd": ["sleep", "infinity"], "WorkingDir": WORKSPACE, "Labels": marks},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(SandboxError), translated():
            self._api.remove_container(self._id, force=True, v=True)


def _certificate_bundle() -> Path | None:
    """The host's own certificates, where it names some: companies and proxies have theirs."""
    for name in BUNDLE_VARIABLES:
        path = Path(os.environ.get(name, ""))
        if path.is_file():
            return path.resolve()
    return None
