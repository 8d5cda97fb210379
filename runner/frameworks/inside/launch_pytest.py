"""Runs inside a sandbox that grades: starts pytest so that nothing in the workspace is imported in its place.

This file's text is given to the environment's Python (`python -c`): it needs the standard library and pytest alone.
As `python -m pytest` does, it puts the workspace first on the path, but only once pytest's own modules are there.
"""

import importlib
import importlib.machinery
import os
import sys


def main() -> None:
    workspace = os.getcwd()
    path = sys.path[1:]
    sys.path[:] = [place for place in path if not _below(place, workspace)]
    import pytest
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    sys.path[:] = [workspace, *path]
    for name in ("packaging", "pluggy", "iniconfig", "pygments"):
        _give_way(name, workspace)
    sys.argv[0] = "pytest"
    sys.exit(pytest.main(sys.argv[1:]))


def _give_way(name: str, workspace: str) -> None:
    """Tests of a project that pytest itself uses must meet the project's own modules, not pytest's copy."""
    places = [place for place in sys.path if _below(place, workspace)]
    found = importlib.machinery.PathFinder.find_spec(name, [*places, os.path.join(workspace, "src")])
    if found is not None and found.origin is not None:
        for module in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
            del sys.modules[module]


def _below(place: str, workspace: str) -> bool:
    return os.path.join(os.path.abspath(place), "").startswith(os.path.join(workspace, ""))


if __name__ == "__main__":
    main()
