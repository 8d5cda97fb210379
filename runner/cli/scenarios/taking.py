"""What `mine`, `add` and `import` share: leads go through a pack's door, with progress, and a table at the end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runner.duplicates.base import Embedder
    from runner.packs.journal import Outcome
    from runner.packs.pack import Pack
    from runner.scenarios.proposal import Lead, Proposal

To = Annotated[
    Path | None,
    typer.Option("--to", help="The pack's folder, made where there is none; ./packs/NAME when left out."),
]
Repeats = Annotated[int, typer.Option(min=2, help="Gradings of base and reference each.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Proposals at a time.")]
Seconds = Annotated[float, typer.Option(min=1, max=3600, help="The longest that one test run may take.")]
Again = Annotated[bool, typer.Option("--again", help="Try those again whose outcome is known.")]
RepoFile = Annotated[
    Path | None,
    typer.Option(
        "--repo",
        metavar="FILE",
        help="A repo.toml whose [environment] and [tests] are used instead of what would be inferred.",
    ),
]
PLAIN = frozenset({"root-commit", "no-tests", "tests-only", "no-code"})
"""Codes of commits that nobody would take for a fix with tests: they are counted, and listed where asked."""
AsJson = Annotated[bool, typer.Option("--json", help="Print every outcome as JSON on standard output.")]


def take(
    leads: list[Lead],
    refused: list[Outcome],
    *,
    to: Path,
    repeats: int,
    concurrency: int,
    seconds: float,
    again: bool,
    repo: Path | None,
    json: bool,
    question: str = "",
    show_all: bool = True,
) -> None:
    """Prove and keep; exits 1 when nothing is in the pack at the end. Raises the errors of the user and the engine."""
    import json as json_module
    import threading

    from rich.console import Console

    from runner.scenarios.catalog import load_scenario
    from runner.console.intake import LiveIntake, line, summary
    from runner.duplicates.embedders import embedder_of
    from runner.packs.intake import Intake, Watch
    from runner.packs.pack import Pack
    from runner.packs.proving import Terms
    from runner.quality.proofs import note
    from sandboxes.host import ensure_engine
    from sandboxes.images import ImageStore

    def ended(outcome: Outcome) -> None:
        live.ended(outcome)
        if outcome.ok:
            note(load_scenario(pack.scenario_folder(outcome.id)), "ok", repeats)

    console = Console(stderr=True)
    embedder = embedder_of()
    pack = Pack.at(to)
    look = _instead(repo, pack) if repo is not None else lambda proposal: proposal
    for each in refused if show_all else (each for each in refused if each.code not in PLAIN):
        console.print(line(each), highlight=False, soft_wrap=not console.is_terminal)
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _as_interrupt)
    with pack.held(), LiveIntake(console, len(leads)) as live:
        images = ImageStore(ensure_engine(live.say), live.say)
        asked = "\n".join([question, *(file.read_text("utf-8", "surrogateescape") for file in _given(repo))])
        intake = Intake(pack, images, Terms(repeats, seconds), concurrency, asked, look)
        watch = Watch(live.begun, ended)
        outcomes = [*refused, *intake.take(leads, watch, again=again, stop=threading.Event())]
    if json:
        print(json_module.dumps([each.model_dump(mode="json") for each in outcomes]))
    else:
        Console().print(summary(outcomes))
    kept = sum(each.ok for each in outcomes)
    for warning in _near([each.id for each in outcomes if each.ok], pack, to, embedder):
        live.say(f"warning: {warning}")
    if kept:
        live.say(f"{kept} scenarios in {pack.root / 'scenarios'}; next: taskfit run --scenarios {to} --model oracle")
    raise typer.Exit(0 if kept else 1)


def _near(kept: list[str], pack: Pack, place: Path, embedder: Embedder | None) -> list[str]:
    """What is to be said of scenarios that say nearly what others say, of this pack or of the built-in ones."""
    from runner.scenarios.catalog import load_scenario, scenario_folders
    from runner.console.neighbours import warnings
    from runner.duplicates.near import within
    from runner.duplicates.texts import described
    from runner.errors import UserError

    if not kept:
        return []
    folders = {*scenario_folders([pack.root]).values(), *scenario_folders().values()}
    loaded = [load_scenario(folder) for folder in sorted(folders)]
    try:
        pairs = within([described(each) for each in loaded if each.scenario.impossible is None], embedder=embedder)
    except UserError as error:
        return [f"what says nearly the same was not looked for: {error}"]
    return warnings([pair for pair in pairs if {pair.first, pair.second} & set(kept)], place)


def default_place(name: str) -> Path:
    """Where a pack is kept when nobody says so."""
    return Path("packs", name)


def _given(repo: Path | None) -> list[Path]:
    """The files that say how proposals are proved: a repo.toml and the Dockerfile that it names. Raises FileProblem."""
    from runner.scenarios.catalog import read_toml
    from runner.errors import FileProblem
    from runner.scenarios.repo import Repo

    if repo is None:
        return []
    written = read_toml(repo, Repo).environment.dockerfile
    if written is None:
        return [repo]
    if not (repo.parent / written).is_file():
        raise FileProblem(repo, f"{repo.parent / written} is no file", "environment.dockerfile")
    return [repo, repo.parent / written]


def _instead(file: Path, pack: Pack) -> Callable[[Proposal], Proposal]:
    """Gives every proposal the environment and the suite that a repo.toml names. Raises FileProblem."""
    from dataclasses import replace

    from runner.scenarios.catalog import read_toml
    from runner.scenarios.repo import Repo

    repo = read_toml(file, Repo)
    _, *dockerfile = _given(file)

    def look(proposal: Proposal) -> Proposal:
        for each in dockerfile:
            pack.lay_beside(proposal.repo, str(repo.environment.dockerfile), each.read_bytes())
        return replace(proposal, environment=repo.environment, suite=repo.tests)

    return look


def _as_interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
