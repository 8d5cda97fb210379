"""Programs that tests need beside Python, from Debian where they are missing."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def installed(program: str, package: str) -> str:
    """Where the program is; two processes that want one do not get in each other's way.

    Raises subprocess.CalledProcessError where it cannot be installed, and RuntimeError where that did not bring it.
    """
    with Path(tempfile.gettempdir(), f"taskfit-installing-{os.getuid()}").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which(program) is None:
            print(f"installing {package} (apt-get)")
            as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
            subprocess.run([*as_root, "apt-get", "update", "-q"], check=True)
            install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
            subprocess.run([*as_root, *install], check=True)
    found = shutil.which(program)
    if found is None:
        raise RuntimeError(f"{package} brought no {program}")
    return found
