"""`taskfit doctor`."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "DASHSCOPE_API_KEY", "OPENROUTER_API_KEY")
ENOUGH_GB = 5


@dataclass(frozen=True)
class Check:
    """One line: fine, worth a word, or broken with its remedy."""

    name: str
    state: str
    remedy: str = ""
    broken: bool = False


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Bring up an engine and build the base image.")] = False,
    study: Annotated[Path | None, typer.Option(help="Also check the machines that this study names.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Check engine, runtime, disk, images and keys; each problem comes with its remedy."""
    import json as json_module

    from rich.console import Console

    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    if fix:
        err = Console(stderr=True)

        def say(text: str) -> None:
            err.print(text, style="dim", markup=False, highlight=False)

        say(f"base image: {ImageStore(ensure_engine(say), say).base()}")
    checks = [*_engine_checks(), *(_site_checks(study) if study else []), _git(), _disk(), *_keys()]
    if json:
        print(json_module.dumps([check.__dict__ for check in checks]))
    else:
        console = Console()
        for check in checks:
            mark, style = ("✗", "red") if check.broken else ("✓", "green") if not check.remedy else ("·", "yellow")
            console.print(f"{mark} {check.name:<20} {check.state}", style=style, markup=False, highlight=False)
            if check.remedy:
                console.print(f"  {'':<20} → {check.remedy}", markup=False, highlight=False)
    raise typer.Exit(1 if any(check.broken for check in checks) else 0)


def _engine_checks() -> list[Check]:
    from sandboxes.client import connect
    from sandboxes.errors import EngineUnavailable
    from sandboxes.host import instruction
    from sandboxes.inventory import LAYERS, own_images
    from sandboxes.lending import lend
    from sandboxes.reaper import containers

    try:
        engine = connect()
    except EngineUnavailable as error:
        remedy = f"`taskfit doctor --fix` brings one up where it can. {instruction()}"
        return [Check("engine", str(error), remedy, broken=True)]
    info = engine.api.info()
    images = own_images(engine)
    base = any(image.kind == "base" for image in images)
    by_kind = ", ".join(
        f"{len(of)} {kind} {sum(image.own_bytes for image in of) / 1e6:.0f} MB"
        for kind in LAYERS
        if (of := [image for image in images if image.kind == kind])
    )
    dead = [container for container in containers(engine) if not container.alive]
    runtimes = ", ".join(sorted(info.get("Runtimes") or {})) or "unknown"
    settings = ", ".join(sorted(lend(credentials=False).variables)) or "none set"
    return [
        Check("engine", engine.description),
        Check("runtime", f"{info.get('DefaultRuntime') or 'default'} (offered: {runtimes})"),
        Check(
            "images",
            by_kind if base else "no base image yet",
            "" if base else "built when first needed; `taskfit doctor --fix` builds it now",
        ),
        Check("build settings", settings),
        Check(
            "leftovers",
            f"{len(dead)} containers of dead runs",
            "`taskfit clean` removes them" if dead else "",
        ),
    ]


def _site_checks(file: Path) -> list[Check]:
    """The machines of a study's `[engine]`; nothing more for one that stays on this one."""
    import contextlib

    from runner.runs.engines import site_of
    from runner.studies.study import load_study
    from sandboxes.client import connect
    from sandboxes.errors import SandboxError

    settings = load_study(file, keyed=False).engine
    if settings.kind == "docker":
        return []
    try:
        with contextlib.closing(site_of(settings, connect())) as site:
            return [Check("cluster", site.description)]
    except SandboxError as error:
        return [
            Check("cluster", f"cannot be used: {error}", "mend it, or leave [engine] out of the study", broken=True)
        ]


def _git() -> Check:
    path = shutil.which("git")
    return Check("git", path or "not installed", "" if path else "apt-get install git", broken=not path)


def _disk() -> Check:
    place = Path("/var/lib/docker") if Path("/var/lib/docker").exists() else Path.cwd()
    free = shutil.disk_usage(place).free / 1e9
    remedy = "" if free >= ENOUGH_GB else f"free at least {ENOUGH_GB} GB; `taskfit clean --images` removes images"
    return Check("disk", f"{free:.1f} GB free at {place}", remedy, broken=free < 1)


def _keys() -> list[Check]:
    """Set or not; never their text. No key is needed for the built-in models."""
    from runner.models.provider.endpoints import dotenv

    written = dotenv()
    return [
        Check(name, "set" if os.environ.get(name) else "set in .env" if written.get(name) else "not set")
        for name in KEYS
    ]
