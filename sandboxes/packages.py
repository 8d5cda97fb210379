"""pip requirements installed into an environment: as its index has them now, or as it had them on a day."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from datetime import date

from sandboxes.builder import Builder
from sandboxes.errors import ImageBuildFailed
from sandboxes.pythons import GET_UV, UV

RUNNER_REQUIREMENTS = ("pytest>=8.3,<10", "pytest-timeout>=2.3", "coverage>=7.6")
_TIMELESS = re.compile(
    r"(pytest[-_.][\w.-]+|setuptools([-_.][\w.-]+)?|wheel|editables|flit[-_.]core|poetry[-_.][\w.-]+|hatch[\w.-]*"
    r"|pdm[-_.]\w+|pbr)(?![\w.-])",
    re.IGNORECASE,
)
"""Plugins of pytest must fit the runner's; old back ends cannot install a project so that edits are seen."""
_NO_TIME = re.compile(r"`([\w.]+?)-\d[^`]*` is missing an upload (?:date|time)")
"""uv's warning about a file, of which the distribution's name is the start."""

Say = Callable[[str], None]


def install_packages(builder: Builder, packages: Sequence[str], as_of: date | None, say: Say) -> None:
    """Install requirements without giving up what the runner needs. Raises ImageBuildFailed.

    Plugins of pytest and build back ends are of today, whatever the day. So are packages whose index does not tell when
    files came, and that is said.
    """
    if as_of is None:
        return _by_pip(builder, packages)
    timeless = [each for each in packages if _TIMELESS.match(each)]
    dated = [each for each in packages if each not in timeless]
    if timeless:
        _by_pip(builder, timeless)
    if not dated:
        return None
    try:
        builder.run(GET_UV, credentials=True)
    except ImageBuildFailed as error:
        say(f"uv cannot be installed ({_last(error)}), so packages are as of today, not of {as_of}")
        return _by_pip(builder, dated)
    try:
        _by_uv(builder, dated, as_of, ())
    except ImageBuildFailed as error:
        missing = sorted(set(_NO_TIME.findall(error.output)))
        if not missing:
            raise
        say(f"an index does not tell when {', '.join(missing)} came; these are as of today, not of {as_of}")
        _by_uv(builder, dated, as_of, missing)
    return None


def _by_uv(builder: Builder, packages: Sequence[str], as_of: date, undated: Sequence[str]) -> None:
    command = [f"{UV}/bin/uv", "pip", "install", "--no-cache", "--python", "/opt/env/bin/python"]
    command += ["--exclude-newer", as_of.isoformat()]
    command += [f"--exclude-newer-package={name}=false" for name in undated]
    builder.run(shlex.join([*command, "--", *RUNNER_REQUIREMENTS, *packages]), credentials=True)


def _by_pip(builder: Builder, packages: Sequence[str]) -> None:
    wanted = [*RUNNER_REQUIREMENTS, *packages]
    builder.run(shlex.join(["/opt/env/bin/pip", "install", "-q", "--no-cache-dir", "--", *wanted]), credentials=True)


def _last(error: ImageBuildFailed) -> str:
    return (error.output.strip().splitlines() or ["no word"])[-1][:160]
