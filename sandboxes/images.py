"""Images in layers, each keyed by the content it is made from: base, environment, workspace.

base         Python, git, ripgrep, pytest and coverage, the user `agent`
environment  another Python, a Node, a Dockerfile, a repo's system packages and pip requirements
modules      for Node: what npm installs for a package.json, beside the workspace
workspace    the source as one git commit at /workspace, and the repo's own install commands
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sandboxes.archive import INSTALLED, Tree, read_tar, write_tar
from sandboxes.bootstrap import OFFICIAL_IMAGE, PACKAGES, SUITE, root_file_system
from sandboxes.builder import Builder
from sandboxes.client import Engine, marked, translated
from sandboxes.dockerfiles import archive_digest, context
from sandboxes.dockerfiles import build as build_image
from sandboxes.hands import USER, USER_ID, WORKSPACE
from sandboxes.inventory import remove_image
from sandboxes.modules import LINK, NPM, SET_ASIDE, Modules, fetching, install_modules, modules
from sandboxes.nodes import install_node
from sandboxes.packages import RUNNER_REQUIREMENTS, install_packages
from sandboxes.pythons import python_root
from sandboxes.recipe import BUILD_SECONDS, Dockerfile, Recipe, digest

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
NEWER_PIP = "/opt/env/bin/python -m pip install -q --no-cache-dir 'pip>=23'"
"""Older ones cannot install a pyproject.toml's project so that edits are seen (PEP 660)."""
FETCHES = (*NPM, "go mod download")
"""Install commands that run no code of the source's or of a package's."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class ImageStore:
    """Builds what is missing; the same image is never built twice at once in one process."""

    engine: Engine
    say: Say
    seconds: float = BUILD_SECONDS
    """What making one image may take."""

    def base(self) -> str:
        """The base image's reference."""
        key = digest("base", SETUP, SUITE, PACKAGES, OFFICIAL_IMAGE)
        return self._ensure(f"taskfit/base:{key}", self._build_base)

    def environment(self, recipe: Recipe) -> str:
        """The image for a recipe; the base itself when that is all it needs. Raises ImageBuildFailed."""
        base = self._python(recipe.python) if recipe.python else self.base()
        if recipe.plain:
            return base
        if recipe.dockerfile:
            base = self._from_dockerfile(base, recipe.dockerfile)
        if recipe.node:
            base = self._node(base, recipe.node)
        if not recipe.system and not recipe.packages:
            return base
        as_of = recipe.as_of.isoformat() if recipe.as_of else None
        packages = sorted(recipe.packages)
        key = digest(base, sorted(recipe.system), packages, as_of, dict(recipe.variables))

        def build(reference: str) -> None:
            with self._builder(base, variables=recipe.variables) as builder:
                for note in builder.notes:
                    self.say(note)
                if recipe.system:
                    names = " ".join(sorted(recipe.system))
                    builder.run(f"apt-get update -q && apt-get install -y -q --no-install-recommends {names}")
                if packages:
                    install_packages(builder, packages, recipe.as_of, self.say)
                builder.commit(reference, "environment")

        return self._ensure(f"taskfit/environment:{key}", build)

    def _python(self, version: str) -> str:
        """The base image on another Python."""
        key = digest("base", SETUP, NEWER_PIP, SUITE, PACKAGES, version)

        def build(reference: str) -> None:
            self.say(f"building the base image for Python {version} (once per machine)")
            self._set_up(python_root(self.engine, version, self.base, self.say), reference, "base", (NEWER_PIP,))

        return self._ensure(f"taskfit/base:{key}", build)

    def _node(self, base: str, version: str) -> str:
        """`base` with a Node and its npm."""

        def build(reference: str) -> None:
            with self._builder(base) as builder:
                install_node(builder, version, self.say)
                builder.commit(reference, "environment")

        return self._ensure(f"taskfit/environment:{digest(base, 'node', version)}", build)

    def _modules(self, environment: str, wanted: Modules, as_of: date | None) -> str:
        """`environment` with what npm installs."""
        asked = sorted((path, entry.data.decode()) for path, entry in wanted.files.items())
        day = as_of if wanted.moves else None

        def build(reference: str) -> None:
            with self._builder(environment) as builder:
                for note in builder.notes:
                    self.say(note)
                install_modules(builder, wanted, day, self.say)
                builder.commit(reference, "environment")

        key = digest(environment, asked, wanted.commands, day.isoformat() if day else None)
        return self._ensure(f"taskfit/environment:{key}", build)

    def _from_dockerfile(self, base: str, written: Dockerfile) -> str:
        """What a Dockerfile makes, with whatever of the base's set-up is missing in it."""
        archive = context(written, base)
        key = digest(base, SETUP, archive_digest(archive), written.name)

        def build(reference: str) -> None:
            self._set_up(build_image(self.engine, written, archive, self.say, self.seconds), reference, "dockerfile")

        return self._ensure(f"taskfit/dockerfile:{key}", build)

    def workspace(
        self,
        environment: str,
        tree: Tree,
        install: Sequence[str],
        history: Callable[[Tree], Tree],
        title: str,
        variables: Mapping[str, str] | None = None,
        as_of: date | None = None,
    ) -> str:
        """The image that holds `tree` at /workspace, with `install` run in it.

        What npm installs lies beside the workspace (`sandboxes.modules`) and is shared by all trees that ask for the
        same; `as_of` is the day of its packages where no lock file pins them. `history` adds a .git; it is called only
        when the image is built, and does not enter the key. The source's own code runs without the host's credentials:
        they are lent to commands that only fetch (`FETCHES`), and only before any other.
        """
        wanted = modules(tree, install)
        if wanted is not None:
            environment = self._modules(environment, wanted, as_of)
            install = wanted.rest
        content = hashlib.sha256(write_tar(tree, USER_ID)).hexdigest()
        key = digest(environment, content, list(install), *([dict(variables)] if variables else []))

        def build(reference: str) -> None:
            with self._builder(environment, bool(install), variables) as builder:
                builder.put(WORKSPACE, write_tar(history(tree), USER_ID))
                if wanted is not None:
                    builder.run(LINK, cwd=WORKSPACE)
                trusted = True
                for command in install:
                    trusted = trusted and command in FETCHES
                    builder.run(fetching(command, as_of), cwd=WORKSPACE, credentials=trusted)
                if any(command in NPM for command in install):
                    builder.run(SET_ASIDE, cwd=WORKSPACE)
                if install or wanted is not None:
                    builder.run(f"chown -R {USER}:{USER} {WORKSPACE} /home/{USER}")
                builder.commit(reference, "workspace", title=title)

        return self._ensure(f"taskfit/workspace:{key}", build)

    def snapshot(self, reference: str) -> Tree:
        """The files at /workspace in an image, without .git: what a diff is taken against."""
        api = self.engine.api
        with translated():
            container = api.create_container(reference, command=["true"], **marked("build"))["Id"]
            try:
                chunks, _ = api.get_archive(container, WORKSPACE, chunk_size=1 << 20)
                return read_tar(chunks, strip=WORKSPACE[1:], skip=[".git"], without=INSTALLED)
            finally:
                api.remove_container(container, force=True, v=True)

    def _build_base(self, reference: str) -> None:
        self.say("building the base image (once per machine)")
        self._set_up(root_file_system(self.engine, self.say), reference, "base")

    def _set_up(self, image: str, reference: str, kind: str, more: Sequence[str] = ()) -> None:
        """Apply the base's steps to an image; each does nothing where its work is done already."""
        with self._builder(image) as builder:
            for command in (*SETUP, *more):
                builder.run(command, credentials=kind == "base")
            builder.commit(reference, kind)

    def give_back(self, reference: str) -> None:
        """Remove an image that this process built, once everybody here who asked for it has given it back.

        Whoever keeps what runs in it does not give it back, and what was there before stays.
        """
        with _locks[reference]:
            _askers[reference] -= 1
            if _askers[reference] == 0 and reference in _built:
                _built.discard(reference)
                remove_image(self.engine, reference)

    def _builder(self, image: str, network: bool = True, variables: Mapping[str, str] | None = None) -> Builder:
        return Builder(self.engine, image, network=network, variables=variables, seconds=self.seconds)

    def _ensure(self, reference: str, build: Callable[[str], None]) -> str:
        with _locks[reference]:
            if self.engine.image_id(reference) is None:
                build(reference)
                _built.add(reference)
            _askers[reference] += 1
        return reference


_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_askers: Counter[str] = Counter()
"""Image → how many asked for it and have not given it back."""
_built: set[str] = set()
"""Images that were built here."""
