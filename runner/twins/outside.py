"""What the standard library and installed packages have for names, asked in the scenario's own image."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

from runner.grading.grade import LIMITS
from runner.twins.texts import WORD
from sandboxes.base import Command
from sandboxes.client import Engine
from sandboxes.container import DockerSandbox

SECONDS = 60.0
"""A module that does not end being imported is waited for no longer."""
MOST_BYTES = 4 << 20
MOST_MODULES = 400
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def outside_names(engine: Engine, image: str, modules: Collection[str]) -> frozenset[str]:
    """The names that these modules, their classes and the language define. Raises the sandbox's errors.

    What comes out of the sandbox is as untrusted as what is in it: more names there only mean fewer that are changed.
    """
    asked = sorted(module for module in modules if _MODULE.fullmatch(module))[:MOST_MODULES]
    text = Path(__file__).with_name("inside_names.py").read_text(encoding="utf-8")
    with DockerSandbox(engine, image, LIMITS, kind="grading") as sandbox:
        command = Command(["python", "-c", text, *asked], timeout=SECONDS, output_limit=MOST_BYTES, cwd="/")
        ran = sandbox.exec(command)
    return names_in(ran.text)


def names_in(output: str) -> frozenset[str]:
    """The last line's list; every word of the output where that is none, which is on the safe side."""
    try:
        names = json.loads(output.rstrip().rsplit("\n", 1)[-1])
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list):
        return frozenset(WORD.findall(output))
    return frozenset(name for name in names if isinstance(name, str))
