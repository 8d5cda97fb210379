"""Models by name. What a provider needs is imported when one of its models is first made."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from runner.errors import UnknownName, UserError
from runner.models.base import Model, ModelFactory, Opening
from runner.models.provider.endpoints import Endpoint, endpoint_of, key_of

KEYLESS = {
    "oracle": "applies the reference patch (a check on the harness: must be 100 %)",
    "noop": "submits nothing changed (a check on the harness: must be 0 %)",
    "repair": "classical program repair, a zero-dollar floor",
    "personality:NAME": "behaves in one known way (a check on the measures): asks-right, flips, over-confident, …",
    "replay:PATH": "plays a recorded transcript, trial or run again",
    "python:MODULE:NAME": "your own class or function that takes an Opening and returns a Model",
}


PROVIDERS = {
    "anthropic/MODEL": "Anthropic Messages; ANTHROPIC_API_KEY",
    "openai/MODEL": "OpenAI Responses; OPENAI_API_KEY",
    "qwen/MODEL": "Chat Completions at DashScope; DASHSCOPE_API_KEY",
    "openrouter/MODEL": "Chat Completions at OpenRouter; OPENROUTER_API_KEY",
    "local/MODEL": "Chat Completions at TASKFIT_LOCAL_URL, else http://127.0.0.1:8080/v1; no key",
}


def model_factory(name: str, tables: Mapping[str, Endpoint] | None = None) -> ModelFactory:
    """How to make the model of this name; `tables` are the study's own endpoints.

    Raises UserError for a name or path that leads nowhere, and for a key that is not set.
    """
    if (endpoint := endpoint_of(name, tables or {})) is not None:
        key = key_of(name, endpoint)
        from runner.models.provider.model import Service

        return Service.of(name, endpoint, key)
    kind, _, rest = name.partition(":")
    if kind == "oracle" and not rest:
        from runner.models.oracle import Oracle

        return Oracle
    if kind == "noop" and not rest:
        from runner.models.noop import Noop

        return Noop
    if kind == "repair" and not rest:
        from runner.models.repair import Repair

        return Repair
    if kind == "personality" and rest:
        from runner.models.personalities.model import Personality

        return Personality.named(rest)
    if kind == "replay" and rest:
        path = Path(rest)
        if not path.exists():
            raise UserError(f"model {name}: {path} does not exist")
        return lambda opening: _replayed(opening, path)
    if kind == "python" and rest:
        return _imported(name, *rest.partition(":")[::2])
    raise UnknownName("model", name, {**KEYLESS, **PROVIDERS})


def check_model(name: str, tables: Mapping[str, Endpoint], keyed: bool = True) -> None:
    """Raises UserError for a model that does not exist; with `keyed` also for one whose key is not set."""
    if keyed or endpoint_of(name, tables) is None:
        model_factory(name, tables)


def unpriced_models(names: Iterable[str], tables: Mapping[str, Endpoint]) -> list[str]:
    """The models of providers whose price nobody knows: their cost would count as nothing."""
    from runner.models.provider.prices import pricing_of

    found = {name: endpoint_of(name, tables) for name in names}
    return [
        name
        for name, endpoint in found.items()
        if endpoint is not None and pricing_of(name.partition("/")[0], endpoint)[0] is None
    ]


def lasting_name(name: str) -> str:
    """The name as it can be looked up again from any folder."""
    kind, _, rest = name.partition(":")
    return f"replay:{Path(rest).resolve()}" if kind == "replay" and rest else name


def _replayed(opening: Opening, path: Path) -> Model:
    """The recorded exchanges again, through the same format, where there are some; else the recorded replies."""
    from runner.models.provider.recording import Recorded
    from runner.models.replay import Replay, recorded

    trial = recorded(path, opening.scenario, opening.arm).parent
    if not Recorded.there(trial):
        return Replay(opening, path)
    from runner.models.provider.replayed import Replayed

    return Replayed(trial)


def _imported(name: str, module: str, attribute: str) -> ModelFactory:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise UserError(f"model {name}: {problem}; write python:package.module:Name") from None
    if not callable(factory):
        raise UserError(f"model {name}: {attribute} is not callable; it must take an Opening and return a Model")

    def make(opening: Opening) -> object:
        return factory(opening)

    return make  # type: ignore[return-value]
