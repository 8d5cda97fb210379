"""Every error of isolation.

SandboxError
├── EngineUnavailable     no container engine answers, or it went away, or the machine that has it
├── ClusterUnusable       the cluster that the study names cannot be joined: the message says what to do
├── ImageBuildFailed      an image could not be made; carries the last lines of the step that failed
├── SandboxDied           the sandbox itself is gone (killed, out of memory, removed), not a command in it
└── ArchiveRefused        an exported tree is larger than allowed or no valid archive
"""

from __future__ import annotations


class SandboxError(Exception):
    """Base of all errors raised on purpose by sandboxes."""


class EngineUnavailable(SandboxError):
    """No container engine answers; the message says what to do on this platform."""


class ClusterUnusable(SandboxError):
    """No cluster of the kind that is asked for can be joined from here."""


class ImageBuildFailed(SandboxError):
    """An image could not be made."""

    def __init__(self, step: str, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-15:])
        super().__init__(f"image step failed: {step}\n{tail}")
        self.step = step
        self.output = output


class SandboxDied(SandboxError):
    """The sandbox is gone; told apart from a command that failed in it."""


class ArchiveRefused(SandboxError):
    """A tree that came out of a sandbox is too large or no valid archive."""
