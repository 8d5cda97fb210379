"""The host's own tools: installing Debian packages, and bringing an engine up when none answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sandboxes.client import Engine, connect
from sandboxes.errors import EngineUnavailable

DAEMON = ("dockerd", "--bridge=none", "--iptables=false", "--ip6tables=false")
"""Sandboxes need no network and images are built on the host's, so the firewall is left alone."""
START_SECONDS = 60.0
POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian's switch that tells package scripts whether they may start services."""

Say = Callable[[str], None]


def ensure_engine(say: Say) -> Engine:
    """The engine that answers; else one that is installed, started; else Debian's, installed and started.

    Raises EngineUnavailable with the instruction for this platform.
    """
    try:
        return connect()
    except EngineUnavailable as error:
        if os.environ.get("DOCKER_HOST"):
            raise EngineUnavailable(
                f"DOCKER_HOST is set, but no engine answers there: {error}. Start that engine, or unset DOCKER_HOST."
            ) from None
        reason = str(error)
    if _elevation() is not None and _find("dockerd"):
        return _start(say, [_find("dockerd") or "", *DAEMON[1:]], elevated=True)
    if podman := _find("podman"):
        return _start_podman(say, podman)
    if _elevation() is None or not Path("/etc/debian_version").exists():
        raise EngineUnavailable(f"no container engine answers ({reason}). {instruction()}")
    say("no container engine is installed; installing Debian's docker.io (apt-get install docker.io)")
    install_packages(["docker.io"], say)
    if (dockerd := _find("dockerd")) is None:
        raise EngineUnavailable(f"docker.io could not be installed. {instruction()}")
    return _start(say, [dockerd, *DAEMON[1:]], elevated=True)


def instruction() -> str:
    """What to type on this platform."""
    if Path("/etc/debian_version").exists():
        return "Run `sudo apt-get install docker.io` and `sudo systemctl start docker`, then try again."
    if os.uname().sysname == "Darwin":
        return "Install and start Docker Desktop, Colima or Podman (`podman machine start`), then try again."
    return (
        "Install Docker Engine (https://docs.docker.com/engine/install/) or Podman and start its service "
        "(`systemctl --user start podman.socket`), or set DOCKER_HOST, then try again."
    )


def install_packages(names: Sequence[str], say: Say) -> bool:
    """Install Debian packages without starting their services; False where this user or system cannot."""
    elevation = _elevation()
    if elevation is None or not shutil.which("apt-get"):
        return False
    held = not POLICY.exists()
    if held:
        _run([*elevation, "sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}"])
    try:
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
        environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
        done = _run([*elevation, *environment, *install])
        if done.returncode:
            say("refreshing the package lists")
            _run([*elevation, "apt-get", "update", "-q"])
            done = _run([*elevation, *environment, *install])
    finally:
        if held:
            _run([*elevation, "rm", "-f", str(POLICY)])
    if done.returncode:
        say(f"apt-get failed: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.returncode == 0


def _start_podman(say: Say, podman: str) -> Engine:
    """Podman's Docker API, as this user."""
    runtime = Path("/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    socket = runtime / "podman" / "podman.sock"
    socket.parent.mkdir(parents=True, exist_ok=True)
    return _start(say, [podman, "system", "service", "--time=0", f"unix://{socket}"], elevated=False)


def _start(say: Say, command: Sequence[str], *, elevated: bool) -> Engine:
    elevation = (_elevation() or []) if elevated else []
    name = Path(command[0]).name
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "taskfit")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    say(f"starting {' '.join([name, *command[1:]])} (log: {log})")
    with log.open("ab") as output:
        daemon = subprocess.Popen(
            [*elevation, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return connect()
        except EngineUnavailable:
            if daemon.poll() is not None:
                break
            time.sleep(0.2)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    raise EngineUnavailable(f"{name} did not come up; the end of {log}:\n{tail}")


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")


def _elevation() -> list[str] | None:
    """What to put before a command to run it as root, or None when this user cannot."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _run(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=1800)
