"""Stands where a source distribution's own build backend would be while pip downloads it.

pip wants to hear a source distribution's name and version from its build backend before it hands it over, and would
install a tool chain and run the package's build script for that. This backend copies what the package says of itself.
"""

from __future__ import annotations

from pathlib import Path


def prepare_metadata_for_build_wheel(folder: str, config_settings: object = None) -> str:
    """PEP 517's hook, called by pip in the unpacked package; returns the name of the folder that it made."""
    text = Path("PKG-INFO").read_text(encoding="utf-8")
    fields = dict(line.split(": ", 1) for line in text.split("\n\n")[0].splitlines() if ": " in line)
    made = Path(folder, f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info")
    made.mkdir()
    (made / "METADATA").write_text(text, encoding="utf-8")
    return made.name


def build_wheel(*_: object, **__: object) -> str:
    """PEP 517 requires one; a download never calls it."""
    raise NotImplementedError
