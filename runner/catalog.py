"""Finds scenarios and repos on disk and reads their files, with errors that name file and key."""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from runner.errors import FileProblem, UnknownName, UserError
from runner.scenario import Repo, Scenario
from sandboxes.archive import Tree, read_folder

T = TypeVar("T", bound=BaseModel)
CACHES = ("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")


@dataclass(frozen=True)
class RepoFolder:
    """A repo and where its files are."""

    name: str
    folder: Path
    repo: Repo


@dataclass(frozen=True)
class ScenarioFolder:
    """A scenario, its files and its repo, read and hashed."""

    id: str
    folder: Path
    scenario: Scenario
    repo: RepoFolder
    instruction: str
    hidden: Tree
    """Laid over the repository's root for grading."""
    bug_patch: str
    """Turns the repo's source into the buggy base; empty where the source is the base."""
    solution_patch: str

    @property
    def digest(self) -> str:
        """SHA-256 over everything that people wrote for this scenario (the repo's source apart)."""
        parts = hashlib.sha256()
        written = [self.scenario.model_dump_json(), self.repo.repo.model_dump_json(), self.instruction]
        for text in (*written, self.bug_patch, self.solution_patch):
            parts.update(hashlib.sha256(text.encode()).digest())
        for path, entry in sorted(self.hidden.items()):
            parts.update(hashlib.sha256(path.encode() + b"\0" + entry.data).digest())
        return parts.hexdigest()


def builtin_root() -> Path:
    """The folder that holds the built-in `scenarios/` and `repos/`: in the wheel or in a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "pack"
    return packed if packed.is_dir() else here.parent


def scenario_folders(places: Iterable[str | Path] = ()) -> dict[str, Path]:
    """Scenario id → folder, from folders or globs of folders; the built-in ones when no place is given.

    Raises UserError for a place without scenarios and for an id that occurs twice.
    """
    found: dict[str, Path] = {}
    for place in list(places) or [builtin_root() / "scenarios"]:
        here = [path for path in _expand(Path(place)) if (path / "scenario.toml").is_file()]
        if not here:
            raise UserError(f"{place}: no scenario.toml there or one folder below")
        for folder in here:
            if found.setdefault(folder.name, folder) != folder:
                raise UserError(f"scenario {folder.name!r} is in {found[folder.name]} and in {folder}; rename one")
    return found


def _expand(place: Path) -> list[Path]:
    if any(mark in str(place) for mark in "*?["):
        anchor = Path(place.anchor or ".")
        matches = sorted(anchor.glob(str(place.relative_to(place.anchor) if place.anchor else place)))
    else:
        matches = [place]
    result = []
    for match in matches:
        if (match / "scenario.toml").is_file():
            result.append(match.resolve())
        elif match.is_dir():
            result += [child.resolve() for child in sorted(match.iterdir()) if child.is_dir()]
    return result


def select(folders: Mapping[str, Path], globs: Iterable[str]) -> list[str]:
    """The ids that match any glob, in order; all of them when no glob is given. Raises UnknownName for an idle glob."""
    globs = list(globs)
    if not globs:
        return sorted(folders)
    chosen: set[str] = set()
    for glob in globs:
        matching = fnmatch.filter(folders, glob)
        if not matching:
            raise UnknownName("scenario", glob, folders)
        chosen.update(matching)
    return sorted(chosen)


def load_scenario(folder: Path) -> ScenarioFolder:
    """Read a scenario and its repo. Raises FileProblem."""
    scenario = read_toml(folder / "scenario.toml", Scenario)
    repo = load_repo(_find_repo(folder, scenario.repo))
    hidden = folder / "tests"
    return ScenarioFolder(
        id=folder.name,
        folder=folder,
        scenario=scenario,
        repo=repo,
        instruction=_text(folder / "instruction.md", needed=True),
        hidden=read_folder(hidden, CACHES) if hidden.is_dir() else {},
        bug_patch=_text(folder / "bug.patch"),
        solution_patch=_text(folder / "solution" / "solution.patch", needed=True),
    )


def load_repo(folder: Path) -> RepoFolder:
    """Read a repo.toml and check that its source is there. Raises FileProblem."""
    file = folder / "repo.toml"
    repo = read_toml(file, Repo)
    if repo.source.path is not None and not (folder / repo.source.path).is_dir():
        raise FileProblem(file, f"{folder / repo.source.path} is no folder", "source.path")
    return RepoFolder(name=folder.name, folder=folder, repo=repo)


def _find_repo(scenario: Path, name: str) -> Path:
    """`repos/<name>` beside the scenario's parent folder or beside the scenario, else the built-in one."""
    places = [scenario.parent.parent, scenario.parent, builtin_root()]
    for place in places:
        if (place / "repos" / name / "repo.toml").is_file():
            return place / "repos" / name
    looked = ", ".join(dict.fromkeys(str(place / "repos" / name) for place in places))
    raise FileProblem(scenario / "scenario.toml", f"no repo.toml for {name!r}; looked in {looked}", "repo")


def read_toml(file: Path, model: type[T]) -> T:
    """A TOML file as a value. Raises FileProblem naming the key, what was found, and what would be right."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileProblem(file, "no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise FileProblem(file, f"no valid TOML: {error}") from None
    return validated(file, data, model)


def validated(file: Path, data: object, model: type[T]) -> T:
    """Check parsed data against a model. Raises FileProblem for the first fault, and says how many more there are."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        if first["type"] == "extra_forbidden":
            problem = f"unknown key; known here: {', '.join(_known_keys(model, first['loc'][:-1]))}"
        elif first["type"] == "missing":
            problem = "is missing"
        else:
            problem = f"{first['msg']}; found {first['input']!r:.120}"
        suffix = f" (and {len(more)} more)" if more else ""
        raise FileProblem(file, problem + suffix, key) from None


def _known_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that `model` knows at `path`, as users write them."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = getattr(field, "annotation", None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _text(file: Path, needed: bool = False) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if needed:
            raise FileProblem(file, "no such file") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(file, f"cannot be read as UTF-8: {error}") from None
    if needed and not text.strip():
        raise FileProblem(file, "is empty")
    return text
