"""What npm installs for a project: kept beside the workspace, so that no trial reads, exports or compares it.

A package.json with its lock file is installed once, in a layer of its own that every source with the same two shares.
Where the source itself takes part (workspaces, packages in its own folders), npm runs in the workspace and what it
installed is moved out afterwards. Either way `/workspace/node_modules` is a link to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandboxes.archive import Entry, Tree, write_tar
from sandboxes.builder import Builder
from sandboxes.errors import ImageBuildFailed
from sandboxes.hands import USER, USER_ID

UNLOCKED = "npm install --ignore-scripts --no-package-lock"
NPM = ("npm ci --ignore-scripts", "npm install --ignore-scripts", UNLOCKED)
"""Commands that fetch what a package.json asks for, and run no code of it; the last without looking at a lock file."""
REBUILD = "npm rebuild"
"""Runs the scripts of what was installed."""
FOLDER = "/opt/modules"
"""Where `node_modules` is in an image."""
LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
KEPT = (
    *("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"),
    *("bundleDependencies", "bundledDependencies", "overrides", "engines", "os", "cpu", "type"),
)
"""Keys of package.json by which npm chooses; versions, scripts and the like ask for nothing else."""
NAME = re.compile(r"(@[\w.~-]+/)?[\w.~-]+")
LOCAL = re.compile(r"(file|link|portal|workspace):|\.{0,2}/|~/")
QUIET = "--no-audit --no-fund --no-update-notifier --loglevel=error"
WITH_SCRIPTS = (
    "node -p \"Object.entries(require('./node_modules/.package-lock.json').packages)"
    ".filter(([, each]) => each.hasInstallScript).map(([path]) => path.split('node_modules/').pop()).join('\\n')\""
)
"""Prints the names of what was installed and has scripts to be run."""
LINK = f"ln -s {FOLDER}/node_modules node_modules && mkdir -p .git/info && echo /node_modules >> .git/info/exclude"
SET_ASIDE = (
    "if [ -d node_modules ] && [ ! -L node_modules ] && ! git ls-files --error-unmatch node_modules >/dev/null 2>&1; "
    f"then mkdir -p {FOLDER}; "
    f'for each in *; do [ "$each" = node_modules ] || ln -sfn "$PWD/$each" {FOLDER}/; done; '
    f"rm -rf {FOLDER}/node_modules; mv node_modules {FOLDER}/; chown -R {USER}:{USER} {FOLDER}; {LINK}; fi"
)
"""npm's links to packages of the source are relative: the source's folders are linked beside what was moved."""


@dataclass(frozen=True)
class Modules:
    """What one layer holds, as npm is asked for it."""

    files: Tree
    """package.json and what pins it, without what asks for nothing."""
    commands: tuple[str, ...]
    rest: tuple[str, ...]
    """Install commands that are run in the workspace afterwards."""

    @property
    def moves(self) -> bool:
        """Whether npm chooses versions, since no lock file does."""
        return not any(name in self.files for name in LOCKS)


def modules(tree: Tree, install: Sequence[str]) -> Modules | None:
    """What the first of the install commands fetch; None where they need more of the source than its package.json."""
    if not install or install[0] not in NPM or any(path.split("/")[0] == "node_modules" for path in tree):
        return None
    told = _json(tree, "package.json")
    lock = next((name for name in LOCKS if name in tree), None) if install[0] != UNLOCKED else None
    pinned = _json(tree, lock) if lock else {}
    if told is None or pinned is None or told.get("workspaces") or _local(told) or _linked(pinned):
        return None
    files = {"package.json": _entry({key: told[key] for key in KEPT if key in told})}
    if lock:
        files[lock] = _entry(_unversioned(pinned))
    if ".npmrc" in tree and not tree[".npmrc"].is_link and _is_text(tree[".npmrc"].data):
        lines = tree[".npmrc"].data.decode().splitlines()
        files[".npmrc"] = Entry("\n".join(line for line in lines if "${" not in line).encode())
    count = 2 if tuple(install[1:2]) == (REBUILD,) else 1
    return Modules(files, tuple(install[:count]), tuple(install[count:]))


def fetching(command: str, as_of: date | None) -> str:
    """An install command as it is run: npm says only what is wrong, and takes packages as of a day where it may."""
    if command not in NPM:
        return command
    return f"{command} {QUIET}" + (f" --before={as_of}" if as_of and command in NPM[1:] else "")


def install_modules(builder: Builder, wanted: Modules, as_of: date | None, say: Callable[[str], None]) -> None:
    """Fetch and build what is wanted into `FOLDER`. Raises ImageBuildFailed."""
    builder.put("/", write_tar(wanted.files, USER_ID, prefix=f"{FOLDER[1:]}/"))
    fetch, *rebuild = wanted.commands
    builder.run(fetching(fetch, as_of), cwd=FOLDER, credentials=True)
    if rebuild:
        _build(builder, say)
    builder.run(f"mkdir -p {FOLDER}/node_modules && rm -rf ~/.npm && chown -R {USER}:{USER} {FOLDER}")


def _build(builder: Builder, say: Callable[[str], None]) -> None:
    """Run the scripts of what was installed; one that fails, as where it downloads a browser, does not stop others."""
    try:
        builder.run(REBUILD, cwd=FOLDER)
    except ImageBuildFailed:
        for name in filter(NAME.fullmatch, builder.run(WITH_SCRIPTS, cwd=FOLDER).split()):
            try:
                builder.run(f"{REBUILD} {name}", cwd=FOLDER)
            except ImageBuildFailed:
                say(f"the install script of {name} fails; tests that need what it makes fail, too")


def _json(tree: Tree, path: str) -> dict[str, Any] | None:
    """A JSON object; None where something else is there, or nothing."""
    entry = tree.get(path)
    if entry is None or entry.is_link:
        return None
    try:
        told = json.loads(entry.data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _local(told: Mapping[str, Any]) -> bool:
    """Whether a package.json asks for a package out of the source."""
    asked = [told.get(key) for key in KEPT if key.endswith("ependencies")]
    return any(LOCAL.match(str(value)) for each in asked if isinstance(each, dict) for value in each.values())


def _linked(pinned: Mapping[str, Any]) -> bool:
    """Whether a lock file leads to a package out of the source."""
    packages = pinned.get("packages")
    every = list(packages.values()) if isinstance(packages, dict) else []
    return any(
        isinstance(each, dict) and (each.get("link") or str(each.get("resolved", "")).startswith("file:"))
        for each in every
    )


def _unversioned(pinned: Mapping[str, Any]) -> dict[str, Any]:
    """A lock file without the project's own version, which each release changes."""
    packages = pinned.get("packages")
    own = packages.get("") if isinstance(packages, dict) else None
    kept = {key: value for key, value in pinned.items() if key not in ("name", "version")}
    if isinstance(packages, dict) and isinstance(own, dict):
        kept["packages"] = packages | {"": {key: own[key] for key in KEPT if key in own}}
    return kept


def _entry(told: Mapping[str, Any]) -> Entry:
    return Entry(json.dumps(told, indent=1).encode())


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
