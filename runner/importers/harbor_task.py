"""A Harbor task's files, and what its task.toml asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import Rejected
from runner.scenarios.scenario import Limits
from runner.visible import visible
from sandboxes.archive import Entry, Tree, read_folder

KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset("schema_version version task metadata verifier agent environment solution source".split()),  # noqa: SIM905
    "verifier": frozenset({"timeout_sec"}),
    "agent": frozenset({"timeout_sec"}),
    "environment": frozenset({"build_timeout_sec", "env", "workdir", "os"}),
    "solution": frozenset({"env"}),
}
"""Table → keys that are heeded, or that say nothing of the task itself."""
NOTED = frozenset({"cpus", "memory", "memory_mb", "storage", "storage_mb", "allow_internet", "network_mode", "user"})
"""Keys that are not heeded, which a note says."""
MAX_TASK = 64 << 20
"""Bytes of one task's files."""


def read_files(folder: Path) -> dict[str, Entry]:
    """A task's files. Raises Rejected where they are too many bytes, or cannot be read."""
    size = 0
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            size += file.stat().st_size
        if size > MAX_TASK:
            raise Rejected("too-large", f"it has more than {MAX_TASK >> 20} MiB of files")
    try:
        return read_folder(folder, (".git", "__pycache__"))
    except OSError as error:
        raise Rejected("malformed", visible(f"it cannot be read: {error}")) from None


def read_task(files: Tree) -> dict[str, Any]:
    """What its task.toml says. Raises Rejected."""
    try:
        return tomllib.loads(text_of(files, "task.toml"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Rejected("malformed", visible(f"task.toml: {error}")) from None


def supported(task: Mapping[str, Any], files: Tree) -> list[str]:
    """Notes on keys that are not heeded. Raises Rejected with all keys and files that taskfit has nothing for."""
    wrong: list[str] = []
    notes: list[str] = []
    for table, known in KEYS.items():
        values = task.get(table, {}) if table else task
        if not isinstance(values, dict):
            raise Rejected("malformed", f"task.toml: {table} is no table")
        for key, value in values.items():
            name = f"{table}.{key}" if table else key
            if key in known or value in (None, [], {}, False, 0):
                continue
            if name == "verifier.environment_mode" and value == "shared":
                continue
            if name == "environment.docker_image" and "environment/Dockerfile" not in files:
                continue
            if name == "environment.docker_image" or key in NOTED:
                notes.append(visible(f"{name} = {value!r:.80} is not heeded"))
            else:
                wrong.append(f"[[{name}]]" if name == "steps" else name)
    if task.get("environment", {}).get("os", "linux") != "linux":
        wrong.append("environment.os")
    for table in ("environment", "solution"):
        variables = task.get(table, {}).get("env", {})
        if not isinstance(variables, dict) or any("$" in str(value) for value in variables.values()):
            wrong.append(f"{table}.env (values out of the host's environment)")
    wrong += [path for path in files if re.fullmatch(r"(environment|tests)/(docker-)?compose\.ya?ml", path)]
    if any(path.startswith("steps/") for path in files) and "[[steps]]" not in wrong:
        wrong.append("steps/")
    if wrong:
        raise Rejected("unsupported", visible(f"taskfit has nothing for {', '.join(wrong)}"))
    return notes


def limits_of(task: Mapping[str, Any]) -> Limits:
    """A task's own limits, or Harbor's usual ones, as far as taskfit allows so much. Raises Rejected."""
    try:
        minutes = float(task.get("agent", {}).get("timeout_sec", 900.0)) / 60
        seconds = float(task.get("verifier", {}).get("timeout_sec", 600.0))
        return Limits(
            minutes=min(minutes, 600.0), command_seconds=min(seconds, 3600.0), test_seconds=min(seconds, 600.0)
        )
    except (TypeError, ValueError):
        raise Rejected(
            "malformed", "task.toml: agent.timeout_sec and verifier.timeout_sec are positive seconds"
        ) from None


def below(files: Tree, folder: str) -> dict[str, Entry]:
    """The files of a folder, named with its `/`, by their paths in it."""
    return {path.removeprefix(folder): entry for path, entry in files.items() if path.startswith(folder)}


def text_of(files: Tree, path: str) -> str:
    """What a file holds; raises Rejected where it is missing, empty, a link, or no text."""
    entry = files.get(path)
    if entry is None or entry.is_link:
        raise Rejected("malformed", f"{path} is missing")
    try:
        text = entry.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Rejected("malformed", f"{path} is not UTF-8: {error}") from None
    if not text.strip():
        raise Rejected("malformed", f"{path} is empty")
    return text
