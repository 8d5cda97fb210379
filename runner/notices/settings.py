"""`[notify]` of a study: who is told of what."""

from __future__ import annotations

import ipaddress
import os
import shlex
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, StrictBool, StrictFloat, field_validator, model_validator

from runner.errors import UserError
from runner.messages import Frozen

Occasion = Literal["done", "paused", "resumed", "capped", "failed", "interrupted"]
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
RESERVED = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection"})
"""Headers that are the transport's own."""


class Notify(Frozen):
    """Where messages go. Nothing in it is a secret but, perhaps, the address: it is kept out of the run's lock."""

    command: str = ""
    """A program and its arguments, split as a shell would, run without one; the message is on its standard input and
    in TASKFIT_* variables."""
    webhook: str = ""
    """An https address, or an http one of this machine, that the message is posted to as JSON."""
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]+$")
    """Sent with the value of `header_variable`."""
    header_variable: str = Field(default="", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$|^$")
    """The environment variable that holds the whole value, as in `Bearer …`; no such header when left out."""
    on: tuple[Occasion, ...] = Field(default=OCCASIONS, min_length=1)
    names: StrictBool = False
    """Whether messages name the run, its models and scenarios, and say reasons in full; counts alone otherwise."""
    seconds: StrictFloat = Field(default=20.0, gt=0, le=300)
    """How long a command or a post may take, retries included."""

    @field_validator("command")
    @classmethod
    def _splits(cls, command: str) -> str:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ValueError(f"cannot be split into words: {error}") from None
        if "\0" in command or (command and not words) or (words and not words[0]):
            raise ValueError("names no program")
        return command

    @field_validator("webhook")
    @classmethod
    def _goes_somewhere_safe(cls, webhook: str) -> str:
        if not webhook:
            return webhook
        try:
            parts = urlsplit(webhook)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"is no address: {error}") from None
        if any(not character.isprintable() or character.isspace() for character in webhook):
            raise ValueError("holds blanks or control characters")
        if not host or parts.scheme not in ("https", "http"):
            raise ValueError("takes an address such as https://example.com/hook")
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a password; name the variable of a header in header_variable instead")
        if parts.scheme == "http" and not is_loopback(host):
            raise ValueError("takes https; http is for this machine alone")
        return webhook

    @field_validator("header")
    @classmethod
    def _is_ours_to_set(cls, header: str) -> str:
        if header.lower() in RESERVED:
            raise ValueError(f"{header} is set by the transport; name another one")
        return header

    @model_validator(mode="after")
    def _tells_somebody(self) -> Notify:
        if self.header_variable and not self.webhook:
            raise ValueError("header_variable goes with webhook")
        return self

    @property
    def tells(self) -> bool:
        return bool(self.command or self.webhook)

    def headers(self) -> dict[str, str]:
        """The secret one, from the environment. Raises UserError that names the variable."""
        if not self.header_variable:
            return {}
        value = os.environ.get(self.header_variable, "")
        if not value:
            raise UserError(f"notify: header_variable: {self.header_variable} is not set")
        if not value.isascii() or not value.isprintable():
            raise UserError(f"notify: {self.header_variable} holds characters that no header has; set it again")
        return {self.header: value}


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def from_flags(given: list[str]) -> Notify:
    """What `--notify` amounts to: an address or a command, each once. Raises UserError."""
    from pydantic import ValidationError

    found: dict[str, str] = {}
    for each in given:
        key = "webhook" if each.lower().startswith(("http:", "https:")) else "command"
        if key in found:
            raise UserError(f"--notify: two of the kind {key}; a study's [notify] table takes one, too")
        found[key] = each
    try:
        return Notify.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(
            f"--notify: {first['msg'].removeprefix('Value error, ')}; found {first['input']!r:.200}"
        ) from None
