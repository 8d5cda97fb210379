"""Images from Dockerfiles that people wrote, built by the engine itself."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import re
import time
from collections.abc import Generator
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException
from docker.utils import exclude_paths

from sandboxes.archive import MAX_BYTES, Entry, read_folder, write_tar
from sandboxes.builder import SILENT_SECONDS
from sandboxes.client import Engine, image_labels, translated
from sandboxes.errors import EngineUnavailable, ImageBuildFailed
from sandboxes.recipe import BUILD_SECONDS, Dockerfile

BASE = "taskfit/base"
"""What a Dockerfile calls the base image."""
_FROM = re.compile(rf"^(\s*FROM\s+(?:--platform=\S+\s+)?){BASE}(?::latest)?(?=\s|$)", re.IGNORECASE | re.MULTILINE)


def context(written: Dockerfile, base: str) -> bytes:
    """The build's context as a tar archive, its Dockerfile standing on `base`. Raises ImageBuildFailed.

    `.dockerignore` holds; links are links, and none is followed.
    """
    tree = read_folder(written.folder, (".git", *written.left_out))
    step = f"read {written.folder / written.name}"
    if written.name not in tree or tree[written.name].is_link:
        raise ImageBuildFailed(step, "no such file; [environment] dockerfile names one beside repo.toml")
    if (ignored := tree.get(".dockerignore")) is not None:
        patterns = ignored.data.decode("utf-8", "replace").splitlines()
        kept = exclude_paths(str(written.folder), [line for line in patterns if line.strip()], dockerfile=written.name)
        tree = {path: entry for path, entry in tree.items() if path in kept}
    size = sum(len(entry.data) for entry in tree.values())
    if size > MAX_BYTES:
        raise ImageBuildFailed(step, f"the folder holds more than {MAX_BYTES >> 20} MiB; name more in .dockerignore")
    text = tree[written.name].data.decode("utf-8", "replace")
    return write_tar(tree | {written.name: Entry(_FROM.sub(rf"\g<1>{base}", text).encode())}, 0)


def build(engine: Engine, written: Dockerfile, archive: bytes, say: Any, seconds: float = BUILD_SECONDS) -> str:
    """Build with the host's network and nothing else of the host's. Returns the image's id.

    Raises ImageBuildFailed, also where it takes more than `seconds` or is silent for `SILENT_SECONDS`, and
    EngineUnavailable where the engine went away meanwhile. An engine stops a build whose connection is closed.
    """
    say(f"building {written.name}")
    told: list[str] = []
    step = f"build {written.name}"
    silence = min(seconds, SILENT_SECONDS)
    started = time.monotonic()
    try:
        answers: Generator[dict[str, Any], None, None] = engine.api.build(
            fileobj=io.BytesIO(archive),
            custom_context=True,
            dockerfile=written.name,
            network_mode="host",
            rm=True,
            forcerm=True,
            labels=image_labels("dockerfile"),
            decode=True,
            timeout=math.ceil(silence),
        )
        with contextlib.closing(answers):  # the engine goes on for as long as somebody listens
            for answer in answers:
                told.append(str(answer.get("stream") or answer.get("error") or answer.get("status") or ""))
                del told[:-400]
                if image := (answer.get("aux") or {}).get("ID"):
                    return str(image)
                if time.monotonic() - started > seconds:
                    raise ImageBuildFailed(step, "".join(told) + f"\nstopped after {seconds / 60:g} minutes")
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        said = f"stopped after it had said nothing for {silence / 60:g} minutes"
        raise ImageBuildFailed(step, "".join(told) + f"\n{said}") from None
    except APIError as error:
        told.append(str(error))
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise EngineUnavailable(f"the engine went away during {step}: {str(error)[:200]}") from error
    with translated():
        engine.api.ping()
    raise ImageBuildFailed(step, "".join(told))


def archive_digest(archive: bytes) -> str:
    """SHA-256 of a context."""
    return hashlib.sha256(archive).hexdigest()
