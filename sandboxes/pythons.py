"""A root file system with another Python: the official image, else uv's build of it, else a Debian that has it."""

from __future__ import annotations

from collections.abc import Callable

from sandboxes.bootstrap import bootstrap, official, pull
from sandboxes.builder import Builder
from sandboxes.client import Engine
from sandboxes.errors import ImageBuildFailed
from sandboxes.recipe import digest

DEBIANS = {"3.9": "bullseye", "3.13": "trixie"}
"""Minor version → the Debian whose own Python it is; bookworm's 3.11 is the base image's."""
OLDEST = 8
"""The oldest minor version that the runner's own pytest runs on."""
UV = "/run/taskfit/uv"
"""Where uv lies while an image is built: in a tmpfs, so in no image."""
GET_UV = f"/opt/env/bin/pip install -q --no-cache-dir --only-binary :all: --target {UV} uv"

Say = Callable[[str], None]


def python_root(engine: Engine, version: str, base: Callable[[], str], say: Say) -> str:
    """The id or reference of an image with that Python, for the base's set-up steps to be applied to.

    Raises ImageBuildFailed, with what each source said.
    """
    if int(version.partition(".")[2]) < OLDEST:
        problem = f"the test runner needs Python 3.{OLDEST} or newer; set python in [environment] to one"
        raise ImageBuildFailed(f"find Python {version}", problem)
    image = official(version)
    refusal = pull(engine, image, say)
    if refusal is None and (found := engine.image_id(image)):
        return found
    said = [f"{image}: {refusal}"]
    say(f"no registry answers ({refusal}); asking uv for Python {version}")
    try:
        return _by_uv(engine, version, base())
    except ImageBuildFailed as error:
        said.append(f"uv python install {version}: {(error.output.strip().splitlines() or ['failed'])[-1]}")
    if suite := DEBIANS.get(version):
        try:
            return bootstrap(engine, say, suite)
        except ImageBuildFailed as error:
            said.append(f"Debian {suite}: {(error.output.strip().splitlines() or ['failed'])[-1]}")
    known = ", ".join(sorted(DEBIANS, key=lambda each: int(each[2:])))
    raise ImageBuildFailed(
        f"find Python {version}",
        "\n".join(said)
        + f"\nNo source has Python {version}. Leave python out of [environment] to use 3.11 (Debian alone also has "
        f"{known}), let the engine pull {image}, set UV_PYTHON_INSTALL_MIRROR, or name a dockerfile.",
    )


def _by_uv(engine: Engine, version: str, base: str) -> str:
    """The base image with its environment made anew on a Python that uv installs to /opt/python."""
    reference = f"taskfit/root:{digest('uv', base, version)}"
    if engine.image_id(reference) is None:
        with Builder(engine, base, network=True) as builder:
            builder.run(GET_UV, credentials=True)
            builder.run(
                f"UV_HTTP_RETRIES=1 UV_PYTHON_INSTALL_DIR=/opt/python {UV}/bin/uv python install --no-bin {version}"
            )
            builder.run(f"rm -rf /opt/env && ln -sf /opt/python/cpython-{version}*/bin/python3 /usr/local/bin/python3")
            builder.commit(reference, "root")
    return reference
