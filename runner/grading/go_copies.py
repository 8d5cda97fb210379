"""Copies and foils of Go tests: what `runner.grading.copies` and `runner.grading.foils` do for Python.

A foil turns one check round: `if got != want { t.Errorf(…) }` becomes `if !(got != want) { t.Errorf(…) }`, which fails
for every product that passes the test. Sources are gofmt's: a top-level function ends at the first `}` that begins a
line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from runner.frameworks.inside.run_go import LITERALS
from runner.frameworks.inside.supervised import blanked
from runner.grading.copies import Copy
from runner.grading.foils import MAX_FOILS

FUNCTION = re.compile(r"^func (Test\w+)\(\w+ \*testing\.T\) \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
PACKAGE = re.compile(r"^package \w+$", re.MULTILINE)
IMPORT = re.compile(r"^(?:import |\t)(?:(\w+|[._]) )?\"([^\"\s]+)\"$", re.MULTILINE)
IMPORTS = re.compile(r"^import (?:\(.*?^\)|[^\n(]*)$", re.MULTILINE | re.DOTALL)
CHECK = re.compile(r"\bif\b(?P<condition>[^\n]*)\{\n")
FAILS = re.compile(r"\b\w+\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\(")
"""What a check calls where it does not hold."""


def count_foils(source: str, functions: Collection[str]) -> dict[str, int]:
    """Test → how many foils it has; empty for a file with imports that their paths do not name."""
    if _imports(source, source) is None:
        return {}
    return {name: len(_foils(text)) for name, text in _functions(source) if name in functions}


def with_copies(source: str, wanted: Mapping[str, Sequence[Copy]]) -> str:
    """A file to stand beside the original: its package, each wanted test's copies, and nothing that it declares."""
    made = []
    for name, text in _functions(source):
        for copy in wanted.get(name, ()):
            other = text if copy.foil is None else _foils(text)[copy.foil]
            made.append(other.replace(f"func {name}(", f"func {copy.name}(", 1))
    package = PACKAGE.search(blanked(source, LITERALS))
    constraint = re.match(r"//go:build [^\n]+\n\n", source)
    head = [constraint[0].rstrip("\n") + "\n"] if constraint else []
    listed = "".join(f"\t{line}\n" for line in _imports(source, "\n".join(made)) or ())
    return "\n".join([*head, package[0] if package else "", f"\nimport (\n{listed})\n", *made])


def _functions(source: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each test at the top level."""
    for match in FUNCTION.finditer(blanked(source, LITERALS)):
        yield match[1], source[match.start() : match.end()]


def _imports(source: str, used_in: str) -> list[str] | None:
    """The imports that a part of the source uses; None where one has a name that its path does not tell."""
    whole, used = blanked(source, LITERALS), blanked(used_in, LITERALS)
    found = []
    for block in IMPORTS.finditer(source):
        for alias, path in IMPORT.findall(block[0]):
            name = alias or re.sub(r"/v\d+$", "", path).rpartition("/")[2]
            if name == "_":
                continue
            if not re.search(rf"\b{re.escape(name)}\.", whole):
                return None
            if re.search(rf"\b{re.escape(name)}\.", used):
                found.append(f'{alias} "{path}"'.strip())
    return found


def _foils(text: str) -> list[str]:
    """The function with one check turned round, the last checks first: those are reached when all others hold."""
    plain = blanked(text, LITERALS)
    checks = [match for match in CHECK.finditer(plain) if FAILS.search(_block(plain, match.end()))]
    made = []
    for match in reversed(checks[-MAX_FOILS:]):
        start, end = match.span("condition")
        start += plain[start:end].rfind(";") + 1
        made.append(f"{text[:start]} !({text[start:end].strip()}) {text[end:]}")
    return made


def _block(plain: str, start: int) -> str:
    """The statements up to the brace that closes the one before `start`."""
    depth = 1
    for place in range(start, len(plain)):
        depth += {"{": 1, "}": -1}.get(plain[place], 0)
        if not depth:
            return plain[start:place]
    return plain[start:]
