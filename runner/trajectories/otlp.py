"""Traces sent over OTLP/HTTP, as JSON, to the one address that the user names, and to no other."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import httpx

from runner.errors import UserError
from runner.visible import visible

PATH = "/v1/traces"
SECONDS = 30.0
LONGEST = 200


class Sender:
    """Posts requests one after the other. Raises UserError for an address or header that cannot be used."""

    def __init__(self, endpoint: str, header_variable: str = "") -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UserError(f"--endpoint {visible(endpoint)}: write an address, as in http://localhost:4318")
        self.address = urlunsplit(parts._replace(path=parts.path if parts.path.strip("/") else PATH))
        headers = {"Content-Type": "application/json"}
        if header_variable:
            if not (value := os.environ.get(header_variable)):
                raise UserError(f"--header-variable {header_variable}: the environment has no such variable")
            headers["Authorization"] = value
        self._client = httpx.Client(headers=headers, timeout=SECONDS, follow_redirects=False, trust_env=True)
        self.sent = 0

    def send(self, request: bytes) -> None:
        """One request. Raises UserError where it did not arrive, or was not accepted whole."""
        try:
            answer = self._client.post(self.address, content=request)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise UserError(f"{visible(self.address)}: {self.sent} trials sent, then: {visible(str(error))}") from None
        if answer.status_code != httpx.codes.OK:
            said = visible(answer.text[:LONGEST])
            raise UserError(
                f"{visible(self.address)}: {self.sent} trials sent, then it answered {answer.status_code}: {said}"
            )
        if rejected := _rejected(answer):
            raise UserError(f"{visible(self.address)}: {self.sent} trials sent, then {rejected}")
        self.sent += 1

    def close(self) -> None:
        self._client.close()


def _rejected(answer: httpx.Response) -> str:
    """What a collector says it did not take; empty for nothing, or for an answer that is no JSON."""
    try:
        found = answer.json().get("partialSuccess", {})
        count = int(found.get("rejectedSpans", 0))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return ""
    return f"{count} spans were rejected: {visible(str(found.get('errorMessage', '')))[:LONGEST]}" if count else ""
