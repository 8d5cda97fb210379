"""Cookies of requests and responses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def parse_cookies(header: str | None) -> dict[str, str]:
    """The cookies of a Cookie header; of several with one name the first counts."""
    cookies: dict[str, str] = {}
    for part in (header or "").split(";"):
        name, equals, value = part.strip().partition("=")
        if not equals or not _NAME.fullmatch(name):
            continue
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies.setdefault(name, unquote(value))
    return cookies


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A cookie to be stored by the client."""

    name: str
    value: str
    path: str = "/"
    max_age: int | None = None
    secure: bool = True
    http_only: bool = True
    same_site: Literal["Strict", "Lax", "None"] = "Lax"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"not a cookie name: {self.name!r}")

    def header(self) -> str:
        """The value of the Set-Cookie field."""
        parts = [f"{self.name}={quote(self.value, safe='')}", f"Path={self.path}"]
        if self.max_age is not None:
            parts.append(f"Max-Age={self.max_age}")
        if self.secure:
            parts.append("Secure")
        if self.http_only:
            parts.append("HttpOnly")
        parts.append(f"SameSite={self.same_site}")
        return "; ".join(parts)
