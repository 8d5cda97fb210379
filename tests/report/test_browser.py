"""The page in a real browser: it is drawn in both themes and at both widths, and nothing in it fails.

Chromium comes from Debian; where it is missing, the fixture installs it and says so.
"""

from __future__ import annotations

import os
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bench.installing import installed
from runner.arms import Arm
from runner.report.page import html
from runner.runs.folder import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
PAPER = {"light": (255, 255, 255), "dark": (0x12, 0x15, 0x1A)}


class Shot(NamedTuple):
    """What the browser made of a page."""

    png: bytes
    console: list[str]

    @property
    def corner(self) -> tuple[int, ...]:
        """The colour of the first pixel, which no filter of a PNG changes."""
        data, at = b"", 8
        while at < len(self.png):
            length = int.from_bytes(self.png[at : at + 4], "big")
            if self.png[at + 4 : at + 8] == b"IDAT":
                data += self.png[at + 8 : at + 8 + length]
            at += length + 12
        return tuple(zlib.decompress(data)[1:4])


@pytest.fixture(scope="session")
def chromium() -> str:
    return installed("chromium", "chromium")


@pytest.fixture
def shoot(chromium: str, tmp_path: Path) -> Callable[..., Shot]:
    """Draws a file."""

    def shoot(file: Path, theme: str = "light", width: int = 1280) -> Shot:
        picture = tmp_path / f"{file.stem}-{theme}-{width}.png"
        command = [
            *(chromium, "--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={tmp_path / 'profile'}"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            *("--enable-logging=stderr", "--v=0", f"--window-size={width},1600", f"--screenshot={picture}"),
            f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}",
            file.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=True)
        return Shot(picture.read_bytes(), [line for line in done.stderr.splitlines() if "CONSOLE" in line])

    return shoot


@pytest.fixture
def file(write_run: Callable[..., RunFolder], planned: Any, tmp_path: Path) -> Path:
    arms = [Arm(), Arm(faults="lost_edit"), Arm(feedback="prove_it")]
    run = write_run(
        planned(f"s{n}", model, "resolved" if n % 3 else "unresolved", arm, usd=0.1, words="<script>\x1b\u202e")
        for n in range(6)
        for model in ("vendor/one", "vendor/two", "<script>alert(1)</script>")
        for arm in arms
    )
    written = tmp_path / "page.html"
    written.write_text(html(run, lambda text: None), encoding="utf-8")
    return written


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_drawn_without_an_error(shoot: Callable[..., Shot], file: Path, theme: str, width: int) -> None:
    shot = shoot(file, theme, width)
    assert shot.console == []
    assert len(shot.png) > 20_000
    assert shot.corner == PAPER[theme]


def test_a_script_that_the_page_does_not_name_is_refused(shoot: Callable[..., Shot], file: Path) -> None:
    """Which also shows that an error would be seen."""
    forged = file.with_name("forged.html")
    forged.write_text(file.read_text(encoding="utf-8").replace("</main>", "<script>document.title='x'</script></main>"))
    (said,) = shoot(forged).console
    assert "Content Security Policy" in said


def test_scripts_of_the_page_find_what_they_look_for(chromium: str, shoot: Callable[..., Shot], file: Path) -> None:
    """The theme's button and the filter appear, each command can be copied, and a link opens what holds its target."""
    target = "step-1"
    command = [chromium, "--headless", "--disable-gpu", f"--user-data-dir={file.parent / 'profile'}", "--dump-dom"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run([*command, f"{file.as_uri()}#{target}"], capture_output=True, text=True, check=True)
    assert '<button type="button" id="theme">' in done.stdout
    assert '<form class="filter" role="search">' in done.stdout
    assert done.stdout.count('class="copy"') == done.stdout.count('class="cmd"')
    before = done.stdout[: done.stdout.index(f'id="{target}"')]
    assert before[before.rindex("<details") :].startswith('<details open="">')
