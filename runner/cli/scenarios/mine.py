"""`taskfit scenarios mine` and `add`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.scenarios.taking import Again, AsJson, Concurrency, Repeats, RepoFile, Seconds, To, default_place, take

if TYPE_CHECKING:
    from datetime import date

    from runner.mining.history import LeftOut
    from runner.mining.issues import Issues
    from runner.mining.source import History
    from runner.packs.journal import Outcome
    from runner.scenarios.proposal import Lead

IssuesAt = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Exported issues (JSON of GitHub, GitLab, Jira, Bitbucket): instructions are made of them.",
    ),
]


def mine(
    repository: Annotated[str, typer.Argument(metavar="PATH|URL", help="A git repository; it is only read.")],
    to: To = None,
    rev: Annotated[str | None, typer.Option(help="Where to begin; HEAD when left out.")] = None,
    since: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="No commits before this day.")] = None,
    commits: Annotated[int, typer.Option(min=1, help="Commits to look at, newest first.")] = 1000,
    limit: Annotated[int, typer.Option(min=1, help="Fixes to prove at most.")] = 40,
    any_message: Annotated[
        bool, typer.Option("--any-message", help="Also commits whose message speaks of no fault.")
    ] = False,
    words: Annotated[int, typer.Option(min=1, help="Different words that an instruction needs at least.")] = 5,
    all_: Annotated[bool, typer.Option("--all", help="Show every commit, also those that are plainly no fix.")] = False,
    issues: IssuesAt = None,
    comments: Annotated[
        bool, typer.Option("--comments", help="Use comments of issues, too: they discuss fixes.")
    ] = False,
    repo: RepoFile = None,
    repeats: Repeats = 3,
    concurrency: Concurrency = 2,
    seconds: Seconds = 600.0,
    again: Again = False,
    json: AsJson = False,
) -> None:
    """Make scenarios of a repository's own history: every commit becomes one, or gets a reason why not.

    A fix is proved before it is kept: its tests fail on the commit before, pass with it, three times each. Nothing but
    package downloads leaves the machine, the repository is only read, and a second call does only what is new.
    """
    from runner.mining.history import LeftOut, Search, leads
    from runner.mining.source import opened

    history = opened(repository, _copies())
    place = _outside(to or default_place(history.name), history)
    search = Search(revision=rev, since=_day(since), any_message=any_message, fewest_words=words, comments=comments)
    found: list[Lead] = []
    left: list[Outcome] = []
    told = _issues(issues, comments)
    for seen, each in enumerate(leads(history, search, told)):
        if seen == commits or len(found) == limit:
            most = f"{limit} fixes (--limit)" if len(found) == limit else f"{commits} commits (--commits)"
            print(f"taskfit: no more than {most} are looked at; there are older commits", file=sys.stderr)
            break
        if isinstance(each, LeftOut):
            left.append(_left(each))
        else:
            found.append(each)
    take(
        found,
        left,
        to=place,
        repeats=repeats,
        concurrency=concurrency,
        seconds=seconds,
        again=again,
        repo=repo,
        json=json,
        question=repr((any_message, words, comments, sorted(map(repr, told or ())))),
        show_all=all_,
    )


def add(
    repository: Annotated[str, typer.Argument(metavar="PATH|URL", help="A git repository, or with --patch a folder.")],
    fix: Annotated[str | None, typer.Option(metavar="COMMIT", help="The commit that fixed it, tests included.")] = None,
    patch: Annotated[Path | None, typer.Option(help="Instead of --fix: a patch that fixes the base.")] = None,
    tests: Annotated[Path | None, typer.Option(help="With --patch: hidden tests, a folder or a patch.")] = None,
    base: Annotated[str, typer.Option(metavar="COMMIT", help="With --patch: the base; HEAD when left out.")] = "",
    instruction: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The issue in your own words; needed with --patch.")
    ] = None,
    id: Annotated[str, typer.Option("--id", help="What to call the scenario.")] = "",
    issues: IssuesAt = None,
    to: To = None,
    repo: RepoFile = None,
    repeats: Repeats = 3,
    seconds: Seconds = 600.0,
    json: AsJson = False,
) -> None:
    """Make one scenario: of a commit that is known to be a fix, or of a patch and tests made by hand."""
    from runner.errors import UserError
    from runner.mining.history import lead
    from runner.mining.source import opened

    if (fix is None) == (patch is None):
        raise UserError("give either --fix COMMIT, or --patch FILE with --tests and --instruction")
    text = _text(instruction) if instruction is not None else None
    if fix is not None:
        history = opened(repository, _copies())
        place = _outside(to or default_place(history.name), history)
        one = _called(id, lead(history, fix, issues=_issues(issues, False), text=text))
    else:
        place = to or default_place(Path(repository).resolve().name)
        _refuse_inside(place, Path(repository))
        one = _by_hand(Path(repository), base, patch, tests, text, id)
    take([one], [], to=place, repeats=repeats, concurrency=1, seconds=seconds, again=True, repo=repo, json=json)


def _called(name: str, one: Lead) -> Lead:
    """The lead and what it proposes under another name; as they are without one."""
    from dataclasses import replace

    from runner.importers.base import slug

    id = slug(name) if name else one.id
    return replace(one, id=id, load=lambda: replace(one.load(), id=id))


def _by_hand(place: Path, base: str, patch: Path | None, tests: Path | None, text: str | None, id: str) -> Lead:
    from runner.errors import UserError
    from runner.importers.base import digest_of, slug, title_of
    from runner.importers.patch import proposal_from
    from runner.scenarios.proposal import Lead

    if patch is None or tests is None or text is None:
        raise UserError("--patch needs --tests (a folder or a patch) and --instruction (a file), too")
    name = slug(id or title_of(text, patch.stem))
    written = [file.read_text("utf-8", "surrogateescape") for file in (patch, tests) if file.is_file()]
    key = digest_of(text, *written)
    return Lead(name, patch.name, key, lambda: proposal_from(place, base, patch, tests, text, id=id))


def _left(each: LeftOut) -> Outcome:
    """How a commit ended that never became a lead."""
    from runner.packs.journal import Outcome

    return Outcome(key=each.key, terms="", id="", label=each.label, code=each.why.code, sentence=each.why.sentence)


def _issues(place: Path | None, comments: bool) -> Issues | None:
    from runner.mining.exports import read_issues

    return read_issues(place, comments) if place is not None else None


def _copies() -> Path:
    from runner.caching import cache_folder

    return cache_folder() / "repositories"


def _outside(place: Path, history: History) -> Path:
    _refuse_inside(place, history.folder)
    return place


def _refuse_inside(place: Path, source: Path) -> None:
    """Raises UserError for a place in what scenarios are made of: that one is never changed."""
    from runner.errors import UserError

    if place.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{place} is inside {source}, which is only read; name a folder outside with --to")


def _day(text: str | None) -> date | None:
    from datetime import date

    from runner.errors import UserError

    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise UserError(f"--since {text}: no day; write it as in 2026-01-31") from None


def _text(file: Path) -> str:
    from runner.errors import FileProblem

    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
