"""A plain Dockerfile read as data: the files it lays into its work folder, and what it installs.

Nothing is run and no image is pulled: what stands on Debian, Ubuntu or the official Python image is built on taskfit's
own base. Everything that cannot be told this way is refused by name.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from runner.errors import Rejected
from runner.importers.shell import Steps, logical_lines, steps
from runner.visible import visible
from sandboxes.archive import Entry, Tree

BASES = re.compile(r"(?:docker\.io/)?(?:library/)?(?P<name>python|debian|ubuntu)(?::(?P<tag>[\w.-]+))?(?:@sha256:\w+)?")
IDLE = frozenset({"CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK"})
"""Instructions that make no difference to files or tests."""
ROOTS = ("/", "/root", "/home", "/usr", "/etc", "/var", "/tmp", "/opt", "/bin", "/lib")
"""Work folders that cannot be a workspace."""


@dataclass
class Built:
    """What a Dockerfile comes to."""

    image: str = ""
    python: str | None = None
    workdir: str = "/"
    files: dict[str, Entry] = field(default_factory=dict)
    """Relative to `workdir`."""
    steps: Steps = field(default_factory=Steps)
    variables: dict[str, str] = field(default_factory=dict)


def read_dockerfile(text: str, context: Tree) -> Built:
    """What a Dockerfile and the files beside it come to. Raises Rejected for what it says and this cannot tell."""
    built = Built()
    copied: dict[str, Entry] = {}
    ran: list[str] = []
    for line in logical_lines(text):
        word, _, rest = line.partition(" ")
        name, rest = word.upper(), rest.strip()
        if name == "FROM":
            _from(rest, built)
        elif name == "WORKDIR":
            built.workdir = posixpath.normpath(posixpath.join(built.workdir, _plain(line, rest)))
        elif name in ("COPY", "ADD"):
            copied |= _copied(line, rest, built.workdir, context)
        elif name == "RUN":
            if rest.startswith(("--", "[")) or "<<" in rest:
                raise _unsupported(line)
            ran.append(rest)
        elif name in ("ENV", "ARG"):
            built.variables |= _variables(line, rest)
        elif name not in IDLE and not (name == "USER" and rest in ("root", "0")):
            raise _unsupported(line)
    if not built.image:
        raise Rejected("malformed", "environment/Dockerfile has no FROM")
    if built.workdir in ROOTS:
        raise Rejected("unsupported", f"WORKDIR {built.workdir}: the work folder must be one of the task's own")
    outside = sorted(path for path in copied if not path.startswith(f"{built.workdir}/"))
    if outside:
        raise Rejected("unsupported", visible(f"COPY to {outside[0]}, outside of WORKDIR {built.workdir}"))
    built.files = {path.removeprefix(f"{built.workdir}/"): entry for path, entry in copied.items()}
    built.steps = _steps(ran)
    return built


def _steps(ran: Sequence[str]) -> Steps:
    """Each RUN read for itself, since each begins in the work folder again."""
    found = [steps(line) for line in ran]
    return Steps(
        tuple(dict.fromkeys(name for each in found for name in each.system)),
        tuple(dict.fromkeys(name for each in found for name in each.packages)),
        tuple(command for each in found for command in each.install),
    )


def _from(rest: str, built: Built) -> None:
    if built.image:
        raise Rejected("unsupported", "environment/Dockerfile has several stages")
    words = [word for word in rest.split() if not word.startswith("--platform")]
    found = BASES.fullmatch(words[0]) if len(words) == 1 else None
    if found is None:
        raise Rejected("unsupported", visible(f"FROM {rest[:200]}: python, debian or ubuntu is needed"))
    built.image = words[0]
    version = re.match(r"3\.\d{1,2}", found["tag"] or "") if found["name"] == "python" else None
    built.python = version[0] if version else None


def _plain(line: str, text: str) -> str:
    """An argument without variables. Raises Rejected."""
    if "$" in text or not text:
        raise _unsupported(line)
    return text.strip("\"'")


def _variables(line: str, rest: str) -> dict[str, str]:
    try:
        words = shlex.split(rest)
    except ValueError:
        raise _unsupported(line) from None
    if words and "=" not in words[0] and line[:3].upper() == "ENV":
        words = [f"{words[0]}={' '.join(words[1:])}"]
    found = dict(word.split("=", 1) for word in words if "=" in word)
    if "PATH" in found or any("$" in value for value in found.values()):
        raise _unsupported(line)
    return found


def _copied(line: str, rest: str, workdir: str, context: Tree) -> dict[str, Entry]:
    """Absolute path → file, as COPY lays them."""
    try:
        words = [word for word in shlex.split(rest) if not word.startswith("--chown=")]
    except ValueError:
        raise _unsupported(line) from None
    *sources, target = words or [""]
    if not sources or rest.startswith("[") or any(re.search(r"\$|://|^--|\.tar|\.t?gz$", word) for word in words):
        raise _unsupported(line)
    place = posixpath.normpath(posixpath.join(workdir, target))
    found: dict[str, Entry] = {}
    for source in sources:
        wanted = posixpath.normpath(source.lstrip("/"))
        if wanted.startswith(".."):
            raise Rejected("malformed", visible(f"{line[:200]}: it reaches outside of environment/"))
        files = _matching(wanted, context)
        if not files:
            raise Rejected("malformed", visible(f"{line[:200]}: there is no {source} in environment/"))
        single = list(files) == [posixpath.basename(wanted)] and wanted in context
        renamed = single and len(sources) == 1 and not target.endswith("/") and place != workdir
        found |= {place if renamed else posixpath.join(place, path): entry for path, entry in files.items()}
    return found


def _matching(wanted: str, context: Tree) -> dict[str, Entry]:
    """Path below the target → file, for a file, a folder or a glob of the context."""
    if wanted == ".":
        return dict(context)
    if wanted in context:
        return {posixpath.basename(wanted): context[wanted]}
    inside = {
        path.removeprefix(f"{wanted}/"): entry for path, entry in context.items() if path.startswith(f"{wanted}/")
    }
    if inside:
        return inside
    return {posixpath.basename(path): entry for path, entry in context.items() if fnmatch.fnmatchcase(path, wanted)}


def _unsupported(line: str) -> Rejected:
    return Rejected("unsupported", visible(f"environment/Dockerfile: {line[:200]}"))
