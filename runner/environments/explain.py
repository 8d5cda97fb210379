"""Why an image could not be built, in a sentence, and which key to set."""

from __future__ import annotations

import re

from runner.environments.causes import CAUSES, HEADERS, MODULE_TO_DISTRIBUTION, PROGRAM_TO_PACKAGE
from runner.scenarios.repo import Environment
from sandboxes.errors import ImageBuildFailed

SHOWN = 6
"""Lines of the output that are repeated."""

ASIDE = re.compile(
    r"\s*(WARNING|note|hint|\[notice\]|npm (notice|warn)|npm (error|ERR!)(\s+at |\s*$| A complete log))", re.IGNORECASE
)
"""Lines that say nothing of what went wrong."""


def explain(error: ImageBuildFailed, environment: Environment) -> str:
    """The step, its last lines, the likely cause, and the key of `[environment]` to set, as text for people."""
    lines = [line.rstrip() for line in error.output.strip().splitlines() if line.strip()]
    telling = [line for line in lines if not ASIDE.match(line)]
    shown = "\n".join(f"    {line[:200]}" for line in (telling or lines)[-SHOWN:])
    cause, remedy = _likely(f"{error.step[:200]}\n{error.output[-20_000:]}", environment)
    return f"{error.step[:200]} failed:\n{shown}\nLikely cause: {cause}.\nWhat to do: {remedy}."


def _likely(text: str, environment: Environment) -> tuple[str, str]:
    for cause in CAUSES:
        if match := cause.pattern.search(text):
            found = [group for group in match.groups() if group] + ["it", "", ""]
            header = next((package for part, package in HEADERS.items() if part in found[0]), None)
            system = ["gcc", "libc6-dev", header] if header else ["gcc", "libc6-dev", "the package that has it"]
            names = {
                "header": "[" + ", ".join(f'"{name}"' for name in system) + "]",
                "program": f'"{PROGRAM_TO_PACKAGE.get(found[0], found[0])}"',
                "distribution": f'"{MODULE_TO_DISTRIBUTION.get(found[0], found[0].lower())}"',
                "day": f" as of {environment.as_of}" if environment.as_of else "",
                "or_day": ", or a later as_of" if environment.as_of else "",
            }
            return cause.sentence.format(*found, **names), cause.remedy.format(*found, **names)
    return "none of the usual ones", "set system, packages, python or install in [environment], or name a dockerfile"
