"""Ids of tests as data sets claim them: often right, sometimes cut off or of another machine's paths."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.visible import visible
from sandboxes.archive import Tree

_DJANGO = re.compile(r"(?P<test>\w+) \((?P<place>[\w.]+)\)")


def known_ids(claims: Sequence[str], tree: Tree, notes: list[str]) -> tuple[str, ...]:
    """Claimed ids as ours, or none, and a note, where one of them names no test of the tree."""
    found = [_node(claim, tree) for claim in claims]
    unknown = [claim for claim, node in zip(claims, found, strict=True) if node is None]
    if unknown:
        shown = visible(unknown[0])[:120]
        notes.append(f"{len(unknown)} of {len(found)} FAIL_TO_PASS ids name no test, as {shown!r}: found by running")
        return ()
    return tuple(dict.fromkeys(node for node in found if node is not None))


def _node(claim: str, tree: Tree) -> str | None:
    """A claimed test as `file::Class::test`; None where it is cut off, or the tree has no such file, class or test."""
    if (named := _DJANGO.fullmatch(claim)) is not None:
        parts = named["place"].split(".")
        return _django(named["test"], parts[:-1] if parts[-1] == named["test"] else parts, tree)
    file, _, rest = claim.partition("::")
    names, bracket, inside = rest.partition("[")
    first = names.split("::")[0]
    if file not in tree or not first or (bracket and not inside.endswith("]")) or visible(claim) != claim:
        return None
    return claim if _defines(tree, file, first) else None


def _django(test: str, parts: list[str], tree: Tree) -> str | None:
    *module, name = parts
    path = "/".join(module) + ".py"
    for file in (path, f"tests/{path}"):
        if file in tree and _defines(tree, file, name):
            return f"{file}::{name}::{test}"
    return None


def _defines(tree: Tree, file: str, name: str) -> bool:
    """Whether a file defines a class or function; taken on trust where it is no Python."""
    if not file.endswith(".py"):
        return True
    return (
        re.search(rb"^[ \t]*(?:class|(?:async )?def) %b\b" % re.escape(name.encode()), tree[file].data, re.M)
        is not None
    )
