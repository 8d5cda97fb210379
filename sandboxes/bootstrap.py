"""The base image's root file system: an official Python image where a registry answers, else Debian packages."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import requests
from docker.errors import DockerException

from sandboxes.client import Engine, translated
from sandboxes.errors import ImageBuildFailed
from sandboxes.host import install_packages
from sandboxes.scratch import scratch

OFFICIAL_IMAGE = "python:3.11-slim-bookworm"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "git", "python3", "python3-venv", "ripgrep")
ROOT = "taskfit/root"
"""The bootstrapped root file system, before anything of taskfit's is in it; kept, so that it is made once."""
MIRROR = "TASKFIT_DEBIAN_MIRROR"
"""Environment variable: a Debian mirror to bootstrap from instead of the usual one."""

Say = Callable[[str], None]


def official(version: str) -> str:
    """The official image of a Python, as in `3.9`."""
    return f"python:{version}-slim-{SUITE}"


def root_file_system(engine: Engine, say: Say) -> str:
    """The id of an image with Python, git and ripgrep's package manager; raises ImageBuildFailed."""
    refusal = pull(engine, OFFICIAL_IMAGE, say)
    if refusal is None and (found := engine.image_id(OFFICIAL_IMAGE)):
        return found
    say(f"no registry answers ({refusal}); bootstrapping the base image from Debian packages")
    return bootstrap(engine, say, SUITE)


def pull(engine: Engine, image: str, say: Say) -> str | None:
    """None when an official image is there; else why not."""
    if os.environ.get("TASKFIT_BASE") == "debian":
        return "TASKFIT_BASE=debian"
    if engine.image_id(image):
        return None
    say(f"pulling {image}")
    repository, tag = image.split(":")
    try:
        told = str(engine.api.pull(repository, tag=tag))
    except (DockerException, requests.RequestException) as error:
        told = str(getattr(error, "explanation", None) or error)
    if engine.image_id(image):
        return None
    return _error_in(told)[:160]


def _error_in(told: str) -> str:
    """What an engine says is wrong, in plain text or, with a status of success, in its stream of JSON lines."""
    last = (told.strip().splitlines() or ["no answer"])[-1]
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(last).get("error") or last)
    return last


def bootstrap(engine: Engine, say: Say, suite: str) -> str:
    """The id of an image made from a Debian release's own packages; raises ImageBuildFailed."""
    if not shutil.which("mmdebstrap"):
        install_packages(["mmdebstrap"], say)
    if not shutil.which("mmdebstrap"):
        raise ImageBuildFailed(
            "bootstrap the base image",
            f"No image registry answers and mmdebstrap is not installed. Either let the engine pull {OFFICIAL_IMAGE}, "
            "or install mmdebstrap (apt-get install mmdebstrap) and try again.",
        )
    key = hashlib.sha256(json.dumps([suite, PACKAGES, os.environ.get(MIRROR)]).encode()).hexdigest()[:16]
    if found := engine.image_id(f"{ROOT}:{key}"):
        return found
    with scratch() as folder:
        archive = Path(folder, "rootfs.tar")
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, str(archive)]
        if mirror := os.environ.get(MIRROR):
            command.append(mirror)
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)
        if finished.returncode:
            raise ImageBuildFailed(" ".join(command[:2]), finished.stderr)
        say(f"importing {archive.stat().st_size >> 20} MB")
        with translated(), contextlib.closing(archive.open("rb")) as data:
            told = engine.api.import_image_from_data(data, changes=["LABEL taskfit.kind=root"])
            image = _imported_id(str(told))
            engine.api.tag(image, ROOT, key)
    return image


def _imported_id(told: str) -> str:
    """The engine streams JSON lines; the last one with a status holds the id."""
    for line in reversed(told.splitlines()):
        with contextlib.suppress(ValueError, AttributeError):
            status = str(json.loads(line).get("status", ""))
            if status.startswith("sha256:"):
                return status
    raise ImageBuildFailed("import the base image", told)
