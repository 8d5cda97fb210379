"""The one place that runs git: on the host, untouched by the user's configuration, and running nobody's hooks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from runner.errors import UserError

IDENTITY = {
    "GIT_AUTHOR_NAME": "taskfit",
    "GIT_AUTHOR_EMAIL": "taskfit@localhost",
    "GIT_COMMITTER_NAME": "taskfit",
    "GIT_COMMITTER_EMAIL": "taskfit@localhost",
    "GIT_AUTHOR_DATE": "2020-01-01T00:00:00+00:00",
    "GIT_COMMITTER_DATE": "2020-01-01T00:00:00+00:00",
}
ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "core.attributesFile",
    "GIT_CONFIG_VALUE_0": os.devnull,
    "GIT_CONFIG_KEY_1": "core.hooksPath",
    "GIT_CONFIG_VALUE_1": os.devnull,
    "GIT_CONFIG_KEY_2": "core.fsmonitor",
    "GIT_CONFIG_VALUE_2": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}


class GitRefused(UserError):
    """Git did not do what it was asked to; carries its own words."""


def git(folder: Path, *words: str, stdin: BinaryIO | None = None, seconds: float | None = None) -> bytes:
    """What git says in a folder, untouched by the user's configuration and by a hook around taskfit.

    It is ended after `seconds`. Raises GitRefused, and UserError where there is no git.
    """
    if shutil.which("git") is None:
        raise UserError("git is not installed on this machine; install it (apt-get install git)")
    from git import Git
    from git.exc import GitCommandError

    tool = Git(folder)
    tool.update_environment(**IDENTITY, **ISOLATED)
    foreign = [name for name in os.environ if name.startswith("GIT_") and name not in IDENTITY | ISOLATED]
    command = ["env", *(word for name in foreign for word in ("-u", name)), "git", *words]
    try:
        said = tool.execute(
            command,
            istream=stdin,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
            kill_after_timeout=seconds,
        )
    except GitCommandError as error:
        raise GitRefused(str(error.stderr).strip().removeprefix("stderr:").strip(" '\n")) from None
    return said if isinstance(said, bytes) else b""
