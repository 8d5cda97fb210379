"""A foreign task's own solution, run in a sandbox: what it changes is the reference fix."""

from __future__ import annotations

from dataclasses import dataclass

from runner.errors import Rejected
from runner.scenarios.checkout import with_history
from runner.scenarios.repo import Environment
from runner.visible import visible
from sandboxes.archive import Tree
from sandboxes.base import Command, SandboxLimits
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox
from sandboxes.errors import ImageBuildFailed
from sandboxes.images import ImageStore
from sandboxes.recipe import Recipe

PLACE = "/tmp/solution"
LINK = f"rm -rf /solution && ln -s {PLACE} /solution"
"""Solutions know themselves as /solution; only the image in which one runs has that link."""
SECONDS = 600.0
LAST = 1500
"""Characters of what a failing solution said last."""


@dataclass(frozen=True)
class SandboxSolver:
    """Runs `solve.sh` where a model would work: without a network, as a user without rights."""

    engine: Engine
    images: ImageStore
    seconds: float = SECONDS
    """How long a solution may take."""

    def __call__(self, environment: Environment, base: Tree, solution: Tree) -> tuple[Tree, Tree]:
        """The workspace before and after. Raises Rejected, and the sandbox's errors."""
        try:
            ground = self.images.environment(Recipe(environment.system, environment.packages))
            install = (*environment.install, LINK)
            image = self.images.workspace(ground, base, install, with_history, "solution", environment.variables)
        except ImageBuildFailed as error:
            raise Rejected("image-does-not-build", visible(str(error), newlines=True)) from None
        before = self.images.snapshot(image)
        with DockerSandbox(self.engine, image, SandboxLimits(cpus=2.0), kind="solution") as sandbox:
            for path, entry in solution.items():
                if not entry.is_link:
                    sandbox.write(f"{PLACE}/{path}", entry.data)
            argv = ["bash", f"{PLACE}/solve.sh"]
            ran = sandbox.exec(Command(argv, env=environment.variables, timeout=self.seconds))
            if ran.timed_out:
                raise Rejected("tests-hang", f"solve.sh did not end within {self.seconds:g} s")
            if ran.exit_code:
                said = visible(ran.text[-LAST:].strip(), newlines=True)
                raise Rejected("reference-fails", f"solve.sh ended with {ran.exit_code}: {said}")
            return before, sandbox.export()
