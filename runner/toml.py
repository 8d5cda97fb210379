"""TOML as people write it: read with errors that name the key, written with nothing that is so anyway."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomlkit
from pydantic import BaseModel, ValidationError

from runner.errors import FileProblem

T = TypeVar("T", bound=BaseModel)


def read_toml(file: Path, model: type[T]) -> T:
    """A TOML file of schema 1 as a value. Raises FileProblem: the key, what was found, and what would be right."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileProblem(file, "no such file") from None
    except IsADirectoryError:
        raise FileProblem(file, "is a folder; name a file in it") from None
    except UnicodeDecodeError:
        raise FileProblem(file, "cannot be read: it is no text in UTF-8") from None
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileProblem(file, f"no valid TOML: {error}") from None
    if "schema" not in data:
        raise FileProblem(file, "is missing; write schema = 1", "schema")
    if type(data["schema"]) is not int or data["schema"] != 1:
        raise FileProblem(file, f"this version reads schema = 1; found {data['schema']!r:.120}", "schema")
    return validated(file, data, model)


def validated(file: Path, data: object, model: type[T]) -> T:
    """Check parsed data against a model. Raises FileProblem for the first fault, and says how many more there are."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        renamed = getattr(model, "written_as", {})
        place = tuple(renamed.get(part, part) if depth == 0 else part for depth, part in enumerate(first["loc"]))
        key = ".".join(_as_written(data, place)) or "(top level)"
        if first["type"] == "extra_forbidden":
            problem = f"unknown key; known here: {', '.join(_known_keys(model, first['loc'][:-1]))}"
        elif first["type"] == "missing":
            problem = "is missing"
        else:
            problem = f"{first['msg'].removeprefix('Value error, ')}; found {first['input']!r:.120}"
        suffix = f" (and {len(more)} more)" if more else ""
        raise FileProblem(file, problem + suffix, key) from None


def to_toml(value: BaseModel) -> str:
    """A value as a file: nothing that is so anyway, simple values before tables."""
    return tomlkit.dumps(_written(value.model_dump(mode="json", by_alias=True, exclude_defaults=True)))


def _written(value: Any) -> Any:
    """Without None, which TOML does not have; simple values before tables, and a line for each of several items."""
    if isinstance(value, dict):
        pairs = {key: _written(each) for key, each in value.items() if each is not None}
        return dict(sorted(pairs.items(), key=lambda pair: isinstance(pair[1], dict)))
    if not isinstance(value, list | tuple):
        return value
    array = tomlkit.array()
    array.extend(value)
    return array.multiline(len(value) > 1)


def _as_written(data: object, path: tuple[int | str, ...]) -> list[str]:
    """`path` without the names that pydantic gives to the forms which a value may take."""
    keys: list[str] = []
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list | tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            continue
        keys.append(str(part))
    return keys


def _known_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that `model` knows at `path`, as users write them."""
    for part in path:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model in a field's type: itself, or what a list or union holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
