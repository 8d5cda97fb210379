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
_PLUGIN = re.compile(r"pytest[-_.]", re.IGNORECASE)
_NO_TIMES = re.compile(r"missing an upload (date|time)", re.IGNORECASE)

Say = Callable[[str], None]


def install_packages(builder: Builder, packages: Sequence[str], as_of: date | None, say: Say) -> None:
    """Install requirements without giving up what the runner needs. Raises ImageBuildFailed.

    Plugins of pytest are as new as pytest itself, whatever the day. An index that does not tell when files came cannot
    answer for a day; then the packages are of today, and that is said.
    """
    if as_of is None:
        return _by_pip(builder, packages)
    plugins = [each for each in packages if _PLUGIN.match(each)]
    dated = [each for each in packages if each not in plugins]
    if plugins:
        _by_pip(builder, plugins)
    if not dated:
        return None
    try:
        builder.run(GET_UV, credentials=True)
    except ImageBuildFailed as error:
        say(f"uv cannot be installed ({_last(error)}), so packages are as of today, not of {as_of}")
        return _by_pip(builder, dated)
    command = [f"{UV}/bin/uv", "pip", "install", "-q", "--no-cache", "--python", "/opt/env/bin/python"]
    try:
        builder.run(shlex.join([*command, "--exclude-newer", as_of.isoformat(), "--", *dated]), credentials=True)
    except ImageBuildFailed as error:
        if not _NO_TIMES.search(error.output):
            raise
        say(f"the package index does not tell upload times, so packages are as of today, not of {as_of}")
        _by_pip(builder, dated)
    return None


def _by_pip(builder: Builder, packages: Sequence[str]) -> None:
    wanted = [*RUNNER_REQUIREMENTS, *packages]
    builder.run(shlex.join(["/opt/env/bin/pip", "install", "-q", "--no-cache-dir", "--", *wanted]), credentials=True)


def _last(error: ImageBuildFailed) -> str:
    return (error.output.strip().splitlines() or ["no word"])[-1][:160]
