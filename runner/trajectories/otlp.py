"""Traces sent over OTLP/HTTP, as JSON, to the one address that the user names, and to no other."""

from __future__ import annotations

import os
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from runner.errors import UserError
from runner.visible import visible

PATH = "/v1/traces"
SECONDS = 30.0
LONGEST = 200


class Sender:
    """Posts requests one after the other. Raises UserError for an address or header that cannot be used."""

    def __init__(self, endpoint: str, header_variable: str = "") -> None:
        parts = _parts(endpoint)
        parts = parts._replace(path=parts.path if parts.path.strip("/") else PATH)
        self._address = urlunsplit(parts)
        self.address = visible(urlunsplit(parts._replace(query="", fragment="")))
        """As it may be shown: a query may hold a key."""
        headers = {"Content-Type": "application/json"}
        if header_variable:
            headers["Authorization"] = _header(header_variable)
        self._client = httpx.Client(headers=headers, timeout=SECONDS, follow_redirects=False, trust_env=True)
        self.sent = 0

    def send(self, request: bytes) -> None:
        """One request. Raises UserError where it did not arrive, or was not accepted whole."""
        try:
            answer = self._client.post(self._address, content=request)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise UserError(f"{self.address}: {self.sent} trials sent, then: {visible(str(error))}") from None
        if answer.status_code != httpx.codes.OK:
            said = visible(answer.text[:LONGEST])
            raise UserError(f"{self.address}: {self.sent} trials sent, then it answered {answer.status_code}: {said}")
        if rejected := _rejected(answer):
            raise UserError(f"{self.address}: {self.sent} trials sent, then {rejected}")
        self.sent += 1

    def close(self) -> None:
        self._client.close()


def _parts(endpoint: str) -> SplitResult:
    """Raises UserError for what is no address, or one that holds a password: messages name addresses."""
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is none
        sound = False
    if not sound:
        raise UserError(f"--endpoint {visible(endpoint)}: write an address, as in http://localhost:4318")
    if "@" in parts.netloc:
        raise UserError("--endpoint: no user or password stands in the address; name a variable with --header-variable")
    return parts


def _header(variable: str) -> str:
    """The variable's value. Raises UserError, which never shows it."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise UserError(f"--header-variable {visible(variable)}: the environment has no such variable, or an empty one")
    if not (value.isascii() and value.isprintable()):
        raise UserError(f"--header-variable {variable}: a header is one line of ASCII, which its value is not")
    return value


def _rejected(answer: httpx.Response) -> str:
    """What a collector says it did not take; empty for nothing, or for an answer that is no JSON."""
    try:
        found = answer.json().get("partialSuccess", {})
        count = int(found.get("rejectedSpans", 0))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ""
    return f"{count} spans were rejected: {visible(str(found.get('errorMessage', '')))[:LONGEST]}" if count else ""
