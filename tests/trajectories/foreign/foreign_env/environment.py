"""An environment with other harnesses' libraries, made once a version and kept in the user's cache.

They bring half a gigabyte of packages that taskfit does not want, and Harbor wants a newer Python than taskfit does: of
its wheel, the trajectory models and their validator alone are unpacked, which need pydantic and nothing else. Made
under a file lock, and made again where it was not finished, so that two processes never make it twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

PACKAGES = (
    "inspect-ai==0.3.285",
    "opentelemetry-proto==1.45.2",
    *("jinja2", "platformdirs", "python-dotenv", "typer"),  # what the agent of mini-swe-agent imports
)
ALONE = ("mini-swe-agent==2.4.6",)
"""Without what they depend on."""
HARBOR = "harbor==0.26.0"
OF_HARBOR = ("harbor/models/trajectories/", "harbor/utils/trajectory_validator.py")
SCRIPTS = Path(__file__).with_name("scripts")


class Environment:
    """Runs the scripts beside this file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def python(self) -> Path:
        return self._folder / "bin" / "python"

    @property
    def variables(self) -> dict[str, str]:
        """For a process in the environment: nothing that calls home, nothing of the user's settings."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._folder / "harbor-models"),
            "MSWEA_SILENT_STARTUP": "1",
            "MSWEA_GLOBAL_CONFIG_DIR": str(self._folder / "mini-config"),
        }

    def run(self, script: str, *words: str | Path) -> str:
        """What a script prints. Raises AssertionError with what it said where it failed."""
        argv = [str(self.python), str(SCRIPTS / script), *map(str, words)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=800, env=self.variables)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout


def environment() -> Environment:
    """The environment, made first where it is missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "taskfit", "foreign")
    cache.mkdir(parents=True, exist_ok=True)
    exact = "\n".join([*PACKAGES, *ALONE, HARBOR, sys.version])
    place = cache / hashlib.sha256(exact.encode()).hexdigest()[:12]
    with FileLock(f"{place}.lock"):
        if not (place / "whole").exists():
            shutil.rmtree(place, ignore_errors=True)
            _make(place)
            (place / "whole").touch()
    return Environment(place)


def _make(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "pip"), "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", *PACKAGES], check=True, capture_output=True)
    subprocess.run([*pip, "install", "--no-deps", *ALONE], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as work:
        options = ["--no-deps", "--only-binary=:all:", "--python-version", "3.12", "-d", work]
        subprocess.run([*pip, "download", *options, HARBOR], check=True, capture_output=True)
        (wheel,) = Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(OF_HARBOR) and name.endswith(".py"):
                    archive.extract(name, place / "harbor-models")
