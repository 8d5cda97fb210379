"""Images in three layers, each keyed by the content it is made from: base, environment, workspace.

base         Python, git, ripgrep, pytest and coverage, the user `agent`
environment  a repo's system packages and pip requirements
workspace    the source as one git commit at /workspace, and the repo's own install commands
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docker.errors import ImageNotFound

from sandboxes.archive import Tree, read_tar, write_tar
from sandboxes.bootstrap import OFFICIAL_IMAGE, PACKAGES, SUITE, root_file_system
from sandboxes.builder import Builder
from sandboxes.client import Engine, labels, translated
from sandboxes.hands import USER, USER_ID, WORKSPACE

RUNNER_REQUIREMENTS = ("pytest>=8.3,<10", "pytest-timeout>=2.3", "coverage>=7.6")
SETUP = (
    f"id {USER} >/dev/null 2>&1 || useradd --uid {USER_ID} --create-home --shell /bin/bash {USER}",
    "command -v rg >/dev/null && command -v git >/dev/null || "
    "{ apt-get update -q && apt-get install -y -q --no-install-recommends git ripgrep && "
    "rm -rf /var/lib/apt/lists/*; }",
    "python3 -m venv /opt/env",
    f"/opt/env/bin/pip install -q --no-cache-dir {' '.join(repr(r) for r in RUNNER_REQUIREMENTS)}",
    f"mkdir -p {WORKSPACE} && chown {USER}:{USER} {WORKSPACE}",
    f"git config --system --add safe.directory {WORKSPACE}",
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class ImageStore:
    """Builds what is missing; the same image is never built twice at once in one process."""

    engine: Engine
    say: Say

    def base(self) -> str:
        """The base image's reference."""
        key = _digest("base", SETUP, SUITE, PACKAGES, OFFICIAL_IMAGE)
        return self._ensure(f"taskfit/base:{key}", self._build_base)

    def environment(self, system: Sequence[str], packages: Sequence[str]) -> str:
        """The image for a set of Debian packages and pip requirements; the base itself when both are empty."""
        base = self.base()
        if not system and not packages:
            return base
        key = _digest(base, sorted(system), sorted(packages))

        def build(reference: str) -> None:
            with Builder(self.engine, base, network=True) as builder:
                if system:
                    names = " ".join(sorted(system))
                    builder.run(f"apt-get update -q && apt-get install -y -q --no-install-recommends {names}")
                if packages:
                    names = " ".join(f"'{name}'" for name in sorted(packages))
                    builder.run(f"/opt/env/bin/pip install -q --no-cache-dir {names}")
                builder.commit(reference, "environment")

        return self._ensure(f"taskfit/environment:{key}", build)

    def workspace(
        self,
        environment: str,
        tree: Tree,
        install: Sequence[str],
        history: Callable[[Tree], Tree],
        title: str,
    ) -> str:
        """The image that holds `tree` at /workspace, with `install` run in it.

        `history` adds a .git; it is called only when the image is built, and does not enter the key.
        """
        key = _digest(environment, hashlib.sha256(write_tar(tree, USER_ID)).hexdigest(), list(install))

        def build(reference: str) -> None:
            with Builder(self.engine, environment, network=bool(install)) as builder:
                builder.put(WORKSPACE, write_tar(history(tree), USER_ID))
                for command in install:
                    builder.run(command, cwd=WORKSPACE)
                if install:
                    builder.run(f"chown -R {USER}:{USER} {WORKSPACE}")
                builder.commit(reference, "workspace", title=title)

        return self._ensure(f"taskfit/workspace:{key}", build)

    def snapshot(self, reference: str) -> Tree:
        """The files at /workspace in an image, without .git: what a diff is taken against."""
        api = self.engine.api
        with translated():
            container = api.create_container(reference, command=["true"], labels=labels("build"))["Id"]
            try:
                chunks, _ = api.get_archive(container, WORKSPACE, chunk_size=1 << 20)
                return read_tar(chunks, strip=WORKSPACE[1:], skip=[".git"])
            finally:
                api.remove_container(container, force=True, v=True)

    def _build_base(self, reference: str) -> None:
        self.say("building the base image (once per machine)")
        with Builder(self.engine, root_file_system(self.engine, self.say), network=True) as builder:
            for command in SETUP:
                builder.run(command)
            builder.commit(reference, "base")

    def _ensure(self, reference: str, build: Callable[[str], None]) -> str:
        with _locks[reference]:
            if self.engine.image_id(reference) is None:
                build(reference)
        return reference


@dataclass(frozen=True)
class OwnImage:
    """An image that taskfit built."""

    reference: str
    kind: str
    own_bytes: int
    """Its size less that of the image of ours that it stands on."""
    created: float
    """Seconds since 1970."""


DAY = 86_400.0
LAYERS = ("root", "base", "environment", "workspace")
"""From the ground up: an image can only go once what stands on it is gone."""


def own_images(engine: Engine) -> list[OwnImage]:
    """Every image that taskfit built, those that stand on others first, and of each kind the oldest first."""
    with translated():
        found = engine.api.images(filters={"label": "taskfit.kind"})
    sizes = {image["Id"]: int(image["Size"]) for image in found}
    shown = [
        OwnImage(
            reference=(image.get("RepoTags") or [image["Id"]])[0],
            kind=image["Labels"]["taskfit.kind"],
            own_bytes=int(image["Size"]) - sizes.get(image.get("ParentId") or "", 0),
            created=image["Created"],
        )
        for image in found
    ]
    return sorted(shown, key=lambda image: (-LAYERS.index(image.kind) if image.kind in LAYERS else 0, image.created))


def outdated(images: Sequence[OwnImage], days: float | None, keep_bytes: int | None, now: float) -> list[OwnImage]:
    """The images to remove: those older than `days`, and the oldest until at most `keep_bytes` are left.

    All of them where neither is given; the base goes only then, since building it again takes longest.
    """
    if days is None and keep_bytes is None:
        return list(images)
    removable = [image for image in images if image.kind not in ("root", "base")]
    chosen = [image for image in removable if days is not None and now - image.created > days * DAY]
    left = sum(image.own_bytes for image in images if image not in chosen)
    for image in removable:
        if keep_bytes is not None and left > keep_bytes and image not in chosen:
            chosen.append(image)
            left -= image.own_bytes
    return [image for image in images if image in chosen]


def remove_image(engine: Engine, reference: str) -> bool:
    """Remove an image; False when something still uses it or it is gone."""
    try:
        engine.api.remove_image(reference)
    except ImageNotFound:
        return False
    except Exception as error:
        if getattr(error, "status_code", None) == 409:
            return False
        raise
    return True


def builds_from() -> dict[str, str]:
    """Which of the host's settings image building uses, for `doctor`."""
    names = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTPS_PROXY", "HTTP_PROXY", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
