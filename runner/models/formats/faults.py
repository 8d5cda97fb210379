"""What a provider's error means: try again, give the model up, or this request is at fault."""

from __future__ import annotations

from typing import Any, Literal

from runner.models.formats.base import StreamFault
from runner.models.formats.loose import mapping, parsed, text

FINAL_STATUS = frozenset({401, 402, 403})
RETRY_STATUS = frozenset({408, 409, 425, 429, 529})
FINAL_WORDS = (
    "insufficient_quota",
    "credit_balance_exhausted",
    "spend_limit_exceeded",
    "spend_limit_reached",
    "organization_usage_limit_exceeded",
    "invalid_api_key",
    "authentication_error",
    "permission_error",
    "billing_error",
)
"""Codes of billing and authentication: waiting does not help, whatever the status. A 429 with one of them is final."""
RETRY_WORDS = ("overloaded", "rate_limit", "throttling", "server_error", "timeout", "unavailable", "api_error")
MAX_WORDS = 500


def fault_of(status: int, body: bytes) -> StreamFault:
    """An answer that is no stream. Never raises, whatever `body` is."""
    found = parsed(body)
    words = described(found) or body[:MAX_WORDS].decode("utf-8", "replace").strip() or "no explanation"
    return StreamFault(f"HTTP {status}: {words}", kind=_kind(status, _codes(found)))


def fault_in_stream(found: dict[str, Any]) -> StreamFault:
    """An error inside an answer that began well; some carry a status of their own."""
    status = mapping(found.get("error")).get("code")
    kind = _kind(status if isinstance(status, int) else 500, _codes(found))
    return StreamFault(f"error in the stream: {described(found) or 'no explanation'}", kind=kind)


def described(found: dict[str, Any]) -> str:
    """The provider's own words."""
    error = found.get("error", found)
    if isinstance(error, str):
        return error[:MAX_WORDS]
    codes = [code for code in _codes(found) if code]
    return ": ".join([*codes[:1], text(mapping(error).get("message"))])[:MAX_WORDS].strip(": ")


def _codes(found: dict[str, Any]) -> list[str]:
    error = mapping(found.get("error"))
    places = (error.get("code"), error.get("type"), found.get("code"), found.get("type"))
    details = mapping(error.get("details"))
    return [text(place) for place in (*places, details.get("error_code"), details.get("reason"))]


def _kind(status: int, codes: list[str]) -> Literal["retry", "final", "request"]:
    said = " ".join(codes).lower()
    if status in FINAL_STATUS or any(word in said for word in FINAL_WORDS):
        return "final"
    if status in RETRY_STATUS or status >= 500 or any(word in said for word in RETRY_WORDS):
        return "retry"
    return "request"
