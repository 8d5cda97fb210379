"""Where a model is served, and how it is asked: well-known providers by name, any other by a table of the study."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field, StrictFloat, StrictInt

from runner.errors import UserError
from runner.messages import Frozen
from runner.models.formats.base import FormatName, Settings

LOCAL_URL = "TASKFIT_LOCAL_URL"
"""Environment variable: base URL of `local/…` models."""


class Price(Frozen):
    """US dollars for a million tokens."""

    input: StrictFloat = Field(ge=0)
    output: StrictFloat = Field(ge=0)
    cache_read: StrictFloat | None = Field(default=None, ge=0)
    """As much as `input` when left out; so is `cache_write`."""
    cache_write: StrictFloat | None = Field(default=None, ge=0)


class Endpoint(Frozen):
    """A `[models.NAME]` table. Nothing in it is a secret: a key is named by its variable."""

    base_url: str = Field(pattern=r"^https?://")
    """With the version, as in https://api.example.com/v1."""
    model: str = Field(min_length=1)
    """The id that the provider knows."""
    format: FormatName = "chat"
    key_variable: str = Field(default="", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$|^$")
    headers: dict[str, str] = Field(default_factory=dict)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    price: Price | None = None
    """A price list's when left out."""
    max_output_tokens: StrictInt = Field(default=16_384, ge=1)
    effort: str | None = None
    temperature: StrictFloat | None = None
    max_tokens_key: str = "max_completion_tokens"
    cache: bool = True
    cut_off: date | None = None
    """The last day of the model's training data; what its provider says (`cut_offs`) when left out."""

    @property
    def settings(self) -> Settings:
        return Settings(
            model=self.model,
            max_output_tokens=self.max_output_tokens,
            effort=self.effort,
            temperature=self.temperature,
            extra_body=self.extra_body,
            max_tokens_key=self.max_tokens_key,
            cache=self.cache,
        )


KNOWN: Mapping[str, Mapping[str, Any]] = {
    "anthropic": {
        "base_url": "https://api.anthropic.com/v1",
        "format": "messages",
        "key_variable": "ANTHROPIC_API_KEY",
    },
    "openai": {"base_url": "https://api.openai.com/v1", "format": "responses", "key_variable": "OPENAI_API_KEY"},
    "qwen": {
        "base_url": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "key_variable": "DASHSCOPE_API_KEY",
        "extra_body": {"enable_thinking": True},
        "max_tokens_key": "max_tokens",
    },
    "openrouter": {
        "base_url": "https://openrouter.ai/api/v1",
        "key_variable": "OPENROUTER_API_KEY",
        "extra_body": {"usage": {"include": True}, "provider": {"allow_fallbacks": False, "require_parameters": True}},
        "max_tokens_key": "max_tokens",
    },
    "local": {"base_url": "http://127.0.0.1:8080/v1", "max_tokens_key": "max_tokens"},
}


def endpoint_of(name: str, tables: Mapping[str, Endpoint]) -> Endpoint | None:
    """The endpoint that a model's name stands for; None where it is no provider's."""
    if name in tables:
        return tables[name]
    provider, _, model = name.partition("/")
    if provider not in KNOWN or not model:
        return None
    known = dict(KNOWN[provider])
    if provider == "local":
        known["base_url"] = os.environ.get(LOCAL_URL, known["base_url"])
    return Endpoint(model=model, **known)


def key_of(name: str, endpoint: Endpoint) -> str:
    """The key, from the environment or from `.env` in the current folder. Raises UserError that names the variable."""
    variable = endpoint.key_variable
    if not variable:
        return ""
    key = os.environ.get(variable) or dotenv().get(variable, "")
    if not key:
        raise UserError(f"model {name} needs a key: set {variable}, or write {variable}=… into .env in this folder")
    if not key.isascii() or not key.isprintable():
        raise UserError(f"model {name}: {variable} holds characters that no key has; set it again")
    return key


def dotenv(file: Path = Path(".env")) -> dict[str, str]:
    """NAME=value lines, quotes and `export` taken off; empty where there is no such file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = (re.fullmatch(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*", line) for line in lines)
    return {pair[1]: pair[2].strip("'\"") for pair in found if pair}
